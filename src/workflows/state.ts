// Where a generation stands, and what each thing that happens does to it: `apply` is pure, like `decide`, and the only way to change it.
import type { AttemptOutcome, FailureType, Generation, ItemFailure, RefusalReason } from '../contract/index.ts'
import type { AttemptStanding, BusyReport, PlannedEntry, RoutePolicy } from '../activities/types.ts'

/** Where the workflow stands with one attempt. */
export type AttemptPhase =
  /** claimed, but no account has room: in line, nothing sent */
  | 'queued'
  /** its turn has come: a permit is held for it */
  | 'turn'
  /** the provider has a task of ours */
  | 'accepted'
  /** sent, no readable answer: listen first */
  | 'unknown'
  /** listened, and nothing was heard */
  | 'unheard'
  /** its time passed while the provider was still at work; it stays watched while its successor runs */
  | 'overdue'
  /** provider: finished */
  | 'succeeded'
  /** provider: task failed */
  | 'failed'
  /** provider: refused for good, no task */
  | 'rejected'
  /** all tries used, or the line was too long: nothing sent or refused each time, row withdrawn: free */
  | 'exhausted'

export interface AttemptRecord {
  number: number
  /** index in the route */
  entry: number
  phase: AttemptPhase
  providerTaskId: string | null
  recorded: boolean
  reason: RefusalReason | null
  message: string | null
  provenFree: boolean
  /** its callback has come already, so that there is nothing to wait for before asking */
  isHeard: boolean
  /** workflow time at which the task id was known */
  acceptedAtMs: number | null
  /** set while it is in line */
  line: { sinceMs: number; busy: BusyReport; pauseEndsAtMs: number | null } | null
}

/** What a story is about: the whole generation, or one item of several. */
export interface Share {
  item: number
  /** that each task of it is asked for */
  pictures: number
  /** where in the route it begins, and why there */
  entry: number
  because: string
  /** attempts at a task for all pictures, before there were items */
  earlierAttempts: number
  /** of these, those that may have cost money */
  earlierPaid: number
}

/** A word about the request itself: whoever is asked next would get the same request. */
export interface Refusal {
  type: FailureType
  why: string
}

/** How an item ended. */
export type ItemEnd =
  | { item: number; served: true; entry: number; attempt: number }
  | { item: number; served: false; failure: Omit<ItemFailure, 'item'> }

export interface GenerationState {
  route: PlannedEntry[]
  policy: RoutePolicy
  deadlineAtMs: number
  share: Share
  /** what the other stories of the generation have spent at most, or may be spending now */
  elsewhereUsd: number
  /** of an item: what a provider said of the request itself when it was asked for all pictures */
  refusedElsewhere: Refusal | null
  attempts: AttemptRecord[]
  /** it is asked for item by item from here on: what was asked for as a whole is left behind */
  isSplit: boolean
  /** set once every item has ended */
  items: ItemEnd[] | null
  /** set once the pictures are stored and the row is closed */
  generation: Generation | null
  /** set when the generation is being closed without pictures */
  endedAs: 'completed' | 'failed' | 'cancelled' | null
}

/** What can happen to a generation. `standing` is what the ledger row says afterwards. */
export type StoryEvent =
  /** a run of the submit ended, however it did */
  | { kind: 'submitted'; number: number; entry: number; standing: AttemptStanding }
  /** waiting in line ended: its turn has come, or its row says otherwise */
  | { kind: 'line_ended'; number: number; standing: AttemptStanding }
  /** the provider was asked until it had an end for the task */
  | { kind: 'answered'; number: number; standing: AttemptStanding }
  /** its time passed without an end */
  | { kind: 'overdue'; number: number; message: string }
  /** listening for a lost reply ended; null: with nothing heard */
  | { kind: 'listened'; number: number; standing: AttemptStanding | null }
  /** before each decision of one of several stories */
  | { kind: 'elsewhere'; usd: number; refusal: Refusal | null }
  | { kind: 'split' }
  | { kind: 'items_ended'; items: ItemEnd[] }
  | { kind: 'stored'; generation: Generation }
  | { kind: 'closing'; status: 'completed' | 'failed' | 'cancelled' }

