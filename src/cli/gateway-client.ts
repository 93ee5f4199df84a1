// Speaks HTTP to a running gateway. Everything that comes back is data of somebody else: it is read, not believed.
import type { Dispatcher } from 'undici'
import { request as send } from 'undici'
import type { Generation, GenerationRequest } from '../contract/index.ts'
import { safeText } from '../observability/safe-text.ts'
import { CliError, exitCodes } from './errors.ts'

export interface GatewayClient {
  readonly url: string
  create(request: GenerationRequest, idempotencyKey: string | null): Promise<Generation>
  read(id: string): Promise<Generation>
  list(filter: {
    status?: string
    limit?: number
    cursor?: string
  }): Promise<{ generations: Generation[]; nextCursor: string | null }>
  cancel(id: string): Promise<Generation>
  /** bytes of a stored picture */
  readImage(id: string, index: number): Promise<Uint8Array>
}

export const defaultGatewayUrl = 'http://127.0.0.1:8080'

/** The gateway answers within 3 s or says 503; this is for one that has died with its sockets open. */
const answerTimeoutMs = 15_000

/** Flag before variable before default. */
export function chooseGatewayUrl(flag: string | undefined, env: NodeJS.ProcessEnv): string {
  const variable = env['DARKROOM_URL']
  const [url, source] =
    flag !== undefined
      ? [flag, '--url']
      : variable !== undefined && variable !== ''
        ? [variable, 'DARKROOM_URL']
        : [defaultGatewayUrl, '']
  const isHttp = URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol)
  if (!isHttp)
    throw new CliError(
      `${source} must be an http(s) address such as ${defaultGatewayUrl}, not "${safeText(url, 100)}".`,
      exitCodes.usage,
    )
  return url.replace(/\/+$/, '')
}

export function createGatewayClient(url: string): GatewayClient {
  const call = (method: 'GET' | 'POST', path: string, content: Content = {}): Promise<Answer> =>
    callGateway(url, method, path, content)
  const path = (id: string): string => `/v1/generations/${encodeURIComponent(id)}`
  return {
    url,
    async create(request, idempotencyKey) {
      const headers: Record<string, string> = { 'content-type': 'application/json' }
      if (idempotencyKey !== null) headers['idempotency-key'] = idempotencyKey
      return readGeneration(url, await call('POST', '/v1/generations', { headers, body: JSON.stringify(request) }))
    },
    read: async (id) => readGeneration(url, await call('GET', path(id))),
    async list(filter) {
      const query = new URLSearchParams()
      for (const [name, value] of Object.entries(filter)) if (value !== undefined) query.set(name, String(value))
      const body = await readJson(url, await call('GET', `/v1/generations?${query.toString()}`))
      if (!isRecord(body) || !Array.isArray(body['generations'])) throw notDarkroom(url)
      const nextCursor = typeof body['nextCursor'] === 'string' ? body['nextCursor'] : null
      return { generations: body['generations'].map((each) => toGeneration(url, each)), nextCursor }
    },
    cancel: async (id) => readGeneration(url, await call('POST', `${path(id)}/cancel`)),
    readImage: async (id, index) => new Uint8Array(await (await call('GET', `${path(id)}/images/${index}`)).body.arrayBuffer()),
  }
}

type Answer = Dispatcher.ResponseData

interface Content {
  headers?: Record<string, string>
  body?: string
}

/** Not `fetch`: that refuses ports such as 6000, on which a gateway may well listen. Redirects are not followed. */
async function callGateway(url: string, method: 'GET' | 'POST', path: string, content: Content): Promise<Answer> {
  const answer = await send(`${url}${path}`, { method, ...content, signal: AbortSignal.timeout(answerTimeoutMs) }).catch(
    (error: unknown) => {
      throw new CliError(
        `The gateway at ${url} is not reachable (${whyUnreachable(error)}). Start it with \`darkroom dev\`, or name another with --url or DARKROOM_URL.`,
        exitCodes.notReachable,
        { cause: error },
      )
    },
  )
  if (answer.statusCode < 300) return answer
  throw await toError(url, answer)
}

async function toError(url: string, answer: Answer): Promise<CliError> {
  const body: unknown = await answer.body.json().catch(() => null)
  if (!isRecord(body) || typeof body['detail'] !== 'string') return notDarkroom(url, answer.statusCode)
  const details = Array.isArray(body['errors']) ? body['errors'].flatMap(describeFieldError) : []
  const text = [body['detail'], ...details].join('\n  ')
  if (answer.statusCode >= 500)
    return new CliError(`The gateway at ${url} cannot serve this now: ${text}`, exitCodes.notReachable)
  // 409: the input was fine, the generation was not in a state for it.
  return new CliError(text, answer.statusCode === 409 ? exitCodes.failed : exitCodes.usage)
}

function describeFieldError(error: unknown): string[] {
  if (!isRecord(error) || typeof error['message'] !== 'string') return []
  const field = typeof error['field'] === 'string' && error['field'] !== '' ? `${error['field']}: ` : ''
  return [`${field}${error['message']}`]
}

async function readGeneration(url: string, answer: Answer): Promise<Generation> {
  return toGeneration(url, await readJson(url, answer))
}

async function readJson(url: string, answer: Answer): Promise<unknown> {
  try {
    return await answer.body.json()
  } catch (error) {
    throw notDarkroom(url, answer.statusCode, error)
  }
}

function toGeneration(url: string, body: unknown): Generation {
  if (!isGeneration(body)) throw notDarkroom(url)
  return body
}

/** The fields by which anything else is told from a generation; rendering escapes whatever text is in the rest. */
function isGeneration(body: unknown): body is Generation {
  if (!isRecord(body) || typeof body['id'] !== 'string' || typeof body['status'] !== 'string') return false
  return Array.isArray(body['attempts']) && Array.isArray(body['images']) && isRecord(body['timings']) && isRecord(body['links'])
}

function notDarkroom(url: string, status?: number, cause?: unknown): CliError {
  const answer = status === undefined ? 'something else' : `HTTP ${status}`
  return new CliError(
    `What answers at ${url} is not a darkroom gateway (${answer}). Check --url and DARKROOM_URL.`,
    exitCodes.notReachable,
    {
      cause,
    },
  )
}

function whyUnreachable(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if (error.name === 'TimeoutError') return `no answer within ${answerTimeoutMs / 1000} s`
  const words: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there',
    ENOTFOUND: 'no such host',
    ECONNRESET: 'it hung up',
    UND_ERR_SOCKET: 'it hung up',
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return words[code] ?? (error.message === '' ? code : safeText(error.message, 100))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
