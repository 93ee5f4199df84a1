// A gateway with a fake ledger, a fake Temporal and two fake providers; over `inject`, or really listening with `listen()`.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { GenerationRequest, ProviderName, Wake } from '../../../src/contract/index.ts'
import { createGateway } from '../../../src/gateway/create-gateway.ts'
import type { GatewayDeps } from '../../../src/gateway/gateway-deps.ts'
import { TemporalUnavailableError, type GenerationStarter } from '../../../src/gateway/generation-starter.ts'
import type { GatewayLimits } from '../../../src/gateway/limits.ts'
import type { AttemptRef } from '../../../src/ledger/ledger.ts'
import type { Logger, LogMethod } from '../../../src/observability/logger.ts'
import type { CallbackVerdict, Provider } from '../../../src/providers/provider.ts'
import { createCallbackTokens } from '../../../src/tokens/tokens.ts'
import { createUploadTokens } from '../../../src/tokens/upload-tokens.ts'
import { createFakeLedger, type FakeLedger } from '../../helpers/fake-ledger.ts'

export interface FakeTemporal extends GenerationStarter {
  isDown: boolean
  /** an id in here has no running workflow any more */
  readonly closed: Set<string>
  readonly started: Map<string, GenerationRequest>
  readonly startCalls: string[]
  readonly wakes: { generationId: string; wake: Wake }[]
  readonly cancels: string[]
  /** true: somebody has waited for the last call */
  isSettled: boolean
  /** runs inside every call, before its effect */
  before: (call: string) => Promise<void>
}

export function createFakeTemporal(): FakeTemporal {
  const temporal: FakeTemporal = {
    isDown: false,
    closed: new Set(),
    started: new Map(),
    startCalls: [],
    wakes: [],
    cancels: [],
    before: async () => {},
    async start(id, request) {
      temporal.startCalls.push(id)
      await called('start')
      if (temporal.started.has(id)) return 'exists'
      temporal.started.set(id, request)
      return 'started'
    },
    async signalWake(generationId, wake) {
      await called('signalWake')
      if (temporal.closed.has(generationId)) return 'closed'
      temporal.wakes.push({ generationId, wake })
      return 'signalled'
    },
    async requestCancel(id) {
      temporal.cancels.push(id)
      await called('requestCancel')
      if (temporal.closed.has(id)) return 'closed'
      return temporal.started.has(id) ? 'requested' : 'unknown'
    },
    ping: () => called('ping'),
    settled: async () => {
      temporal.isSettled = true
    },
    isSettled: false,
  }
  async function called(name: string): Promise<void> {
    await temporal.before(name)
    if (temporal.isDown) throw new TemporalUnavailableError('14 UNAVAILABLE: No connection to 10.0.0.8:7233')
  }
  return temporal
}

const bodySchema = z.object({ taskId: z.string().optional(), state: z.string().optional() })

/** The one that signs, as Kie does: `x-signature: good`. */
function readSigned({ rawBody, headers }: Parameters<Provider['readCallback']>[0]): CallbackVerdict {
  if (headers['x-signature'] !== 'good') return { ok: false, status: 401, message: 'the signature does not fit' }
  return readUnsigned({ rawBody })
}

function readUnsigned({ rawBody }: { rawBody: Uint8Array }): CallbackVerdict {
  try {
    const body = bodySchema.parse(JSON.parse(Buffer.from(rawBody).toString()))
    return { ok: true, claim: { claimedTaskId: body.taskId ?? null, claimedState: body.state ?? null } }
  } catch {
    return { ok: false, status: 400, message: 'not JSON' }
  }
}

/** How the two are given pictures of ours; nothing is sent from here. */
const copies: Provider['references'] = {
  kind: 'copy',
  baseUrl: 'http://kie.test',
  linkLivesMs: 60_000,
  upload: () => Promise.reject(new Error('the gateway sends no pictures')),
}
export const links: Provider['references'] = { kind: 'link_or_data', maxDataBytes: { each: 4_194_304, all: 8_388_608 } }

/** What the port asks for; the real ones have tests of their own. */
export const describeAt =
  (url: string): Provider['describeSubmit'] =>
  ({ model, input }, { callbackUrl }) => ({
    method: 'POST',
    url,
    headers: { authorization: 'Bearer ***' },
    body: { model, input, ...(callbackUrl === null ? {} : { callbackUrl }) },
  })

