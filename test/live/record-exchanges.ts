// What really goes over the wire while the product's own client speaks. undici tells it on its diagnostics channels, so nothing stands between
// the client and the provider, and nothing is sent twice in order to be seen. Who asked is known by the asynchronous context.
import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'

/** One request and what came back, unredacted: never leaves memory. */
export interface RawExchange {
  method: string
  url: string
  requestBody: string | null
  /** null: no reply began */
  status: number | null
  /** names in lower case */
  headers: Record<string, string>
  body: Buffer
  elapsedMs: number
}

type Entry = RawExchange & { startedMs: number }

interface Recorder {
  /** Runs `work` and returns with its result every exchange that was begun in it, in that order. */
  record: <T>(work: () => Promise<T>) => Promise<{ result: T; exchanges: RawExchange[] }>
  stop: () => void
}

export function startRecorder(): Recorder {
  const storage = new AsyncLocalStorage<Entry[]>()
  const entries = new WeakMap<object, Entry>()
  const entryOf = (message: unknown): Entry | undefined => {
    const request = memberOf(message, 'request')
    return typeof request === 'object' && request !== null ? entries.get(request) : undefined
  }

  const onCreate = (message: unknown): void => {
    const list = storage.getStore()
    const request = memberOf(message, 'request')
    if (list === undefined || typeof request !== 'object' || request === null) return
    const body = memberOf(request, 'body')
    const entry: Entry = {
      method: textOf(memberOf(request, 'method')),
      url: textOf(memberOf(request, 'origin')) + textOf(memberOf(request, 'path')),
      requestBody: Buffer.isBuffer(body) ? body.toString('utf8') : null,
      status: null,
      headers: {},
      body: Buffer.alloc(0),
      elapsedMs: 0,
      startedMs: performance.now(),
    }
    list.push(entry)
    entries.set(request, entry)
  }
  const onHeaders = (message: unknown): void => {
    const entry = entryOf(message)
    const response = memberOf(message, 'response')
    const status = memberOf(response, 'statusCode')
    const headers = memberOf(response, 'headers')
    if (entry === undefined || typeof status !== 'number' || !Array.isArray(headers)) return
    entry.status = status
    entry.headers = pairsOf(headers)
    entry.elapsedMs = elapsed(entry)
  }
  const onChunk = (message: unknown): void => {
    const entry = entryOf(message)
    const chunk = memberOf(message, 'chunk')
    if (entry === undefined || !Buffer.isBuffer(chunk)) return
    // A copy: the chunk is a window on a buffer that the parser uses again.
    entry.body = Buffer.concat([entry.body, chunk])
    entry.elapsedMs = elapsed(entry)
  }

  const listeners = [
    ['undici:request:create', onCreate],
    ['undici:request:headers', onHeaders],
    ['undici:request:bodyChunkReceived', onChunk],
  ] as const
  for (const [channel, listener] of listeners) subscribe(channel, listener)
  return {
    async record(work) {
      const list: Entry[] = []
      const result = await storage.run(list, work)
      return { result, exchanges: list }
    },
    stop() {
      for (const [channel, listener] of listeners) unsubscribe(channel, listener)
    },
  }
}

const elapsed = ({ startedMs }: Entry): number => Math.round(performance.now() - startedMs)

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (Reflect.get(value, name) as unknown) : undefined
}

/** The origin comes as text or as a URL, which ends with a slash then. */
function textOf(value: unknown): string {
  return value instanceof URL ? value.origin : typeof value === 'string' ? value : ''
}

/** Name, value, name, value … as bytes. Of a name that comes twice both values are kept. */
function pairsOf(headers: readonly unknown[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = String(headers[at]).toLowerCase()
    const value = String(headers[at + 1])
    found[name] = found[name] === undefined ? value : `${found[name]}, ${value}`
  }
  return found
}
