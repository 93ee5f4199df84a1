// Logs go to stderr, so that stdout carries only what a command was asked for. Whatever a caller logs, the written line has no control byte,
// no secret, no callback token and no query string: that is done once, on the finished line, and not left to the caller's care (I6).
import pino from 'pino'
import { redactSecrets, redactUrl, redactUrls } from './redact.ts'
import { safeJson, safeText } from './safe-text.ts'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/** Fields first, then one sentence; or only the sentence. An error goes under `err`. */
export interface LogMethod {
  (fields: object, message?: string): void
  (message: string): void
}

/** All that other folders know of the logger. */
export interface Logger {
  /** the least level that is written */
  level: string
  trace: LogMethod
  debug: LogMethod
  info: LogMethod
  warn: LogMethod
  error: LogMethod
  fatal: LogMethod
  /** never writes */
  silent: LogMethod
  /** the same logger with fields that every line of it carries */
  child(fields: Record<string, unknown>): Logger
}

export interface LoggerOptions {
  level: LogLevel
  /** which part speaks: `worker`, `gateway`, … */
  name: string
  /** default: stderr */
  destination?: { write(line: string): void }
  /** default: `line` when stderr is a terminal, else `json` */
  format?: 'json' | 'line'
  /** values that are taken out wherever they turn up */
  secrets?: readonly string[]
}

/** Names of fields that hold a secret whatever their value. Two levels deep: `{ headers: { authorization } }`, `{ req: { headers: … } }`. */
const secretFields = [
  'authorization',
  '["proxy-authorization"]',
  'cookie',
  '["set-cookie"]',
  'apiKey',
  'api_key',
  '["api-key"]',
  '["x-api-key"]',
  '["x-webhook-signature"]',
  'password',
  'secret',
  'token',
]
const redactedPaths = secretFields.flatMap((field) => {
  const after = field.startsWith('[') ? field : `.${field}`
  return [field, `*${after}`, `*.*${after}`]
})

/** A message is a sentence; a longer one is somebody's body. */
const maxMessageLength = 1_000
/** One line on a terminal; the whole is in the JSON format. */
const maxLineLength = 2_000

export function createLogger(options: LoggerOptions): Logger {
  const { level, name, secrets = [] } = options
  const format = options.format ?? (process.stderr.isTTY ? 'line' : 'json')
  // synchronous: the last lines before an exit are the ones that are needed
  const destination = options.destination ?? pino.destination({ dest: 2, sync: true })
  const toText = format === 'line' ? toLine : safeJson
  return pino(
    {
      level,
      name,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: redactedPaths, censor: '[secret]' },
      formatters: { level: (label) => ({ level: label }) },
      hooks: { logMethod: writePrintable },
    },
    { write: (json: string) => destination.write(`${toText(redactLine(json.trimEnd(), secrets))}\n`) },
  )
}

/** The message is made printable in itself, so that it stays so for whoever parses the line and prints it. */
function writePrintable(this: pino.Logger, args: Parameters<pino.LogFn>, method: pino.LogFn): void {
  const [first, message] = args
  if (typeof first === 'string') return method.call(this, safeText(first, maxMessageLength))
  // pino would take the message of a bare error as it is
  const sentence = message ?? (first instanceof Error ? first.message : undefined)
  return method.call(this, first, sentence === undefined ? undefined : safeText(sentence, maxMessageLength))
}

/** On finished JSON: no replacement contains a quote or a backslash, so it stays JSON. */
function redactLine(json: string, secrets: readonly string[]): string {
  const withoutQueries = json.replaceAll(/"url":"(\/[^"\\]*)/g, (_, path: string) => `"url":"${redactUrl(path)}`)
  return redactSecrets(redactUrls(withoutQueries), secrets)
}

/** `12:04:05.678 WARN  gateway: the sentence  field=value …` */
function toLine(json: string): string {
  const entry: unknown = JSON.parse(json)
  if (!isRecord(entry)) return safeText(json, maxLineLength)
  const { level, time, name, msg, pid: _pid, ...fields } = entry
  const clock = typeof time === 'string' ? time.slice(11, 23) : ''
  const label = (typeof level === 'string' ? level : '').toUpperCase().padEnd(5)
  const details = Object.entries(fields).map(([field, value]) => `${field}=${toWord(value)}`)
  return safeText(
    [`${clock} ${label} ${String(name)}: ${typeof msg === 'string' ? msg : ''}`, ...details].join('  '),
    maxLineLength,
  )
}

function toWord(value: unknown): string {
  if (typeof value === 'string') return /\s/.test(value) ? JSON.stringify(value) : value
  if (isLoggedError(value)) return JSON.stringify(`${value.type}: ${value.message}`)
  return JSON.stringify(value)
}

/** What pino makes of an error. Its stack is in the JSON format. */
function isLoggedError(value: unknown): value is { type: string; message: string } {
  return isRecord(value) && typeof value['type'] === 'string' && typeof value['message'] === 'string' && 'stack' in value
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
