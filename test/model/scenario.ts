// What a sequence starts with: a route, a policy, a deadline, and what an earlier run of the same generation may have left in the ledger.
import type { PlannedEntry, RoutePolicy } from '../../src/activities/types.ts'
import { newStory } from '../../src/workflows/state.ts'
import type { GenerationState } from '../../src/workflows/state.ts'
import { pickOf } from './choices.ts'
import type { Choose } from './choices.ts'

export interface Scenario {
  route: PlannedEntry[]
  policy: RoutePolicy
  deadlineAtMs: number
  /** rows that are found because the workflow was reset: so many, and whether the generation had ended before */
  earlierRows: number
  hadEnded: boolean
}

const entryOf = (provider: 'kie' | 'defapi', hasCallback: boolean, attemptDeadlineMs: number, priceUsd: number | null) =>
  ({
    provider,
    model: 'google/nano-banana',
    priceUsd,
    submitQueue: `${provider}-submit`,
    queryQueue: `${provider}-query`,
    hasCallback,
    attemptDeadlineMs,
    fidelity: { level: 'exact', changes: [] },
  }) satisfies PlannedEntry

function routeOf(choose: Choose): PlannedEntry[] {
  const hasCallback = choose(4) !== 3
  const attemptDeadlineMs = pickOf(choose, [600_000, 120_000])
  const kie = entryOf('kie', hasCallback, attemptDeadlineMs, pickOf(choose, [0.02, 0.02, 0.02, null]))
  const defapi = entryOf('defapi', hasCallback, attemptDeadlineMs, pickOf(choose, [0.024, 0.024, 0.024, null]))
  return pickOf(choose, [
    [kie, defapi],
    [kie, defapi],
    [defapi, kie],
    [kie],
    // One provider twice is not planned today; nothing in `decide` may depend on two.
    [kie, defapi, kie],
  ])
}

export function scenarioOf(choose: Choose): Scenario {
  const route = routeOf(choose)
  const policy: RoutePolicy = {
    fallback: choose(5) !== 4,
    onUnknown: pickOf(choose, ['fallback', 'resubmit', 'fail']),
    onOverdue: pickOf(choose, ['fallback', 'fallback', 'wait']),
    onRefusal: pickOf(choose, ['fail', 'fallback']),
    maxPaidAttempts: pickOf(choose, [2, 1, 3]),
    maxCostUsd: pickOf(choose, [null, null, null, 0.02, 0.05]),
    maxQueueMs: pickOf(choose, [120_000, 5_000]),
    priority: 3,
    keepSpares: false,
  }
  const isReset = choose(5) === 4
  return {
    route,
    policy,
    deadlineAtMs: pickOf(choose, [1_800_000, 1_800_000, 1_800_000, 1_800_000, 300_000, 60_000, 1_000]),
    earlierRows: isReset ? 1 + choose(3) : 0,
    hadEnded: isReset && choose(2) === 1,
  }
}

export function startOf({ route, policy, deadlineAtMs }: Scenario): GenerationState {
  return newStory({ route, policy, deadlineAtMs }, {})
}
