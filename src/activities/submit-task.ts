// The paid POST. The ledger row is the idempotency key the providers do not have (I3): read `src/ledger/attempt-states.ts` beside this.
// Nothing is sent once the generation's time is over (I1, I3): looked at before the pictures, before `beginSend`, and with the socket in hand.
//
//   claim → pictures that only we have ──▶ not sent: a try used up, Temporal retries
//         → beginSend ──send──▶ one POST ──▶ accepted   the task id is written, whatever it takes
//              │                     ├──▶ not sent    row free again, Temporal retries
//              │                     ├──▶ refused     row free again or rejected, typed failure
//              │                     └──▶ unknown     row says so; never treated as a failure
//              ├─sending elsewhere─▶ wait until nobody can be talking any more
//              └─decided─▶ return exactly that, post nothing
import { setTimeout as sleep } from 'node:timers/promises'
import { Context } from '@temporalio/activity'
import { type ApplicationFailure, CancelledFailure } from '@temporalio/common'
import type { RefusalReason } from '../contract/index.ts'
import type { AccountNews } from '../ledger/accounts-port.ts'
import type { AttemptRow, NewAttempt } from '../ledger/ledger.ts'
import { safeText } from '../observability/safe-text.ts'
import type { SubmitOutcome } from '../providers/provider.ts'
import { attemptContext } from './attempt-context.ts'
import type { AttemptContext } from './attempt-context.ts'
import type { ActivityDeps } from './deps.ts'
import { withHeartbeat } from './heartbeat.ts'
import { createSendReferences, type SendReferences, type SentReferences } from './send-references.ts'
import { accountOffer, busyReport } from './send-offer.ts'
import { standingOf } from './standing.ts'
import { submitRefused, submitRefusedForNow, toApplicationFailure } from './to-application-failure.ts'
import type { AttemptStanding, SubmitInput } from './types.ts'

/** How often a row that somebody else may be working on is read again. */
const rereadEveryMs = 250

/** Survives into the next activity try: a worker that dies after the reply leaves the task id behind. */
interface HeartbeatDetails {
  providerTaskId?: string
}

export function createSubmitTask(deps: ActivityDeps) {
  const sendReferences = createSendReferences(deps)
  return async function submitTask(input: SubmitInput): Promise<AttemptStanding> {
    const { info } = Context.current()
    const beat = heartbeatDetails(info.heartbeatDetails)
    try {
      return await withHeartbeat(beat, async () => {
        const attempt = await attemptContext(deps, input)
        if (beat.providerTaskId !== undefined) return recordTaskId(deps, attempt, beat.providerTaskId)
        return claimAndSend({ ...deps, sendReferences }, attempt, input, beat)
      })
    } catch (error) {
      if (error instanceof CancelledFailure) throw error
      throw toApplicationFailure(error)
    }
  }
}

function heartbeatDetails(value: unknown): HeartbeatDetails {
  const known = typeof value === 'object' && value !== null && 'providerTaskId' in value ? value.providerTaskId : undefined
  return typeof known === 'string' ? { providerTaskId: known } : {}
}

type SubmitDeps = ActivityDeps & { sendReferences: SendReferences }

async function claimAndSend(
  deps: SubmitDeps,
  attempt: AttemptContext,
  input: SubmitInput,
  beat: HeartbeatDetails,
): Promise<AttemptStanding> {
  const claimed = await deps.ledger.claimAttempt(attempt.row, input.left)
  if (isAnother(claimed, attempt.row)) return numberIsTaken(claimed)
  await deps.pointReached?.('submit.claimed', Context.current().info.attempt)
  const { sendBeforeMs = Infinity } = input
  if (isDecided(claimed)) return send(deps, attempt, attempt.stored.input, { beat, sendBeforeMs: Infinity })
  // Before `beginSend`: between that and the POST are seconds, and a picture may take a minute.
  const body = await bodyToSend(deps, attempt, claimed, sendBeforeMs)
  try {
    return await send(deps, attempt, body.input, { beat, sendBeforeMs })
  } finally {
    body.release()
  }
}

interface SendOptions {
  beat: HeartbeatDetails
  /** Infinity: at any time */
  sendBeforeMs: number
}

