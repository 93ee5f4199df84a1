// The whole service for one test file: real Temporal server, real ledger, gateway on a socket, workers, and the simulator as both
// providers. Only the times are short.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { WorkflowFailedError } from '@temporalio/client'
import type { Client, WorkflowHandle } from '@temporalio/client'
import { DefaultLogger, Runtime } from '@temporalio/worker'
import type { PointReached } from '../../src/activities/deps.ts'
import { loadConfig } from '../../src/config/config.ts'
import type { Config } from '../../src/config/config.ts'
import type { Timings } from '../../src/config/timings.ts'
import { timingNames, timingVariable } from '../../src/config/timings.ts'
import type { Generation, GenerationRequest } from '../../src/contract/index.ts'
import { composeService, openLedger } from '../../src/dev/compose-service.ts'
import type { ComposedService } from '../../src/dev/compose-service.ts'
import { withSimulator } from '../../src/dev/mock-providers.ts'
import type { SimulatorAddresses } from '../../src/dev/mock-providers.ts'
import { createGateway } from '../../src/gateway/create-gateway.ts'
import { createGenerationStarter } from '../../src/gateway/generation-starter.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { createLogger } from '../../src/observability/logger.ts'
import type { FaultRule } from '../../src/simulator/faults/rule.ts'
import type { LedgerEntry } from '../../src/simulator/ledger.ts'
import { startSimulator } from '../../src/simulator/simulator.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import type { SimulatorOptions } from '../../src/simulator/options.ts'
import { createFileStore } from '../../src/storage/file-store.ts'
import { createWorkflowDoor } from '../../src/temporal/workflow-door.ts'
import { createWorkers } from '../../src/worker/workers.ts'
import { loadWorkflowBundle } from '../../src/worker/workflow-bundle.ts'
import { atEnd } from './at-end.ts'
import type { Ends } from './at-end.ts'
import { eventually } from './eventually.ts'
import type { PoolConfig } from 'pg'
import { testLedger } from './ledger.ts'
import { tempFolder } from './temp-folder.ts'
import { testCacheFolder, testTemporal } from './temporal.ts'
import type { TestTemporal } from './temporal.ts'

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] })

/** A hundredth of production's, in the same proportions. */
const shortTimings: Partial<Timings> = {
  uploadTimeoutMs: 1_500,
  submitTimeoutMs: 1_500,
  submitFreshnessMs: 1_000,
  recordTaskIdForMs: 1_500,
  submitStartToCloseMs: 6_000,
  submitHeartbeatTimeoutMs: 2_000,
  submitMaxTries: 3,
  submitRetryInitialMs: 50,
  submitRetryMaxMs: 200,
  callbackGraceMs: 1_500,
  pollFirstMs: 200,
  pollMinMs: 100,
  pollMaxMs: 500,
  queryTimeoutMs: 2_000,
  queryStartToCloseMs: 4_000,
  unknownListenMs: 5_000,
  listenPollMs: 300,
  attemptDeadlineMs: 6_000,
  generationDeadlineMs: 40_000,
  downloadTimeoutMs: 4_000,
  storeStartToCloseMs: 10_000,
  wakeSpacingMs: 100,
  queueForMs: 5_000,
  turnHoldMs: 3_000,
  settleForMs: 20_000,
  settlePollMinMs: 100,
  settlePollMaxMs: 500,
  rateLimitPauseMs: 100,
  // Longer than the pause before the next try: that one must find it.
  maintenancePauseMs: 3_000,
  // Many tests share one service, and each brings faults: only what is about the breaker may open it.
  breakerFailures: 100,
  breakerPauseMs: 500,
}

/** On top of the short ones, for tests in which no submit may run out of time only because the machine is busy. */
export const unhurried: Partial<Timings> = {
  uploadTimeoutMs: 8_000,
  submitTimeoutMs: 8_000,
  submitFreshnessMs: 8_000,
  recordTaskIdForMs: 3_000,
  submitStartToCloseMs: 30_000,
  submitHeartbeatTimeoutMs: 8_000,
  generationDeadlineMs: 120_000,
  queueForMs: 100_000,
  turnHoldMs: 10_000,
}

/** … and no provider may seem late or silent: where nobody is stuck, and every lost reply is heard of. */
export const patient: Partial<Timings> = {
  ...unhurried,
  queryTimeoutMs: 8_000,
  queryStartToCloseMs: 20_000,
  unknownListenMs: 15_000,
  attemptDeadlineMs: 30_000,
  downloadTimeoutMs: 10_000,
  storeStartToCloseMs: 30_000,
}

