// Rows to start from, and a hand on the database for what the ledger itself never does.
import { randomUUID } from 'node:crypto'
import { Client, type PoolConfig } from 'pg'
import type { AttemptState } from '../../../src/contract/index.ts'
import type { AccountLimits, SendOffer } from '../../../src/ledger/accounts-port.ts'
import type { AttemptRef, Closing, LeftAttempt, Ledger, NewAttempt, NewGeneration, NewImage } from '../../../src/ledger/ledger.ts'

export function newGeneration(changes: Partial<NewGeneration> = {}): NewGeneration {
  return {
    id: `gen_${randomUUID()}`,
    requestSha256: 'a'.repeat(64),
    request: { model: 'nano-banana', prompt: 'a red fox in the snow', metadata: { order: '7' } },
    mode: 'mock',
    idempotencySha256: null,
    tenant: 'default',
    worstCaseUsd: 0.04,
    ...changes,
  }
}

export function newAttempt(ref: AttemptRef, changes: Partial<NewAttempt> = {}): NewAttempt {
  return {
    generationId: ref.generationId,
    item: ref.item,
    attempt: ref.attempt,
    provider: 'kie',
    account: 'default',
    baseUrl: 'http://127.0.0.1:9',
    mode: 'mock',
    api: 'market',
    model: 'google/nano-banana',
    entry: 0,
    pictures: 1,
    requestSha256: 'b'.repeat(64),
    estimate: { usd: 0.02, credits: 4 },
    ...changes,
  }
}

/** A generation of its own with no attempt yet; `ref` names its first one. */
export async function openGeneration(ledger: Ledger): Promise<AttemptRef> {
  const generation = newGeneration()
  await ledger.createGeneration(generation)
  await ledger.recordPlan(generation.id, { route: ['kie'] }, { level: 'exact', changes: [] })
  return { generationId: generation.id, item: 0, attempt: 1 }
}

/** A claimed first attempt of a generation of its own. */
export async function claimed(ledger: Ledger, changes: Partial<NewAttempt> = {}): Promise<AttemptRef> {
  const ref = await openGeneration(ledger)
  await ledger.claimAttempt(newAttempt(ref, changes), [])
  return ref
}

/** Many claimed first attempts, by two statements. */
export async function manyClaimed(connection: PoolConfig, count: number): Promise<AttemptRef[]> {
  const ids = Array.from({ length: count }, () => `gen_${randomUUID()}`)
  await execute(
    connection,
    `insert into generations (id, request_sha256, request, mode) select id, 'a', '{}', 'mock' from unnest($1::text[]) as id`,
    [ids],
  )
  await execute(
    connection,
    `insert into attempts (generation_id, item, attempt, provider, account, base_url, mode, api, model, request_sha256, state)
     select id, 0, 1, 'kie', 'default', 'http://127.0.0.1:9', 'mock', 'market', 'google/nano-banana', 'b', 'claimed'
     from unnest($1::text[]) as id`,
    [ids],
  )
  return ids.map((generationId) => ({ generationId, item: 0, attempt: 1 }))
}

export const sendTimeoutMs = 60_000

/** Any number of sends by one account. */
export function anyOffer(changes: Partial<SendOffer> = {}): SendOffer {
  const limits = { creates: null, windowMs: 10_000, maxInFlight: null, leaseMs: 3_600_000 }
  return { timeoutMs: sendTimeoutMs, accounts: ['default'], limits, ...changes }
}

/** By one account within these limits. */
export function offerOf(limits: Partial<AccountLimits>, accounts: string[] = ['default']): SendOffer {
  const offer = anyOffer({ accounts })
  return { ...offer, limits: { ...offer.limits, ...limits } }
}

/** A first attempt whose POST is on the wire. */
export async function sending(ledger: Ledger, changes: Partial<NewAttempt> = {}): Promise<AttemptRef & { sendId: string }> {
  const ref = await claimed(ledger, changes)
  const begun = await ledger.beginSend(ref, anyOffer({ accounts: [changes.account ?? 'default'] }))
  if (begun.kind !== 'send') throw new Error(`expected a send, got ${begun.kind}`)
  return { ...ref, sendId: begun.sendId }
}

export async function unknown(ledger: Ledger, changes: Partial<NewAttempt> = {}): Promise<AttemptRef & { sendId: string }> {
  const ref = await sending(ledger, changes)
  await ledger.loseSend(ref, ref.sendId, { message: 'socket hang up' })
  return ref
}

export async function accepted(ledger: Ledger, changes: Partial<NewAttempt> = {}): Promise<AttemptRef & { taskId: string }> {
  const ref = await sending(ledger, changes)
  const taskId = `task_${randomUUID()}`
  await ledger.recordTaskId(ref, taskId)
  return { ...ref, taskId }
}

export function nextOf(ref: AttemptRef): AttemptRef {
  return { generationId: ref.generationId, item: ref.item, attempt: ref.attempt + 1 }
}

export function leftAs(ref: AttemptRef, changes: Partial<LeftAttempt> = {}): LeftAttempt {
  return {
    item: ref.item,
    attempt: ref.attempt,
    outcome: 'overdue',
    reason: 'deadline',
    message: 'too slow',
    providerTaskId: null,
    ...changes,
  }
}

export function closingAs(status: Closing['status'], changes: Partial<Closing> = {}): Closing {
  return { status, servedByAttempt: null, fidelity: null, decisions: [], failure: null, left: [], ...changes }
}

export function newImage(ref: AttemptRef, index = 0): NewImage {
  return {
    generationId: ref.generationId,
    index,
    item: ref.item,
    attempt: ref.attempt,
    sha256: 'c'.repeat(64),
    sizeBytes: 1_234,
    contentType: 'image/png',
    width: 1_024,
    height: 768,
    provenance: 'none',
    spare: false,
  }
}

/** One statement past the ledger, in a connection of its own. */
export async function execute(connection: PoolConfig, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new Client(connection)
  await client.connect()
  try {
    const { rows } = await client.query<Record<string, unknown>>(text, values)
    return rows
  } finally {
    await client.end()
  }
}

/** Puts a row into any state, with what a row in that state has. */
export async function force(connection: PoolConfig, ref: AttemptRef, state: AttemptState, sendId: string): Promise<void> {
  const hasTask = state === 'accepted' || state === 'succeeded' || state === 'failed'
  await execute(
    connection,
    `update attempts set state = $4, send_id = $5, send_deadline_at = clock_timestamp() + interval '1 hour', provider_task_id = $6,
       verdict = case $4 when 'settled' then 'unresolved' end, settled_at = case $4 when 'settled' then clock_timestamp() end
     where generation_id = $1 and item = $2 and attempt = $3`,
    [ref.generationId, ref.item, ref.attempt, state, sendId, hasTask ? `task_${randomUUID()}` : null],
  )
}

/** Moves the send deadline into the past, as time would. */
export async function passDeadline(connection: PoolConfig, ref: AttemptRef): Promise<void> {
  await execute(
    connection,
    `update attempts set send_deadline_at = clock_timestamp() - interval '1 millisecond'
     where generation_id = $1 and item = $2 and attempt = $3`,
    [ref.generationId, ref.item, ref.attempt],
  )
}
