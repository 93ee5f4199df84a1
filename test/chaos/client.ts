// The caller: keeps so many generations open, posts each until it is accepted, reads it until it has ended, and writes down all it is told.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Generation } from '../../src/contract/index.ts'
import type { PlannedGeneration } from './plan.ts'
import { ownPictures } from './uploads.ts'

/** One reading of a status that differs from the one before. */
export interface StatusReading {
  atMs: number
  status: string
}

/** What one caller knows of its generation: the first of the four records. */
export interface ClientEntry {
  index: number
  nonce: string
  key: string
  /** every id it was given; more than one is a breach */
  ids: string[]
  acceptedAtMs: number | null
  readings: StatusReading[]
  cancelledAtMs: number | null
  /** the body that showed the end */
  final: Generation | null
  /** a refusal that no repetition helps against */
  refused: { status: number; body: string } | null
}

export interface HttpTally {
  /** answers by status, 0 for "no answer" */
  byStatus: Map<number, number>
  /** 5xx that are not 503, with their words */
  faults: string[]
}

export interface ChaosClient {
  entries: ClientEntry[]
  tally: HttpTally
  fired: Map<string, number>
  /** ids accepted and not seen to have ended */
  open: () => { id: string; entry: ClientEntry }[]
}

/** Slow enough that reading is not the load: the embedded ledger answers one question at a time. */
const readEveryMs = 1_000
/** A gateway that is killed is back after about 2 s. */
const retryEveryMs = 500
const requestTimeoutMs = 15_000

export function createClient(): ChaosClient {
  const entries: ClientEntry[] = []
  return {
    entries,
    tally: { byStatus: new Map(), faults: [] },
    fired: new Map(),
    open: () =>
      entries.flatMap((entry) => {
        const [id] = entry.ids
        return id === undefined || entry.final !== null ? [] : [{ id, entry }]
      }),
  }
}

/** Resolves when each planned generation has ended or `giveUp` says that waiting is over. */
export async function runClient(
  client: ChaosClient,
  gatewayUrl: string,
  plan: readonly PlannedGeneration[],
  options: { lanes: number; giveUp: AbortSignal },
): Promise<void> {
  const waiting = [...plan]
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && !options.giveUp.aborted; next = waiting.shift()) {
      await runOne(client, gatewayUrl, next, options.giveUp)
    }
  }
  await Promise.all(Array.from({ length: options.lanes }, lane))
}

async function runOne(client: ChaosClient, gatewayUrl: string, planned: PlannedGeneration, giveUp: AbortSignal): Promise<void> {
  const entry: ClientEntry = {
    index: planned.index,
    nonce: planned.nonce,
    key: planned.idempotencyKey,
    ids: [],
    acceptedAtMs: null,
    readings: [],
    cancelledAtMs: null,
    final: null,
    refused: null,
  }
  client.entries.push(entry)
  const posts = planned.postsTwice ? 2 : 1
  if (planned.postsTwice) count(client.fired, 'U2')
  await Promise.all(Array.from({ length: posts }, () => postUntilAccepted(client, gatewayUrl, planned, entry, giveUp)))
  const [id] = entry.ids
  if (id === undefined) return
  await Promise.all([
    readUntilEnded(client, gatewayUrl, id, entry, giveUp),
    planned.cancelAfterMs === null ? null : cancelOnce(client, gatewayUrl, id, planned, entry, giveUp),
  ])
}

