// Where providers touch the network, besides `post-form.ts`. Two ways out, because their risks differ:
//
// `postOnce`  a paid POST: one fresh connection, one request, never repeated. It answers one question with certainty: did a byte
//             of the request leave this machine? "The connector never handed over a socket" is the test; error codes are
//             not, since ECONNRESET happens on both sides of that line. // I3
// `getReply`  a free GET: pooled connections; whatever goes wrong, the caller simply asks again later.
//
// Neither follows redirects, so the Authorization header reaches only the configured origin. Replies are capped and expected
// ends are values; a throw is a bug of ours.
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { Agent, buildConnector, Client } from 'undici'
import type { Dispatcher } from 'undici'
import { oneLine } from './message-text.ts'

/** Replies of both providers are a few kB; a record repeats the prompt several times, so leave room, and stop a flood. */
export const maxReplyBytes = 256 * 1024

/** A TCP and TLS handshake beyond this will not get better; undici's own default. */
export const connectTimeoutMs = 10_000

/** Node's 250 ms per address fails every address of a host that is farther away than that. */
export const addressAttemptTimeoutMs = 2_000

/** Idle sockets to the query host: longer than the shortest poll pace (3 s), so that a poller keeps its connection. */
const keepAliveMs = 4_000

export interface HttpReply {
  status: number
  /** decoded, at most `maxReplyBytes` */
  body: Uint8Array
  retryAfter: string | null
  elapsedMs: number
}

export interface PostInput {
  url: string
  headers: Record<string, string>
  body: string
  /** from the call to the last byte of the reply */
  timeoutMs: number
  mayStillSend: () => boolean
}

export type PostResult =
  | { kind: 'reply'; reply: HttpReply }
  /** no socket was handed over: no byte of the request left */
  | { kind: 'not_sent'; reason: 'unreachable' | 'withdrawn'; message: string }
  /** a socket was handed over and no whole reply came back */
  | { kind: 'no_reply'; message: string; httpStatus: number | null }

export async function postOnce(input: PostInput): Promise<PostResult> {
  const startedMs = performance.now()
  const url = new URL(input.url)
  const gate = createSendGate(input.mayStillSend, input.timeoutMs)
  // pipelining 0: `connection: close`, so this socket serves one request and no later one can meet a half-closed socket.
  const client = new Client(url.origin, { pipelining: 0, connect: gate.connect, headersTimeout: 0, bodyTimeout: 0 })
  const deadline = startDeadline(input.timeoutMs)
  let httpStatus: number | null = null
  const exchange = async (): Promise<PostResult> => {
    const response = await client.request({
      method: 'POST',
      path: url.pathname + url.search,
      headers: { ...postHeaders, ...input.headers },
      body: input.body,
      signal: deadline.signal,
    })
    httpStatus = response.statusCode
    return { kind: 'reply', reply: await readReply(response, startedMs) }
  }
  try {
    return await Promise.race([exchange(), deadline.expired])
  } catch (error) {
    const verdict = gate.close()
    if (verdict.kind === 'broken') throw verdict.error
    if (verdict.kind === 'sent') return { kind: 'no_reply', message: describeError(error), httpStatus }
    return { kind: 'not_sent', reason: verdict.reason, message: describeError(error) }
  } finally {
    deadline.stop()
    client.destroy().catch(() => undefined)
  }
}

export interface GetInput {
  url: string
  headers: Record<string, string>
  timeoutMs: number
  signal?: AbortSignal | undefined
}

export type GetResult =
  | { kind: 'reply'; reply: HttpReply }
  | { kind: 'failed'; reason: 'unreachable' | 'no_answer'; message: string; httpStatus: number | null }

/** GETs over pooled connections. Idle sockets close by themselves and never keep the process alive. */
export function createGetter(): (input: GetInput) => Promise<GetResult> {
  const agent = new Agent({
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectTimeoutMs, autoSelectFamilyAttemptTimeout: addressAttemptTimeoutMs },
  })
  return async function getReply({ url: target, headers, timeoutMs, signal }) {
    const url = new URL(target)
    return freeExchange({ timeoutMs, signal }, (ends) =>
      agent.request({
        origin: url.origin,
        method: 'GET',
        path: url.pathname + url.search,
        headers: { ...commonHeaders, ...headers },
        signal: ends,
      }),
    )
  }
}

/** One exchange that costs nothing, to the last byte of its reply: whatever goes wrong, the caller simply begins another. */
export async function freeExchange(
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined },
  request: (ends: AbortSignal) => Promise<Dispatcher.ResponseData>,
): Promise<GetResult> {
  const startedMs = performance.now()
  const deadline = startDeadline(timeoutMs, signal)
  let httpStatus: number | null = null
  const exchange = async (): Promise<GetResult> => {
    const response = await request(deadline.signal)
    httpStatus = response.statusCode
    return { kind: 'reply', reply: await readReply(response, startedMs) }
  }
  try {
    return await Promise.race([exchange(), deadline.expired])
  } catch (error) {
    const reason = unreachableCodes.has(errorCode(error)) ? 'unreachable' : 'no_answer'
    return { kind: 'failed', reason, message: describeError(error), httpStatus }
  } finally {
    deadline.stop()
  }
}

