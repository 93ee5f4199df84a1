// What became of an attempt that was left open, and of the tasks that callbacks named beside it. One try is one round of questions;
// Temporal's retry policy is the timer, slower and slower, for a day.
import { Context } from '@temporalio/activity'
import type { Cost } from '../contract/index.ts'
import type { AttemptRow } from '../ledger/ledger.ts'
import type { SettlementFinding } from '../ledger/settlement-port.ts'
import type { Snapshot } from '../providers/provider.ts'
import { attemptContext } from './attempt-context.ts'
import type { AttemptContext } from './attempt-context.ts'
import type { ActivityDeps } from './deps.ts'
import { mayBeHeardOf } from './listen-for-lost-reply.ts'
import { mixedUp, ownershipOf } from './ownership.ts'
import { withinDeadline } from './poll-delay.ts'
import { notYet, toApplicationFailure } from './to-application-failure.ts'
import type { Settlement, SettlementInput } from './types.ts'

/** From the shortest pause to the longest in about ten rounds. */
const pauseGrowth = 1.5

export function createSettleAttempt(deps: ActivityDeps) {
  return async function settleAttempt(input: SettlementInput): Promise<Settlement> {
    try {
      const attempt = await attemptContext(deps, input)
      const row = await mustReadAttempt(deps, input)
      const areClaimsOpen = await lookUpClaims(deps, attempt, row)
      // Again, since a claim may have named its task.
      const isOwing = await lookUpTask(deps, attempt, await mustReadAttempt(deps, input))
      const areExtrasOpen = await lookUpExtraTasks(deps, attempt, row)
      await deps.pointReached?.('settle.asked', Context.current().info.attempt)
      if (areClaimsOpen || isOwing || areExtrasOpen) throw stillOwing(input)
      return await settlementOf(deps, input)
    } catch (error) {
      throw toApplicationFailure(error)
    }
  }
}

/** The time is over. What nobody could say is written down as that; a guess would be worse. */
export function createGiveUpSettling(deps: ActivityDeps) {
  return async function giveUpSettling(input: SettlementInput): Promise<Settlement> {
    try {
      const { ref } = input
      const finding: SettlementFinding = { found: 'unresolved', cost: null, message: 'nobody could say within the time' }
      for (const claim of await deps.ledger.openClaims(ref)) await deps.ledger.dismissClaim(ref, claim, 'never confirmed')
      for (const { providerTaskId, verdict } of await deps.ledger.readExtraTasks(ref)) {
        if (verdict === null) await deps.ledger.settleExtraTask(ref, providerTaskId, finding)
      }
      await deps.ledger.settleAttempt(ref, finding)
      deps.logger.error({ ...ref }, 'an attempt that was left open stays unresolved: it may have cost money')
      return await settlementOf(deps, input)
    } catch (error) {
      throw toApplicationFailure(error)
    }
  }
}

async function mustReadAttempt(deps: ActivityDeps, { ref }: SettlementInput): Promise<AttemptRow> {
  const row = await deps.ledger.readAttempt(ref)
  if (row === null) throw new Error(`no ledger row for attempt ${ref.attempt} of ${ref.generationId}`)
  return row
}

/** True: some claim can neither be confirmed nor denied yet. */
async function lookUpClaims(deps: ActivityDeps, attempt: AttemptContext, row: AttemptRow): Promise<boolean> {
  let isOpen = false
  for (const claim of await deps.ledger.openClaims(row)) {
    const ownership = await ownershipOf(deps, attempt, row, claim)
    if (ownership.kind === 'not_confirmed') isOpen = true
    else if (ownership.kind === 'not_ours') await deps.ledger.dismissClaim(row, claim, ownership.why)
    else await takeOver(deps, row, claim)
  }
  return isOpen
}

/** The task is ours: it is the attempt's own where that has none, else one too many. */
async function takeOver(deps: ActivityDeps, row: AttemptRow, claim: string): Promise<void> {
  const now = await deps.ledger.readAttempt(row)
  if (now?.providerTaskId === null) await deps.ledger.adoptTaskId(row, claim)
  else {
    await deps.ledger.addExtraTask(row, claim)
    const { generationId, item, attempt } = row
    deps.logger.error({ generationId, item, attempt, claim }, 'one submit made two tasks: reply and callback name different ones')
  }
}

/** True: the attempt's own task has no end yet. */
async function lookUpTask(deps: ActivityDeps, attempt: AttemptContext, row: AttemptRow): Promise<boolean> {
  if (row.state !== 'abandoned') return false
  if (row.providerTaskId === null) {
    if (mayBeHeardOf(attempt, row)) return true
    const message = 'sent without a readable answer, and without a callback address nobody will ever name the task'
    await deps.ledger.settleAttempt(row, { found: 'unresolved', cost: null, message })
    return false
  }
  const finding = await ask(deps, attempt, row, row.providerTaskId)
  if (finding === null) return true
  await deps.ledger.settleAttempt(row, finding)
  return false
}

async function lookUpExtraTasks(deps: ActivityDeps, attempt: AttemptContext, row: AttemptRow): Promise<boolean> {
  let isOpen = false
  for (const { providerTaskId, verdict } of await deps.ledger.readExtraTasks(row)) {
    if (verdict !== null) continue
    const finding = await ask(deps, attempt, row, providerTaskId)
    if (finding === null) isOpen = true
    else await deps.ledger.settleExtraTask(row, providerTaskId, finding)
  }
  return isOpen
}

/** Null: no end yet. Only a parsed terminal state of the very task is one. */
async function ask(
  deps: ActivityDeps,
  attempt: AttemptContext,
  row: AttemptRow,
  providerTaskId: string,
): Promise<SettlementFinding | null> {
  const answer = await attempt.provider.query(attempt.stored.api, providerTaskId, {
    account: row.account,
    timeoutMs: deps.limits.queryTimeoutMs,
    signal: Context.current().cancellationSignal,
  })
  if (answer.kind !== 'snapshot' || answer.snapshot.state === 'pending') return null
  const why = await mixedUp(deps, attempt, row, answer.snapshot)
  // The charge for that task is booked where it belongs; what became of this attempt's own one, nobody can say by this id.
  if (why !== null) return { found: 'unresolved', cost: null, message: `the reply named another attempt's task: ${why}` }
  return findingOf(answer.snapshot)
}

/** A failure of which the provider does not say whether it was charged is neither free nor paid: deny by default. */
export function findingOf(snapshot: Snapshot): SettlementFinding {
  const cost: Cost | null = snapshot.cost === null ? null : { ...snapshot.cost, source: 'measured' }
  const message = snapshot.failureMessage
  if (snapshot.state === 'succeeded') return { found: 'paid', cost, message }
  if (snapshot.provenFree) return { found: 'failed_free', cost, message }
  const isCharged = (cost?.usd ?? 0) > 0 || (cost?.credits ?? 0) > 0
  return { found: isCharged ? 'paid' : 'unresolved', cost, message }
}

async function settlementOf(deps: ActivityDeps, input: SettlementInput): Promise<Settlement> {
  const { verdict } = await mustReadAttempt(deps, input)
  const hasPicture = verdict === 'paid' || verdict === 'confirmed_extra'
  return { verdict, hasSpares: input.keepSpares && hasPicture }
}

function stillOwing({ limits }: SettlementInput): Error {
  const { info } = Context.current()
  const pauseMs = Math.min(limits.settlePollMaxMs, limits.settlePollMinMs * pauseGrowth ** (info.attempt - 1))
  return notYet('StillOwing', 'the provider has no end for it yet', withinDeadline(pauseMs, info, Date.now()))
}
