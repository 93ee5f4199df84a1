// What a guard and the process that started it say to one another over their IPC channel.

/** `gently`: asked to stop, killed when it does not. `at-once`: killed, where there is nothing to save. */
export type Ending = 'gently' | 'at-once'

export interface GuardOrder {
  kind: 'end'
  ending: Ending
}

export type GuardMessage =
  | { kind: 'started'; pid: number }
  | { kind: 'not_started'; why: string }
  | { kind: 'ended'; exitCode: number | null; signal: NodeJS.Signals | null }

export function isEnding(value: unknown): value is Ending {
  return value === 'gently' || value === 'at-once'
}

export function isGuardOrder(value: unknown): value is GuardOrder {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    value.kind === 'end' &&
    'ending' in value &&
    isEnding(value.ending)
  )
}

export function isGuardMessage(value: unknown): value is GuardMessage {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false
  return value.kind === 'started' || value.kind === 'not_started' || value.kind === 'ended'
}
