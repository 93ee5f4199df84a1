import type { StoredPlan } from './types.ts'

/** The ledger keeps plans as opaque JSON; this says whether one is ours. Anything else in that column is a bug, not bad input. */
function isStoredPlan(value: unknown): value is StoredPlan {
  return typeof value === 'object' && value !== null && 'plan' in value && 'entries' in value && 'requestSha256' in value
}

/** Null where no plan is stored yet. */
export function readStoredPlan(value: unknown): StoredPlan | null {
  if (value === null || value === undefined) return null
  if (!isStoredPlan(value)) throw new Error('the ledger holds a plan that this version does not understand')
  return value
}
