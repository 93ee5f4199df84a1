// What the providers would show in their own books: tasks with their charges, and every request that came in. Tests hold
// darkroom's ledger against this (I4).
import type { ProviderWord } from './faults/rule.ts'
import type { FaultPoint } from './faults/words.ts'
import type { SeenReference } from './references.ts'
import type { Task } from './tasks.ts'

export interface CallbackRecord {
  atMs: number
  kind: 'genuine' | 'duplicate' | 'forged'
  /** 1 for the first delivery of a copy, then its retries */
  delivery: number
  /** null: no answer */
  status: number | null
  error: string | null
}

export interface LedgerEntry {
  provider: ProviderWord
  taskId: string
  model: string
  api: string
  prompt: string
  createdAtMs: number
  finishedAtMs: number | null
  state: 'running' | 'succeeded' | 'failed'
  /** charged when made; null at DefAPI, which counts in dollars */
  credits: number | null
  usd: number
  refunded: boolean
  hasCallbackUrl: boolean
  /** the pictures it started from, as the provider got them */
  references: readonly SeenReference[]
  /** how the submit was answered: pending, answered, client_left, or the fault that spoilt it (dropped, reset, http_502 …) */
  reply: string
  keyFingerprint: string
  callbacks: CallbackRecord[]
  queries: number
  downloads: number
}

export interface RequestEntry {
  atMs: number
  provider: ProviderWord
  /** null: no such route */
  point: FaultPoint | null
  method: string
  path: string
  keyFingerprint: string | null
  taskId: string | null
  /** HTTP status of what was answered, or null where nothing was */
  status: number | null
  /** answered, dropped, reset, cut, client_left */
  delivery: string
  faults: string[]
}

export function ledgerEntry(task: Task): LedgerEntry {
  const { order } = task
  return {
    provider: order.provider,
    taskId: task.id,
    model: order.model,
    api: order.api,
    prompt: order.prompt,
    createdAtMs: task.createdAtMs,
    finishedAtMs: task.finishedAtMs,
    state: task.state,
    credits: order.price.credits,
    usd: order.price.usd,
    refunded: task.refunded,
    references: task.references,
    hasCallbackUrl: order.callbackUrl !== null,
    reply: task.reply,
    keyFingerprint: task.keyFingerprint,
    callbacks: task.callbacks.map((record) => ({ ...record })),
    queries: task.queries,
    downloads: task.downloads,
  }
}

// A long chaos run makes a few hundred thousand requests; the newest are those that matter.
const REQUESTS_KEPT = 100_000

export class RequestLog {
  #entries: RequestEntry[] = []

  add(entry: RequestEntry): void {
    this.#entries.push(entry)
    if (this.#entries.length > REQUESTS_KEPT * 1.1) this.#entries = this.#entries.slice(-REQUESTS_KEPT)
  }

  all(): RequestEntry[] {
    return this.#entries.map((entry) => ({ ...entry, faults: [...entry.faults] }))
  }

  clear(): void {
    this.#entries = []
  }
}