export interface ServiceOptions {
  /** more environment variables */
  env?: Record<string, string>
  /** whether providers are told where to call back; default true */
  callbacks?: boolean
  /** on top of the short ones; `production`: the defaults */
  timings?: Partial<Timings> | 'production'
  simulator?: SimulatorOptions
  /** false: none in this process; start them with `startWorkerProcess` */
  workers?: boolean
  temporalOnFile?: boolean
}

/** Plain JSON, for a process of its own. */
export interface WorkerInput {
  env: Record<string, string>
  simulator: SimulatorAddresses
  ledger: PoolConfig
  callbackSecret: string
  callbackBaseUrl: string | null
  address: string
  namespace: string
}

export interface Service {
  url: string
  client: Client
  temporal: TestTemporal
  simulator: Simulator
  ledger: Ledger
  timings: Timings
  /** what another process needs to be a worker of this service */
  workerInput: WorkerInput
  fault(rule: FaultRule): string
  clearFault(id: string): Promise<boolean>
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>
  create(request: GenerationRequest): Promise<string>
  read(id: string): Promise<Generation>
  until(id: string, holds: (generation: Generation) => boolean, timeoutMs?: number): Promise<Generation>
  ended(id: string, timeoutMs?: number): Promise<Generation>
  /** The end of its workflow, whatever it is: the row has its end before that, and settlements are started in between. */
  closed(id: string): Promise<void>
  /** create and wait for the end */
  generate(request: GenerationRequest): Promise<Generation>
  cancel(id: string, statuses?: number[]): Promise<void>
  imageBytes(id: string, index: number): Promise<Buffer>
  handle(id: string): WorkflowHandle
  /** the tasks that the simulator made for a generation, by its prompt: prompts must differ within a file */
  tasksOf(id: string): LedgerEntry[]
}

export async function startService(t: Ends, options: ServiceOptions = {}): Promise<Service> {
  const dataFolder = await tempFolder(t)
  const [temporal, { connection }, simulator] = await Promise.all([
    testTemporal(t, { onFile: options.temporalOnFile ?? false }),
    testLedger(t),
    startSimulator({
      pictureMs: 100,
      pictureSidePx: 64,
      callbackRetryMs: [100, 200, 400],
      defapiNotFoundMs: 200,
      ...options.simulator,
    }),
  ])
  atEnd(t, () => simulator.close())
  const { kieUrl, kieUploadUrl, defapiUrl, filesUrl } = simulator
  const input: WorkerInput = {
    env: environment(dataFolder, options.timings === 'production' ? {} : { ...shortTimings, ...options.timings }, options.env),
    simulator: { kieUrl, kieUploadUrl, defapiUrl, filesUrl },
    ledger: connection,
    callbackSecret: randomUUID() + randomUUID(),
    callbackBaseUrl: null,
    address: temporal.address,
    namespace: temporal.namespace,
  }
  const { composed, ledger, config } = composeTestService(input)
  atEnd(t, () => ledger.close())
  const callbacks: { baseUrl: string | null } = { baseUrl: null }
  const gateway = await createGateway(
    composed.gatewayDeps(createGenerationStarter({ client: temporal.client }), () => callbacks.baseUrl),
  )
  // It chooses its port itself: one that was found free a moment ago may be another process's by now.
  const url = await gateway.listen({ host: '127.0.0.1', port: 0 })
  atEnd(t, () => gateway.close())
  callbacks.baseUrl = options.callbacks === false ? null : url
  const workerInput = { ...input, callbackBaseUrl: callbacks.baseUrl }
  if (options.workers !== false) await runWorkers(t, temporal, composed, workerInput.callbackBaseUrl)
  return {
    ...doors(url, temporal, simulator),
    temporal,
    simulator,
    ledger,
    timings: config.timings,
    workerInput,
  }
}

/** The same composition in the test's process and in a worker process. */
export function composeTestService(
  input: WorkerInput,
  pointReached?: PointReached,
): { composed: ComposedService; ledger: Ledger; config: Config } {
  const config = withSimulator(loadConfig(input.env), input.simulator)
  const ledger = openLedger(input.ledger, null)
  const composed = composeService({
    config,
    ledger,
    store: createFileStore({ folder: join(config.dataFolder, 'images') }),
    logger: createLogger({ level: 'fatal', name: 'test' }),
    callbackSecret: input.callbackSecret,
    temporalUi: null,
    ...(pointReached === undefined ? {} : { pointReached }),
  })
  return { composed, ledger, config }
}

