// Rows → the contract's `Generation`. Pure: what is shown is decided here, and nowhere else.
import type { Selectable } from 'kysely'
import type { AttemptReport, Generation, ImageReport, Timings } from '../contract/index.ts'
import { toAttemptRow, toCost } from './attempt-rows.ts'
import { statesThatMayCost } from './attempt-states.ts'
import { isOpen, type NewestAttempt, openStatus } from './generation-status.ts'
import { toExtraTaskReport } from './extra-tasks.ts'
import type { FirstCallback } from './first-callbacks.ts'
import { toNewImage } from './image-rows.ts'
import type { AttemptRef } from './ledger.ts'
import type { OpenClaim } from './open-claims.ts'
import type { AttemptsTable, ExtraTasksTable, GenerationsTable, ImagesTable } from './schema.ts'

export interface LedgerLinks {
  /** path or URL under which the generation is read */
  self(generationId: string): string
  image(generationId: string, index: number): string
  /** the workflow in Temporal's UI; null where there is none */
  temporal(generationId: string): string | null
}

export interface GenerationRows {
  generation: Selectable<GenerationsTable>
  attempts: Selectable<AttemptsTable>[]
  images: Selectable<ImagesTable>[]
  extraTasks: Selectable<ExtraTasksTable>[]
  /** those that count */
  openClaims: OpenClaim[]
  firstCallbacks: FirstCallback[]
  /** attempts that stand in line for a provider account */
  inLine: AttemptRef[]
}

export function toGeneration(rows: GenerationRows, links: LedgerLinks): Generation {
  const { generation } = rows
  const attempts = rows.attempts.toSorted((one, other) => one.item - other.item || one.attempt - other.attempt)
  const images = rows.images.toSorted((one, other) => one.image_index - other.image_index)
  return {
    id: generation.id,
    status: generation.status ?? openStatus(generation.plan !== null, newestAttempt(attempts, rows.inLine)),
    mode: generation.mode,
    tenant: generation.tenant,
    model: generation.request.model,
    prompt: generation.request.prompt ?? '',
    count: generation.request.count ?? 1,
    createdAt: generation.created_at.toISOString(),
    finishedAt: toIso(generation.closed_at),
    servedBy: servedBy(generation, attempts),
    attempts: attempts.map((attempt) => toReport(attempt, rows)),
    images: images.map((image) => toImageReport(image, links)),
    cost: totalCost(attempts, rows.extraTasks),
    fidelity: withFormat(generation, images),
    timings: timingsOf(generation, attempts),
    decisions: generation.decisions,
    failure: generation.failure,
    itemFailures: generation.item_failures,
    metadata: generation.request.metadata ?? {},
    links: { self: links.self(generation.id), temporal: links.temporal(generation.id) },
  }
}

/** Providers are asked for a format and give what they give: the bytes are stored as they came, and what they are is said. */
function withFormat(
  { fidelity, request }: Selectable<GenerationsTable>,
  images: Selectable<ImagesTable>[],
): Generation['fidelity'] {
  const asked = request.outputFormat
  const other = images.find(({ content_type: type, spare }) => !spare && asked !== undefined && type !== `image/${asked}`)
  if (fidelity === null || asked === undefined || other === undefined) return fidelity
  if (fidelity.changes.some(({ field }) => field === 'outputFormat')) return fidelity
  const sent = other.content_type.replace('image/', '')
  const change = { field: 'outputFormat', asked, sent, why: 'the provider was asked for it and gave another format' }
  return { level: fidelity.level === 'exact' ? 'adapted' : fidelity.level, changes: [...fidelity.changes, change] }
}

function toImageReport(row: Selectable<ImagesTable>, links: LedgerLinks): ImageReport {
  const { generationId, index, ...image } = toNewImage(row)
  return { index, ...image, url: links.image(generationId, index) }
}

/** Everything beside the row may be that of the whole generation. */
export function toReport(
  row: Selectable<AttemptsTable>,
  { extraTasks, openClaims, firstCallbacks }: Pick<GenerationRows, 'extraTasks' | 'openClaims' | 'firstCallbacks'>,
): AttemptReport {
  const { item, attempt, provider, account, state, model, outcome, reason, message, ...rest } = toAttemptRow(row)
  return {
    item,
    number: attempt,
    provider,
    account,
    state,
    model,
    pictures: rest.pictures,
    outcome,
    reason,
    message,
    providerTaskId: rest.providerTaskId,
    adopted: rest.adopted,
    activityTries: rest.tries,
    submittedAt: toIso(rest.sendStartedAt),
    acceptedAt: toIso(rest.acceptedAt),
    finishedAt: toIso(rest.finishedAt),
    calledBackAt: toIso(
      firstCallbacks.find((callback) => callback.item === item && callback.attempt === attempt)?.receivedAt ?? null,
    ),
    cost: rest.cost,
    possibleExtraCharge: rest.possibleExtraCharge,
    verdict: rest.verdict,
    settledAt: toIso(rest.settledAt),
    extraTasks: extraTasks
      .filter((task) => task.item === item && task.attempt === attempt)
      .toSorted(
        (one, other) =>
          one.created_at.getTime() - other.created_at.getTime() || (one.provider_task_id < other.provider_task_id ? -1 : 1),
      )
      .map((task) => toExtraTaskReport(task)),
    openClaims: openClaims.filter((claim) => claim.item === item && claim.attempt === attempt).length,
  }
}

