// What several activities need to know about an attempt: its plan entry, its provider, its row to be.
import { inputOfItem } from '../catalog/several-pictures.ts'
import type { NewAttempt } from '../ledger/ledger.ts'
import type { Provider } from '../providers/provider.ts'
import type { ActivityDeps } from './deps.ts'
import { readStoredPlan } from './stored-plan.ts'
import type { AttemptInput, PlannedEntry, StoredEntry, StoredPlan } from './types.ts'

export interface AttemptContext {
  planned: PlannedEntry
  stored: StoredEntry
  limits: StoredPlan['plan']['limits']
  provider: Provider
  /** the row as `claimAttempt` or a tombstone would write it */
  row: NewAttempt
}

/** Reads the stored plan. Throws when there is none: then the workflow was never planned, which is a bug. */
export async function attemptContext(deps: ActivityDeps, { ref, entry, pictures = 1 }: AttemptInput): Promise<AttemptContext> {
  const stored = readStoredPlan(await deps.ledger.readPlan(ref.generationId))
  const planned = stored?.plan.route[entry]
  const native = stored?.entries[entry]
  if (stored === null || planned === undefined || native === undefined) {
    throw new Error(`generation ${ref.generationId} has no plan with an entry ${entry}`)
  }
  const task = taskOf(native, ref.item, pictures)
  const provider = deps.providers.get(planned.provider)
  if (provider === undefined) throw new Error(`this worker does not know the provider ${planned.provider}`)
  const row: NewAttempt = {
    ...ref,
    provider: planned.provider,
    // Until it is sent, which account takes it is open.
    account: provider.accounts[0] ?? 'default',
    entry,
    pictures,
    baseUrl: provider.baseUrl,
    mode: deps.mode,
    api: native.api,
    model: planned.model,
    requestSha256: stored.requestSha256,
    estimate: task.price,
  }
  return { planned, stored: { ...native, ...task }, limits: stored.plan.limits, provider, row }
}

/** All pictures in one task, or the picture of one item. */
function taskOf(
  { input, price, whole, itemSeeds }: StoredEntry,
  item: number,
  pictures: number,
): Pick<StoredEntry, 'input' | 'price'> {
  if (pictures === 1) return { input: inputOfItem(input, itemSeeds ?? null, item), price }
  if (whole === null || whole === undefined) throw new Error(`the plan has no task for ${pictures} pictures`)
  return whole
}
