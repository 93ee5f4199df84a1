// Generations as the ledger gives them back when it closes one: `decide` reads their status only.
import type { Generation } from '../../src/contract/index.ts'

export function ended(status: 'completed' | 'failed' | 'cancelled'): Generation {
  return {
    id: 'gen_model',
    status,
    mode: 'mock',
    tenant: 'default',
    model: 'nano-banana',
    prompt: 'a model',
    count: 1,
    createdAt: '2026-11-22T00:00:00.000Z',
    finishedAt: '2026-11-22T00:00:01.000Z',
    servedBy: null,
    attempts: [],
    images: [],
    cost: { usd: null, source: 'none' },
    fidelity: null,
    timings: { untilSubmitMs: null, submitMs: null, providerMs: null, storeMs: null, totalMs: null },
    decisions: [],
    failure: null,
    itemFailures: [],
    metadata: {},
    links: { self: '', temporal: null },
  }
}

export const completed = ended('completed')
