// Waits for the end of a generation by asking the gateway, and says meanwhile what it is doing.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Generation } from '../contract/index.ts'
import { CliError, exitCodes } from './errors.ts'
import type { GatewayClient } from './gateway-client.ts'
import type { ProgressLine } from './render/progress.ts'
import { describeProgress } from './render/progress.ts'

export interface FollowOptions {
  gateway: Pick<GatewayClient, 'read'>
  progress: ProgressLine
  /** stops the waiting, not the generation */
  signal?: AbortSignal
  /** begins each progress text, e.g. `1 of 2` */
  prefix?: string
}

/** A picture takes ten seconds and more; five looks a second cost nothing on the first, one a second on all others. */
const pollMs = { first: 200, most: 1_000 }
/** A gateway that is being restarted comes back; the generation goes on without it. */
const patienceMs = 30_000

export function hasEnded(generation: Generation): boolean {
  return ['completed', 'failed', 'cancelled'].includes(generation.status)
}

/** Resolves with the generation as it is when it has ended, or when `signal` aborts. */
export async function followGeneration(first: Generation, options: FollowOptions): Promise<Generation> {
  const { gateway, progress, signal } = options
  const prefix = options.prefix === undefined ? '' : `${options.prefix} · `
  const sinceMs = performance.now()
  let generation = first
  let pauseMs = pollMs.first
  let lostSinceMs: number | null = null
  const isLeft = (): boolean => signal?.aborted === true
  while (!hasEnded(generation) && !isLeft()) {
    progress.show(
      lostSinceMs === null ? `${prefix}${describeProgress(generation)}` : `${prefix}the gateway does not answer, still trying`,
      sinceMs,
    )
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    pauseMs = Math.min(pauseMs * 1.2, pollMs.most)
    try {
      generation = await gateway.read(generation.id)
      lostSinceMs = null
    } catch (error) {
      lostSinceMs ??= performance.now()
      const isTransient = error instanceof CliError && error.exitCode === exitCodes.notReachable
      if (!isTransient || performance.now() - lostSinceMs > patienceMs) throw error
    }
  }
  progress.clear()
  return generation
}
