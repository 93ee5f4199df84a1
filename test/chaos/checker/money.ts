// I3, I4: what was paid, held against the provider's own books.
import type { AttemptReport, Generation } from '../../../src/contract/index.ts'
import type { LedgerEntry } from '../../../src/simulator/ledger.ts'
import { isEnded, label } from './books.ts'
import type { Books, Check, ChaosRecords, Finding } from './records.ts'

/** Rows that never reached a provider, by our ledger's own word. */
const neverSent: ReadonlySet<string> = new Set(['rejected', 'withdrawn', 'claimed'])
/** The provider made two tasks for one POST: its doing, and both must be in the ledger (I4). */
const doubled = ({ reply }: LedgerEntry): boolean => reply === 'two_task_ids'

/** I3 per attempt at most one provider task; a second paid one only after the first is free, refused or marked. */
export const checkPaidOnce: Check = (records, books): Finding => {
  const breaches: string[] = []
  let checked = 0
  for (const generation of records.generations) {
    const name = label(generation, books)
    const tasks = books.tasksOf(generation)
    checked += tasks.length
    for (const provider of ['kie', 'defapi'] as const) {
      const made = tasks.filter((task) => task.provider === provider && !doubled(task)).length
      const mayHave = generation.attempts.filter(
        (attempt) => attempt.provider === provider && !neverSent.has(attempt.state),
      ).length
      if (made > mayHave) breaches.push(`${name}: ${provider} made ${made} tasks for ${mayHave} attempts that may have made one`)
    }
    const used = generation.attempts.flatMap(({ provider, providerTaskId, state }) =>
      state === 'succeeded' ? [`${provider}/${providerTaskId ?? ''}`] : [],
    )
    if (new Set(used).size < used.length) breaches.push(`${name}: two attempts took the picture of one task`)
    for (const attempt of generation.attempts) {
      const isForTheSame = (other: AttemptReport): boolean => other.item === attempt.item || attempt.pictures > 1
      const later = generation.attempts.find(
        (other) => other.number > attempt.number && isForTheSame(other) && !neverSent.has(other.state),
      )
      if (later === undefined || neverSent.has(attempt.state) || attempt.possibleExtraCharge) continue
      if (!isFree(attempt, generation, books)) {
        breaches.push(
          `${name}: attempt ${later.number} was paid while attempt ${attempt.number} (${attempt.state}) was neither free nor marked`,
        )
      }
    }
  }
  return {
    id: 'I3',
    title: 'at most one paid task per attempt, a second one marked before',
    checked,
    breaches,
    note: `${checked} provider tasks`,
    notChecked: null,
  }
}

function isFree(attempt: AttemptReport, generation: Generation, books: Books): boolean {
  if (attempt.verdict === 'failed_free') return true
  const task = attempt.providerTaskId === null ? null : books.taskById(attempt.provider, attempt.providerTaskId)
  if (task !== null && books.tasksOf(generation).includes(task)) return task.refunded
  return attempt.cost.usd === 0 && attempt.state === 'failed'
}

/** Attempts that say of themselves that their money is not known yet, or never will be. */
export function isUnresolved(attempt: AttemptReport): boolean {
  return attempt.state === 'abandoned' || attempt.verdict === 'unresolved'
}

export interface MoneySummary {
  tasksMade: number
  paidTasks: number
  adopted: number
  confirmedExtra: number
  unresolved: number
  owing: number
  /** paid tasks beyond the first of a picture that no row of ours tells of: must be 0 */
  duplicatesNotReported: number
  /** tasks that the provider made beside the one that its reply names, and whose callback never got through: nobody can know of them */
  unknowable: number
  fallbacks: number
  lost: number
}

export function summarise(records: ChaosRecords, books: Books): MoneySummary {
  const attempts = records.generations.flatMap((generation) => generation.attempts)
  return {
    tasksMade: records.tasks.length,
    paidTasks: records.tasks.filter(({ refunded }) => !refunded).length,
    adopted: attempts.filter(({ adopted }) => adopted).length,
    confirmedExtra:
      attempts.filter(({ verdict }) => verdict === 'confirmed_extra').length +
      attempts.flatMap(({ extraTasks }) => extraTasks ?? []).filter(({ verdict }) => verdict === 'confirmed_extra').length,
    unresolved: attempts.filter(({ verdict }) => verdict === 'unresolved').length,
    owing: attempts.filter(({ state }) => state === 'abandoned').length,
    duplicatesNotReported: records.generations.reduce((sum, one) => sum + unreportedOf(one, books).length, 0),
    unknowable: records.tasks.filter((task) => isUnknowable(task)).length,
    fallbacks: records.generations.filter((one) => new Set(one.attempts.map(({ provider }) => provider)).size > 1).length,
    lost: records.client.filter(({ ids }) => ids.length > 0).length - records.generations.filter((one) => isEnded(one)).length,
  }
}

