// Waits until every generation of a run has ended.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Generation } from '../../src/contract/index.ts'

/** A generation that has not ended by then is lost: the send deadline (65 s), the listening (180 s) and a fallback are over. */
const patienceMs = 300_000

export async function settle(read: (id: string) => Promise<Generation>, ids: readonly string[]): Promise<Generation[]> {
  const endMs = performance.now() + patienceMs
  const ended = new Map<string, Generation>()
  for (;;) {
    for (const id of ids.filter((one) => !ended.has(one))) {
      const generation = await read(id)
      if (generation.finishedAt !== null || performance.now() >= endMs) ended.set(id, generation)
    }
    if (ended.size === ids.length) return [...ended.values()]
    // Each look is a read of every open row, from a ledger that the workers need too.
    await sleep(1_000)
  }
}
