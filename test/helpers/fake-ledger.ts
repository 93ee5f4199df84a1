// The ledger as the gateway sees it, in memory. For the gateway's own tests only: the real one has tests of its own.
import type { Generation, GenerationStatus, ProviderName } from '../../src/contract/index.ts'
import type { AccountGate, AccountRef } from '../../src/ledger/accounts-port.ts'
import type { Budget, OverBudget } from '../../src/ledger/budgets-port.ts'
import type {
  AttemptRef,
  AttemptRow,
  CreateGenerationResult,
  Hint,
  Ledger,
  NewGeneration,
  NewImage,
} from '../../src/ledger/ledger.ts'
import { InvalidCursorError, LedgerUnavailableError } from '../../src/ledger/ledger.ts'
import type { AttemptFilter, ListedAttempt, Stats, StatsFilter } from '../../src/ledger/stats-port.ts'
import type { TrackRecord } from '../../src/ledger/track-records-port.ts'
import type { Upload } from '../../src/ledger/uploads-port.ts'
import { newbornGeneration } from '../../src/gateway/generation-answer.ts'

export interface FakeLedger extends Ledger {
  /** true: every call rejects as if the database were gone */
  isDown: boolean
  /** false: `readGeneration` alone rejects */
  canRead: boolean
  /** names of the methods in the order they were called */
  readonly calls: string[]
  readonly hints: Hint[]
  readonly generations: Map<string, NewGeneration>
  /** as the plan does it: the row can no longer be forgotten */
  plan(generationId: string): void
  end(generationId: string, status: GenerationStatus): void
  addAttempt(ref: AttemptRef, provider: ProviderName): void
  addImage(image: NewImage): void
  /** what new generations are refused with; those that exist are found first */
  refusal: Extract<CreateGenerationResult, { kind: 'over_budget' | 'price_unknown' }> | null
  readonly budgets: Map<string, Budget>
  /** what the lists were asked for */
  readonly asked: (StatsFilter | AttemptFilter)[]
  attempts: ListedAttempt[]
  tracks: TrackRecord[]
}

export const noStats: Omit<Stats, 'from' | 'to' | 'mode'> = {
  generations: { made: 0, completed: 0, failed: 0, cancelled: 0, open: 0 },
  costUsd: 0,
  providers: [],
  taskConflicts: 0,
}

export function overBudget(changes: Partial<OverBudget> = {}): OverBudget {
  return {
    mode: 'mock',
    tenant: 'team-7',
    period: 'day',
    limitUsd: 1,
    usedUsd: 0.9,
    reservedUsd: 0.08,
    wantedUsd: 0.0475,
    resetsAt: new Date(Date.now() + 60_000),
    ...changes,
  }
}

