// What a fault on a request makes of the reply: another one, a damaged one, or one that never arrives whole.
import type { Dialect } from '../dialect.ts'
import { htmlPage, isRecord, jsonReply, type Reply, textReply } from '../http/reply.ts'
import type { Transport } from '../http/transport.ts'
import type { Strike } from './board.ts'
import { factsOf } from './words.ts'

export interface Outcome {
  reply: Reply
  transport: Transport
  /** what the ledger calls it; null: the fault leaves the reply good */
  label: string | null
}

const whole: Transport = { kind: 'whole' }
// Larger than any sane reader takes.
const ENDLESS_BYTES = 200_000_000
const SLOW_BYTES_PER_SECOND = 64

/** True when the provider makes a task although this fault spoils the submit. */
export function makesTask(strike: Strike): boolean {
  const { taskMade, when, fault } = strike.rule
  // A reply that breaks off in the middle was there to be given.
  return taskMade ?? (when === 'reply' || (factsOf(fault)?.taskMade ?? true))
}

export function delayOf(strikes: readonly Strike[]): number {
  return strikes
    .filter(({ rule }) => rule.fault === 'latency')
    .reduce((sum, { rule, random }) => sum + (rule.delayMs ?? 1_000) + (rule.jitterMs ?? 0) * random(), 0)
}

/** The one fault that shapes the reply: the first that is not a mere delay. */
export function shaping(strikes: readonly Strike[]): Strike | null {
  return strikes.find(({ rule }) => rule.fault !== 'latency') ?? null
}

/** `original` is what would have been said; null where the request was never carried out. */
export function spoil(strike: Strike, original: Reply | null, dialect: Dialect): Outcome {
  const { rule } = strike
  const reply = original ?? jsonReply(null)
  const onTheWire = transportFault(rule, reply)
  if (onTheWire !== null) return onTheWire
  const substitute = substituteReply(rule, dialect) ?? damaged(rule, reply)
  return substitute === null
    ? { reply, transport: whole, label: null }
    : { reply: substitute, transport: whole, label: rule.fault }
}

function transportFault(rule: Strike['rule'], reply: Reply): Outcome | null {
  switch (rule.fault) {
    case 'reset_peer': {
      const transport: Transport =
        rule.when === 'reply' ? { kind: 'cut', bytes: rule.bytes ?? null, reset: true } : { kind: 'reset' }
      return { reply, transport, label: 'reset' }
    }
    case 'timeout':
    case 'lost_task_reply':
      return { reply, transport: { kind: 'silence', closeAfterMs: rule.delayMs ?? null }, label: 'dropped' }
    case 'limit_data':
      return { reply, transport: { kind: 'cut', bytes: rule.bytes ?? null, reset: false }, label: 'limit_data' }
    case 'bandwidth':
      return { reply, transport: { kind: 'drip', bytesPerSecond: rule.bytesPerSecond ?? SLOW_BYTES_PER_SECOND }, label: null }
    case 'endless_body':
      return { reply, transport: { kind: 'endless', bytes: rule.bytes ?? ENDLESS_BYTES }, label: 'endless_body' }
    default:
      return null
  }
}

function substituteReply(rule: Strike['rule'], dialect: Dialect): Reply | null {
  const retryAfter: Record<string, string> =
    rule.retryAfterSeconds === undefined ? {} : { 'retry-after': String(rule.retryAfterSeconds) }
  const status = /^http_(\d{3})$/.exec(rule.fault)?.[1]
  if (status !== undefined) {
    const page = statusReply(Number(status), rule.body, dialect)
    return { ...page, headers: { ...page.headers, ...retryAfter } }
  }
  const code = /^code_(\d+)(?:_(.+))?$/.exec(rule.fault)
  if (code !== null) {
    const { message, code: shown, status: shownStatus } = rule
    const reply = dialect.codeReply(Number(code[1]), code[2] ?? null, {
      ...(message === undefined ? {} : { message }),
      ...(shown === undefined ? {} : { code: shown }),
      ...(shownStatus === undefined ? {} : { status: shownStatus }),
    })
    return { ...reply, headers: { ...reply.headers, ...retryAfter } }
  }
  switch (rule.fault) {
    case 'redirect':
      return textReply('', 'text/plain', rule.status ?? 302, { location: rule.location ?? 'https://example.invalid/elsewhere' })
    case 'html_page':
      return htmlPage(200, 'Just a moment...')
    case 'empty_body':
      return textReply('', 'application/json;charset=UTF-8', 200)
    case 'error_1010':
      return textReply('error code: 1010', 'text/plain; charset=UTF-8', 403)
    default:
      return null
  }
}

function statusReply(status: number, body: string | undefined, dialect: Dialect): Reply {
  if (body !== undefined) return textReply(body, 'application/json;charset=UTF-8', status)
  // 500 and below come from the application, in its envelope; gateways and the CDN answer with a page.
  return status <= 500 ? jsonReply(dialect.httpErrorBody(status), status) : htmlPage(status, pageTitles[status] ?? 'Error')
}

const pageTitles: Record<number, string> = {
  502: 'Bad gateway',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway time-out',
  520: 'Web server is returning an unknown error',
  521: 'Web server is down',
  522: 'Connection timed out',
  523: 'Origin is unreachable',
  524: 'A timeout occurred',
  525: 'SSL handshake failed',
  526: 'Invalid SSL certificate',
}

function damaged(rule: Strike['rule'], reply: Reply): Reply | null {
  const said = reply.body.toString('utf8')
  const withBody = (body: string | Buffer): Reply => ({ ...reply, body: Buffer.from(body) })
  switch (rule.fault) {
    case 'malformed_json':
      return withBody(said.replaceAll('":', "':"))
    case 'truncated_json':
      return withBody(said.slice(0, Math.floor(said.length / 2)))
    case 'wrong_types':
      return withBody(JSON.stringify(otherTypes(parsed(said))))
    case 'null_data':
      return withBody(JSON.stringify({ ...parsed(said), data: null }))
    case 'missing_task_id':
      return withBody(JSON.stringify({ ...parsed(said), data: {} }))
    case 'truncated_body':
      return { ...reply, body: reply.body.subarray(0, rule.bytes ?? Math.floor(reply.body.length / 2)) }
    case 'flip_byte':
      return { ...reply, body: withFlippedByte(reply.body) }
    case 'wrong_type':
      return rule.variety === 'bytes'
        ? { ...reply, body: Buffer.from('this is not a picture\n'.repeat(40)) }
        : { ...reply, headers: { ...reply.headers, 'content-type': 'text/plain' } }
    default:
      return null
  }
}

/** Every number as a string and every string as a number: the shape stays, no type does. */
function otherTypes(value: unknown): unknown {
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return value.length
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, otherTypes(inner)]))
  return value
}

function withFlippedByte(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  const middle = Math.floor(copy.length / 2)
  copy[middle] = (copy[middle] ?? 0) ^ 0x01
  return copy
}

function parsed(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text)
  return isRecord(value) ? value : {}
}