/** For wording only (such an exchange costs nothing): codes that Node and undici use when no connection came about. */
const unreachableCodes = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
])

// identity: the size cap then counts what it means. A proxy that compresses all the same is decoded in `readReply`.
export const commonHeaders = { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'darkroom' }
export const postHeaders = { 'content-type': 'application/json', ...commonHeaders }

type SendVerdict = { kind: 'sent' } | { kind: 'unsent'; reason: 'unreachable' | 'withdrawn' } | { kind: 'broken'; error: unknown }

/**
 * Hands over at most one socket, and only after `mayStillSend()` said yes with the connection already open: undici writes the request
 * in the same turn of the event loop. After `close()` it hands over none, so a verdict of "unsent" stays true.
 */
function createSendGate(mayStillSend: () => boolean, timeoutMs: number) {
  const base = buildConnector({
    timeout: Math.min(connectTimeoutMs, timeoutMs),
    autoSelectFamilyAttemptTimeout: addressAttemptTimeoutMs,
  })
  let isOpen = true
  let verdict: SendVerdict = { kind: 'unsent', reason: 'unreachable' }

  const connect: buildConnector.connector = (options, callback) => {
    base(options, (error, socket) => {
      if (error !== null) {
        callback(error, null)
        return
      }
      const refusal = isOpen ? askToSend() : new Error('the request was already given up')
      isOpen = false
      if (refusal === null) {
        verdict = { kind: 'sent' }
        callback(null, socket)
        return
      }
      socket.on('error', () => undefined)
      socket.destroy()
      callback(refusal, null)
    })
  }

  function askToSend(): Error | null {
    try {
      if (mayStillSend()) return null
      verdict = { kind: 'unsent', reason: 'withdrawn' }
      return new Error('withdrawn just before sending')
    } catch (error) {
      // Thrown here it would be an uncaught exception inside a socket event; `postOnce` throws it instead.
      verdict = { kind: 'broken', error }
      return new Error('the question whether to send failed')
    }
  }

  return {
    connect,
    close(): SendVerdict {
      isOpen = false
      return verdict
    },
  }
}

async function readReply(response: Dispatcher.ResponseData, startedMs: number): Promise<HttpReply> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    // Leaving the loop destroys the body and with it the connection.
    if (sizeBytes > maxReplyBytes) throw new Error(`the reply is larger than ${maxReplyBytes} bytes`)
    chunks.push(chunk)
  }
  return {
    status: response.statusCode,
    body: decode(Buffer.concat(chunks), headerText(response.headers['content-encoding'])),
    retryAfter: headerText(response.headers['retry-after']),
    elapsedMs: performance.now() - startedMs,
  }
}

function decode(body: Buffer, encoding: string | null): Uint8Array {
  const limit = { maxOutputLength: maxReplyBytes }
  switch (encoding?.trim().toLowerCase() ?? '') {
    case '':
    case 'identity':
      return body
    case 'gzip':
      return gunzipSync(body, limit)
    case 'deflate':
      return inflateSync(body, limit)
    case 'br':
      return brotliDecompressSync(body, limit)
    default:
      throw new Error(`the reply has the unknown content-encoding ${oneLine(encoding ?? '')}`)
  }
}

function headerText(value: string | string[] | undefined): string | null {
  if (value === undefined) return null
  return Array.isArray(value) ? (value[0] ?? null) : value
}

/**
 * `expired` rejects at the limit itself: undici looks at the signal of a request only once it has a connection, and by then `postOnce` must
 * have decided and shut the gate.
 */
function startDeadline(
  timeoutMs: number,
  outer?: AbortSignal,
): { signal: AbortSignal; expired: Promise<never>; stop: () => void } {
  const controller = new AbortController()
  let expire: (message: string) => void = () => undefined
  const expired = new Promise<never>((_resolve, reject) => {
    expire = (message) => {
      const reason = new Error(message)
      reject(reason)
      controller.abort(reason)
    }
  })
  expired.catch(() => undefined)
  const timer = setTimeout(() => expire(`no whole reply within ${timeoutMs} ms`), timeoutMs)
  const onOuterAbort = (): void => expire('the caller gave the request up')
  if (outer?.aborted === true) onOuterAbort()
  else outer?.addEventListener('abort', onOuterAbort, { once: true })
  return {
    signal: controller.signal,
    expired,
    stop() {
      clearTimeout(timer)
      outer?.removeEventListener('abort', onOuterAbort)
    },
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** Code and message, never headers or bodies: those carry the key. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  const code = errorCode(error)
  // Several addresses refused give an AggregateError without a message of its own.
  const message = error.message !== '' ? error.message : error.name
  return oneLine(code === '' || message.includes(code) ? message : `${code}: ${message}`)
}
