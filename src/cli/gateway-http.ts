// HTTP to a running gateway, and what its refusals mean for a person. Everything that comes back is data of somebody else.
import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { request as send } from 'undici'
import { safeText } from '../observability/safe-text.ts'
import { CliError, exitCodes, RefusedError } from './errors.ts'
import type { FieldRefusal } from './errors.ts'

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

export type Answer = Dispatcher.ResponseData

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

export interface Content {
  headers?: Record<string, string>
  body?: string | AsyncIterable<Uint8Array>
  /** for the whole answer; default 15 s */
  timeoutMs?: number
}

export function jsonContent(body: unknown): Required<Pick<Content, 'headers' | 'body'>> {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

export function callGateway(url: string, method: Method, path: string, content: Content): Promise<Answer> {
  return callGatewayFor(url, method, path, content, [])
}

/**
 * An answer with a status in `wanted` is given back although it is a refusal. Not `fetch`: that refuses ports such as 6000, on which a
 * gateway may well listen. Redirects are not followed.
 */
export async function callGatewayFor(
  url: string,
  method: Method,
  path: string,
  { headers = {}, body = '', timeoutMs = answerTimeoutMs }: Content,
  wanted: readonly number[],
): Promise<Answer> {
  const bytes = typeof body === 'string' ? body || null : Readable.from(body, { objectMode: false })
  const answer = await send(`${url}${path}`, { method, headers, body: bytes, signal: AbortSignal.timeout(timeoutMs) }).catch(
    (error: unknown) => {
      throw new CliError(
        `The gateway at ${url} is not reachable (${whyUnreachable(error, timeoutMs)}). Start it with \`darkroom dev\`, or name another with --url or DARKROOM_URL.`,
        exitCodes.notReachable,
        { cause: error },
      )
    },
  )
  if (answer.statusCode < 300 || wanted.includes(answer.statusCode)) return answer
  throw await toError(url, answer)
}

async function toError(url: string, answer: Answer): Promise<CliError> {
  const body: unknown = await answer.body.json().catch(() => null)
  if (!isRecord(body) || typeof body['detail'] !== 'string') return notDarkroom(url, answer.statusCode)
  const fields = Array.isArray(body['errors']) ? body['errors'].flatMap(toFieldRefusal) : []
  if (answer.statusCode >= 500)
    return new RefusedError(`The gateway at ${url} cannot serve this now: ${body['detail']}`, fields, exitCodes.notReachable)
  // 402, 409: the input was fine, the budget had no room or the generation was not in a state for it.
  const isFine = answer.statusCode === 402 || answer.statusCode === 409
  return new RefusedError(body['detail'], fields, isFine ? exitCodes.failed : exitCodes.usage)
}

function toFieldRefusal(error: unknown): FieldRefusal[] {
  if (!isRecord(error) || typeof error['message'] !== 'string') return []
  return [{ field: typeof error['field'] === 'string' ? error['field'] : '', message: error['message'] }]
}

export async function readJson(url: string, answer: Answer): Promise<unknown> {
  try {
    return await answer.body.json()
  } catch (error) {
    throw notDarkroom(url, answer.statusCode, error)
  }
}

export function notDarkroom(url: string, status?: number, cause?: unknown): CliError {
  const answer = status === undefined ? 'something else' : `HTTP ${status}`
  return new CliError(
    `What answers at ${url} is not a darkroom gateway (${answer}). Check --url and DARKROOM_URL.`,
    exitCodes.notReachable,
    {
      cause,
    },
  )
}

function whyUnreachable(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return 'unknown'
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`
  const words: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there',
    ENOTFOUND: 'no such host',
    ECONNRESET: 'it hung up',
    UND_ERR_SOCKET: 'it hung up',
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return words[code] ?? (error.message === '' ? code : safeText(error.message, 100))
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
