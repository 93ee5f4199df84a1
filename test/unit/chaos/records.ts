// A small run without a fault, made up: one generation, one task, one picture. Each test spoils one thing in it.
import type { AttemptReport, Generation } from '../../../src/contract/index.ts'
import type { LedgerEntry, RequestEntry } from '../../../src/simulator/ledger.ts'
import type { ChaosRecords, HistoryRecord } from '../../chaos/checker/records.ts'

const startMs = Date.parse('2026-11-22T10:00:00.000Z')
export const at = (ms: number): string => new Date(startMs + ms).toISOString()
export const nonce = 'chaos-00000-0123abcd'
const prompt = `a red bicycle, ${nonce}`
export const id = 'gen_1'
export const sha = 'a'.repeat(64)

export function attempt(changes: Partial<AttemptReport> = {}): AttemptReport {
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
    submittedAt: at(100),
    acceptedAt: at(200),
    calledBackAt: null,
    finishedAt: at(1_000),
    cost: { usd: 0.02, credits: 4, source: 'measured' },
    possibleExtraCharge: false,
    verdict: null,
    settledAt: null,
    extraTasks: [],
    openClaims: 0,
    ...changes,
  }
}

export function generation(changes: Partial<Generation> = {}): Generation {
  return {
    id,
    status: 'completed',
    mode: 'mock',
    tenant: 'default',
    model: 'nano-banana',
    prompt,
    count: 1,
    createdAt: at(0),
    finishedAt: at(1_200),
    servedBy: { provider: 'kie', model: 'google/nano-banana', providerTaskId: 'task-1', item: 0, attempt: 1 },
    attempts: [attempt()],
    images: [
      {
        index: 0,
        item: 0,
        attempt: 1,
        url: `/v1/generations/${id}/images/0`,
        sha256: sha,
        sizeBytes: 100,
        contentType: 'image/png',
        width: 64,
        height: 64,
        provenance: 'none',
        spare: false,
      },
    ],
    cost: { usd: 0.02, source: 'measured' },
    fidelity: { level: 'exact', changes: [] },
    timings: { untilSubmitMs: 100, submitMs: 100, providerMs: 800, storeMs: 200, totalMs: 1_200 },
    decisions: [],
    failure: null,
    itemFailures: [],
    metadata: { nonce },
    links: { self: `/v1/generations/${id}`, temporal: null },
    ...changes,
  }
}

export function task(changes: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    provider: 'kie',
    taskId: 'task-1',
    model: 'google/nano-banana',
    api: 'market',
    prompt,
    createdAtMs: startMs + 150,
    finishedAtMs: startMs + 1_000,
    state: 'succeeded',
    credits: 4,
    usd: 0.02,
    refunded: false,
    references: [],
    hasCallbackUrl: true,
    reply: 'answered',
    keyFingerprint: '0123456789ab',
    callbacks: [{ atMs: startMs + 1_010, kind: 'genuine', delivery: 1, status: 200, error: null }],
    queries: 1,
    downloads: 1,
    ...changes,
  }
}

export function submitAt(ms: number): RequestEntry {
  return {
    atMs: startMs + ms,
    provider: 'kie',
    point: 'submit',
    method: 'POST',
    path: '/api/v1/jobs/createTask',
    keyFingerprint: '0123456789ab',
    taskId: null,
    status: 200,
    delivery: 'answered',
    faults: [],
  }
}

export function history(changes: Partial<HistoryRecord> = {}): HistoryRecord {
  return {
    workflowId: id,
    runId: 'run-1',
    type: 'GenerateImage',
    status: 'COMPLETED',
    startedAtMs: startMs,
    closedAtMs: startMs + 5_000,
    events: 30,
    sizeBytes: 20_000,
    failedWorkflowTasks: [],
    timedOutTasks: 0,
    firedTimers: 0,
    signals: [{ atMs: startMs + 1_010, attempt: 1, claimedTaskId: 'task-1' }],
    activities: { submitTask: 1, awaitTask: 1, storeImages: 1 },
    ...changes,
  }
}

export function records(changes: Partial<ChaosRecords> = {}): ChaosRecords {
  return {
    plan: [
      {
        index: 0,
        nonce,
        idempotencyKey: '1-0',
        request: { model: 'nano-banana', prompt, metadata: { nonce } },
        rows: ['P5'],
        rules: [],
        cancelAfterMs: null,
        postsTwice: false,
        uploadSha256: null,
      },
    ],
    client: [
      {
        index: 0,
        nonce,
        key: '1-0',
        ids: [id],
        acceptedAtMs: startMs,
        readings: [
          { atMs: startMs + 100, status: 'planning' },
          { atMs: startMs + 1_400, status: 'completed' },
        ],
        cancelledAtMs: null,
        final: generation(),
        refused: null,
      },
    ],
    http: { byStatus: { '200': 5, '202': 1 }, faults: [] },
    generations: [generation()],
    listedIds: [id],
    pictures: [
      {
        generationId: id,
        index: 0,
        item: 0,
        attempt: 1,
        isSpare: false,
        reportedSha256: sha,
        fetchedSha256: sha,
        providerSha256: [sha],
      },
    ],
    histories: [history()],
    replay: { replayed: 1, errors: [] },
    tasks: [task()],
    requests: [submitAt(150)],
    searches: [{ where: 'histories', sizeBytes: 10, found: [] }],
    exits: [{ name: 'worker-a', atMs: startMs, code: null, signal: 'SIGKILL', wasReady: true, lastWords: '', row: 'K5' }],
    complaints: [],
    left: { temporaryFiles: [], unreferencedPictures: [], storedPictures: 1 },
    rows: [{ id: 'P5', planned: 1, fired: 1 }],
    lastFaultAtMs: startMs + 2_000,
    endedAtMs: startMs + 10_000,
    limits: { generationDeadlineMs: 60_000, createsPerWindow: 20, windowMs: 2_000, maxInFlight: 24, leaseMs: 8_000 },
    ...changes,
  }
}
