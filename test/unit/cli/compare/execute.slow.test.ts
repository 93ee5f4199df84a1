import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import type { Comparison, PlannedRun } from '../../../../src/cli/compare/comparison.ts'
import { planRuns } from '../../../../src/cli/compare/comparison.ts'
import type { Execution } from '../../../../src/cli/compare/execute.ts'
import { executeComparison, readRuns } from '../../../../src/cli/compare/execute.ts'
import { createPurse } from '../../../../src/cli/compare/spending.ts'
import { CliError, exitCodes } from '../../../../src/cli/errors.ts'
import type { Generation, GenerationRequest } from '../../../../src/contract/index.ts'
import { generationIdOfKey } from '../../../../src/gateway/idempotency.ts'
import { generationOf, sampleComparison } from './sample-comparison.ts'

type EndOf = (run: PlannedRun, request: GenerationRequest) => Partial<Generation> & { failed?: boolean }

/** A gateway with a ledger: the same key is the same generation. Runs are open until somebody reads them. */
class Ledger {
  readonly generations = new Map<string, Generation>()
  readonly ends = new Map<string, Generation>()
  /** keys as they came */
  readonly asked: string[] = []
  /** called before each answer to `create` */
  onCreate: (count: number) => void = () => undefined
  beforeFirst = async (): Promise<void> => undefined
  checkStillThere = async (): Promise<void> => undefined
  readonly #comparison: Comparison
  readonly #endOf: EndOf

  constructor(comparison: Comparison, endOf: EndOf = () => ({})) {
    this.#comparison = comparison
    this.#endOf = endOf
  }