/** Writes everything as it is: what the real logger would still take out must not be given to it in the first place. */
function createRawLogger(lines: string[], bound: object = {}): Logger {
  const write: LogMethod = (fields: object | string, message?: string) => {
    const given = typeof fields === 'string' ? { msg: fields } : { ...fields, msg: message }
    const showErrors = (_: string, value: unknown): unknown =>
      value instanceof Error ? { message: value.message, stack: value.stack, cause: value.cause } : value
    lines.push(JSON.stringify({ ...bound, ...given }, showErrors))
  }
  const levels = { trace: write, debug: write, info: write, warn: write, error: write, fatal: write, silent: () => {} }
  return { ...levels, level: 'trace', child: (fields) => createRawLogger(lines, { ...bound, ...fields }) }
}

const pngBytes = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')

export interface TestGateway {
  app: FastifyInstance
  ledger: FakeLedger
  temporal: FakeTemporal
  /** every line that was logged */
  log: string[]
  /** a sealed token of an attempt that the ledger has */
  tokenOf: (ref: Partial<AttemptRef>, provider?: ProviderName) => string
  /** puts a picture into store and ledger; gives its address */
  addImage: (generationId: string, index?: number) => string
  pngBytes: Buffer
  listen: () => Promise<{ port: number; url: string }>
}

export async function startGateway(
  t: Pick<TestContext, 'after'>,
  options: {
    limits?: Partial<GatewayLimits>
    deps?: Partial<Omit<GatewayDeps, 'store'>> & { store?: Partial<GatewayDeps['store']> }
  } = {},
): Promise<TestGateway> {
  const ledger = createFakeLedger()
  const temporal = createFakeTemporal()
  const log: string[] = []
  const tokens = createCallbackTokens({ current: 'a secret of the test, long enough' })
  const uploadTokens = createUploadTokens({ current: 'a secret of the test, long enough' })
  const objects = new Map<string, Buffer>()
  const app = await createGateway({
    ledger,
    temporal,
    tokens,
    uploadTokens,
    providers: new Map([
      [
        'kie',
        {
          name: 'kie',
          readCallback: readSigned,
          references: copies,
          describeSubmit: describeAt('http://kie.test'),
          accounts: ['default'],
        },
      ],
      [
        'defapi',
        {
          name: 'defapi',
          readCallback: readUnsigned,
          references: links,
          describeSubmit: describeAt('http://defapi.test'),
          accounts: ['default'],
        },
      ],
    ]),
    accounts: [
      { mode: 'mock', provider: 'kie', account: 'default' },
      { mode: 'mock', provider: 'kie', account: 'second' },
      { mode: 'mock', provider: 'defapi', account: 'default' },
    ],
    routeDefaults: {
      preferred: 'kie',
      maxPaidAttempts: 2,
      attemptDeadlineMs: 600_000,
      generationDeadlineMs: 1_800_000,
      queueForMs: 120_000,
    },
    callbackUrlOf: (provider, token) => `http://gateway.test/v1/callbacks/${provider}/${token}`,
    mode: 'mock',
    logger: createRawLogger(log),
    links: { temporal: (id) => `http://temporal.test/${id}` },
    ...options.deps,
    store: {
      open: async (sha256) => {
        const bytes = objects.get(sha256)
        return bytes === undefined ? null : { sizeBytes: bytes.length, stream: Readable.from([bytes]) }
      },
      tempFolder: '/nowhere',
      adopt: () => Promise.reject(new Error('this test stores nothing')),
      ...options.deps?.store,
    },
    limits: {
      // Longer than any file of tests runs: what is injected has no connection that could be ended. Tests of the limit give their own.
      requestTimeoutMs: 600_000,
      // short enough for a test to see two intervals pass
      wakeIntervalMs: 150,
      waitPollFirstMs: 10,
      waitPollMaxMs: 20,
      ...options.limits,
    },
  })
  t.after(() => app.close())
  return {
    app,
    ledger,
    temporal,
    log,
    pngBytes,
    tokenOf(ref, provider = 'defapi') {
      const whole = { generationId: 'gen_1', item: 0, attempt: 1, ...ref }
      ledger.addAttempt(whole, provider)
      return tokens.seal(whole)
    },
    addImage(generationId, index = 0) {
      const sha256 = createHash('sha256').update(pngBytes).digest('hex')
      objects.set(sha256, pngBytes)
      const shape = {
        item: 0,
        attempt: 1,
        contentType: 'image/png',
        width: 1,
        height: 1,
        provenance: 'none',
        spare: false,
      } as const
      ledger.addImage({ ...shape, generationId, index, sha256, sizeBytes: pngBytes.length })
      return sha256
    },
    async listen() {
      await app.listen({ host: '127.0.0.1', port: 0 })
      const address = app.server.address()
      assert.ok(typeof address === 'object' && address !== null)
      const { port } = address
      return { port, url: `http://127.0.0.1:${port}` }
    },
  }
}

export const goodRequest = { model: 'nano-banana', prompt: 'a red fox in the snow' }
