// Joins the records: a prompt carries the nonce of its generation, so each provider task has an owner whatever our ledger says.
import type { Generation } from '../../../src/contract/index.ts'
import type { LedgerEntry } from '../../../src/simulator/ledger.ts'
import { nonceOf } from '../plan.ts'
import type { Books, ChaosRecords } from './records.ts'

export function openBooks(records: ChaosRecords): Books {
  const byNonce = new Map<string, LedgerEntry[]>()
  const byId = new Map<string, LedgerEntry>()
  for (const task of records.tasks) {
    byId.set(`${task.provider}/${task.taskId}`, task)
    const nonce = nonceOf(task.prompt)
    if (nonce === null) continue
    const known = byNonce.get(nonce)
    if (known === undefined) byNonce.set(nonce, [task])
    else known.push(task)
  }
  const planned = new Map(records.plan.map((one) => [one.nonce, one]))
  const histories = new Map(records.histories.filter(({ type }) => type === 'GenerateImage').map((one) => [one.workflowId, one]))
  return {
    tasksOf: (generation) => byNonce.get(nonceOf(generation.prompt) ?? '') ?? [],
    plannedOf: (generation) => planned.get(nonceOf(generation.prompt) ?? '') ?? null,
    historyOf: (id) => histories.get(id) ?? null,
    taskById: (provider, taskId) => byId.get(`${provider}/${taskId}`) ?? null,
  }
}

export function isEnded({ status }: Pick<Generation, 'status'>): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled'
}

/** Short enough for a line of the report. */
export function label(generation: Generation, books: Books): string {
  const rows = books.plannedOf(generation)?.rows.join('+') ?? '?'
  return `${generation.id} (${rows === '' ? 'no fault' : rows})`
}
