// One generation from start to end in virtual time: `decide` says what to do, this world says what comes of it, `apply` takes it in.
// The world does what `generate-image.ts` would: the same waits, the same watching of attempts that were left behind.
import { attemptEndsAtMs, decide, lastMomentMs } from '../../src/workflows/decide.ts'
import type { Step } from '../../src/workflows/decide.ts'
import { apply, attemptOf, isLeft, mayHaveCost } from '../../src/workflows/state.ts'
import type { GenerationState, StoryEvent } from '../../src/workflows/state.ts'
import { answerToSubmit, rowOfEarlierRun } from './answers.ts'
import { pickOf } from './choices.ts'
import type { Choose } from './choices.ts'
import { ended, completed } from './ends.ts'
import * as jobsOf from './jobs.ts'
import type { Job } from './jobs.ts'
import { faultOfBooks, faultOfFailure, faultOfSubmit } from './oracle.ts'
import { scenarioOf, startOf } from './scenario.ts'
import type { Scenario } from './scenario.ts'

export interface Outcome {
  /** null: every invariant held */
  breach: string | null
  end: string
  /** what happened, for the coverage of a run */
  happened: readonly string[]
}

type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>

/** Each turn takes time or ends something: a story that is longer does not end. */
const maxTurns = 300
const unknownListenMs = 180_000
const submitStartToCloseMs = 90_000

class World {
  readonly choose: Choose
  readonly scenario: Scenario
  readonly jobs: Job[] = []
  readonly happened: string[] = []
  readonly trace: string[] | null
  state: GenerationState
  nowMs = 0
  breach: string | null = null
  end: string | null = null
  #watched = new Map<number, number>()

  constructor(choose: Choose, trace: string[] | null) {
    this.choose = choose
    this.trace = trace
    this.scenario = scenarioOf(choose)
    this.state = startOf(this.scenario)
    // After a reset the clock goes on, the deadline does not move.
    if (this.scenario.earlierRows > 0) this.nowMs = pickOf(choose, [0, 30_000, 700_000, 1_799_500])
    this.trace?.push(`scenario ${JSON.stringify(this.scenario)}, begins at ${this.nowMs} ms`)
  }

  run(): Outcome {
    for (let turn = 0; this.end === null && this.breach === null; turn += 1) {
      if (turn === maxTurns) this.#fault('the story does not end')
      else if (this.choose(60) === 59) this.#cancel()
      else this.#turn(decide(this.state, this.nowMs))
    }
    return { breach: this.breach, end: this.end ?? 'breach', happened: this.happened }
  }