/** The same key each time: whatever was lost on the way, it is the same generation. */
async function postUntilAccepted(
  client: ChaosClient,
  gatewayUrl: string,
  planned: PlannedGeneration,
  entry: ClientEntry,
  giveUp: AbortSignal,
): Promise<void> {
  if (planned.uploadSha256 !== null) await upload(client, gatewayUrl, planned.uploadSha256, giveUp)
  while (!giveUp.aborted) {
    const answer = await ask(client.tally, `${gatewayUrl}/v1/generations`, {
      method: 'POST',
      body: JSON.stringify(planned.request),
      headers: { 'content-type': 'application/json', 'idempotency-key': planned.idempotencyKey },
    })
    if (answer !== null && (answer.status === 202 || answer.status === 200)) {
      const generation = asGeneration(answer.body)
      if (generation === null)
        throw new Error(`POST answered ${answer.status} without a generation: ${answer.body.slice(0, 300)}`)
      if (!entry.ids.includes(generation.id)) entry.ids.push(generation.id)
      entry.acceptedAtMs ??= Date.now()
      noteStatus(entry, generation)
      return
    }
    if (answer !== null && answer.status < 500 && answer.status !== 429) {
      entry.refused = { status: answer.status, body: answer.body.slice(0, 300) }
      return
    }
    await sleep(retryEveryMs)
  }
}

/** The same bytes are the same upload: whatever was lost on the way, asking again does no harm. */
async function upload(client: ChaosClient, gatewayUrl: string, sha256: string, giveUp: AbortSignal): Promise<void> {
  const picture = ownPictures.find((own) => own.sha256 === sha256)
  if (picture === undefined) throw new Error(`no picture of this run has SHA-256 ${sha256}`)
  while (!giveUp.aborted) {
    const answer = await ask(client.tally, `${gatewayUrl}/v1/uploads`, {
      method: 'POST',
      body: picture.bytes,
      headers: { 'content-type': 'image/png' },
    })
    if (answer !== null && answer.status < 300 && answer.body.includes(sha256)) return
    if (answer !== null && answer.status < 500 && answer.status !== 429)
      throw new Error(`an upload was answered with ${answer.status} ${answer.body.slice(0, 300)}`)
    await sleep(retryEveryMs)
  }
}

async function readUntilEnded(
  client: ChaosClient,
  gatewayUrl: string,
  id: string,
  entry: ClientEntry,
  giveUp: AbortSignal,
): Promise<void> {
  while (!giveUp.aborted) {
    const answer = await ask(client.tally, `${gatewayUrl}/v1/generations/${id}`, {})
    const generation = answer?.status === 200 ? asGeneration(answer.body) : null
    if (generation !== null) {
      noteStatus(entry, generation)
      if (hasEnded(generation)) {
        entry.final = generation
        return
      }
    }
    await sleep(readEveryMs)
  }
}

async function cancelOnce(
  client: ChaosClient,
  gatewayUrl: string,
  id: string,
  planned: PlannedGeneration,
  entry: ClientEntry,
  giveUp: AbortSignal,
): Promise<void> {
  await sleep(planned.cancelAfterMs ?? 0)
  while (!giveUp.aborted && entry.final === null) {
    const answer = await ask(client.tally, `${gatewayUrl}/v1/generations/${id}/cancel`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    })
    if (answer !== null && answer.status < 500) {
      entry.cancelledAtMs = Date.now()
      for (const row of planned.rows) if (row === 'U1' || row === 'K12') count(client.fired, row)
      return
    }
    await sleep(retryEveryMs)
  }
}

/** Null: no answer. Every answer is counted; a 5xx that is not 503 is kept. */
export async function ask(tally: HttpTally, url: string, init: RequestInit): Promise<{ status: number; body: string } | null> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(requestTimeoutMs) })
    const body = await response.text()
    tally.byStatus.set(response.status, (tally.byStatus.get(response.status) ?? 0) + 1)
    if (response.status >= 500 && response.status !== 503) tally.faults.push(`${response.status} ${body.slice(0, 200)}`)
    return { status: response.status, body }
  } catch {
    tally.byStatus.set(0, (tally.byStatus.get(0) ?? 0) + 1)
    return null
  }
}

export function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

function noteStatus(entry: ClientEntry, { status }: Generation): void {
  if (entry.readings.at(-1)?.status !== status) entry.readings.push({ atMs: Date.now(), status })
}

export function hasEnded({ status }: Pick<Generation, 'status'>): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled'
}

export function asGeneration(text: string): Generation | null {
  const value: unknown = JSON.parse(text)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own API's answer, checked for the fields that tell it
  return typeof value === 'object' && value !== null && 'id' in value && 'attempts' in value ? (value as Generation) : null
}
