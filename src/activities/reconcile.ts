// Compares the ledger with Temporal and with the providers' balances. Repairs what is provable, and nothing else:
// a generation whose workflow has ended or is gone, and an attempt that is owing and that nobody looks after. Balances are only reported.
import { Context } from '@temporalio/activity'
import type { Closing } from '../ledger/ledger.ts'
import type { OwingAttempt } from '../ledger/settlement-port.ts'
import type { Generation } from '../contract/index.ts'
import { settlementId } from '../contract/index.ts'
import type { ActivityDeps } from './deps.ts'
import { withHeartbeat } from './heartbeat.ts'
import { inSmallGroups } from './in-small-groups.ts'
import type {
  BalanceFinding,
  CompareInput,
  Findings,
  OpenGenerationFinding,
  OwingFinding,
  ReconcileReport,
} from './reconcile-types.ts'
import { readStoredPlan } from './stored-plan.ts'
import { toApplicationFailure } from './to-application-failure.ts'
import type { SettlementInput } from './types.ts'

export function createReconcile(deps: ActivityDeps) {
  return async function reconcile(input: CompareInput): Promise<ReconcileReport> {
    try {
      return await withHeartbeat(null, async () => {
        const now = new Date()
        const openGenerations = await sweepOpenGenerations(deps, input, now)
        const owing = await sweepOwing(deps, input, now)
        const balances = await compareBalances(deps, input, now)
        const unrepaired = openGenerations.found - openGenerations.repaired + owing.found - owing.repaired
        const differences = unrepaired + balances.filter(({ difference }) => difference !== 0).length
        deps.logger[differences === 0 ? 'info' : 'warn'](
          {
            repair: input.repair,
            openGenerations: { found: openGenerations.found, repaired: openGenerations.repaired },
            owing: { found: owing.found, repaired: owing.repaired },
            balances: balances.filter(({ difference }) => difference !== 0),
          },
          differences === 0 ? 'ledger, Temporal and balances agree' : 'ledger, Temporal and balances differ',
        )
        return { at: now.toISOString(), openGenerations, owing, balances, differences }
      })
    } catch (error) {
      throw toApplicationFailure(error)
    }
  }
}

const before = (now: Date, ms: number): Date => new Date(now.getTime() - ms)

// open generations

interface Suspect {
  id: string
  createdAt: Date
  workflow: 'closed' | 'gone'
}

/**
 * A workflow that has ended proves that nobody works on the row: an id that has run is never started again. One that the server does not
 * know proves it once the generation is overdue: before that the gateway, which writes the row first, may still be about to start it, or it
 * runs on another server than the one this worker was pointed at, and its picture would be lost.
 */
async function sweepOpenGenerations(
  deps: ActivityDeps,
  { repair, limits }: CompareInput,
  now: Date,
): Promise<Findings<OpenGenerationFinding>> {
  const rows = await deps.ledger.listOpenGenerations({
    mode: deps.mode,
    before: before(now, limits.minAgeMs),
    limit: limits.maxRows + 1,
  })
  const looked = rows.slice(0, limits.maxRows)
  const first = await withoutWorkflow(deps, looked)
  // A start or a reset may be on its way: whoever is missing is looked for again.
  if (first.length > 0) await Context.current().sleep(limits.lookAgainAfterMs)
  const suspects = await withoutWorkflow(deps, first)
  const found = await inSmallGroups(suspects, async (suspect) => {
    const finding = { generationId: suspect.id, createdAt: suspect.createdAt.toISOString(), workflow: suspect.workflow }
    const isProvable = suspect.workflow === 'closed' || (await isOverdue(deps, suspect, limits.overdueAfterMs, now))
    if (!isProvable) return { ...finding, finding: 'not_yet' as const, settlementsStarted: 0 }
    if (!repair) return { ...finding, finding: 'provable' as const, settlementsStarted: 0 }
    const settlementsStarted = await closeAbandoned(deps, suspect)
    return settlementsStarted === null ? null : { ...finding, finding: 'closed' as const, settlementsStarted }
  })
  const findings = found.filter((finding) => finding !== null)
  return findingsOf(looked.length, rows.length > looked.length, findings, 'closed', limits.maxListed)
}

async function withoutWorkflow(deps: ActivityDeps, rows: readonly { id: string; createdAt: Date }[]): Promise<Suspect[]> {
  const suspects = await inSmallGroups(rows, async ({ id, createdAt }) => {
    const workflow = await deps.workflows.statusOf(id)
    return workflow === 'running' ? null : { id, createdAt, workflow }
  })
  return suspects.filter((suspect) => suspect !== null)
}

/** I1: while its workflow runs, no generation is open for longer than its deadline and a minute. */
async function isOverdue(deps: ActivityDeps, { id, createdAt }: Suspect, overdueAfterMs: number, now: Date): Promise<boolean> {
  const stored = readPlanOrNull(await deps.ledger.readPlan(id))
  const deadlineMs = stored?.plan.deadlineMs ?? deps.routeDefaults.generationDeadlineMs
  return createdAt.getTime() + deadlineMs + overdueAfterMs < now.getTime()
}

