// I1, I2: every accepted generation ends, once, and in time. I10: nothing is left open.
import { isEnded, label } from './books.ts'
import type { Check, Finding } from './records.ts'

/** The reserve of I1 beyond the deadline: retries of our own bookkeeping, and the settling of what was left behind. */
const reserveMs = 60_000

/** I1 every accepted generation ends within its deadline + 60 s of the last fault. */
export const checkEnds: Check = (records, books): Finding => {
  const breaches: string[] = []
  const accepted = records.client.filter(({ ids }) => ids.length > 0)
  const known = new Map(records.generations.map((generation) => [generation.id, generation]))
  let latestMs = 0
  for (const entry of accepted) {
    const generation = known.get(entry.ids[0] ?? '')
    if (generation === undefined) {
      breaches.push(`${entry.ids[0]} was accepted and is lost: the API does not know it`)
    } else if (!isEnded(generation)) {
      breaches.push(`${label(generation, books)} has not ended: ${generation.status}`)
    } else {
      const endedAtMs = Date.parse(generation.finishedAt ?? '')
      const startMs = Math.max(records.lastFaultAtMs, entry.acceptedAtMs ?? 0)
      latestMs = Math.max(latestMs, endedAtMs - records.lastFaultAtMs)
      const lateMs = endedAtMs - startMs - records.limits.generationDeadlineMs - reserveMs
      if (!(lateMs <= 0)) breaches.push(`${label(generation, books)} ended ${lateMs} ms too late`)
    }
  }
  // An accepted POST that was never answered is not accepted; a plan that was never even refused is a caller left alone.
  for (const entry of records.client) {
    if (entry.ids.length === 0 && entry.refused === null) breaches.push(`${entry.nonce} was never accepted nor refused`)
  }
  const note = `last end ${(latestMs / 1_000).toFixed(1)} s after the last fault`
  return { id: 'I1', title: 'every accepted generation ends in time', checked: accepted.length, breaches, note, notChecked: null }
}

const closedAs: Readonly<Record<string, string>> = { completed: 'COMPLETED', failed: 'FAILED', cancelled: 'CANCELLED' }

/** I2 one terminal status, never changed after; the same in all records. */
export const checkOneEnd: Check = (records, books): Finding => {
  const breaches: string[] = []
  const known = new Map(records.generations.map((generation) => [generation.id, generation]))
  for (const entry of records.client) {
    if (entry.ids.length > 1) breaches.push(`one Idempotency-Key gave ${entry.ids.length} generations: ${entry.ids.join(', ')}`)
    const ends = new Set(entry.readings.map(({ status }) => status).filter((status) => isEnded({ status: asStatus(status) })))
    const now = known.get(entry.ids[0] ?? '')
    if (now !== undefined && isEnded(now)) ends.add(now.status)
    if (ends.size > 1) breaches.push(`${entry.ids[0]} ended as ${[...ends].join(' and ')}`)
    const firstEnd = entry.readings.findIndex(({ status }) => isEnded({ status: asStatus(status) }))
    if (firstEnd !== -1 && firstEnd !== entry.readings.length - 1) breaches.push(`${entry.ids[0]} went on after its end`)
  }
  for (const generation of records.generations) {
    const history = books.historyOf(generation.id)
    if (history === null) breaches.push(`${label(generation, books)} has no workflow`)
    else if (isEnded(generation) && history.status !== closedAs[generation.status]) {
      breaches.push(`${label(generation, books)} is ${generation.status}, its workflow ${history.status}`)
    }
    const hasPicture = generation.images.some(({ spare }) => !spare)
    // A cancel keeps the items that are stored.
    const mayHaveSome = generation.status === 'cancelled' && generation.count > 1
    if ((generation.status === 'completed') !== hasPicture && !mayHaveSome) {
      breaches.push(`${label(generation, books)} is ${generation.status} with ${generation.images.length} pictures`)
    }
  }
  const runs = new Map<string, number>()
  for (const { workflowId, type } of records.histories)
    if (type === 'GenerateImage') runs.set(workflowId, (runs.get(workflowId) ?? 0) + 1)
  for (const [id, times] of runs) if (times > 1) breaches.push(`workflow ${id} ran ${times} times`)
  const listed = new Set(records.listedIds)
  for (const { id } of records.generations) if (!listed.has(id)) breaches.push(`${id} is missing in the list`)
  return {
    id: 'I2',
    title: 'exactly one end, the same in every record',
    checked: records.generations.length,
    breaches,
    note: '',
    notChecked: null,
  }
}

/** I10 after a drain nothing is left open. */
export const checkNothingLeft: Check = (records, books): Finding => {
  const open = records.histories.filter(({ status }) => status === 'RUNNING')
  const owing = records.generations.flatMap((generation) =>
    generation.attempts
      .filter(({ state }) => state === 'abandoned')
      .map(({ number }) => `${label(generation, books)}: attempt ${number} is still owing`),
  )
  const breaches = [
    ...owing,
    ...open.map(({ type, workflowId }) => `${type} ${workflowId} still runs`),
    ...records.left.temporaryFiles.map((name) => `temporary file ${name} is left`),
  ]
  return {
    id: 'I10',
    title: 'nothing is left open',
    checked: records.histories.length + records.left.storedPictures,
    breaches,
    // A picture whose generation ended otherwise while it was being stored stays on the disk; nothing collects those.
    note: `${records.left.storedPictures} pictures stored, ${records.left.unreferencedPictures.length} belong to no row`,
    notChecked: null,
  }
}

function asStatus(status: string): 'completed' | 'failed' | 'cancelled' | 'planning' {
  return status === 'completed' || status === 'failed' || status === 'cancelled' ? status : 'planning'
}