async function send(
  deps: ActivityDeps,
  attempt: AttemptContext,
  body: Record<string, unknown>,
  options: SendOptions,
): Promise<AttemptStanding> {
  const { ledger, limits } = deps
  const { info, cancellationSignal } = Context.current()
  const ref = attempt.row
  for (;;) {
    // Nothing is on the wire yet, so a cancel may still stop us; later it may not.
    if (cancellationSignal.aborted) throw new CancelledFailure('cancelled before anything was sent')
    // Where it is being sent elsewhere all the same, the workflow finds out what became of that.
    if (isOver(options.sendBeforeMs)) throw tooLate()
    const claimedAt = { monotonicMs: performance.now(), wallMs: Date.now() }
    const timeoutMs = limits.submitFreshnessMs + limits.submitTimeoutMs
    const begun = await ledger.beginSend(ref, { timeoutMs, ...accountOffer(deps, attempt) })
    if (begun.kind === 'decided') return standingOf(begun.row)
    // I8. A value, not a failure: waiting in line uses up no try.
    if (begun.kind === 'busy') return { ...standingOf(begun.row), busy: busyReport(begun.busy) }
    if (begun.kind === 'sending_elsewhere') {
      await sleep(rereadEveryMs)
      continue
    }
    await deps.pointReached?.('submit.sending', info.attempt)
    const outcome = await attempt.provider.submit(
      { api: attempt.stored.api, model: attempt.stored.model, input: body },
      {
        account: begun.row.account,
        callbackUrl: deps.callbackUrlOf(attempt.planned.provider, ref),
        timeoutMs: limits.submitTimeoutMs,
        mayStillSend: () => ageMs(claimedAt) <= limits.submitFreshnessMs && !isOver(options.sendBeforeMs),
      },
    )
    await deps.pointReached?.('submit.posted', info.attempt)
    try {
      return await book(deps, attempt, begun, outcome, options)
    } finally {
      await noteNews(deps, begun.row, outcome)
    }
  }
}

/** After a reset the story may go another way, and the number belongs to what an earlier run asked for. */
function isAnother(found: AttemptRow, wanted: NewAttempt): boolean {
  return found.entry !== null && (found.entry !== wanted.entry || found.pictures !== wanted.pictures)
}

/** Nothing is sent under it: the story goes on with the next number, and the row is left with the others at the end. */
function numberIsTaken({ entry }: AttemptRow): AttemptStanding {
  const message = `the number belongs to an attempt of an earlier run, at entry ${entry ?? 0}`
  const nothingSent = { state: 'withdrawn', providerTaskId: null, recorded: true, provenFree: true, tries: 0 } as const
  return { ...nothingSent, reason: 'withdrawn', message }
}

/** A row that is being sent elsewhere may still come free. */
function isDecided({ state }: AttemptRow): boolean {
  return state !== 'claimed' && state !== 'sending'
}

/** The native body with links for names. A picture that cannot be sent uses up a try like a provider that cannot be reached. */
async function bodyToSend(
  deps: SubmitDeps,
  attempt: AttemptContext,
  { tries }: AttemptRow,
  sendBeforeMs: number,
): Promise<Extract<SentReferences, { kind: 'ready' }>> {
  if (isOver(sendBeforeMs)) throw tooLate()
  const timeoutMs = Math.min(deps.limits.uploadTimeoutMs, sendBeforeMs - Date.now())
  const outcome = await deps.sendReferences(attempt, { tries, timeoutMs })
  if (outcome.kind === 'ready') return outcome
  const { reason, message } = outcome
  const row = await deps.ledger.failUpload(attempt.row, { reason, message })
  // Where it is being sent elsewhere all the same, the next try finds out what became of that.
  const isExhausted =
    row.state === 'claimed' && (outcome.kind === 'hopeless' || hasUsedItsTries(attempt, row) || isOver(sendBeforeMs))
  throw submitRefusedForNow(reason, message, { retryAfterMs: null, isExhausted })
}

/** Whether it will be in `inMs`. */
function isOver(sendBeforeMs: number, inMs = 0): boolean {
  return Date.now() + inMs >= sendBeforeMs
}

function tooLate(): ApplicationFailure {
  const why = 'nothing was sent: the time of the generation was over'
  return submitRefusedForNow('withdrawn', why, { retryAfterMs: null, isExhausted: true })
}

/** By both clocks: the monotonic one stands still while a machine is suspended, the wall clock can be set back. */
function ageMs(since: { monotonicMs: number; wallMs: number }): number {
  return Math.max(performance.now() - since.monotonicMs, Date.now() - since.wallMs)
}

