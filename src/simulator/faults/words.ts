// The vocabulary of faults, as data: where each may be used, whether the provider has made (and charged) a task when it strikes
// a submit, and which parameters it reads. Transport faults carry toxiproxy's names.

export const faultPoints = ['submit', 'query', 'upload', 'account', 'download', 'task', 'callback'] as const
export type FaultPoint = (typeof faultPoints)[number]

export type ParameterName =
  | 'delayMs'
  | 'durationMs'
  | 'jitterMs'
  | 'when'
  | 'taskMade'
  | 'bytes'
  | 'bytesPerSecond'
  | 'retryAfterSeconds'
  | 'status'
  | 'code'
  | 'message'
  | 'location'
  | 'state'
  | 'variety'
  | 'count'
  | 'refunded'
  | 'anyAgent'
  | 'taskId'
  | 'signature'
  | 'replace'
  | 'body'

interface FaultWordFacts {
  /** the first is the point used when a rule names none */
  on: readonly [FaultPoint, ...FaultPoint[]]
  /** for submits: does the task exist although the reply is spoilt? A rule may say otherwise with `taskMade`. */
  taskMade: boolean
  takes: readonly ParameterName[]
  does: string
}

const http = ['submit', 'query', 'upload', 'account', 'download'] as const
const json = ['submit', 'query', 'upload', 'account'] as const

