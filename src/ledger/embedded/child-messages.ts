// What the ledger process is told at its start, and what it answers, once.
import type { LockHolder } from './folder-lock.ts'

export interface ChildOptions {
  ledgerFolder: string
  templateFolder: string | null
  owner: LockHolder['owner']
  idleTimeoutMs: number
}

export type ChildAnswer =
  | { kind: 'ready'; host: string; port: number }
  | { kind: 'locked'; holder: LockHolder }
  /** `code`: of the system, e.g. EACCES; null for anything else */
  | { kind: 'failed'; code: string | null; message: string }

/** The child is our own code: its first message is an answer if it looks like one. */
export function isChildAnswer(message: unknown): message is ChildAnswer {
  return typeof message === 'object' && message !== null && 'kind' in message
}