  #turn(step: Step): void {
    this.trace?.push(`${this.nowMs} ms: ${step.kind}${'because' in step ? ` (${step.because})` : ''}`)
    switch (step.kind) {
      case 'submit':
        return this.#submit(step)
      case 'queue':
        return this.#queue(step)
      case 'leave_line':
        return this.#leaveLine(step)
      case 'await':
        return this.#await(step)
      case 'listen':
        return this.#listen(step)
      case 'watch':
        return this.#watchOn(step)
      case 'store':
        return this.#store(step)
      // One picture: the stories of several are told by the same functions, each with a share of its own.
      case 'split':
      case 'conclude':
      case 'finish':
        return this.#fault('finish before anything was stored')
      case 'fail': {
        this.#fault(faultOfFailure(this, step))
        return this.#close('failed', null, step.failure.type)
      }
    }
  }

  // ---- the steps

  #submit(step: StepOf<'submit'>): void {
    const { number, entry } = step
    this.#watchLeft()
    const left = this.state.attempts.filter((attempt) => attempt.number !== number && mayHaveCost(attempt))
    const found = this.scenario.earlierRows >= number && this.#job(number) === undefined
    if (!found) this.#fault(faultOfSubmit(this, step, new Set(left.map((attempt) => attempt.number))))
    for (const attempt of left) this.#flag(attempt.number)
    let job = this.#job(number)
    if (job === undefined) {
      job = jobsOf.newJob(this.choose, number, entry)
      this.jobs.push(job)
    }
    const tookMs = pickOf(this.choose, [200, 1_500, 20_000, 70_000, 150_000])
    const longestMs = Math.max(this.state.deadlineAtMs - this.nowMs, submitStartToCloseMs)
    const sentAtMs = this.nowMs
    this.#pass(this.nowMs + Math.min(tookMs, longestMs))
    const { happened, standing } = found
      ? rowOfEarlierRun(this.choose, this.scenario, job, this.nowMs)
      : answerToSubmit(this.choose, this.scenario, job, sentAtMs)
    this.happened.push(happened)
    this.#apply({ kind: 'submitted', number, entry, standing })
  }

  #queue({ attempt, untilMs }: StepOf<'queue'>): void {
    if (untilMs > this.state.deadlineAtMs) this.#fault('in line beyond the deadline')
    const job = this.#mustJob(attempt.number)
    const what = pickOf(this.choose, ['turn', 'turn', 'busy', 'nothing'])
    const lastMs = untilMs - this.nowMs - 1_000
    const atMs = what === 'nothing' ? untilMs : this.nowMs + pickOf(this.choose, [100, 5_000, 60_000, 300_000, lastMs])
    if (this.#pass(Math.min(atMs, untilMs), true) || atMs > untilMs || what === 'nothing') return
    this.happened.push(`in line: ${what}`)
    const standing = what === 'turn' ? jobsOf.turnStanding(job) : jobsOf.busyStanding(this.choose, job)
    this.#apply({ kind: 'line_ended', number: attempt.number, standing })
  }

  #leaveLine({ attempt }: StepOf<'leave_line'>): void {
    const job = this.#mustJob(attempt.number)
    this.#pass(this.nowMs + 50)
    // Another run of the same generation may have sent it meanwhile: then that counts.
    const isSent = this.choose(10) === 9
    this.happened.push(isSent ? 'left the line too late' : 'left the line')
    if (isSent) jobsOf.makeTask(this.choose, job, this.nowMs, true)
    const standing = isSent ? jobsOf.acceptedStanding(job) : jobsOf.freeStanding(job, 'withdrawn', 'busy')
    this.#apply({ kind: 'line_ended', number: attempt.number, standing })
  }

  #await({ attempt }: StepOf<'await'>): void {
    const job = this.#mustJob(attempt.number)
    if (job.told !== 'open') this.#fault(`await of attempt ${job.number}, of which no open task is known`)
    const endsAtMs = attemptEndsAtMs(this.state, attempt)
    if (endsAtMs > this.state.deadlineAtMs) this.#fault('await beyond the deadline')
    // Rarely, a poller ends for a reason of its own: the wait begins anew.
    if (this.choose(15) === 14 && this.nowMs + 10_000 < endsAtMs - lastMomentMs) return void this.#pass(this.nowMs + 10_000, true)
    const seenAtMs = Math.max(this.nowMs, job.endsAtMs) + pickOf(this.choose, [50, 3_000, 15_000])
    if (seenAtMs <= endsAtMs) {
      if (this.#pass(seenAtMs, true)) return
      this.#answered(job)
      return
    }
    const earlyMs = pickOf(this.choose, [0, 700, lastMomentMs])
    if (this.#pass(Math.max(this.nowMs, endsAtMs - earlyMs), true)) return
    this.happened.push('overdue')
    this.#apply({ kind: 'overdue', number: job.number, message: 'no end in time' })
  }

  #listen({ attempt }: StepOf<'listen'>): void {
    const job = this.#mustJob(attempt.number)
    if (job.told !== 'unknown') this.#fault(`listen for attempt ${job.number}, whose outcome is known`)
    const untilMs = Math.min(this.state.deadlineAtMs, this.nowMs + unknownListenMs)
    const heardAtMs = Math.max(this.nowMs, job.isMade ? job.heardAtMs : Infinity) + 50
    if (this.#pass(Math.max(this.nowMs, Math.min(heardAtMs, untilMs)), true)) return
    if (heardAtMs <= untilMs) this.#heard(job)
    else {
      job.isUnheard = true
      this.happened.push('unheard')
      this.#apply({ kind: 'listened', number: job.number, standing: null })
    }
  }

  #watchOn({ attempt }: StepOf<'watch'>): void {
    const job = this.#mustJob(attempt.number)
    if (job.told !== 'open') this.#fault(`watch of attempt ${job.number}, of which no open task is known`)
    this.happened.push('watch')
    this.#watchLeft()
    const untilMs = this.state.deadlineAtMs - lastMomentMs
    if (this.nowMs >= untilMs) this.#fault('watch although the time is over')
    this.#pass(untilMs, true, () => attemptOf(this.state, job.number)?.phase !== 'overdue')
  }

  #store({ attempt }: StepOf<'store'>): void {
    const job = this.#mustJob(attempt.number)
    if (job.told !== 'succeeded') this.#fault(`store of attempt ${job.number}, which has no picture`)
    if (isLeft(this.state, attempt)) this.happened.push('late picture used')
    this.#pass(this.nowMs + pickOf(this.choose, [100, 20_000]))
    if (this.choose(20) === 19) return this.#close('failed', null, 'ResultUnavailable')
    this.#apply({ kind: 'stored', generation: completed })
    this.#close('completed', attempt.number, 'completed')
  }

  #cancel(): void {
    this.#close('cancelled', null, 'cancelled')
  }

  /** Everything that is still open is listed; and whatever comes afterwards changes nothing (I2). */
  #close(status: 'completed' | 'failed' | 'cancelled', served: number | null, end: string): void {
    for (const attempt of this.state.attempts) {
      if (attempt.number !== served && mayHaveCost(attempt)) this.#flag(attempt.number)
    }
    this.#fault(faultOfBooks(this, served))
    this.end = end
    if (status !== 'completed') this.#apply({ kind: 'closing', status })
    if (status !== 'completed') this.#apply({ kind: 'stored', generation: ended(status) })
    this.#watchLeft()
    this.#pass(this.state.deadlineAtMs - lastMomentMs)
    const after = decide(this.state, this.nowMs)
    if (after.kind !== 'finish' || after.generation.status !== status) this.#fault(`${after.kind} after the end`)
  }

  // ---- time, and what is heard of attempts that were left behind

  /** Until `untilMs`; true when a late picture, or `isOver`, ended the wait before. */
  #pass(untilMs: number, canBeServed = false, isOver: () => boolean = () => false): boolean {
    for (;;) {
      const next = this.#nextOfWatched(untilMs)
      if (next === null) break
      this.nowMs = Math.max(this.nowMs, next.atMs)
      const isHearing = attemptOf(this.state, next.job.number)?.phase === 'unheard'
      if (isHearing) this.#heard(next.job)
      else this.#answered(next.job)
      this.happened.push(isHearing ? 'late reply heard' : 'late answer')
      if (canBeServed && (isOver() || this.#hasLatePicture())) return true
    }
    this.nowMs = Math.max(this.nowMs, untilMs)
    return false
  }

  #hasLatePicture(): boolean {
    return this.state.attempts.some((attempt) => attempt.phase === 'succeeded' && isLeft(this.state, attempt))
  }

  #watchLeft(): void {
    for (const { number, phase, entry } of this.state.attempts) {
      const isOpen = phase === 'overdue' || (phase === 'unheard' && this.state.route[entry]?.hasCallback === true)
      if (isOpen && !this.#watched.has(number)) this.#watched.set(number, this.nowMs)
    }
  }

  #nextOfWatched(untilMs: number): { job: Job; atMs: number } | null {
    let next: { job: Job; atMs: number } | null = null
    for (const [number, sinceMs] of this.#watched) {
      const job = this.#mustJob(number)
      const phase = attemptOf(this.state, number)?.phase
      const isOpen = phase === 'overdue' || phase === 'unheard'
      if (!isOpen || !job.isMade) continue
      const happensAtMs = phase === 'overdue' ? job.endsAtMs : job.heardAtMs
      const atMs = Math.max(sinceMs, happensAtMs) + job.watchDelayMs
      const isInTime = atMs <= untilMs && atMs < this.state.deadlineAtMs - lastMomentMs
      if (isInTime && (next === null || atMs < next.atMs)) next = { job, atMs }
    }
    return next
  }

  #heard(job: Job): void {
    this.happened.push('lost reply adopted')
    this.#apply({ kind: 'listened', number: job.number, standing: jobsOf.acceptedStanding(job) })
  }

  #answered(job: Job): void {
    this.happened.push(`task ${job.result}${job.isFree ? ' free' : ''}`)
    this.#apply({ kind: 'answered', number: job.number, standing: jobsOf.endStanding(job) })
  }

  // ---- small things

  #apply(event: StoryEvent): void {
    this.trace?.push(`${this.nowMs} ms:   ${JSON.stringify(event).slice(0, 300)}`)
    this.state = apply(this.state, event, this.nowMs)
  }

  #flag(number: number): void {
    const job = this.#job(number)
    if (job !== undefined) job.isFlagged = true
  }

  #job(number: number): Job | undefined {
    return this.jobs.find((job) => job.number === number)
  }

  #mustJob(number: number): Job {
    const job = this.#job(number)
    if (job === undefined) throw new Error(`a step about attempt ${number}, which was never submitted`)
    return job
  }

  /** The first one counts. */
  #fault(breach: string | null): void {
    if (breach === null || this.breach !== null) return
    this.breach = breach
    this.trace?.push(`${this.nowMs} ms: BREACH: ${breach}`)
  }
}

/** Plays one sequence; with `trace` it writes down what happened. */
export function playSequence(choose: Choose, trace: string[] | null = null): Outcome {
  const world = new World(choose, trace)
  try {
    return world.run()
  } catch (error) {
    // In a workflow this would fail the task for ever (I11).
    const breach = `an error: ${error instanceof Error ? error.message : String(error)}`
    trace?.push(`${world.nowMs} ms: BREACH: ${breach}`)
    return { breach, end: 'breach', happened: world.happened }
  }
}