export const faultWords = {
  // transport
  latency: {
    on: http,
    taskMade: true,
    takes: ['delayMs', 'jitterMs'],
    does: 'the reply comes later; goes together with another fault',
  },
  down: { on: http, taskMade: false, takes: ['durationMs'], does: 'the listener is really closed: connect refused' },
  reset_peer: {
    on: http,
    taskMade: false,
    takes: ['when', 'bytes', 'taskMade'],
    does: 'RST at `when`: connect, request (default) or reply',
  },
  timeout: {
    on: http,
    taskMade: false,
    takes: ['taskMade', 'delayMs'],
    does: 'no reply; the socket stays open, or closes after delayMs',
  },
  lost_task_reply: { on: ['submit'], taskMade: true, takes: ['delayMs'], does: 'the task is made, the reply never comes' },
  limit_data: {
    on: http,
    taskMade: true,
    takes: ['bytes', 'taskMade'],
    does: 'the connection closes after `bytes` of a longer body',
  },
  bandwidth: { on: http, taskMade: true, takes: ['bytesPerSecond'], does: 'the body drips' },
  // HTTP
  redirect: { on: http, taskMade: false, takes: ['location', 'status', 'taskMade'], does: 'a redirect to `location`' },
  html_page: { on: http, taskMade: false, takes: ['taskMade'], does: 'an HTML page with status 200' },
  empty_body: { on: http, taskMade: true, takes: ['taskMade'], does: 'status 200 without a byte' },
  endless_body: {
    on: http,
    taskMade: true,
    takes: ['bytes', 'taskMade'],
    does: 'status 200 and `bytes` (default 200 MB) of spaces',
  },
  malformed_json: { on: json, taskMade: true, takes: ['taskMade'], does: 'the reply with its quotes broken' },
  truncated_json: { on: json, taskMade: true, takes: ['taskMade'], does: 'the first half of the reply as a complete body' },
  wrong_types: { on: ['submit', 'query'], taskMade: true, takes: ['taskMade'], does: 'numbers for strings, strings for numbers' },
  null_data: { on: ['submit', 'query'], taskMade: true, takes: ['taskMade'], does: 'code of success, `data: null`' },
  // submit
  missing_task_id: { on: ['submit'], taskMade: true, takes: ['taskMade'], does: 'success without a task id' },
  wrong_task_id: { on: ['submit'], taskMade: true, takes: [], does: 'the reply names a task that does not exist' },
  same_task_id: { on: ['submit'], taskMade: true, takes: [], does: 'the reply names the task made before this one' },
  two_task_ids: { on: ['submit'], taskMade: true, takes: [], does: 'one request makes two tasks; the reply names the second' },
  // query
  not_found: {
    on: ['query'],
    taskMade: true,
    takes: ['durationMs'],
    does: 'the task is unknown (for durationMs after it was made)',
  },
  unknown_state: { on: ['query'], taskMade: true, takes: ['state'], does: 'the record carries the state word `state`' },
  still_pending: { on: ['query'], taskMade: true, takes: [], does: 'the record says running although the task has ended' },
  other_task: { on: ['query'], taskMade: true, takes: [], does: 'the record is that of another task' },
  // the fate of a task
  success_without_image: {
    on: ['task', 'query'],
    taskMade: true,
    takes: ['variety'],
    does: 'success, no picture (kie: list, string, missing)',
  },
  text_only: { on: ['task'], taskMade: true, takes: ['message'], does: 'the model answers in words' },
  content_refusal: {
    on: ['task'],
    taskMade: true,
    takes: ['code', 'message', 'refunded'],
    does: 'refused by moderation, as each API says it',
  },
  task_failed: {
    on: ['task'],
    taskMade: true,
    takes: ['code', 'message', 'refunded'],
    does: 'ends in failure with code and message',
  },
  generate_timeout: { on: ['task'], taskMade: true, takes: ['refunded'], does: 'ends in failure 524 "generate task timeout."' },
  stuck: { on: ['task'], taskMade: true, takes: [], does: 'never ends by itself' },
  slow_task: { on: ['task'], taskMade: true, takes: ['delayMs'], does: 'takes delayMs longer' },
  extra_images: { on: ['task'], taskMade: true, takes: ['count'], does: '`count` pictures more than asked for' },
  lost_task: { on: ['task'], taskMade: true, takes: [], does: 'charged, then forgotten: never found, never called back' },
  // callback
  drop_callback: { on: ['callback'], taskMade: true, takes: [], does: 'never sent' },
  duplicate_callback: {
    on: ['callback'],
    taskMade: true,
    takes: ['count', 'delayMs'],
    does: '`count` more copies, delayMs apart (0: at once)',
  },
  delay_callback: { on: ['callback'], taskMade: true, takes: ['delayMs'], does: 'sent delayMs later' },
  reorder_callback: {
    on: ['callback'],
    taskMade: true,
    takes: ['delayMs'],
    does: 'held until another callback is out, at most delayMs',
  },
  early_callback: {
    on: ['callback'],
    taskMade: true,
    takes: ['delayMs'],
    does: 'task ends and calls back before its submit is answered',
  },
  forge_callback: {
    on: ['callback'],
    taskMade: true,
    takes: ['delayMs', 'taskId', 'state', 'signature', 'replace', 'body'],
    does: 'a made-up callback to the same URL; taskId `same` or any other; signature none, wrong or genuine',
  },
  // result links
  error_1010: {
    on: ['download'],
    taskMade: true,
    takes: ['anyAgent'],
    does: '403 `error code: 1010` unless the User-Agent is a browser',
  },
  truncated_body: { on: ['download'], taskMade: true, takes: ['bytes'], does: 'the file is cut, the HTTP reply is whole' },
  flip_byte: { on: ['download'], taskMade: true, takes: [], does: 'one byte in the middle is another' },
  wrong_type: {
    on: ['download'],
    taskMade: true,
    takes: ['variety'],
    does: '`header`: PNG called text/plain; `bytes`: text called PNG',
  },
} as const satisfies Record<string, FaultWordFacts>

export type PlainFaultWord = keyof typeof faultWords

/** `http_NNN`: that status. `code_NNN` or `code_NNN_variety`: that body code, in the words the provider uses for it. */
export type FaultWord = PlainFaultWord | `http_${number}` | `code_${number}` | `code_${number}_${string}`

const httpStatusFacts: FaultWordFacts = {
  on: http,
  taskMade: false,
  takes: ['retryAfterSeconds', 'taskMade', 'body'],
  does: 'HTTP status NNN',
}
const bodyCodeFacts: FaultWordFacts = {
  on: json,
  taskMade: false,
  takes: ['message', 'code', 'status', 'retryAfterSeconds', 'taskMade'],
  does: 'body code NNN',
}

/** What is known of a word; null when it is none. */
export function factsOf(word: string): FaultWordFacts | null {
  if (/^http_[1-5]\d\d$/.test(word)) return httpStatusFacts
  if (/^code_\d{1,4}(_[a-z_]+)?$/.test(word)) return bodyCodeFacts
  return isPlainWord(word) ? faultWords[word] : null
}

function isPlainWord(word: string): word is PlainFaultWord {
  return Object.hasOwn(faultWords, word)
}