/** A story before anything has happened in it. */
export function newStory(
  plan: Pick<GenerationState, 'route' | 'policy' | 'deadlineAtMs'>,
  share: Partial<Share>,
): GenerationState {
  const whole = { item: 0, pictures: 1, entry: 0, because: 'first in the route', earlierAttempts: 0, earlierPaid: 0 }
  const { route, policy, deadlineAtMs } = plan
  const told = { attempts: [], isSplit: false, items: null, generation: null, endedAs: null }
  return { route, policy, deadlineAtMs, share: { ...whole, ...share }, elsewhereUsd: 0, refusedElsewhere: null, ...told }
}

export function apply(state: GenerationState, event: StoryEvent, nowMs: number): GenerationState {
  switch (event.kind) {
    case 'stored':
      return { ...state, generation: event.generation }
    case 'closing':
      return { ...state, endedAs: event.status }
    case 'elsewhere':
      return { ...state, elsewhereUsd: event.usd, refusedElsewhere: event.refusal }
    case 'split':
      return { ...state, isSplit: true }
    case 'items_ended':
      return { ...state, items: event.items }
    case 'submitted':
      return withAttempt(state, submitted(state, event, nowMs))
    case 'line_ended':
      return change(state, event.number, (attempt) => standingInLine(attempt, event.standing, nowMs))
    case 'answered':
      return change(state, event.number, (attempt) => answered(attempt, event.standing))
    case 'overdue':
      return change(state, event.number, (attempt) => ({
        ...attempt,
        phase: 'overdue',
        reason: 'deadline',
        message: event.message,
      }))
    case 'listened':
      return change(state, event.number, (attempt) => listened(state, attempt, event.standing, nowMs))
  }
}

function submitted(
  state: GenerationState,
  { number, entry, standing }: Extract<StoryEvent, { kind: 'submitted' }>,
  nowMs: number,
): AttemptRecord {
  const earlier = attemptOf(state, number)
  const fresh: AttemptRecord = {
    number,
    entry,
    phase: 'queued',
    providerTaskId: null,
    recorded: true,
    reason: null,
    message: null,
    provenFree: false,
    isHeard: false,
    acceptedAtMs: null,
    line: earlier?.line ?? null,
  }
  return standingInLine(fresh, standing, nowMs)
}

/** A row that is still `claimed` waits, unless it was given its turn or nobody says why it waits; anything else is an outcome. */
function standingInLine(attempt: AttemptRecord, standing: AttemptStanding, nowMs: number): AttemptRecord {
  const { busy } = standing
  if (standing.state === 'claimed' && busy !== undefined) {
    const pauseEndsAtMs = busy.pauseEndsInMs === null ? null : nowMs + busy.pauseEndsInMs
    return { ...attempt, phase: 'queued', line: { sinceMs: attempt.line?.sinceMs ?? nowMs, busy, pauseEndsAtMs } }
  }
  const isTurn = standing.state === 'claimed' && attempt.line !== null
  return {
    ...attempt,
    phase: isTurn ? 'turn' : phaseOf(standing),
    providerTaskId: standing.providerTaskId,
    recorded: standing.recorded,
    reason: standing.reason,
    message: standing.message,
    provenFree: standing.provenFree,
    acceptedAtMs: standing.providerTaskId === null ? null : nowMs,
  }
}

function answered(attempt: AttemptRecord, standing: AttemptStanding): AttemptRecord {
  const { reason, message, provenFree } = standing
  return { ...attempt, recorded: true, phase: phaseOf(standing), reason, message, provenFree }
}

