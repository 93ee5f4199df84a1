// Bounds what callbacks can cost a running workflow: at most `wakesPerAttempt` signals per attempt and one per `wakeIntervalMs`.
// A wake that comes too early is not dropped: it joins the one that is sent when the interval is over, and is answered with that one's
// result, so that "200" always means "Temporal has it". In memory, per process: the workflow keeps the same bound for itself.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Wake } from '../contract/index.ts'
import type { AttemptRef } from '../ledger/ledger.ts'
import type { GenerationStarter } from './generation-starter.ts'

/** `signalled`, `settling`, `closed`: Temporal's word. `duplicate`: the same bytes were signalled before. `spent`: the attempt has had its wakes. */
export type WakeOutcome = 'signalled' | 'settling' | 'closed' | 'duplicate' | 'spent'

export interface WakeGate {
  /** Rejects with `TemporalUnavailableError` when Temporal does not have the wake: the provider shall call again. */
  wake(ref: AttemptRef, wake: Wake): Promise<WakeOutcome>
}

interface WakeGateOptions {
  temporal: Pick<GenerationStarter, 'signalWake'>
  wakesPerAttempt: number
  wakeIntervalMs: number
  trackedAttempts: number
}

interface Sending {
  /** the newest claim that joined; the others are in the ledger as hints */
  wake: Wake
  outcome: Promise<WakeOutcome>
}

interface AttemptWakes {
  signalled: number
  lastSendAtMs: number
  /** bodies that Temporal has; at most `wakesPerAttempt` */
  deliveredBodies: Set<string>
  /** the call that is running now */
  running: Sending | null
  /** the one that waits for its turn */
  next: Sending | null
}

export function createWakeGate(options: WakeGateOptions): WakeGate {
  const { temporal, wakesPerAttempt, wakeIntervalMs, trackedAttempts } = options
  const attempts = new Map<string, AttemptWakes>()

  function attemptOf(ref: AttemptRef): AttemptWakes {
    const key = `${ref.generationId} ${ref.item} ${ref.attempt}`
    const attempt = attempts.get(key) ?? newAttempt()
    // a Map keeps insertion order: putting it back makes it the newest
    attempts.delete(key)
    attempts.set(key, attempt)
    if (attempts.size > trackedAttempts) forgetOldest(attempts)
    return attempt
  }

  async function send(ref: AttemptRef, attempt: AttemptWakes, wake: Wake): Promise<WakeOutcome> {
    attempt.lastSendAtMs = performance.now()
    const outcome = await temporal.signalWake(ref.generationId, wake)
    // A wake that failed is not counted: an outage must not use up the budget of the calls that come after it.
    attempt.signalled += 1
    attempt.deliveredBodies.add(wake.bodySha256)
    return outcome
  }

  function sendNow(ref: AttemptRef, attempt: AttemptWakes, wake: Wake): Promise<WakeOutcome> {
    const outcome = send(ref, attempt, wake).finally(() => {
      attempt.running = null
    })
    attempt.running = { wake, outcome }
    return outcome
  }

  /** When the running call is over and the interval has passed, with the newest claim of all that joined meanwhile. */
  async function sendInTurn(ref: AttemptRef, attempt: AttemptWakes, next: Pick<Sending, 'wake'>): Promise<WakeOutcome> {
    await attempt.running?.outcome.catch(() => undefined)
    const waitMs = attempt.lastSendAtMs + wakeIntervalMs - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    attempt.next = null
    return sendNow(ref, attempt, next.wake)
  }

  return {
    async wake(ref, wake) {
      const attempt = attemptOf(ref)
      if (attempt.deliveredBodies.has(wake.bodySha256)) return 'duplicate'
      if (attempt.running?.wake.bodySha256 === wake.bodySha256) return attempt.running.outcome
      if (attempt.next !== null) {
        attempt.next.wake = wake
        return attempt.next.outcome
      }
      const begun = attempt.signalled + (attempt.running === null ? 0 : 1)
      if (begun >= wakesPerAttempt) return 'spent'
      const isTooEarly = performance.now() < attempt.lastSendAtMs + wakeIntervalMs
      if (attempt.running === null && !isTooEarly) return sendNow(ref, attempt, wake)
      const next = { wake }
      attempt.next = Object.assign(next, { outcome: sendInTurn(ref, attempt, next) })
      return attempt.next.outcome
    },
  }
}

function newAttempt(): AttemptWakes {
  return {
    signalled: 0,
    lastSendAtMs: Number.NEGATIVE_INFINITY,
    deliveredBodies: new Set(),
    running: null,
    next: null,
  }
}

/** One that is being sent is kept: its budget would begin afresh under it. */
function forgetOldest(attempts: Map<string, AttemptWakes>): void {
  for (const [key, attempt] of attempts) {
    if (attempt.running !== null || attempt.next !== null) continue
    attempts.delete(key)
    return
  }
}