export function createFakeLedger(): FakeLedger {
  const generations = new Map<string, NewGeneration>()
  const statuses = new Map<string, GenerationStatus>()
  const attempts = new Map<string, ProviderName>()
  const images = new Map<string, NewImage>()
  const hints: Hint[] = []
  const calls: string[] = []
  const budgets = new Map<string, Budget>()
  const uploads = new Map<string, Upload>()
  const gates = new Map<string, AccountGate>()
  const keyOfAccount = ({ mode, provider, account }: AccountRef): string => `${mode} ${provider} ${account}`
  const gateOf = ({ mode, provider, account }: AccountRef): AccountGate =>
    gates.get(keyOfAccount({ mode, provider, account })) ?? {
      mode,
      provider,
      account,
      pause: null,
      failures: 0,
      breaker: 'closed',
      inWindow: 0,
      inFlight: 0,
      inLine: 0,
      balance: null,
    }
  const keyOf = ({ generationId, item, attempt }: AttemptRef): string => `${generationId} ${item} ${attempt}`

  function called(name: string): void {
    calls.push(name)
    if (ledger.isDown) throw new LedgerUnavailableError('connect ECONNREFUSED postgres://darkroom:hunter2@10.0.0.7')
  }

  function read(id: string): Generation | null {
    const stored = generations.get(id)
    if (stored === undefined) return null
    const status = statuses.get(id) ?? 'planning'
    const hasEnded = status === 'completed' || status === 'failed' || status === 'cancelled'
    const own = [...images.values()].filter(({ generationId }) => generationId === id)
    return {
      ...newbornGeneration(stored, new Date('2026-11-22T12:00:00.000Z')),
      status,
      finishedAt: hasEnded ? '2026-11-22T12:00:20.000Z' : null,
      images: own.map((image) => ({ ...image, generationId: undefined, url: 'set by the gateway' })),
    }
  }

  const unused = async (): Promise<never> => {
    throw new Error('the gateway has no business with this part of the ledger')
  }

  const ledger: FakeLedger = {
    isDown: false,
    canRead: true,
    calls,
    hints,
    generations,
    plan: (id) => void statuses.set(id, 'submitting'),
    end: (id, status) => void statuses.set(id, status),
    addAttempt: (ref, provider) => void attempts.set(keyOf(ref), provider),
    addImage: (image) => void images.set(`${image.generationId} ${image.index}`, image),

    async createGeneration(generation) {
      called('createGeneration')
      const stored = generations.get(generation.id)
      if (stored === undefined && ledger.refusal !== null) return ledger.refusal
      if (stored === undefined) {
        generations.set(generation.id, generation)
        return { kind: 'created' }
      }
      return { kind: stored.requestSha256 === generation.requestSha256 ? 'exists' : 'conflict' }
    },
    async forgetUnplanned(id) {
      called('forgetUnplanned')
      return !statuses.has(id) && generations.delete(id)
    },
    async readGeneration(id) {
      called('readGeneration')
      if (!ledger.canRead) throw new LedgerUnavailableError('the connection was lost')
      return read(id)
    },
    async listGenerations({ status, cursor, limit }) {
      called('listGenerations')
      const all = [...generations.keys()].toReversed().flatMap((id) => read(id) ?? [])
      const wanted = all.filter((generation) => status === undefined || generation.status === status)
      const from = cursor === undefined ? 0 : Number(cursor)
      if (Number.isNaN(from)) throw new InvalidCursorError('the cursor is not one that this ledger gave out')
      const page = wanted.slice(from, from + limit)
      return { generations: page, nextCursor: from + limit < wanted.length ? String(from + limit) : null }
    },
    async readImage(id, index) {
      called('readImage')
      return images.get(`${id} ${index}`) ?? null
    },
    async readAttempt(ref) {
      called('readAttempt')
      const provider = attempts.get(keyOf(ref))
      return provider === undefined ? null : newRow(ref, provider)
    },
    async keepHint(hint) {
      called('keepHint')
      const isKnown = hints.some((kept) => keyOf(kept) === keyOf(hint) && kept.bodySha256 === hint.bodySha256)
      if (!isKnown) hints.push(hint)
    },
    refusal: null,
    budgets,
    asked: [],
    attempts: [],
    async setBudget(key, limitUsd) {
      called('setBudget')
      const budget = { ...key, limitUsd, usedUsd: 0.25, reservedUsd: 0, resetsAt: new Date('2026-11-23T00:00:00.000Z') }
      budgets.set(`${key.tenant ?? '(all)'} ${key.period}`, budget)
      return budget
    },
    async removeBudget({ tenant, period }) {
      called('removeBudget')
      return budgets.delete(`${tenant ?? '(all)'} ${period}`)
    },
    async listBudgets() {
      called('listBudgets')
      return [...budgets.values()]
    },
    async listAccounts(known) {
      called('listAccounts')
      const listed = known.filter((ref) => !gates.has(keyOfAccount(ref)))
      return [...gates.values(), ...listed.map(gateOf)]
    },
    async pauseAccount(account, { until, ...why }) {
      called('pauseAccount')
      const pause = { ...why, since: new Date('2026-11-22T12:00:00.000Z'), until }
      gates.set(keyOfAccount(account), { ...gateOf(account), pause })
      return pause
    },
    async resumeAccount(account) {
      called('resumeAccount')
      const wasPaused = gateOf(account).pause !== null
      gates.set(keyOfAccount(account), { ...gateOf(account), pause: null })
      return wasPaused
    },
    async readStats(filter) {
      called('readStats')
      ledger.asked.push(filter)
      return { from: filter.from.toISOString(), to: filter.to.toISOString(), mode: filter.mode, ...noStats }
    },
    async listAttempts(filter) {
      called('listAttempts')
      ledger.asked.push(filter)
      if (filter.cursor === 'nonsense') throw new InvalidCursorError('the cursor is not one that this ledger gave out')
      return { attempts: ledger.attempts, nextCursor: null }
    },
    tracks: [],
    async readTrackRecords(_mode, tracks) {
      if (tracks.length > 0) called('readTrackRecords')
      return ledger.tracks.filter(({ provider, model }) =>
        tracks.some((track) => track.provider === provider && track.model === model),
      )
    },
    async addUpload(upload) {
      called('addUpload')
      if (uploads.has(upload.sha256)) return false
      uploads.set(upload.sha256, { ...upload, createdAt: new Date('2026-11-28T12:00:00.000Z') })
      return true
    },
    async readUploads(sha256s) {
      called('readUploads')
      return sha256s.flatMap((sha256) => uploads.get(sha256) ?? [])
    },
    async ping() {
      called('ping')
    },
    async close() {},

    recordPlan: unused,
    readPlan: unused,
    closeGeneration: unused,
    claimAttempt: unused,
    beginSend: unused,
    releaseSend: unused,
    rejectSend: unused,
    loseSend: unused,
    recordTaskId: unused,
    adoptTaskId: unused,
    withdrawAttempt: unused,
    recordVerdict: unused,
    isTaskIdHeldElsewhere: unused,
    earlierHolderOf: unused,
    readHints: unused,
    takeTurn: unused,
    noteAccountNews: unused,
    recordBalance: unused,
    settleAttempt: unused,
    addExtraTask: unused,
    settleExtraTask: unused,
    readExtraTasks: unused,
    openClaims: unused,
    dismissClaim: unused,
    owingOf: unused,
    listOwing: unused,
    addSpares: unused,
    addItemImages: unused,
    listOpenGenerations: unused,
    compareBalances: unused,
    readTotals: unused,
    readUploadLink: unused,
    keepUploadLink: unused,
    forgetUploadLinks: unused,
    failUpload: unused,
  }
  return ledger
}

function newRow(ref: AttemptRef, provider: ProviderName): AttemptRow {
  return {
    ...ref,
    provider,
    account: 'default',
    baseUrl: 'http://127.0.0.1:1',
    mode: 'mock',
    api: 'market',
    model: 'google/nano-banana',
    entry: 0,
    pictures: 1,
    requestSha256: '0'.repeat(64),
    state: 'accepted',
    sendId: null,
    sendStartedAt: null,
    sendDeadlineAt: null,
    tries: 1,
    providerTaskId: 'task-1',
    adopted: false,
    outcome: null,
    reason: null,
    message: null,
    cost: { usd: null, credits: null, source: 'none' },
    provenFree: false,
    possibleExtraCharge: false,
    verdict: null,
    settledAt: null,
    createdAt: new Date(0),
    acceptedAt: null,
    finishedAt: null,
  }
}
