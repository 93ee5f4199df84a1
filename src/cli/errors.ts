// Errors for people: one sentence with what would help, and the exit code that a script can rely on.
import { safeText } from '../observability/safe-text.ts'

export const exitCodes = {
  done: 0,
  /** the generation failed or was cancelled */
  failed: 1,
  /** the command, its input or the configuration must be changed */
  usage: 2,
  /** something we talk to does not answer: the gateway, Temporal, the ledger, a download */
  notReachable: 3,
  /** 128 + SIGINT, as every shell counts it */
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Ends a command with a sentence and an exit code. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}

export interface FieldRefusal {
  /** of the request or query, with dots */
  field: string
  message: string
}

/** What is wrong, field by field. Where it is printed, the flag that a field came from is named with it. */
export class RefusedError extends CliError {
  readonly head: string
  readonly fields: readonly FieldRefusal[]

  constructor(head: string, fields: readonly FieldRefusal[], exitCode: ExitCode, options?: ErrorOptions) {
    super(linesOf(head, fields, () => null).join('\n'), exitCode, options)
    this.head = head
    this.fields = fields
  }
}

/** The flag that sets a field; null: none does. */
export type FlagOf = (field: string) => string | null

function linesOf(head: string, fields: readonly FieldRefusal[], flagOf: FlagOf): string[] {
  const lines = fields.map(({ field, message }) => {
    // Most sentences begin with the field by themselves.
    const name = flagOf(field) ?? (field === '' || message.startsWith(`${field} `) ? null : field)
    return name === null ? `  ${message}` : `  ${name}: ${message}`
  })
  return [head, ...lines]
}

/**
 * Errors of other folders that are a person's business, by name: their modules are heavy (Temporal's native core, the database), and
 * `darkroom show` should not load them only to recognise what they might throw.
 */
const exitCodeByName: Readonly<Record<string, ExitCode>> = {
  ConfigError: exitCodes.usage,
  FaultRuleError: exitCodes.usage,
  MissingSettingError: exitCodes.usage,
  PlaintextTemporalError: exitCodes.usage,
  PortInUseError: exitCodes.usage,
  DataFolderError: exitCodes.usage,
  DataFolderInUseError: exitCodes.usage,
  DevServerError: exitCodes.notReachable,
  EmbeddedLedgerError: exitCodes.notReachable,
  LedgerUnavailableError: exitCodes.notReachable,
  NoTemporalCliError: exitCodes.notReachable,
  TemporalUnavailableError: exitCodes.notReachable,
  TemporalUnreachableError: exitCodes.notReachable,
}

export interface ToldError {
  /** printable lines */
  lines: string[]
  exitCode: ExitCode
  /** false: a bug of ours, or something nobody thought of */
  isExpected: boolean
}

export function tellError(error: unknown, flagOf: FlagOf = () => null): ToldError {
  if (!(error instanceof Error)) return { lines: [safeText(String(error))], exitCode: exitCodes.failed, isExpected: false }
  const exitCode = error instanceof CliError ? error.exitCode : exitCodeByName[error.name]
  const text = error instanceof RefusedError ? linesOf(error.head, error.fields, flagOf).join('\n') : error.message
  return { lines: printableLines(text), exitCode: exitCode ?? exitCodes.failed, isExpected: exitCode !== undefined }
}

/** The error and its causes, with stacks: for `--debug`. */
export function stackLines(error: unknown): string[] {
  const lines: string[] = []
  // Eight: a chain longer than that is a circle.
  for (let at: unknown = error, depth = 0; at !== undefined && depth < 8; depth += 1) {
    const text = at instanceof Error ? (at.stack ?? at.message) : JSON.stringify(at)
    lines.push(...printableLines(depth === 0 ? text : `caused by ${text}`))
    at = at instanceof Error ? at.cause : undefined
  }
  return lines
}

/** Error texts carry paths, addresses and words of others; a list in one may have several lines. */
function printableLines(text: string): string[] {
  return text.split('\n').map((line) => safeText(line, 1_000))
}