/** Writes down what the POST meant, and says it to Temporal. */
async function book(
  deps: ActivityDeps,
  attempt: AttemptContext,
  { sendId, row: { account } }: { sendId: string; row: AttemptRow },
  outcome: SubmitOutcome,
  { beat, sendBeforeMs }: SendOptions,
): Promise<AttemptStanding> {
  const { ledger, limits, logger } = deps
  const ref = attempt.row
  switch (outcome.kind) {
    case 'accepted':
      beat.providerTaskId = outcome.providerTaskId
      Context.current().heartbeat(beat)
      return recordTaskId(deps, attempt, outcome.providerTaskId)
    case 'not_sent':
    case 'refused_retryable': {
      const { reason, message } = outcome
      // I8: what got as far as the edge counts in the window, whoever counts there.
      const wasSent = outcome.kind !== 'not_sent' || outcome.reachedEdge === true
      const row = await ledger.releaseSend(ref, sendId, { reason, message, wasSent })
      if (row.state !== 'claimed') return standingOf(row)
      const retryAfterMs = outcome.kind === 'refused_retryable' ? outcome.retryAfterMs : null
      const isTooLong = (retryAfterMs ?? 0) > limits.retryAfterCapMs || isOver(sendBeforeMs, retryAfterMs ?? 0)
      const isExhausted = hasUsedItsTries(attempt, row) || isTooLong
      throw submitRefusedForNow(reason, message, { retryAfterMs, isExhausted })
    }
    case 'refused_final': {
      const { reason, message } = outcome
      if (isOfAccount(reason) && attempt.provider.accounts.length > 1) {
        // No task was made, and another account may have what this one lacks: the row is free again, and that account is paused.
        const row = await ledger.releaseSend(ref, sendId, { reason, message: `account ${account}: ${message}`, wasSent: true })
        if (row.state !== 'claimed') return standingOf(row)
        throw submitRefusedForNow(reason, message, { retryAfterMs: null, isExhausted: hasUsedItsTries(attempt, row) })
      }
      const row = await ledger.rejectSend(ref, sendId, { reason, message })
      if (row.state !== 'rejected') return standingOf(row)
      throw submitRefused(reason, message)
    }
    case 'unknown':
      logger.warn({ ...where(attempt), httpStatus: outcome.httpStatus }, 'submit got no readable answer: a task may exist')
      return standingOf(await ledger.loseSend(ref, sendId, { message: outcome.message }))
  }
}

/** By the row, not by Temporal's count: standing in line between two sends must not give an attempt new tries. */
function hasUsedItsTries({ limits }: AttemptContext, row: AttemptRow): boolean {
  return row.tries >= limits.submitMaxTries
}

/** The refusal is about the account, not about the request. */
function isOfAccount(reason: RefusalReason): boolean {
  return reason === 'auth' || reason === 'no_credits' || reason === 'quota'
}

/** What everybody should know of the account now. The attempt's own row is booked, so a ledger that is away here does no harm. */
async function noteNews(deps: ActivityDeps, row: AttemptRow, outcome: SubmitOutcome): Promise<void> {
  const news = newsOf(outcome)
  if (news === null) return
  const { provider, account, mode } = row
  try {
    const pause = await deps.ledger.noteAccountNews(
      { provider, account, mode },
      { ...news, sentAt: row.sendStartedAt },
      deps.pauseRules,
    )
    if (pause === null) return
    const where = { provider, account, reason: pause.reason, until: pause.until }
    if (pause.until === null) deps.logger.error(where, 'a provider account is paused until somebody acts')
    else if (pause.reason === 'rate_limited') deps.logger.info(where, 'a provider account is paused for a moment')
    else deps.logger.warn(where, 'a provider account is paused')
  } catch (error) {
    deps.logger.warn({ provider, account, error: toApplicationFailure(error).message }, 'news of an account not written')
  }
}

function newsOf(outcome: SubmitOutcome): AccountNews | null {
  switch (outcome.kind) {
    case 'accepted':
      return { kind: 'accepted' }
    case 'refused_final':
      return { kind: 'refused', reason: outcome.reason, message: safeText(outcome.message), retryAfterMs: null }
    case 'refused_retryable':
      return {
        kind: 'refused',
        reason: outcome.reason,
        message: safeText(outcome.message),
        retryAfterMs: outcome.retryAfterMs,
      }
    case 'unknown':
      return { kind: 'fault', message: safeText(outcome.message) }
    case 'not_sent':
      // Refused by ourselves because the claim was stale: no news of the provider.
      return outcome.reason === 'withdrawn' ? null : { kind: 'fault', message: safeText(outcome.message) }
  }
}

/** Never throws: a known task id is worth more than a written row. If the ledger stays away, `awaitTask` writes it first. */
async function recordTaskId(deps: ActivityDeps, attempt: AttemptContext, providerTaskId: string): Promise<AttemptStanding> {
  const endMs = performance.now() + deps.limits.recordTaskIdForMs
  for (;;) {
    try {
      const row: AttemptRow = await deps.ledger.recordTaskId(attempt.row, providerTaskId)
      await deps.pointReached?.('submit.recorded', Context.current().info.attempt)
      return standingOf(row)
    } catch (error) {
      deps.logger.warn(
        { ...where(attempt), providerTaskId, error: toApplicationFailure(error).message },
        'task id not written yet',
      )
      if (performance.now() >= endMs) break
    }
    await sleep(rereadEveryMs)
  }
  return { state: 'accepted', providerTaskId, recorded: false, reason: null, message: null, provenFree: false, tries: 1 }
}

function where({ row }: AttemptContext): Record<string, unknown> {
  return { generationId: row.generationId, attempt: row.attempt, provider: row.provider }
}
