// Accepts a generation: ledger row first, then the workflow, and neither without the other.
//
// A1 An id whose row cannot be written is not started (fail closed).
// A2 An id that is started and whose caller is told 503 is one the caller can ask for again: with a key it is found again under it;
//    without one the workflow is told to stop, since nobody knows its id.
// A3 Once it is started, nothing that fails afterwards may make the caller ask (and pay) again.
import type { Generation, ProviderName } from '../contract/index.ts'
import { LedgerUnavailableError, type NewGeneration } from '../ledger/ledger.ts'
import { overBudget, priceUnknown } from './budget-problems.ts'
import type { RouteDeps } from './gateway-deps.ts'
import { hasEnded, newbornGeneration } from './generation-answer.ts'
import { TemporalUnavailableError } from './generation-starter.ts'
import { ProblemError } from './problem.ts'

type Deps = Pick<RouteDeps, 'ledger' | 'temporal' | 'logger'>

export interface Accepted {
  generation: Generation
  /** true: the same key had asked for the same picture before */
  replayed: boolean
}

/** `unpriced`: the providers of the route for which nobody has published a price. */
export async function acceptGeneration(deps: Deps, wanted: NewGeneration, unpriced: readonly ProviderName[]): Promise<Accepted> {
  const { ledger, temporal } = deps
  const acceptedAt = new Date()
  const created = await ledger.createGeneration(wanted)
  if (created.kind === 'conflict') {
    throw new ProblemError('idempotency_key_reused', 'This Idempotency-Key was used for another request; use a new key.')
  }
  if (created.kind === 'over_budget') throw overBudget(created.budget, acceptedAt)
  if (created.kind === 'price_unknown') throw priceUnknown(wanted, unpriced)
  const replayed = created.kind === 'exists'
  if (replayed) {
    const earlier = await ledger.readGeneration(wanted.id)
    if (earlier !== null && hasEnded(earlier)) return { generation: earlier, replayed }
  }
  try {
    // Also for a replay: the first request may have died between row and start. The start is idempotent by id.
    await temporal.start(wanted.id, wanted.request)
  } catch (error) {
    // Only who wrote the row may take it back: the start of the request that wrote it may well have arrived.
    if (replayed || (await takeBack(deps, wanted))) throw error
  }
  const generation = await readStarted(deps, wanted)
  return { generation: generation ?? newbornGeneration(wanted, acceptedAt), replayed }
}

/** False when the row has been planned meanwhile: then the start did arrive, only its reply was lost. */
async function takeBack({ ledger, temporal, logger }: Deps, { id, idempotencySha256 }: NewGeneration): Promise<boolean> {
  try {
    if (!(await ledger.forgetUnplanned(id)) && (await ledger.readGeneration(id)) !== null) return false
  } catch (error) {
    if (!(error instanceof LedgerUnavailableError)) throw error
    logger.warn({ generationId: id, err: error }, 'a generation that was not started stays in the ledger')
  }
  // A2. With a key the caller will come back for it, and a cancelled generation would spoil the key.
  if (idempotencySha256 !== null) return true
  await temporal.requestCancel(id).catch((error: unknown) => {
    if (!(error instanceof TemporalUnavailableError)) throw error
    logger.warn({ generationId: id, err: error }, 'a generation whose start got no answer may run without its caller')
  })
  return true
}

async function readStarted({ ledger, logger }: Deps, wanted: NewGeneration): Promise<Generation | null> {
  try {
    const generation = await ledger.readGeneration(wanted.id)
    if (generation !== null) return generation
    // Another request with the same key took its row back after we had found it. The workflow runs, so the row belongs there.
    await ledger.createGeneration(wanted)
    return await ledger.readGeneration(wanted.id)
  } catch (error) {
    if (!(error instanceof LedgerUnavailableError)) throw error
    // A3
    logger.warn({ generationId: wanted.id, err: error }, 'a generation was started and cannot be read back')
    return null
  }
}
