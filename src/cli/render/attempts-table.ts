// The table of attempts: provider, activity tries, how it ended, wait, cost. Provider text is hostile: everything goes through safeText.
import Table from 'cli-table3'
import type { AttemptReport, SettlementVerdict } from '../../contract/index.ts'
import { safeText } from '../../observability/safe-text.ts'
import type { Paint } from './colours.ts'
import { describeCost, describeDuration, millisecondsBetween, nothing } from './units.ts'

/** Words for people; the contract's words are for programs. */
const outcomeWords: Readonly<Record<string, string>> = {
  succeeded: 'succeeded',
  failed: 'failed at the provider',
  rejected: 'refused',
  exhausted: 'retries exhausted',
  unknown: 'no readable answer',
  overdue: 'deadline passed',
  cancelled: 'cancelled',
}

/** After somebody looked again. */
const verdictWords: Readonly<Record<string, { word: string; colour: 'good' | 'bad' | 'warn' }>> = {
  paid: { word: 'found paid', colour: 'good' },
  failed_free: { word: 'found free', colour: 'good' },
  confirmed_extra: { word: 'found paid beside another one', colour: 'bad' },
  unresolved: { word: 'nobody could say whether it was paid', colour: 'warn' },
}

/** Wide enough for a sentence; a terminal that is narrower wraps it. */
const endWidth = { most: 60, least: 24 }
/** What the other columns and the lines between them take. */
const otherColumnsWidth = 58

export function renderAttempts(attempts: readonly AttemptReport[], paint: Paint, terminalColumns: number): string {
  const table = new Table({
    head: ['#', 'Provider', 'Activity tries', 'How it ended', 'Wait', 'Cost'].map((title) => paint.strong(title)),
    colAligns: ['right', 'left', 'right', 'left', 'right', 'right'],
    colWidths: [null, null, null, Math.min(endWidth.most, Math.max(endWidth.least, terminalColumns - otherColumnsWidth))],
    wordWrap: true,
    style: { head: [], border: [] },
  })
  const hasItems = attempts.some(({ item }) => item > 0)
  for (const attempt of attempts) table.push(toRow(attempt, paint, hasItems))
  return table.toString()
}

function toRow(attempt: AttemptReport, paint: Paint, hasItems: boolean): string[] {
  const waitMs = millisecondsBetween(attempt.acceptedAt ?? attempt.submittedAt, attempt.finishedAt)
  return [
    numberOf(attempt, hasItems),
    safeText(attempt.provider, 20),
    String(attempt.activityTries),
    describeEnd(attempt, paint),
    attempt.acceptedAt === null ? nothing : describeDuration(waitMs),
    describeAttemptCost(attempt),
  ]
}

/** Of several pictures, with the item in front: `2.1`; a task for all of them: `all.1`. */
export function numberOf({ item, number, pictures }: AttemptReport, hasItems: boolean): string {
  if (pictures > 1) return `all.${number}`
  return hasItems ? `${item}.${number}` : String(number)
}

export function describeEnd(attempt: AttemptReport, paint: Paint): string {
  const later = describeLater(attempt, paint)
  if (attempt.outcome === null) return [paint.quiet(`still ${safeText(attempt.state, 20)}`), ...later].join('; ')
  const colour = attempt.outcome === 'succeeded' ? paint.good : paint.bad
  const word = colour(outcomeWords[attempt.outcome] ?? safeText(attempt.outcome, 20))
  const reason = attempt.reason === null ? undefined : safeText(attempt.reason, 40).replaceAll('_', ' ')
  const why = [reason, attempt.message === null ? undefined : safeText(attempt.message, 160)]
  const because = why.filter((part) => part !== undefined && part !== '').join(' – ')
  const adopted = attempt.adopted ? ' (task id learned from a callback)' : ''
  return [`${word}${because === '' ? '' : `: ${because}`}${adopted}`, ...later].join('; ')
}

/** What became of it afterwards, and what was found beside it. */
function describeLater(attempt: AttemptReport, paint: Paint): string[] {
  const parts: string[] = []
  if (attempt.verdict !== null) parts.push(verdictOf(attempt.verdict, paint))
  else if (attempt.state === 'abandoned') parts.push(paint.warn('owing: it is still being looked after'))
  for (const { providerTaskId, verdict, cost } of attempt.extraTasks) {
    const found = verdict === null ? paint.warn('not looked up yet') : `${verdictOf(verdict, paint)}, ${describeCost(cost)}`
    parts.push(`${paint.bad('a second task')} ${safeText(providerTaskId, 40)}: ${found}`)
  }
  if (attempt.openClaims > 0) {
    const claims = attempt.openClaims === 1 ? 'a callback names another task' : `callbacks name ${attempt.openClaims} other tasks`
    parts.push(paint.warn(`${claims}, not looked up yet`))
  }
  return parts
}

function verdictOf(verdict: SettlementVerdict, paint: Paint): string {
  const { word, colour } = verdictWords[verdict] ?? { word: safeText(verdict, 40), colour: 'warn' as const }
  return paint[colour](word)
}

export function describeAttemptCost(attempt: AttemptReport): string {
  const isFree = attempt.outcome === 'exhausted' || attempt.outcome === 'rejected' || attempt.verdict === 'failed_free'
  const cost = describeCost(attempt.cost, { isFree })
  if (isFree || attempt.verdict === 'paid') return cost
  if (attempt.verdict === 'confirmed_extra') return `${cost} extra`
  if (attempt.verdict === 'unresolved') return `${cost}, if charged`
  return attempt.possibleExtraCharge ? `${cost} + possibly charged` : cost
}