  create = async (request: GenerationRequest, key: string | null): Promise<Generation> => {
    this.asked.push(key ?? '')
    this.onCreate(this.asked.length)
    const id = generationIdOfKey(key ?? '')
    const known = this.generations.get(id)
    if (known !== undefined) return known
    const run = planRuns(this.#comparison).find(({ generationId }) => generationId === id)
    assert.ok(run !== undefined, `nobody planned ${key}`)
    const end = generationOf(this.#comparison, run, this.#endOf(run, request))
    this.ends.set(id, end)
    const open: Generation = {
      ...end,
      status: 'waiting',
      finishedAt: null,
      images: [],
      failure: null,
      cost: { usd: null, source: 'none' },
    }
    this.generations.set(id, open)
    return open
  }

  read = async (id: string): Promise<Generation> => {
    const end = this.ends.get(id)
    assert.ok(end !== undefined, `nobody made ${id}`)
    this.generations.set(id, end)
    return end
  }

  readIfKnown = async (id: string): Promise<Generation | null> => this.generations.get(id) ?? null
}

interface Run {
  execution: Execution
  purse: ReturnType<typeof createPurse>
  anchors: string[]
}

async function execute(comparison: Comparison, ledger: Ledger, signal = new AbortController().signal): Promise<Run> {
  const purse = createPurse(comparison.capUsd)
  const anchors: string[] = []
  const execution = await executeComparison(comparison, {
    gateway: ledger,
    purse,
    onProgress: () => undefined,
    signal,
    onAnchor: async (id) => void anchors.push(id),
    beforeFirst: ledger.beforeFirst,
    checkStillThere: ledger.checkStillThere,
  })
  return { execution, purse, anchors }
}

suite('carrying out a comparison', () => {
  test('asks for every run once, in the planned order, and ends when all have ended', async () => {
    const comparison = sampleComparison()
    const ledger = new Ledger(comparison)
    const { execution, purse, anchors } = await execute(comparison, ledger)
    const planned = planRuns(comparison)
    assert.deepEqual(
      ledger.asked,
      planned.map(({ provider, run }) => `compare/${comparison.id}/${provider}/${run}`),
    )
    assert.equal([...execution.generations.values()].filter(({ status }) => status === 'completed').length, 8)
    assert.equal(execution.stopped, null)
    assert.equal(purse.spentUsd(), 0.16)
    assert.deepEqual(anchors, [planned[0]?.generationId])
  })

  test('never has more at work at a provider than it may', async () => {
    const comparison = sampleComparison({ runs: 6, concurrency: 2 })
    const ledger = new Ledger(comparison)
    let most = 0
    ledger.onCreate = () => {
      const provider = ledger.asked.at(-1)?.split('/')[2]
      const open = [...ledger.generations.values()].filter(({ status }) => status === 'waiting')
      most = Math.max(most, open.filter(({ attempts }) => attempts[0]?.provider === provider).length + 1)
    }
    await execute(comparison, ledger)
    assert.equal(most, 2)
  })

  test('interrupted and gone on with, it asks for the rest only, and for nothing under a second key', async () => {
    const comparison = sampleComparison()
    const ledger = new Ledger(comparison)
    const stop = new AbortController()
    ledger.onCreate = (count) => {
      if (count === 3) stop.abort()
    }
    const first = await execute(comparison, ledger, stop.signal)
    assert.equal(first.execution.stopped?.kind, 'interrupted')
    assert.equal(ledger.asked.length, 3)
    ledger.onCreate = () => undefined
    const second = await execute({ ...comparison, anchorId: first.anchors[0] ?? null }, ledger)
    assert.equal(second.execution.stopped, null)
    assert.equal(ledger.asked.length, 8)
    assert.equal(new Set(ledger.asked).size, 8)
    assert.equal(second.purse.spentUsd(), 0.16)
  })

  test('after a crash before its first generation was written down, the same key finds it again', async () => {
    const comparison = sampleComparison({ runs: 1, providers: ['kie'] })
    const ledger = new Ledger(comparison)
    await execute(comparison, ledger)
    await execute(comparison, ledger)
    assert.equal(ledger.asked.length, 2)
    assert.equal(ledger.generations.size, 1)
  })

  test('a gateway with another ledger is refused: it would pay for everything again', async () => {
    const comparison = sampleComparison({ anchorId: 'gen_of_another_ledger' })
    await assert.rejects(readRuns(comparison, new Ledger(comparison)), /has another ledger.*--url/)
  })

  test('stops at the cap, with as many runs at each provider as at the other', async () => {
    const comparison = sampleComparison({ runs: 10, capUsd: 0.1 })
    const ledger = new Ledger(comparison, () => ({ cost: { usd: 0.02, source: 'measured' } }))
    const { execution, purse } = await execute(comparison, ledger)
    assert.equal(execution.stopped?.kind, 'cap')
    assert.equal(ledger.asked.length, 5)
    assert.equal(purse.committedUsd(), 0.1)
  })

  test('a provider that takes more than its list says goes over the cap by what is open then, and no further', async () => {
    const price = { usd: 0.02, source: 'list' } as const
    const comparison = sampleComparison({ runs: 10, capUsd: 0.1, concurrency: 4, prices: { kie: price, defapi: price } })
    const dear = (): Partial<Generation> => ({ cost: { usd: 0.06, source: 'measured' } })
    // Five are open, all that the list has room for, when the first bill comes; none of the others may follow.
    const ledger = new Ledger(comparison, ({ provider }) => (provider === 'kie' ? dear() : {}))
    const { execution, purse } = await execute(comparison, ledger)
    assert.equal(execution.stopped?.kind, 'cap')
    assert.equal(ledger.asked.length, 5)
    assert.equal(purse.spentUsd(), purse.committedUsd())
    // One after the other there is never more than one that the list was wrong about.
    const alone = new Ledger({ ...comparison, concurrency: 1, providers: ['kie'] }, dear)
    const single = await execute({ ...comparison, concurrency: 1, providers: ['kie'] }, alone)
    assert.deepEqual([alone.asked.length, single.purse.spentUsd()], [1, 0.06])
  })

  test('what is open is reserved again at the dearest cost seen, also when going on', async () => {
    const comparison = sampleComparison({ runs: 10, capUsd: 0.3, concurrency: 2, providers: ['kie'] })
    const ledger = new Ledger(comparison, () => ({ cost: { usd: 0.06, source: 'measured' } }))
    const stop = new AbortController()
    ledger.onCreate = (count) => {
      if (count === 3) stop.abort()
    }
    const first = await execute(comparison, ledger, stop.signal)
    ledger.onCreate = () => undefined
    const second = await execute({ ...comparison, anchorId: first.anchors[0] ?? null }, ledger)
    assert.deepEqual([ledger.asked.length, second.purse.committedUsd()], [5, 0.3])
  })

  test('a price that somebody assumed counts after the end too, where the ledger only has an estimate', async () => {
    const price = { usd: 0.03, source: 'assumed' } as const
    const comparison = sampleComparison({ runs: 10, capUsd: 0.12, concurrency: 1, providers: ['kie'], prices: { kie: price } })
    const ledger = new Ledger(comparison, () => ({ cost: { usd: 0.02, source: 'estimated' } }))
    const { purse } = await execute(comparison, ledger)
    assert.deepEqual([ledger.asked.length, purse.spentUsd()], [4, 0.12])
    const free = new Ledger(comparison, () => ({ failed: true, cost: { usd: 0, source: 'none' } }))
    const nothingPaid = await execute(comparison, free)
    assert.deepEqual([free.asked.length, nothingPaid.purse.spentUsd()], [10, 0])
  })

  test('a gateway that is restarted with real keys in the middle of a simulated comparison is not asked for one picture more', async () => {
    const comparison = sampleComparison({ runs: 10, concurrency: 1 })
    const ledger = new Ledger(comparison)
    let isLive = false
    ledger.onCreate = (count) => {
      if (count !== 4 || isLive) return
      isLive = true
      throw new CliError('not reachable', exitCodes.notReachable)
    }
    ledger.checkStillThere = async () => {
      if (isLive) throw new CliError('the gateway has real keys now', exitCodes.usage)
    }
    const { execution } = await execute(comparison, ledger)
    assert.deepEqual(execution.stopped, { kind: 'refused', because: 'the gateway has real keys now' })
    assert.equal(ledger.asked.length, 4, 'asked again under the key whose answer was lost')
  })

  test('a run that is accepted in another mode than agreed on, or than those before it, is followed and is the last one', async () => {
    for (const [agreed, first, then] of [
      ['mock', 'mock', 'live'],
      ['live', 'live', 'mock'],
      ['mock', 'live', 'live'],
    ] as const) {
      const comparison = sampleComparison({ mode: agreed, runs: 10, concurrency: 1, capUsd: 1 })
      const ledger: Ledger = new Ledger(comparison, () => ({ mode: ledger.asked.length > 3 ? then : first }))
      const { execution } = await execute(comparison, ledger)
      assert.equal(execution.stopped?.kind, 'refused')
      assert.match(execution.stopped.because, /other keys than before: gen_\S+ was made with (real keys|simulated providers)/)
      assert.equal(ledger.asked.length, first === agreed ? 4 : 1)
      const last = execution.generations.get(generationIdOfKey(ledger.asked.at(-1) ?? ''))
      assert.equal(last?.status, 'completed')
    }
  })

  test('what failed for free leaves its room under the cap to the next run', async () => {
    const comparison = sampleComparison({ runs: 4, providers: ['kie'], capUsd: 0.04 })
    const ledger = new Ledger(comparison, ({ run }) => ({ failed: run > 2 }))
    const { execution } = await execute(comparison, ledger)
    assert.equal(execution.stopped, null)
    assert.equal(ledger.asked.length, 4)
  })

  test('an end that every further run would come to stops it, with its words', async () => {
    const comparison = sampleComparison({ runs: 20, concurrency: 1 })
    const failure = { type: 'NoProvider', message: 'Kie has no key: KIE_API_KEY is not set' } as const
    const ledger = new Ledger(comparison, () => ({ failed: true, attempts: [], failure }))
    const { execution } = await execute(comparison, ledger)
    assert.deepEqual(execution.stopped, { kind: 'refused', because: failure.message })
    assert.ok(ledger.asked.length <= 3, `${ledger.asked.length} were asked for`)
  })

  test('a refusal of the gateway reserves nothing and stops it', async () => {
    const comparison = sampleComparison()
    const ledger = new Ledger(comparison)
    ledger.onCreate = (count) => {
      if (count === 3) throw new CliError('The budget has no room.', exitCodes.failed)
    }
    const { execution, purse } = await execute(comparison, ledger)
    assert.deepEqual(execution.stopped, { kind: 'refused', because: 'The budget has no room.' })
    assert.equal(purse.committedUsd(), 0.04)
  })

  test('a gateway that is away for a moment is asked again under the same key', async () => {
    const comparison = sampleComparison({ runs: 1, providers: ['kie'] })
    const ledger = new Ledger(comparison)
    ledger.onCreate = (count) => {
      if (count === 1) throw new CliError('not reachable', exitCodes.notReachable)
    }
    const { execution } = await execute(comparison, ledger)
    assert.equal(execution.generations.size, 1)
    assert.equal(new Set(ledger.asked).size, 1)
  })

  test('whatever runs cost, and wherever it is interrupted and gone on with, the worst case of what was started never goes over the cap', async () => {
    const cost = fc.oneof(
      fc.constant<number | null>(null),
      fc.nat(30_000).map((micros) => micros / 1e6),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(cost, { minLength: 12, maxLength: 12 }),
        fc.nat(200_000).map((micros) => (micros + 1) / 1e6),
        fc.nat(12),
        async (costs, capUsd, interruptAt) => {
          const prices = { kie: { usd: 0.03, source: 'list' as const }, defapi: { usd: 0.02, source: 'assumed' as const } }
          const comparison = sampleComparison({ runs: 6, concurrency: 3, capUsd, prices })
          // Never more than its worst case: that is what the gateway keeps.
          const priceOf = (provider: PlannedRun['provider']): number => (provider === 'kie' ? 0.03 : 0.02)
          const ledger = new Ledger(comparison, ({ provider, run }) => {
            const usd = costs[run - 1 + (provider === 'kie' ? 0 : 6)] ?? null
            const known = usd === null ? null : Math.min(usd, priceOf(provider))
            return { cost: { usd: known, source: known === null ? 'none' : 'measured' } }
          })
          // At once instead of after a poll.
          const quick = {
            create: async (...args: Parameters<Ledger['create']>) => ledger.read((await ledger.create(...args)).id),
            read: ledger.read,
            readIfKnown: ledger.readIfKnown,
          }
          const stop = new AbortController()
          ledger.onCreate = (count) => {
            if (count === interruptAt) stop.abort()
          }
          const deps = {
            gateway: quick,
            beforeFirst: ledger.beforeFirst,
            checkStillThere: ledger.checkStillThere,
            onProgress: () => undefined,
            onAnchor: async () => undefined,
          }
          await executeComparison(comparison, { ...deps, purse: createPurse(capUsd), signal: stop.signal })
          const anchorId = [...ledger.generations.keys()][0] ?? null
          await executeComparison(
            { ...comparison, anchorId },
            { ...deps, purse: createPurse(capUsd), signal: new AbortController().signal },
          )
          const worstUsd = [...ledger.generations.values()].reduce(
            (sum, { cost: { usd }, attempts }) => sum + (usd ?? priceOf(attempts[0]?.provider ?? 'kie')),
            0,
          )
          assert.ok(worstUsd <= capUsd + 1e-9, `${worstUsd} of ${capUsd}`)
        },
      ),
      { numRuns: 150 },
    )
  })
})