/** Answers how many settlements it took. Null: it has a picture after all, from an activity that outlived its workflow; that end stays (I2). */
async function closeAbandoned(deps: ActivityDeps, { id, workflow }: Suspect): Promise<number | null> {
  const closing = closingWithout(workflow, await deps.ledger.readGeneration(id))
  const { status } = await deps.ledger.closeGeneration(id, closing, [])
  if (status !== closing.status) return null
  deps.logger.warn({ generationId: id, workflow, status }, 'an open generation without a workflow is closed')
  let started = 0
  for (const attempt of await deps.ledger.owingOf(id)) {
    const input = await settlementInput(deps, attempt)
    if (typeof input !== 'string' && (await deps.workflows.startSettlement(input)) === 'started') started += 1
  }
  return started
}

/** Pictures of items that are stored already are kept, and what is lacking is named: the same ends as by the workflow. */
function closingWithout(workflow: Suspect['workflow'], generation: Generation | null): Closing {
  const how = workflow === 'closed' ? 'has ended' : 'is gone'
  const failure = {
    type: 'ServiceUnavailable' as const,
    message: `the workflow of this generation ${how}, and it did not close the generation`,
  }
  const closing = { fidelity: null, decisions: [], left: [] }
  const stored = generation?.images.toSorted((one, other) => one.item - other.item) ?? []
  const [first] = stored
  if (generation === null || first === undefined) return { ...closing, status: 'failed', servedByAttempt: null, failure }
  const lacking = Array.from({ length: generation.count }, (_, item) => item).filter(
    (item) => !stored.some((image) => image.item === item),
  )
  return {
    ...closing,
    status: 'completed',
    servedByAttempt: first.attempt,
    servedByItem: first.item,
    failure: null,
    itemFailures: lacking.map((item) => ({ item, ...failure })),
  }
}

// attempts that are owing

async function sweepOwing(deps: ActivityDeps, { repair, limits }: CompareInput, now: Date): Promise<Findings<OwingFinding>> {
  const rows = await deps.ledger.listOwing({
    mode: deps.mode,
    leftBefore: before(now, limits.minAgeMs),
    limit: limits.maxRows + 1,
  })
  const looked = rows.slice(0, limits.maxRows)
  const found = await inSmallGroups(looked, async (row) => {
    if (await isLookedAfter(deps, row)) return null
    const { generationId, item, attempt, provider, account, providerTaskId } = row
    const finding = { generationId, item, attempt, provider, account, providerTaskId }
    const input = await settlementInput(deps, row)
    if (typeof input === 'string') return { ...finding, finding: input }
    if (!repair) return { ...finding, finding: 'provable' as const }
    await deps.workflows.startSettlement(input)
    deps.logger.warn({ generationId, item, attempt }, 'an attempt that is owing had nobody who looks after it; it has now')
    return { ...finding, finding: 'settlement_started' as const }
  })
  const findings = found.filter((finding) => finding !== null)
  return findingsOf(looked.length, rows.length > looked.length, findings, 'settlement_started', limits.maxListed)
}

/** By its settlement, or by its generation, which closes its row first and then starts settlements. */
async function isLookedAfter(deps: ActivityDeps, row: OwingAttempt): Promise<boolean> {
  if ((await deps.workflows.statusOf(settlementId(row))) === 'running') return true
  return (await deps.workflows.statusOf(row.generationId)) === 'running'
}

/** As the generation's own workflow would have made it; or why it cannot be made. */
async function settlementInput(deps: ActivityDeps, row: OwingAttempt): Promise<SettlementInput | 'no_entry' | 'no_plan'> {
  const { generationId, item, attempt, entry, pictures } = row
  if (entry === null) return 'no_entry'
  const stored = readPlanOrNull(await deps.ledger.readPlan(generationId))
  const queryQueue = stored?.plan.route[entry]?.queryQueue
  if (stored === null || queryQueue === undefined) return 'no_plan'
  return {
    ref: { generationId, item, attempt },
    entry,
    ...(pictures === 1 ? {} : { pictures }),
    queryQueue,
    // A plan of an earlier version does not know the limits of settling.
    limits: { ...deps.planLimits, ...stored.plan.limits },
    keepSpares: stored.plan.policy.keepSpares,
  }
}

/** One row that this version does not understand must not keep the others from being looked at. */
function readPlanOrNull(value: unknown): ReturnType<typeof readStoredPlan> {
  try {
    return readStoredPlan(value)
  } catch {
    return null
  }
}

// balances

async function compareBalances(deps: ActivityDeps, { limits }: CompareInput, now: Date): Promise<BalanceFinding[]> {
  const compared = await deps.ledger.compareBalances({
    mode: deps.mode,
    from: before(now, limits.comparePeriodMs),
    to: new Date(),
  })
  return compared.map(({ from, to, ...row }) => ({
    ...row,
    from: { at: from.at.toISOString(), balance: from.balance },
    to: { at: to.at.toISOString(), balance: to.balance },
    difference: withoutNoise(row.taken - row.booked),
  }))
}

/** Both count to a millionth at most; what is smaller comes from adding binary fractions. */
function withoutNoise(amount: number): number {
  const rounded = Math.round(amount * 1e6) / 1e6
  // Not -0, which is not equal to 0 everywhere.
  return rounded === 0 ? 0 : rounded
}

function findingsOf<T extends { finding: string }>(
  looked: number,
  hasMore: boolean,
  found: T[],
  repairedAs: T['finding'],
  maxListed: number,
): Findings<T> {
  const repaired = found.filter(({ finding }) => finding === repairedAs).length
  return { looked, hasMore, found: found.length, repaired, listed: found.slice(0, maxListed) }
}
