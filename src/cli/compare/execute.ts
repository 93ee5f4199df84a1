// Carries a comparison out: starts what is not started, follows what is, stays within the cap. Durable by what it asks for, not by itself:
// every run is a generation under a key of its own, so whoever comes after a crash finds what was started and pays for nothing again.
import { setTimeout as sleep } from 'node:timers/promises'
import type { FailureType, Generation, ProviderName, SpendMode } from '../../contract/index.ts'
import { CliError, exitCodes } from '../errors.ts'
import { followGeneration, hasEnded } from '../follow-generation.ts'
import type { GatewayClient } from '../gateway-client.ts'
import type { Comparison, PlannedRun } from './comparison.ts'
import { idempotencyKeyOf, planRuns, requestOf } from './comparison.ts'
import { knownCostUsd } from './measure-run.ts'
import type { Purse } from './spending.ts'

export interface Progress {
  planned: number
  ended: number
  open: number
  pictures: number
}

export interface ExecutionDeps {
  gateway: Pick<GatewayClient, 'create' | 'read' | 'readIfKnown'>
  purse: Purse
  onProgress: (progress: Progress) => void
  /** stops the starting and the waiting, not the generations */
  signal: AbortSignal
  /** told of the first generation that the gateway has accepted, before the second is asked for */
  onAnchor: (generationId: string) => Promise<void>
  /** once, before the first run that is not there yet: pictures that all runs start from go to the gateway */
  beforeFirst: () => Promise<void>
  /**
   * Before each POST, also before one that is repeated: rejects with a `CliError` when the providers are not those that were said yes to. A
   * gateway may be restarted with other keys at any moment, and nothing that it answers to a POST would come before the money.
   */
  checkStillThere: () => Promise<void>
}

export interface Execution {
  generations: ReadonlyMap<string, Generation>
  /** why not everything was started; null: it was */
  stopped: { kind: 'cap' | 'interrupted' | 'refused'; because: string } | null
}

/** Ends that the next run would come to as well. */
const hopeless: readonly FailureType[] = ['InvalidRequest', 'RequestConflict', 'NoProvider', 'BudgetExceeded', 'CostLimitReached']
/** A gateway that is being restarted comes back; the key makes asking again harmless. */
const patienceMs = 30_000
const retryMs = 1_000
/** A look at each run of an earlier process: a few hundred reads, a few at once. */
const readsAtOnce = 4

export async function executeComparison(comparison: Comparison, deps: ExecutionDeps): Promise<Execution> {
  const execution = new Executing(comparison, deps)
  return execution.run()
}

/** Everything that is in the ledger of this comparison. */
export async function readRuns(
  comparison: Comparison,
  gateway: Pick<GatewayClient, 'readIfKnown'>,
): Promise<Map<string, Generation>> {
  const found = new Map<string, Generation>()
  if (comparison.anchorId === null) return found
  if ((await gateway.readIfKnown(comparison.anchorId)) === null) {
    throw new CliError(
      `This gateway does not know ${comparison.anchorId}, with which ${comparison.id} began: it has another ledger. It began at ${comparison.gatewayUrl}; name that one with --url.`,
      exitCodes.usage,
    )
  }
  const waiting = planRuns(comparison)
  const readSome = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const generation = await gateway.readIfKnown(next.generationId)
      if (generation !== null) found.set(next.generationId, generation)
    }
  }
  await Promise.all(Array.from({ length: readsAtOnce }, readSome))
  return found
}

class Executing {
  readonly #comparison: Comparison
  readonly #deps: ExecutionDeps
  readonly #planned: PlannedRun[]
  readonly #generations = new Map<string, Generation>()
  readonly #open = new Map<ProviderName, Set<Promise<void>>>()
  #stopped: Execution['stopped'] = null
  #broken: { error: unknown } | null = null
  /** per provider, of runs that have ended */
  readonly #dearestUsd = new Map<ProviderName, number>()
  #hasAnchor: boolean
  /** of the first run that is known; null: none is */
  #mode: SpendMode | null = null

  constructor(comparison: Comparison, deps: ExecutionDeps) {
    this.#comparison = comparison
    this.#deps = deps
    this.#planned = planRuns(comparison)
    this.#hasAnchor = comparison.anchorId !== null
  }

