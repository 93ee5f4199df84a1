// Generations as the gateway gives them.
import type { AttemptReport, Generation } from '../../../src/contract/index.ts'

export function sampleAttempt(changes: Partial<AttemptReport> = {}): AttemptReport {
  return {
    item: 0,
    number: 1,
    provider: 'kie',
    account: 'default',
    state: 'succeeded',
    model: 'google/nano-banana',
    pictures: 1,
    outcome: 'succeeded',
    reason: null,
    message: null,
    providerTaskId: 'task-1',
    adopted: false,
    activityTries: 1,
    submittedAt: '2026-11-01T10:00:00.100Z',
    acceptedAt: '2026-11-01T10:00:00.300Z',
    finishedAt: '2026-11-01T10:00:02.400Z',
    calledBackAt: '2026-11-01T10:00:02.410Z',
    cost: { usd: 0.02, credits: 4, source: 'measured' },
    possibleExtraCharge: false,
    verdict: null,
    settledAt: null,
    extraTasks: [],
    openClaims: 0,
    ...changes,
  }
}

export function sampleGeneration(changes: Partial<Generation> = {}): Generation {
  return {
    id: 'gen_1',
    status: 'completed',
    mode: 'mock',
    tenant: 'default',
    model: 'nano-banana',
    prompt: 'a red fox in the snow',
    count: 1,
    createdAt: '2026-11-01T10:00:00.000Z',
    finishedAt: '2026-11-01T10:00:02.500Z',
    servedBy: { provider: 'kie', model: 'google/nano-banana', providerTaskId: 'task-1', item: 0, attempt: 1 },
    attempts: [sampleAttempt()],
    images: [
      {
        index: 0,
        item: 0,
        attempt: 1,
        url: '/v1/generations/gen_1/images/0',
        sha256: 'a'.repeat(64),
        sizeBytes: 412_345,
        contentType: 'image/png',
        width: 768,
        height: 768,
        provenance: 'none',
        spare: false,
      },
    ],
    cost: { usd: 0.02, source: 'measured' },
    fidelity: { level: 'exact', changes: [] },
    timings: { untilSubmitMs: 100, submitMs: 200, providerMs: 2_100, storeMs: 60, totalMs: 2_500 },
    decisions: [],
    failure: null,
    itemFailures: [],
    metadata: {},
    links: { self: '/v1/generations/gen_1', temporal: 'http://127.0.0.1:8233/namespaces/default/workflows/gen_1' },
    ...changes,
  }
}