/** Tasks of a generation that its rows neither name nor leave room for. */
function unreportedOf(generation: Generation, books: Books): LedgerEntry[] {
  const named = new Set(
    generation.attempts.flatMap(({ provider, providerTaskId, extraTasks }) =>
      [providerTaskId, ...(extraTasks ?? []).map((task) => task.providerTaskId)].map((id) => `${provider}/${id}`),
    ),
  )
  const unnamed = books.tasksOf(generation).filter(({ provider, taskId }) => !named.has(`${provider}/${taskId}`))
  // A row whose money is not known accounts for one task that nobody could name.
  const room = { kie: 0, defapi: 0 }
  for (const attempt of generation.attempts) {
    const holdsOwn = attempt.providerTaskId !== null && ownTask(attempt, generation, books) !== null
    if (isUnresolved(attempt) && !holdsOwn) room[attempt.provider] += 1
  }
  return unnamed.filter((task) => {
    const { provider, refunded } = task
    if (refunded || isUnknowable(task)) return false
    room[provider] -= 1
    return room[provider] < 0
  })
}

/** The reply told of another task, and the callback that could have told of this one was never taken from the provider. */
function isUnknowable({ reply, callbacks }: LedgerEntry): boolean {
  const isMisnamed = reply === 'two_task_ids' || reply === 'wrong_task_id' || reply === 'same_task_id'
  return isMisnamed && !callbacks.some(({ kind, status }) => kind === 'genuine' && status === 200)
}

/** The task that an attempt names, if the provider made it for this very generation. */
function ownTask(attempt: AttemptReport, generation: Generation, books: Books): LedgerEntry | null {
  const task = attempt.providerTaskId === null ? null : books.taskById(attempt.provider, attempt.providerTaskId)
  return task !== null && books.tasksOf(generation).includes(task) ? task : null
}

/** I4 our ledger agrees with the provider's, except for rows that say that they are unresolved. */
export const checkBooks: Check = (records, books): Finding => {
  const breaches: string[] = []
  let checked = 0
  let exceptions = 0
  for (const generation of records.generations) {
    const name = label(generation, books)
    for (const task of unreportedOf(generation, books)) {
      breaches.push(`${name}: ${task.provider} task ${task.taskId} (${task.usd} USD, submit ${task.reply}) is in no row`)
    }
    for (const attempt of generation.attempts) {
      if (attempt.providerTaskId === null) continue
      checked += 1
      const task = ownTask(attempt, generation, books)
      if (isUnresolved(attempt)) exceptions += 1
      else if (task === null)
        breaches.push(`${name}: attempt ${attempt.number} names ${attempt.providerTaskId}, which is no task of this generation`)
      else breaches.push(...costBreaches(name, attempt, task))
      for (const extra of attempt.extraTasks ?? []) {
        checked += 1
        const other = books.taskById(attempt.provider, extra.providerTaskId)
        if (other === null || !books.tasksOf(generation).includes(other)) {
          breaches.push(`${name}: extra task ${extra.providerTaskId} is no task of this generation`)
        }
      }
    }
  }
  // The other way round: a task whose prompt belongs to no generation that we know.
  const ours = new Set(records.generations.flatMap((generation) => books.tasksOf(generation)))
  for (const task of records.tasks) {
    checked += 1
    if (!ours.has(task)) breaches.push(`${task.provider} task ${task.taskId} belongs to no accepted generation`)
  }
  const note = `${exceptions} rows say that they are unresolved or owing`
  return { id: 'I4', title: "our ledger agrees with the provider's", checked, breaches, note, notChecked: null }
}

/** A difference below this is the rounding of two price lists. */
const usdTolerance = 1e-6

function costBreaches(name: string, attempt: AttemptReport, task: LedgerEntry): string[] {
  const { usd, credits, source } = attempt.cost
  const who = `${name}: attempt ${attempt.number} (${attempt.state}, ${task.taskId})`
  if (task.refunded) return usd === null || usd === 0 ? [] : [`${who} was refunded and is booked at ${usd} USD`]
  // Ended by the provider's word and charged: the row must say so, whatever the picture is worth.
  if (task.state !== 'running' && source === 'none') return [`${who} was charged ${task.usd} USD and is booked as nothing`]
  if (source === 'measured' && usd !== null && Math.abs(usd - task.usd) > usdTolerance) {
    return [`${who} was charged ${task.usd} USD and is booked at ${usd}`]
  }
  if (source === 'measured' && credits !== null && task.credits !== null && Math.abs(credits - task.credits) > usdTolerance) {
    return [`${who} was charged ${task.credits} credits and is booked at ${credits}`]
  }
  return usd === 0 && task.usd > 0 ? [`${who} was charged ${task.usd} USD and is booked as free`] : []
}
