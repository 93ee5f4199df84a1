// When room comes up at a provider's accounts, for the one who stands at a place in its line. Pure: what the grant found goes in.
import { toPause } from './account-rows.ts'
import type { AccountLimits, Busy } from './accounts-port.ts'
import type { Gate } from './permits.ts'

/**
 * Where no time is known, because the permits in the way are on the wire or at work: a submit is answered in about this, and one
 * place further on takes it once more.
 */
export const pollMs = 250
/** Nothing ends such a pause but a person or a balance check. */
const endlessPauseMs = 60_000

interface Slot {
  because: 'window' | 'in_flight'
  inMs: number
}

/** Why `position` (from 1) cannot send now, and when it may be able to. */
export function busyBecause(gates: readonly Gate[], limits: AccountLimits, position: number): Busy {
  const open = gates.filter(({ isPaused }) => !isPaused)
  const first = gates.toSorted((one, other) => endOf(one) - endOf(other))[0]
  if (open.length === 0 && first !== undefined) {
    const endsInMs = first.pauseEndsInMs ?? endlessPauseMs
    return { because: 'paused', pause: toPause(first), retryAfterMs: Math.max(1, endsInMs) }
  }
  const slots = open.flatMap((gate) => Array.from({ length: position }, (_, index) => slotOf(gate, limits, index + 1)))
  const own = slots.toSorted((one, other) => one.inMs - other.inMs)[position - 1]
  if (own === undefined) throw new Error('ledger: no account was offered for the send')
  return { because: position > 1 ? 'line' : own.because, pause: null, retryAfterMs: Math.max(1, own.inMs) }
}

/** When this account has room for `count` more. */
function slotOf(gate: Gate, limits: AccountLimits, count: number): Slot {
  const window = windowOpensInMs(gate, limits, count)
  const flight = flightEndsInMs(gate, limits, count)
  return window >= flight ? { because: 'window', inMs: window } : { because: 'in_flight', inMs: flight }
}

function windowOpensInMs({ inWindow, freesInMs }: Gate, { creates, windowMs }: AccountLimits, count: number): number {
  if (creates === null) return 0
  const mustFree = inWindow + count - creates
  if (mustFree <= 0) return 0
  const known = freesInMs[mustFree - 1]
  if (known !== undefined) return known
  // Beyond what has an answer, at the pace that the limit allows in the long run.
  const paceMs = windowMs / Math.max(1, creates)
  const last = freesInMs.at(-1)
  const beyond = mustFree - freesInMs.length
  return last === undefined ? pollMs + (beyond - 1) * paceMs : last + beyond * paceMs
}

function flightEndsInMs({ inFlight, isHalfOpen, open }: Gate, { maxInFlight }: AccountLimits, count: number): number {
  const room = Math.min(maxInFlight === null ? Infinity : maxInFlight - inFlight, isHalfOpen ? 1 - open : Infinity)
  return room >= count ? 0 : (count - Math.max(0, room)) * pollMs
}

function endOf({ pauseEndsInMs }: Gate): number {
  return pauseEndsInMs ?? Infinity
}