function newestAttempt(attempts: Selectable<AttemptsTable>[], inLine: AttemptRef[]): NewestAttempt | null {
  const [newest] = attempts.toSorted(
    (one, other) =>
      Number(isOpen(other.state)) - Number(isOpen(one.state)) || other.attempt - one.attempt || other.item - one.item,
  )
  if (newest === undefined) return null
  const isInLine = inLine.some(({ item, attempt }) => item === newest.item && attempt === newest.attempt)
  return { state: newest.state, isInLine }
}

function servingAttempt(generation: Selectable<GenerationsTable>, attempts: Selectable<AttemptsTable>[]) {
  const { served_by_attempt: attempt, served_by_item: item } = generation
  return attempts.find((row) => row.attempt === attempt && row.item === item) ?? null
}

function servedBy(generation: Selectable<GenerationsTable>, attempts: Selectable<AttemptsTable>[]): Generation['servedBy'] {
  const serving = servingAttempt(generation, attempts)
  if (serving === null || serving.provider_task_id === null) return null
  const { provider, model, provider_task_id: providerTaskId, item, attempt } = serving
  return { provider, model, providerTaskId, item, attempt }
}

/**
 * Attempts that may cost something and extra tasks count, and an attempt whose POST is just being made counts once its end is known. When one
 * part has no figure, the sum has none either: a sum that leaves something out would look like the whole.
 */
function totalCost(attempts: Selectable<AttemptsTable>[], extraTasks: Selectable<ExtraTasksTable>[]): Generation['cost'] {
  const parts = [
    ...attempts.filter(({ state, proven_free: provenFree }) => mayHaveCost(state) && !provenFree),
    ...extraTasks.filter(({ verdict }) => verdict !== 'failed_free'),
  ].map((part) => toCost(part))
  if (parts.length === 0) return { usd: 0, source: 'none' }
  const amounts = parts.flatMap(({ usd }) => (usd === null ? [] : [usd]))
  if (amounts.length < parts.length) return { usd: null, source: 'none' }
  const sum = amounts.reduce((total, usd) => total + usd, 0)
  return { usd: roundUsd(sum), source: parts.every(({ source }) => source === 'measured') ? 'measured' : 'estimated' }
}

function mayHaveCost(state: AttemptReport['state']): boolean {
  return state === 'settled' || (state !== 'sending' && statesThatMayCost.includes(state))
}

/** A millionth of a dollar: far below any price, and it hides what binary fractions add. */
function roundUsd(usd: number): number {
  return Math.round(usd * 1e6) / 1e6
}

function timingsOf(generation: Selectable<GenerationsTable>, attempts: Selectable<AttemptsTable>[]): Timings {
  const { created_at: createdAt, closed_at: closedAt } = generation
  const serving = servingAttempt(generation, attempts)
  const firstSends = attempts.flatMap(({ first_send_started_at: at }) => (at === null ? [] : [at.getTime()]))
  const firstSendAt = firstSends.length === 0 ? null : new Date(Math.min(...firstSends))
  return {
    untilSubmitMs: between(createdAt, firstSendAt),
    submitMs: between(serving?.send_started_at, serving?.accepted_at),
    providerMs: between(serving?.accepted_at, serving?.finished_at),
    // Of items, the end is that of the slowest: it says nothing of how long one took to store.
    storeMs: isItem(generation, serving) ? null : between(serving?.finished_at, closedAt),
    totalMs: between(createdAt, closedAt),
  }
}

function isItem(generation: Selectable<GenerationsTable>, serving: Selectable<AttemptsTable> | null): boolean {
  return (generation.request.count ?? 1) > 1 && serving?.pictures === 1
}

function between(from: Date | null | undefined, to: Date | null | undefined): number | null {
  if (from === null || from === undefined || to === null || to === undefined) return null
  return Math.max(0, to.getTime() - from.getTime())
}

function toIso(at: Date | null): string | null {
  return at === null ? null : at.toISOString()
}