  async run(): Promise<Execution> {
    const { gateway, purse } = this.#deps
    for (const [id, generation] of await readRuns(this.#comparison, gateway)) this.#note(id, generation)
    for (const run of this.#planned) {
      const known = this.#generations.get(run.generationId)
      // Also when it has ended: what is not known to be free counts before anything else is started.
      if (known !== undefined) purse.reserve(run.generationId, this.#worstCaseUsd(run))
      if (known !== undefined && hasEnded(known)) this.#book(run, known)
    }
    this.#tell()
    if (this.#planned.some(({ generationId }) => !this.#generations.has(generationId))) await this.#deps.beforeFirst()
    for (const run of this.#planned) {
      const known = this.#generations.get(run.generationId)
      if (known !== undefined && hasEnded(known)) continue
      await this.#laneOf(run.provider)
      if (known === undefined && !(await this.#mayStart(run))) break
      if (this.#isOver()) break
      const current = known ?? (await this.#start(run))
      if (current === null) break
      this.#occupy(run, current)
    }
    while (this.#atWork().length > 0) await this.#oneEnds()
    if (this.#broken !== null) throw this.#broken.error
    if (this.#deps.signal.aborted) this.#stopped = { kind: 'interrupted', because: 'it was interrupted' }
    return { generations: this.#generations, stopped: this.#stopped }
  }

  /** What is open may end cheaper than its worst case, so the cap is only reached when nothing is open any more. */
  async #mayStart(run: PlannedRun): Promise<boolean> {
    const { purse } = this.#deps
    const worstCaseUsd = this.#worstCaseUsd(run)
    while (!purse.mayStart(worstCaseUsd) && this.#atWork().length > 0 && !this.#isOver()) await this.#oneEnds()
    if (this.#isOver()) return false
    if (purse.mayStart(worstCaseUsd)) return true
    this.#stopped = { kind: 'cap', because: 'the next one could have gone over --max-cost' }
    return false
  }

  /** One after the other: an accept takes some 20 ms, and the order of starting is the planned one. Null: it could not be started. */
  async #start(run: PlannedRun): Promise<Generation | null> {
    const { purse, onAnchor } = this.#deps
    // Before the request leaves: from then on it may be paid for, whatever becomes of the answer.
    purse.reserve(run.generationId, this.#worstCaseUsd(run))
    try {
      const accepted = await this.#create(run)
      if (accepted === null) return null
      if (accepted.id !== run.generationId) throw new Error(`the gateway made ${accepted.id} of the key of ${run.generationId}`)
      if (!this.#hasAnchor) await onAnchor(accepted.id)
      this.#hasAnchor = true
      // It is followed to its end, and it is the last one.
      if (!this.#isOfOneMode(accepted)) this.#stopped ??= { kind: 'refused', because: otherMode(accepted) }
      return accepted
    } catch (error) {
      this.#broken ??= { error }
      return null
    }
  }

  async #create(run: PlannedRun): Promise<Generation | null> {
    const { gateway, purse, signal, checkStillThere } = this.#deps
    const key = idempotencyKeyOf(this.#comparison, run.provider, run.run)
    const sinceMs = performance.now()
    let mayHaveArrived = false
    for (;;) {
      try {
        await checkStillThere()
        return await gateway.create(requestOf(this.#comparison, run), key)
      } catch (error) {
        if (!(error instanceof CliError)) throw error
        if (error.exitCode !== exitCodes.notReachable) {
          // A refusal with reasons: the gateway has started nothing, at least not now.
          if (!mayHaveArrived) purse.release(run.generationId)
          this.#stopped ??= { kind: 'refused', because: error.message }
          return null
        }
        mayHaveArrived = true
        if (performance.now() - sinceMs > patienceMs || signal.aborted) throw error
        await sleep(retryMs, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  async #follow(run: PlannedRun, first: Generation): Promise<void> {
    const { gateway, signal } = this.#deps
    this.#note(run.generationId, first)
    const generation = await followGeneration(first, { gateway, progress: silent, signal })
    this.#note(run.generationId, generation)
    if (!hasEnded(generation)) return
    this.#book(run, generation)
    if (generation.failure !== null && hopeless.includes(generation.failure.type))
      this.#stopped ??= { kind: 'refused', because: generation.failure.message }
  }

  #occupy(run: PlannedRun, current: Generation): void {
    const lane = this.#open.get(run.provider) ?? new Set()
    this.#open.set(run.provider, lane)
    const done: Promise<void> = this.#follow(run, current)
      .catch((error: unknown) => {
        this.#broken ??= { error }
      })
      .finally(() => {
        lane.delete(done)
        this.#tell()
      })
    lane.add(done)
    this.#tell()
  }

  /** Resolves when the provider has room for one more. */
  async #laneOf(provider: ProviderName): Promise<void> {
    for (;;) {
      const lane = this.#open.get(provider)
      if (lane === undefined || lane.size < this.#comparison.concurrency || this.#isOver()) return
      await Promise.race(lane)
    }
  }

  #atWork(): Promise<void>[] {
    return [...this.#open.values()].flatMap((lane) => [...lane])
  }

  async #oneEnds(): Promise<void> {
    await Promise.race(this.#atWork())
  }

  #isOver(): boolean {
    return this.#deps.signal.aborted || this.#stopped !== null || this.#broken !== null
  }

  /** A price list may be out of date: what a run at this provider has really taken can be taken again. */
  #worstCaseUsd({ provider }: PlannedRun): number {
    return Math.max(this.#comparison.prices[provider]?.usd ?? 0, this.#dearestUsd.get(provider) ?? 0)
  }

  #book(run: PlannedRun, generation: Generation): void {
    const { purse } = this.#deps
    const { provider } = run
    purse.book(run.generationId, knownCostUsd(this.#comparison, provider, generation))
    if ((generation.cost.usd ?? 0) <= this.#worstCaseUsd(run)) return
    this.#dearestUsd.set(provider, generation.cost.usd ?? 0)
    for (const other of this.#planned) if (other.provider === provider) purse.raise(other.generationId, this.#worstCaseUsd(other))
  }

  /** All of the mode of the first one, and no real money where simulated providers were agreed on. */
  #isOfOneMode({ mode }: Generation): boolean {
    return mode === (this.#mode ?? mode) && (mode === 'mock' || this.#comparison.mode === 'live')
  }

  #note(id: string, generation: Generation): void {
    this.#mode ??= generation.mode
    this.#generations.set(id, generation)
  }

  #tell(): void {
    const known = [...this.#generations.values()]
    this.#deps.onProgress({
      planned: this.#planned.length,
      ended: known.filter(hasEnded).length,
      open: this.#atWork().length,
      pictures: known.filter(({ status }) => status === 'completed').length,
    })
  }
}

const otherMode = ({ id, mode }: Generation): string =>
  `the gateway has other keys than before: ${id} was made with ${mode === 'live' ? 'real keys' : 'simulated providers'}`

const silent = { show: (): void => undefined, clear: (): void => undefined }
