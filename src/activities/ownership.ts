// Whether a task that a callback named belongs to an attempt. That the claim came in on the attempt's own sealed address was checked at
// the door; here the provider is asked, under the account that sent.
import { Context } from '@temporalio/activity'
import type { AttemptRow } from '../ledger/ledger.ts'
import type { Snapshot } from '../providers/provider.ts'
import type { AttemptContext } from './attempt-context.ts'
import type { ActivityDeps } from './deps.ts'

/** A task made longer before our send than any clock skew we accept is not ours. */
const clockSkewMs = 300_000

export type Ownership =
  | { kind: 'ours'; snapshot: Snapshot }
  /** for good */
  | { kind: 'not_ours'; why: string }
  /** the provider does not know the task (yet), or does not answer */
  | { kind: 'not_confirmed'; why: string }

export async function ownershipOf(
  deps: ActivityDeps,
  attempt: AttemptContext,
  row: AttemptRow,
  claimedTaskId: string,
): Promise<Ownership> {
  if (await deps.ledger.isTaskIdHeldElsewhere(row.provider, row.account, claimedTaskId, row)) {
    return { kind: 'not_ours', why: 'another attempt holds this id' }
  }
  const answer = await attempt.provider.query(attempt.stored.api, claimedTaskId, {
    account: row.account,
    timeoutMs: deps.limits.queryTimeoutMs,
    signal: Context.current().cancellationSignal,
  })
  if (answer.kind !== 'snapshot') return { kind: 'not_confirmed', why: `the provider does not confirm it: ${answer.message}` }
  const why = contradiction(deps, attempt, row, answer.snapshot)
  return why === null ? { kind: 'ours', snapshot: answer.snapshot } : { kind: 'not_ours', why }
}

/**
 * What speaks against a task whose id came in the reply to our own POST; null: nothing. A reply is believed unless two things come
 * together: another attempt holds the same id, and the task is visibly somebody else's. A wrong doubt would cost a paid picture. Items
 * of one generation look the same, so that among them the one that was sent first keeps the id.
 */
export async function mixedUp(
  deps: ActivityDeps,
  attempt: AttemptContext,
  row: AttemptRow,
  snapshot: Snapshot,
): Promise<string | null> {
  const sibling = await deps.ledger.earlierHolderOf(row, snapshot.providerTaskId)
  if (sibling !== null) return `attempt ${sibling.attempt} of item ${sibling.item} was sent before and holds it`
  const why = contradiction(deps, attempt, row, snapshot)
  if (why === null) return null
  const isShared = await deps.ledger.isTaskIdHeldElsewhere(row.provider, row.account, snapshot.providerTaskId, row)
  return isShared ? why : null
}

function contradiction(deps: ActivityDeps, attempt: AttemptContext, row: AttemptRow, snapshot: Snapshot): string | null {
  const { createdAtMs, echo } = snapshot
  if (createdAtMs !== null && row.sendStartedAt !== null && createdAtMs < row.sendStartedAt.getTime() - clockSkewMs) {
    return 'made before our send'
  }
  if (echo === null) return null
  const sent = attempt.stored
  if (echo.model !== null && sent.model !== null && !sameText(echo.model, sent.model)) return 'another model'
  const prompt = sent.input['prompt']
  if (echo.prompt !== null && typeof prompt === 'string' && !sameText(echo.prompt, prompt)) return 'another prompt'
  if (echo.callbackUrl !== null) {
    const named = deps.openCallbackUrl(echo.callbackUrl)
    const isThis = named?.generationId === row.generationId && named.item === row.item && named.attempt === row.attempt
    if (!isThis) return "another attempt's callback address"
  }
  return null
}

/** Providers trim and re-encode what they repeat: a difference in white space or Unicode form is not a contradiction. */
function sameText(left: string, right: string): boolean {
  const normalise = (text: string): string => text.normalize('NFKC').replaceAll(/\s+/gu, ' ').trim()
  return normalise(left) === normalise(right)
}
