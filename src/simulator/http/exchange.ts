// One request from its first byte to the line it leaves in the log.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { fingerprint } from '../accounts.ts'
import type { Outcome } from '../faults/spoil.ts'
import type { ProviderWord } from '../faults/rule.ts'
import type { FaultPoint } from '../faults/words.ts'
import type { RequestLog } from '../ledger.ts'
import type { Reply } from './reply.ts'
import { deliver, type Delivery } from './transport.ts'

// Four pictures of 10 MB as data URIs, and room.
const BODY_LIMIT_BYTES = 64 * 1024 * 1024

export interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  url: URL
  /** the bearer token; '' when there is none */
  key: string
  rawBody: Buffer
  /** parsed JSON; undefined where the body is none */
  body: unknown
  signal: AbortSignal
}

/** What is to be answered, and what to note about it. */
export interface Answer extends Outcome {
  delayMs: number
  faults: string[]
  taskId: string | null
  /** told how the reply left */
  onDelivered: (label: string) => void
}

export function plainAnswer(reply: Reply): Answer {
  return { reply, transport: { kind: 'whole' }, label: null, delayMs: 0, faults: [], taskId: null, onDelivered: () => undefined }
}

/** Null when the client went away before it had said everything. */
export async function openExchange(
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<Exchange | null> {
  const rawBody = await readBody(request)
  if (rawBody === null) return null
  const url = new URL(request.url ?? '/', 'http://simulator')
  const key = /^Bearer\s+(\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
  return { request, response, url, key, rawBody, body: parseJson(rawBody), signal }
}

export async function conclude(
  exchange: Exchange,
  answer: Answer,
  log: { requests: RequestLog; provider: ProviderWord; point: FaultPoint | null; atMs: number },
): Promise<void> {
  const { request, response, url, key, signal } = exchange
  let delivery: Delivery = 'client_left'
  try {
    delivery = await deliver({ request, response, signal }, answer.reply, answer.transport, answer.delayMs)
  } finally {
    answer.onDelivered(answer.label ?? delivery)
    log.requests.add({
      atMs: log.atMs,
      provider: log.provider,
      point: log.point,
      method: request.method ?? '',
      path: url.pathname,
      keyFingerprint: key === '' ? null : fingerprint(key),
      taskId: answer.taskId,
      status: delivery === 'dropped' || delivery === 'reset' || delivery === 'client_left' ? null : answer.reply.status,
      delivery,
      faults: answer.faults,
    })
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const parts: Buffer[] = []
  let size = 0
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      size += part.length
      if (size > BODY_LIMIT_BYTES) return null
      parts.push(part)
    }
  } catch {
    return null
  }
  return Buffer.concat(parts)
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
