// Rows of the attempts table as the port's `AttemptRow`, and the columns that several statements write alike.
import { type Selectable, sql } from 'kysely'
import type { Cost, RefusalReason } from '../contract/index.ts'
import type { AttemptRow, NewAttempt } from './ledger.ts'
import type { AttemptsTable } from './schema.ts'
import { toText } from './storable-text.ts'

/** Not `now()`, which is the start of the transaction: waiting for a lock must not shorten a send deadline. */
export const databaseClock = sql<Date>`clock_timestamp()`

export function toAttemptRow(row: Selectable<AttemptsTable>): AttemptRow {
  return {
    generationId: row.generation_id,
    item: row.item,
    attempt: row.attempt,
    provider: row.provider,
    account: row.account,
    baseUrl: row.base_url,
    mode: row.mode,
    api: row.api,
    model: row.model,
    entry: row.entry,
    pictures: row.pictures,
    requestSha256: row.request_sha256,
    state: row.state,
    sendId: row.send_id,
    sendStartedAt: row.send_started_at,
    sendDeadlineAt: row.send_deadline_at,
    tries: row.tries,
    providerTaskId: row.provider_task_id,
    adopted: row.adopted,
    outcome: row.outcome,
    reason: row.reason,
    message: row.message,
    cost: toCost(row),
    provenFree: row.proven_free,
    possibleExtraCharge: row.possible_extra_charge,
    verdict: row.verdict,
    settledAt: row.settled_at,
    createdAt: row.created_at,
    acceptedAt: row.accepted_at,
    finishedAt: row.finished_at,
  }
}

/** Of an attempt, or of an extra task of one. */
export function toCost({
  cost_usd: usd,
  cost_credits: credits,
  cost_source: source,
}: Pick<Selectable<AttemptsTable>, 'cost_usd' | 'cost_credits' | 'cost_source'>): Cost {
  return { usd: usd === null ? null : Number(usd), credits: credits === null ? null : Number(credits), source }
}

/** What a new row says about its attempt; its state, cost and times come from the event that makes it. */
export function identityOf(attempt: NewAttempt) {
  return {
    generation_id: attempt.generationId,
    item: attempt.item,
    attempt: attempt.attempt,
    provider: attempt.provider,
    account: attempt.account,
    base_url: attempt.baseUrl,
    mode: attempt.mode,
    api: attempt.api,
    model: attempt.model,
    entry: attempt.entry,
    pictures: attempt.pictures,
    request_sha256: attempt.requestSha256,
    estimate_usd: toAmount(attempt.estimate.usd),
    estimate_credits: toAmount(attempt.estimate.credits),
  }
}

/** A provider's number that is no amount is not known, rather than a reason for its row never to be written. */
export function toAmount(amount: number | null): number | null {
  return amount !== null && Number.isFinite(amount) && amount >= 0 ? amount : null
}

/** Ended free: no task was made, or the provider's word says that it costs nothing. */
export const freeOfCharge = { proven_free: true, cost_usd: 0, cost_credits: 0, cost_source: 'none' as const }

export interface MoneyChanges {
  cost_usd?: number | null
  cost_credits?: number | null
  cost_source?: Cost['source']
  proven_free?: boolean
}

/** What a provider's word says about money; nothing where the estimate stays the best we know. */
export function costOf({ cost, provenFree }: { cost: Cost | null; provenFree: boolean }): MoneyChanges {
  const isMeasured = cost?.source === 'measured'
  if (provenFree) return { ...freeOfCharge, ...(isMeasured ? { cost_source: 'measured' as const } : {}) }
  const usd = isMeasured ? toAmount(cost.usd) : null
  const credits = isMeasured ? toAmount(cost.credits) : null
  if (usd === null && credits === null) return {}
  return { cost_usd: usd, cost_credits: credits, cost_source: 'measured' }
}

/** Given up before anything was sent. `exhausted` until the workflow, when it leaves the attempt, says something better. */
export function withdrawal(reason: RefusalReason, message: string) {
  return { outcome: 'exhausted' as const, reason, message: toText(message), finished_at: databaseClock, ...freeOfCharge }
}

/**
 * The list price becomes the cost once a task may exist, unless a measured one is known already. Without a list price the source
 * stays `none`: no figure is better than an invented one.
 */
export const estimateAsCost = {
  cost_usd: sql<number | null>`case when cost_source = 'measured' then cost_usd else estimate_usd end`,
  cost_credits: sql<number | null>`case when cost_source = 'measured' then cost_credits else estimate_credits end`,
  cost_source: sql<Cost['source']>`case
    when cost_source = 'measured' then cost_source
    when estimate_usd is null and estimate_credits is null then 'none'
    else 'estimated' end`,
}

/** Sent, and no readable answer came: a task may exist. */
export function lostReply(message: string) {
  return { reason: 'no_answer' as const, message: toText(message), ...estimateAsCost }
}
