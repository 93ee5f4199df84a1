import assert from 'node:assert/strict'
import type { AttemptReport } from '../../src/contract/index.ts'

/** How an attempt that did not serve ended, and whether it may have cost anything. */
export function endOf(attempt: AttemptReport | undefined): object {
  assert.ok(attempt !== undefined, 'there is no such attempt')
  const { state, outcome, reason, activityTries: tries, possibleExtraCharge: extra } = attempt
  return { state, outcome, reason, tries, extra }
}
