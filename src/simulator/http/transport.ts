// Puts a reply on the wire, whole or in one of the ways in which replies get lost.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Reply } from './reply.ts'

export type Transport =
  | { kind: 'whole' }
  /** no byte; the socket is closed after closeAfterMs, or left to the client */
  | { kind: 'silence'; closeAfterMs: number | null }
  | { kind: 'reset' }
  /** headers and some of the body, then RST or FIN */
  | { kind: 'cut'; bytes: number | null; reset: boolean }
  | { kind: 'drip'; bytesPerSecond: number }
  | { kind: 'endless'; bytes: number }

export type Delivery = 'answered' | 'dropped' | 'reset' | 'cut' | 'client_left'

export interface Wire {
  request: IncomingMessage
  response: ServerResponse
  /** ends waits when the simulator closes */
  signal: AbortSignal
}

export async function deliver(wire: Wire, reply: Reply, transport: Transport, delayMs: number): Promise<Delivery> {
  const { response } = wire
  const gone = new AbortController()
  const stop = AbortSignal.any([gone.signal, wire.signal])
  // 'close' without 'finish': the other side went away, or the listener was closed.
  response.once('close', () => gone.abort())
  if (response.destroyed) return 'client_left'
  if (!(await waitFor(delayMs, stop))) return 'client_left'
  if (transport.kind === 'silence') {
    await waitFor(transport.closeAfterMs ?? 2_147_483_647, stop)
    response.destroy()
    return 'dropped'
  }
  if (transport.kind === 'reset') {
    wire.request.socket.resetAndDestroy()
    return 'reset'
  }
  if (transport.kind === 'cut') return cut(wire, reply, transport)
  if (transport.kind === 'drip') return drip(wire, reply, transport.bytesPerSecond, stop)
  if (transport.kind === 'endless') return endless(wire, reply, transport.bytes, stop)
  return whole(wire, reply, gone.signal)
}

async function whole(wire: Wire, reply: Reply, gone: AbortSignal): Promise<Delivery> {
  const { response } = wire
  // kie answers with gzip to those who ask for it. Pictures are compressed already.
  const accepts = wire.request.headers['accept-encoding']?.toString().includes('gzip') === true
  const zipped = accepts && reply.body.length > 0 && reply.headers['content-type']?.startsWith('application/json') === true
  const body = zipped ? gzipSync(reply.body) : reply.body
  response.writeHead(reply.status, {
    ...reply.headers,
    'content-length': String(body.length),
    ...(zipped ? { 'content-encoding': 'gzip' } : {}),
  })
  const finished = new Promise<Delivery>((resolve) => {
    response.once('finish', () => resolve('answered'))
    gone.addEventListener('abort', () => resolve('client_left'))
  })
  response.end(body)
  return finished
}

async function cut(wire: Wire, reply: Reply, transport: { bytes: number | null; reset: boolean }): Promise<Delivery> {
  const { response, request } = wire
  const { body } = reply
  const shown = body.subarray(0, Math.min(transport.bytes ?? Math.floor(body.length / 2), Math.max(0, body.length - 1)))
  response.writeHead(reply.status, { ...reply.headers, 'content-length': String(body.length) })
  response.flushHeaders()
  await new Promise<void>((resolve) => {
    response.write(shown, () => resolve())
  })
  if (transport.reset) {
    // A RST may overtake bytes that wait in the other side's buffer; the pause lets them be read first.
    await sleep(20)
    request.socket.resetAndDestroy()
    return 'reset'
  }
  request.socket.end()
  return 'cut'
}

async function drip(wire: Wire, reply: Reply, bytesPerSecond: number, stop: AbortSignal): Promise<Delivery> {
  const { response } = wire
  // Ten pieces a second, or one byte at a time for very slow ones.
  const piece = Math.max(1, Math.round(bytesPerSecond / 10))
  const pauseMs = (piece / Math.max(bytesPerSecond, 0.001)) * 1000
  response.writeHead(reply.status, { ...reply.headers, 'content-length': String(reply.body.length) })
  for (let at = 0; at < reply.body.length; at += piece) {
    response.write(reply.body.subarray(at, at + piece))
    if (!(await waitFor(pauseMs, stop))) return 'client_left'
  }
  response.end()
  return 'answered'
}

async function endless(wire: Wire, reply: Reply, bytes: number, stop: AbortSignal): Promise<Delivery> {
  const { response } = wire
  const block = Buffer.alloc(64 * 1024, ' ')
  response.writeHead(200, reply.headers)
  for (let sent = 0; sent < bytes && !stop.aborted; sent += block.length) {
    if (response.write(block)) continue
    await new Promise<void>((resolve) => {
      const go = (): void => {
        response.off('drain', go)
        stop.removeEventListener('abort', go)
        resolve()
      }
      response.once('drain', go)
      stop.addEventListener('abort', go)
    })
  }
  if (stop.aborted) return 'client_left'
  response.end()
  return 'answered'
}

/** True when the time passed, false when the signal came first. */
export async function waitFor(delayMs: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false
  if (delayMs <= 0) return true
  try {
    await sleep(Math.min(delayMs, 2_147_483_647), undefined, { signal })
    return true
  } catch {
    return false
  }
}
