// A submit got no readable answer. Its task id may still turn up: in the row, when the slow reply arrives after all, or in a callback
// to the attempt's own sealed address. A claimed id is adopted only after the ownership test.
import { Context } from '@temporalio/activity'
import type { AttemptRef, AttemptRow, Hint } from '../ledger/ledger.ts'
import type { Snapshot } from '../providers/provider.ts'
import { attemptContext } from './attempt-context.ts'
import type { AttemptContext } from './attempt-context.ts'
import type { ActivityDeps } from './deps.ts'
import { withinDeadline } from './poll-delay.ts'
import { standingOf } from './standing.ts'
import { notYet, toApplicationFailure } from './to-application-failure.ts'
import type { AttemptInput, AttemptStanding } from './types.ts'

/** A task made longer before our send than any clock skew we accept is not ours. */
const clockSkewMs = 300_000

export function createListenForLostReply(deps: ActivityDeps) {
  return async function listenForLostReply({ ref, entry }: AttemptInput): Promise<AttemptStanding> {
    try {
      const attempt = await attemptContext(deps, ref, entry)
      const row = await deps.ledger.readAttempt(ref)
      if (row === null) throw new Error(`no ledger row for attempt ${ref.attempt} of ${ref.generationId}`)
      if (row.state !== 'unknown') return standingOf(row)
      const adopted = await adoptFromHints(deps, attempt, ref, row)
      if (adopted !== null) return standingOf(adopted)
      // Without a callback address nothing but our own late reply can come, and that only until the send deadline.
      const isHopeless =
        !attempt.planned.hasCallback && (row.sendDeadlineAt === null || row.sendDeadlineAt.getTime() <= Date.now())
      if (isHopeless) return standingOf(row)
      throw notYet(
        'StillSilent',
        'no sign of the lost reply yet',
        withinDeadline(attempt.limits.listenPollMs, Context.current().info, Date.now()),
      )
    } catch (error) {
      throw toApplicationFailure(error)
    }
  }
}

async function adoptFromHints(
  deps: ActivityDeps,
  attempt: AttemptContext,
  ref: AttemptRef,
  row: AttemptRow,
): Promise<AttemptRow | null> {
  const claims = new Set((await deps.ledger.readHints(ref)).map(({ claimedTaskId }: Hint) => claimedTaskId))
  for (const claimedTaskId of claims) {
    if (claimedTaskId === null) continue
    const why = await whyNotOurs(deps, attempt, ref, row, claimedTaskId)
    if (why === null) return deps.ledger.adoptTaskId(ref, claimedTaskId)
    deps.logger.warn({ ...ref, claimedTaskId, why }, 'a callback named a task that is not adopted')
  }
  return null
}

/** The ownership test; null: ours. That the hint came in on this attempt's sealed address was checked at the door. */
async function whyNotOurs(
  deps: ActivityDeps,
  attempt: AttemptContext,
  ref: AttemptRef,
  row: AttemptRow,
  claimedTaskId: string,
): Promise<string | null> {
  if (await deps.ledger.isTaskIdHeldElsewhere(row.provider, row.account, claimedTaskId, ref))
    return 'another attempt holds this id'
  const answer = await attempt.provider.query(attempt.stored.api, claimedTaskId, {
    timeoutMs: deps.limits.queryTimeoutMs,
    signal: Context.current().cancellationSignal,
  })
  if (answer.kind !== 'snapshot') return `the provider does not confirm it: ${answer.message}`
  return contradiction(deps, attempt, ref, row, answer.snapshot)
}

function contradiction(
  deps: ActivityDeps,
  attempt: AttemptContext,
  ref: AttemptRef,
  row: AttemptRow,
  snapshot: Snapshot,
): string | null {
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
    const isThis = named?.generationId === ref.generationId && named.item === ref.item && named.attempt === ref.attempt
    if (!isThis) return "another attempt's callback address"
  }
  return null
}

/** Providers trim and re-encode what they repeat: a difference in white space or Unicode form is not a contradiction. */
function sameText(left: string, right: string): boolean {
  const normalise = (text: string): string => text.normalize('NFKC').replaceAll(/\s+/gu, ' ').trim()
  return normalise(left) === normalise(right)
}
