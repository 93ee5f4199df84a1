// What several activities need to know about an attempt: its plan entry, its provider, its row to be.
import type { AttemptRef, NewAttempt } from '../ledger/ledger.ts'
import type { Provider } from '../providers/provider.ts'
import type { ActivityDeps } from './deps.ts'
import { readStoredPlan } from './stored-plan.ts'
import type { PlannedEntry, StoredEntry, StoredPlan } from './types.ts'

export interface AttemptContext {
  planned: PlannedEntry
  stored: StoredEntry
  limits: StoredPlan['plan']['limits']
  provider: Provider
  /** the row as `claimAttempt` or a tombstone would write it */
  row: NewAttempt
}

/** Reads the stored plan. Throws when there is none: then the workflow was never planned, which is a bug. */
export async function attemptContext(deps: ActivityDeps, ref: AttemptRef, entry: number): Promise<AttemptContext> {
  const stored = readStoredPlan(await deps.ledger.readPlan(ref.generationId))
  const planned = stored?.plan.route[entry]
  const native = stored?.entries[entry]
  if (stored === null || planned === undefined || native === undefined) {
    throw new Error(`generation ${ref.generationId} has no plan with an entry ${entry}`)
  }
  const provider = deps.providers.get(planned.provider)
  if (provider === undefined) throw new Error(`this worker does not know the provider ${planned.provider}`)
  const row: NewAttempt = {
    ...ref,
    provider: planned.provider,
    // Until it is sent, which account takes it is open.
    account: provider.accounts[0] ?? 'default',
    entry,
    baseUrl: provider.baseUrl,
    mode: deps.mode,
    api: native.api,
    model: planned.model,
    requestSha256: stored.requestSha256,
    estimate: native.price,
  }
  return { planned, stored: native, limits: stored.plan.limits, provider, row }
}