function listened(
  state: GenerationState,
  attempt: AttemptRecord,
  standing: AttemptStanding | null,
  nowMs: number,
): AttemptRecord {
  if (standing === null || standing.state === 'unknown') return { ...attempt, phase: 'unheard' }
  const phase = phaseOf(standing)
  return {
    ...attempt,
    providerTaskId: standing.providerTaskId,
    // One that was given up is not waited for as the current one is: it stays behind, and watched. Its successor may still be on its
    // way to the provider, so that it is the last one yet.
    phase: phase === 'accepted' && (attempt.phase === 'unheard' || isLeft(state, attempt)) ? 'overdue' : phase,
    reason: standing.reason,
    message: standing.message,
    provenFree: standing.provenFree,
    isHeard: true,
    acceptedAtMs: nowMs,
  }
}

function change(state: GenerationState, number: number, how: (attempt: AttemptRecord) => AttemptRecord): GenerationState {
  return { ...state, attempts: state.attempts.map((attempt) => (attempt.number === number ? how(attempt) : attempt)) }
}

function withAttempt(state: GenerationState, attempt: AttemptRecord): GenerationState {
  if (attemptOf(state, attempt.number) !== undefined) return change(state, attempt.number, () => attempt)
  return { ...state, attempts: [...state.attempts, attempt] }
}

export function attemptOf(state: GenerationState, number: number): AttemptRecord | undefined {
  return state.attempts.find((attempt) => attempt.number === number)
}

/** Another attempt, or one for each item, was begun after it. */
export function isLeft(state: GenerationState, attempt: AttemptRecord): boolean {
  return state.isSplit || state.attempts.at(-1)?.number !== attempt.number
}

/** True unless the attempt is known to cost nothing. */
export function mayHaveCost({ phase, provenFree }: AttemptRecord): boolean {
  return phase !== 'rejected' && phase !== 'exhausted' && phase !== 'queued' && phase !== 'turn' && !provenFree
}

/** Attempts for the same picture that reached accepted or unknown and are not proven free. */
export function paidAttempts(state: GenerationState): number {
  return state.share.earlierPaid + state.attempts.filter((attempt) => mayHaveCost(attempt)).length
}

/** What asking an entry of the route for everything that is still wanted costs by its list price. Without one it has used up any limit. */
export function listPriceUsd({ route, share: { pictures } }: GenerationState, entry: number): number {
  const planned = route[entry]
  if (pictures === 1) return planned?.priceUsd ?? Infinity
  if (planned?.whole) return planned.whole.priceUsd ?? Infinity
  return (planned?.priceUsd ?? Infinity) * pictures
}

/** By list prices, and with those that stand in line: they may be sent at any moment. */
export function committedUsd(state: GenerationState): number {
  return state.attempts
    .filter((attempt) => mayHaveCost(attempt) || attempt.phase === 'queued' || attempt.phase === 'turn')
    .reduce((sum, { entry }) => sum + listPriceUsd(state, entry), 0)
}

/** How a left attempt is reported. */
export function outcomeWhenLeft(attempt: AttemptRecord): AttemptOutcome {
  switch (attempt.phase) {
    case 'unknown':
    case 'unheard':
      return 'unknown'
    case 'accepted':
    case 'overdue':
      return 'overdue'
    case 'queued':
    case 'turn':
      return 'exhausted'
    case 'succeeded':
    case 'failed':
    case 'rejected':
    case 'exhausted':
      return attempt.phase
  }
}

/** The phase that follows from what the ledger row says after a submit, a query or a look-up. */
export function phaseOf(standing: AttemptStanding): AttemptPhase {
  switch (standing.state) {
    case 'accepted':
    case 'succeeded':
    case 'failed':
    case 'rejected':
    case 'unknown':
      return standing.state
    case 'withdrawn':
    case 'claimed':
    case 'absent':
      return 'exhausted'
    // Only seen after a reset: an earlier run left this attempt. What it paid next has a row of its own, which is found next.
    case 'abandoned':
      return standing.providerTaskId === null ? 'unheard' : 'overdue'
    // Only after the end of its generation, which a reset does not change (I2): nothing is to be waited for.
    case 'settled':
      return 'failed'
    // resolveAttempt waits until nobody can be sending; if one is all the same, a task may exist.
    case 'sending':
      return 'unknown'
  }
}
