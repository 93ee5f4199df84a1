// A comparison and generations of it, as files and gateway have them.
import type { Comparison, PlannedRun } from '../../../../src/cli/compare/comparison.ts'
import { requestOf } from '../../../../src/cli/compare/comparison.ts'
import type { Generation } from '../../../../src/contract/index.ts'
import { sampleAttempt, sampleGeneration } from '../sample-generation.ts'

export function sampleComparison(changes: Partial<Comparison> = {}): Comparison {
  return {
    format: 1,
    id: 'cmp_01M8GZD3HWQAV2TF4WPCRNDZ55',
    createdAt: '2026-11-01T09:59:00.000Z',
    mode: 'mock',
    gatewayUrl: 'http://127.0.0.1:8080',
    request: { model: 'nano-banana' },
    pictures: [],
    deadlineMs: null,
    providers: ['kie', 'defapi'],
    prompts: ['a red fox', 'a green door'],
    runs: 4,
    seed: 7,
    concurrency: 2,
    capUsd: null,
    prices: { kie: { usd: 0.02, source: 'list' }, defapi: { usd: 0.02, source: 'borrowed' } },
    anchorId: null,
    ...changes,
  }
}

/** What the gateway would have of a run: a picture after `totalMs`, or none. */
export function generationOf(
  comparison: Comparison,
  run: PlannedRun,
  { totalMs = 3_000, failed = false, ...changes }: Partial<Generation> & { totalMs?: number; failed?: boolean } = {},
): Generation {
  const { prompt = '', metadata = {} } = requestOf(comparison, run)
  const startMs = Date.parse('2026-11-01T10:00:00.000Z')
  const at = (ms: number): string => new Date(startMs + ms).toISOString()
  const attempt = sampleAttempt({
    provider: run.provider,
    submittedAt: at(100),
    acceptedAt: at(200),
    finishedAt: at(100 + totalMs - 500),
    calledBackAt: at(100 + totalMs - 450),
    ...(failed ? { state: 'failed', outcome: 'failed', reason: 'provider_fault', message: 'internal error' } : {}),
  })
  return sampleGeneration({
    id: run.generationId,
    prompt,
    metadata,
    createdAt: at(0),
    finishedAt: at(100 + totalMs),
    attempts: [attempt],
    timings: { untilSubmitMs: 100, submitMs: 100, providerMs: totalMs - 600, storeMs: 500, totalMs: totalMs + 100 },
    decisions: [{ at: at(100 + totalMs - 400), decision: `store from ${run.provider}`, because: 'finished' }],
    ...(failed
      ? {
          status: 'failed',
          servedBy: null,
          images: [],
          cost: { usd: 0, source: 'measured' },
          failure: { type: 'ProvidersExhausted', message: 'internal error' },
        }
      : { servedBy: { provider: run.provider, model: 'google/nano-banana', providerTaskId: 'task-1', item: 0, attempt: 1 } }),
    ...changes,
  })
}
