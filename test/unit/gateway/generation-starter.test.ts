// The real client of the SDK over a stand-in for the connection: what is asked of the server, and what becomes of each of its answers.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { Client, type ConnectionLike } from '@temporalio/client'
import { z } from 'zod'
import type { Wake } from '../../../src/contract/index.ts'
import { createGenerationStarter, TemporalUnavailableError } from '../../../src/gateway/generation-starter.ts'
import { goodRequest } from './start-gateway.ts'

const grpc = { DEADLINE_EXCEEDED: 4, NOT_FOUND: 5, ALREADY_EXISTS: 6, PERMISSION_DENIED: 7, UNAVAILABLE: 14 }

/** As `@grpc/grpc-js` makes them; `typeName`: the error detail that the server attaches. */
function grpcError(code: number, details: string, typeName?: string): Error {
  const typeUrl = `type.googleapis.com/temporal.api.errordetails.v1.${typeName}`
  // google.rpc.Status { 3: google.protobuf.Any { 1: type_url, 2: value } }, written by hand
  const any = Buffer.concat([field(1, Buffer.from(typeUrl)), field(2, field(1, Buffer.from('darkroom')))])
  const trailer = typeName === undefined ? [] : [field(3, any)]
  const metadata = { get: (name: string) => (name === 'grpc-status-details-bin' ? trailer : []) }
  return Object.assign(new Error(`${code}: ${details}`), { code, details, metadata })
}

function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes])
}

type Call = (request: Record<string, unknown>) => Promise<unknown>

/** The SDK wants a dozen members more, of which the calls here use none. */
function isConnection(connection: object): connection is ConnectionLike {
  return 'workflowService' in connection
}

/** The value inside a JSON payload. */
const payloadSchema = z
  .object({ data: z.instanceof(Uint8Array) })
  .transform(({ data }): unknown => JSON.parse(Buffer.from(data).toString()))

function createStarter(service: Record<string, Call>, deadlineMs = 3_000) {
  const calls: { method: string; request: Record<string, unknown> }[] = []
  const deadlines: number[] = []
  const workflowService = new Proxy(
    {},
    {
      get: (_, method: string) => async (request: Record<string, unknown>) => {
        calls.push({ method, request })
        const call = service[method]
        assert.ok(call, `nobody expected a call of ${method}`)
        return call(request)
      },
    },
  )
  const connection = {
    workflowService,
    plugins: [],
    withDeadline: async (deadline: number | Date, call: () => Promise<unknown>) => {
      deadlines.push(Number(deadline) - Date.now())
      return call()
    },
  }
  const client = new Client({ connection: isConnection(connection) ? connection : assert.fail(), namespace: 'pictures' })
  return { starter: createGenerationStarter({ client, deadlineMs }), calls, deadlines }
}

const wake: Wake = {
  item: 0,
  attempt: 1,
  claimedTaskId: 'task-1',
  claimedState: 'success',
  receivedAt: '2026-11-22T12:00:00.000Z',
  bodySha256: 'ab',
}

const fails =
  (error: Error): Call =>
  async () => {
    throw error
  }
const alreadyStarted = grpcError(grpc.ALREADY_EXISTS, 'Workflow execution already started')
const completed = grpcError(grpc.NOT_FOUND, 'workflow execution already completed')
const unknownId = grpcError(grpc.NOT_FOUND, 'workflow not found for ID: gen_1')
const noNamespace = grpcError(grpc.NOT_FOUND, 'Namespace pictures is not found.', 'NamespaceNotFoundFailure')
const outages = [
  grpcError(grpc.DEADLINE_EXCEEDED, 'Deadline exceeded'),
  grpcError(grpc.UNAVAILABLE, 'No connection established'),
  grpcError(grpc.PERMISSION_DENIED, 'Request unauthorized.'),
  noNamespace,
]

function requestOf(calls: { request: Record<string, unknown> }[]): Record<string, unknown> {
  assert.equal(calls.length, 1)
  return calls[0]?.request ?? {}
}

function textOf(payloads: unknown): unknown[] {
  return z.object({ payloads: z.array(payloadSchema) }).parse(payloads).payloads
}

test('a start names workflow and queue by the contract, never runs an id twice, and has the deadline', async () => {
  const { starter, calls, deadlines } = createStarter({ startWorkflowExecution: async () => ({ runId: 'run-1' }) })
  assert.equal(await starter.start('gen_1', goodRequest), 'started')
  const request = requestOf(calls)
  assert.equal(request['workflowId'], 'gen_1')
  assert.deepEqual(request['workflowType'], { name: 'GenerateImage' })
  assert.deepEqual(request['taskQueue'], { name: 'darkroom', kind: 1 })
  assert.deepEqual(textOf(request['input']), [goodRequest])
  // temporal.api.enums.v1: WorkflowIdReusePolicy REJECT_DUPLICATE = 3, WorkflowIdConflictPolicy FAIL = 1
  assert.equal(request['workflowIdReusePolicy'], 3)
  assert.equal(request['workflowIdConflictPolicy'], 1)
  const { summary } = z.object({ summary: payloadSchema }).parse(request['userMetadata'])
  assert.equal(summary, 'nano-banana', 'shown in clear, so never the prompt')
  assert.equal(deadlines.length, 1)
  assert.ok(deadlines.every((ms) => ms > 2_500 && ms <= 3_000))
})

