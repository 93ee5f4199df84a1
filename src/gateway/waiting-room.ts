// `Prefer: wait=N` (RFC 7240): a caller may wait for the end of its generation. We ask the ledger again and again, because it is the
// one place that every worker writes to; a notification would have to be made reliable first.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Generation } from '../contract/index.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { LedgerUnavailableError } from '../ledger/ledger.ts'
import { hasEnded } from './generation-answer.ts'
import type { GatewayLimits } from './limits.ts'

/** How long the caller wants to wait, cut to what we offer; null: not at all. Other preferences are left alone, as the RFC says. */
export function readWaitMs(prefer: string | string[] | undefined, maxWaitMs: number): number | null {
  const preferences = [prefer ?? []].flat().join(',').split(',')
  for (const preference of preferences) {
    const seconds = /^\s*wait\s*=\s*"?(\d{1,9})"?\s*$/i.exec(preference)?.[1]
    if (seconds !== undefined) return Math.min(Number(seconds) * 1_000, maxWaitMs)
  }
  return null
}

export interface WaitingRoom {
  /**
   * The generation as it was last seen: ended, or not when the time is over, the caller has left, the gateway closes or the ledger is
   * out of reach. Null when there is no room: then nobody has waited.
   */
  waitForEnd(generation: Generation, waitMs: number, signal: AbortSignal): Promise<Generation | null>
}

export function createWaitingRoom(ledger: Pick<Ledger, 'readGeneration'>, limits: GatewayLimits): WaitingRoom {
  let waiters = 0

  async function wait(first: Generation, waitMs: number, signal: AbortSignal): Promise<Generation> {
    const endMs = performance.now() + waitMs
    let seen = first
    for (let pauseMs = limits.waitPollFirstMs; !hasEnded(seen) && !signal.aborted; pauseMs *= 1.5) {
      const leftMs = endMs - performance.now()
      if (leftMs <= 0) break
      await sleep(Math.min(pauseMs, limits.waitPollMaxMs, leftMs), undefined, { signal }).catch(() => undefined)
      seen = (await readOrNull(ledger, seen.id)) ?? seen
    }
    return seen
  }

  return {
    async waitForEnd(generation, waitMs, signal) {
      if (waiters >= limits.maxWaiters) return null
      waiters += 1
      try {
        return await wait(generation, waitMs, signal)
      } finally {
        waiters -= 1
      }
    },
  }
}

/** The generation runs on whether we can read it or not: a ledger that hiccups only makes the caller wait longer. */
async function readOrNull(ledger: Pick<Ledger, 'readGeneration'>, generationId: string): Promise<Generation | null> {
  try {
    return await ledger.readGeneration(generationId)
  } catch (error) {
    if (error instanceof LedgerUnavailableError) return null
    throw error
  }
}