async function runWorkers(
  t: Ends,
  temporal: TestTemporal,
  { createActivities, rates }: ComposedService,
  callbackBaseUrl: string | null,
): Promise<void> {
  const connection = await temporal.connectWorker()
  const workers = await createWorkers({
    connection,
    namespace: temporal.namespace,
    workflowBundle: await loadWorkflowBundle(testCacheFolder),
    activities: createActivities(callbackBaseUrl, createWorkflowDoor(connection, temporal.namespace)),
    rates,
    shutdownGraceMs: 100,
  })
  const done = workers.run()
  atEnd(t, async () => {
    workers.shutdown()
    await done
  })
}

function doors(
  url: string,
  { client }: TestTemporal,
  simulator: Simulator,
): Omit<Service, 'temporal' | 'simulator' | 'ledger' | 'timings' | 'workerInput'> {
  const prompts = new Map<string, string>()
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${url}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    })
  const read = async (id: string): Promise<Generation> => asGeneration(await fetch(`${url}/v1/generations/${id}`))
  const create = async (request: GenerationRequest): Promise<string> => {
    // On a busy machine the embedded ledger may be out of reach for a moment: nothing is started then, and one asks again under the same key.
    const key = { 'idempotency-key': randomUUID() }
    const response = await eventually(
      async () => {
        const answer = await post('/v1/generations', request, key)
        assert.notEqual(answer.status, 503, `POST /v1/generations: ${await answer.clone().text()}`)
        return answer
      },
      { timeoutMs: 30_000, everyMs: 500 },
    )
    assert.equal(response.status, 202, `POST /v1/generations: ${await response.clone().text()}`)
    const { id } = await asGeneration(response)
    prompts.set(id, request.prompt ?? '')
    return id
  }
  const until = async (id: string, holds: (generation: Generation) => boolean, timeoutMs = 60_000): Promise<Generation> =>
    eventually(
      async () => {
        const generation = await read(id)
        assert.ok(holds(generation), `generation ${id}: ${JSON.stringify(generation)}`)
        return generation
      },
      { timeoutMs, everyMs: 100 },
    )
  const ended = async (id: string, timeoutMs?: number): Promise<Generation> =>
    until(id, ({ status }) => status === 'completed' || status === 'failed' || status === 'cancelled', timeoutMs)
  return {
    url,
    client,
    post,
    read,
    create,
    until,
    ended,
    closed: (id) =>
      client.workflow
        .getHandle(id)
        .result()
        .then(
          () => {},
          (error: unknown) => assert.ok(error instanceof WorkflowFailedError, String(error)),
        ),
    generate: async (request) => ended(await create(request)),
    cancel: async (id, statuses = [202]) => {
      const response = await post(`/v1/generations/${id}/cancel`, {})
      assert.ok(statuses.includes(response.status), `cancel answered ${response.status}: ${await response.text()}`)
    },
    imageBytes: async (id, index) =>
      Buffer.from(await (await fetch(`${url}/v1/generations/${id}/images/${index}`)).arrayBuffer()),
    handle: (id) => client.workflow.getHandle(id),
    fault: (rule) => simulator.addFault(rule),
    clearFault: (id) => simulator.removeFault(id),
    tasksOf: (id) => simulator.ledger().filter(({ prompt }) => prompt === prompts.get(id)),
  }
}

function environment(dataFolder: string, timings: Partial<Timings>, env: Record<string, string> = {}): Record<string, string> {
  const set = timingNames.flatMap((name) => {
    const value = timings[name]
    return value === undefined ? [] : [[timingVariable(name), String(value)] as const]
  })
  // The simulator has no limits unless a test gives it some; then it sets these too.
  const unlimited = { DARKROOM_KIE_MAX_CREATES: '10000', DARKROOM_KIE_MAX_IN_FLIGHT: '10000' }
  return { DARKROOM_DATA_DIR: dataFolder, MOCK_AI: 'true', ...unlimited, ...Object.fromEntries(set), ...env }
}

async function asGeneration(response: Response): Promise<Generation> {
  const body: unknown = await response.json()
  assert.ok(isGeneration(body), `not a generation: ${JSON.stringify(body)}`)
  return body
}

function isGeneration(value: unknown): value is Generation {
  return typeof value === 'object' && value !== null && 'id' in value && 'status' in value && 'attempts' in value
}