test('a start of an id that runs or has run says that it exists', async () => {
  const { starter } = createStarter({ startWorkflowExecution: fails(alreadyStarted) })
  assert.equal(await starter.start('gen_1', goodRequest), 'exists')
})

test('a wake is the signal of the contract, to the newest run', async () => {
  const { starter, calls } = createStarter({ signalWorkflowExecution: async () => ({}) })
  assert.equal(await starter.signalWake('gen_1', wake), 'signalled')
  const request = requestOf(calls)
  assert.equal(request['signalName'], 'wake')
  assert.deepEqual(request['workflowExecution'], { workflowId: 'gen_1', runId: undefined })
  assert.deepEqual(textOf(request['input']), [wake])
})

for (const [what, error] of [
  ['has ended', completed],
  ['is gone', unknownId],
] as const) {
  test(`a wake for a workflow that ${what} says that it is closed`, async () => {
    const { starter } = createStarter({ signalWorkflowExecution: fails(error) })
    assert.equal(await starter.signalWake('gen_1', wake), 'closed')
  })
}

test('a wake for a generation that has ended goes on to the settlement of its attempt, and to no other', async () => {
  const { starter, calls } = createStarter({
    signalWorkflowExecution: async (request) => {
      if (JSON.stringify(request['workflowExecution']).includes('"gen_1"')) throw completed
      return {}
    },
  })
  assert.equal(await starter.signalWake('gen_1', { ...wake, attempt: 2 }), 'settling')
  assert.deepEqual(
    calls.map(({ request }) => request['workflowExecution']),
    ['gen_1', 'settle/gen_1/0/2'].map((workflowId) => ({ workflowId, runId: undefined })),
  )
})

/** status: temporal.api.enums.v1.WorkflowExecutionStatus */
function described(status: number): Call {
  return async () => ({
    workflowExecutionInfo: {
      execution: { workflowId: 'gen_1', runId: 'run-1' },
      type: { name: 'GenerateImage' },
      status,
      startTime: { nanos: 0 },
      historyLength: { toNumber: () => 30 },
    },
    executionConfig: {},
  })
}

test('a cancel of a running workflow is requested', async () => {
  const { starter, calls } = createStarter({
    describeWorkflowExecution: described(1),
    requestCancelWorkflowExecution: async () => ({}),
  })
  assert.equal(await starter.requestCancel('gen_1'), 'requested')
  assert.equal(calls.at(-1)?.method, 'requestCancelWorkflowExecution')
})

for (const [status, name] of [
  [2, 'completed'],
  [3, 'failed'],
  [4, 'cancelled'],
  [5, 'terminated'],
  [7, 'timed out'],
] as const) {
  test(`a cancel of a workflow that is ${name} says that it is closed, although the server would take it`, async () => {
    const { starter } = createStarter({
      describeWorkflowExecution: described(status),
      requestCancelWorkflowExecution: async () => ({}),
    })
    assert.equal(await starter.requestCancel('gen_1'), 'closed')
  })
}

test('a cancel that comes just too late says that it is closed', async () => {
  const { starter } = createStarter({
    describeWorkflowExecution: described(1),
    requestCancelWorkflowExecution: fails(completed),
  })
  assert.equal(await starter.requestCancel('gen_1'), 'closed')
})

test('a cancel of a workflow that nobody knows says so', async () => {
  const { starter } = createStarter({ describeWorkflowExecution: fails(unknownId) })
  assert.equal(await starter.requestCancel('gen_1'), 'unknown')
})

test('a ping asks for our own namespace', async () => {
  const { starter, calls } = createStarter({ describeNamespace: async () => ({}) })
  await starter.ping()
  assert.deepEqual(calls, [{ method: 'describeNamespace', request: { namespace: 'pictures' } }])
})

for (const outage of outages) {
  test(`"${outage.message}" means that Temporal is not available, whatever was asked`, async () => {
    const service = {
      startWorkflowExecution: fails(outage),
      signalWorkflowExecution: fails(outage),
      describeWorkflowExecution: fails(outage),
      requestCancelWorkflowExecution: fails(outage),
      describeNamespace: fails(outage),
    }
    const { starter } = createStarter(service)
    await assert.rejects(starter.start('gen_1', goodRequest), TemporalUnavailableError)
    await assert.rejects(starter.signalWake('gen_1', wake), TemporalUnavailableError)
    await assert.rejects(starter.requestCancel('gen_1'), TemporalUnavailableError)
    await assert.rejects(starter.ping(), TemporalUnavailableError)
  })
}

test('a client that overstays its deadline is not waited for, until somebody wants to close the connection', async () => {
  let isOver = false
  const late = createStarter(
    {
      signalWorkflowExecution: async () => {
        await sleep(120)
        isOver = true
        throw grpcError(grpc.UNAVAILABLE, 'No connection established')
      },
    },
    50,
  )
  await assert.rejects(late.starter.signalWake('gen_1', wake), TemporalUnavailableError)
  assert.equal(isOver, false)
  await late.starter.settled()
  assert.equal(isOver, true)
})

test('a bug is not taken for an outage', async () => {
  const { starter } = createStarter({ describeNamespace: fails(new TypeError('a bug')) })
  await assert.rejects(starter.ping(), TypeError)
})
