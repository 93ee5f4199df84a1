// The line at a provider: first come, first served, within a priority. Joined by attempts that found no room. // I8
//
// A place says how many came first; a turn comes up when there is room for all of those and one more. So nobody behind takes what
// somebody ahead could have used, and one who is slow to come back holds up one permit, not the whole line.
import { type RawBuilder, sql } from 'kysely'
import type { AccountLimits, AccountsPort, TurnResult } from './accounts-port.ts'
import { databaseClock } from './attempt-rows.ts'
import type { LedgerTransaction, Run } from './database.ts'
import type { AttemptRef, AttemptRow } from './ledger.ts'
import { mustSelectAttempt, passDeadline } from './move-attempt.ts'
import {
  type AccountGroup,
  type Gate,
  type PermitRequest,
  findHeldPermit,
  giveBackHeldPermit,
  grantPermit,
  holdPermit,
  lockAccounts,
  lookAtGates,
  milliseconds,
} from './permits.ts'
import { busyBecause } from './when-free.ts'

/** A place that was due back this long ago is passed over: a worker that was killed is replaced, and its waiting tried again, within it. */
const graceMs = 10_000
/** Asking sooner helps nobody: a turn takes about this long from the database to the provider. */
const minRetryMs = 100
/** A thousand in line are 200 questions a second then; a pause that a person ends is noticed as late as this. */
const maxRetryMs = 5_000
/** A place nobody asked for in this long belongs to a workflow that was ended from outside, since a living one asks every few seconds. */
const forgottenMs = 3_600_000

/** Asks for its turn, and has not got it. */
export const isAlive = sql<boolean>`(line.granted_at is null and line.expected_at > clock_timestamp() - ${milliseconds(graceMs)})`

export function lineMethods(run: Run): Pick<AccountsPort, 'takeTurn'> {
  return { takeTurn: (ref, offer) => run((trx) => takeTurn(trx, ref, offer)) }
}

async function takeTurn(
  trx: LedgerTransaction,
  ref: AttemptRef,
  offer: Parameters<AccountsPort['takeTurn']>[1],
): Promise<TurnResult> {
  const row = await mustSelectAttempt(trx, ref, { lock: true })
  if (row.state !== 'claimed') {
    await leaveLine(trx, ref)
    await passDeadline(trx, ref)
    return { kind: 'decided', row: await mustSelectAttempt(trx, ref) }
  }
  const { accounts, limits, holdMs, priority } = offer
  const group = { mode: row.mode, provider: row.provider }
  const { ahead, wasGranted } = await join(trx, row, priority)
  const request = { ...group, ref, accounts, limits, holdMs }
  if (!wasGranted && ahead >= mostRoom(accounts, limits)) {
    // Far behind, as most of a long line: without the locks, which those in front need.
    return wait(trx, { ...request, ahead }, await lookAtGates(trx, request))
  }
  await lockAccounts(trx, group, accounts)
  const held = await findHeldPermit(trx, ref, accounts)
  if (held !== null) {
    await holdPermit(trx, held.id, holdMs)
    return { kind: 'granted', account: held.account }
  }
  const grant = await grantPermit(trx, { ...request, ahead })
  if (grant.kind === 'refused') return wait(trx, { ...request, ahead }, grant.gates)
  await place(trx, ref).set({ granted_at: databaseClock }).execute()
  await forgetDeserted(trx, group)
  return { kind: 'granted', account: grant.account }
}

async function wait(
  trx: LedgerTransaction,
  { ref, limits, ahead }: Omit<PermitRequest, 'ahead'> & { ahead: number },
  gates: Gate[],
): Promise<TurnResult> {
  const busy = busyBecause(gates, limits, ahead + 1)
  const retryAfterMs = retryInLine(busy.retryAfterMs)
  await place(trx, ref)
    .set({ granted_at: null, expected_at: sql<Date>`${databaseClock} + ${milliseconds(retryAfterMs)}` })
    .execute()
  return { kind: 'waiting', position: ahead + 1, busy: { ...busy, retryAfterMs } }
}

/** More than this is never free at once. */
function mostRoom(accounts: readonly string[], { creates, maxInFlight }: AccountLimits): number {
  return accounts.length * Math.min(creates ?? Infinity, maxInFlight ?? Infinity)
}

/** Joins once and keeps the place from then on; answers how many came first. */
async function join(trx: LedgerTransaction, row: AttemptRow, priority: number): Promise<{ ahead: number; wasGranted: boolean }> {
  const { rows } = await sql<{ ahead: number; wasGranted: boolean }>`
    with mine as (
      insert into line (mode, provider, generation_id, item, attempt, priority)
      values (${row.mode}, ${row.provider}, ${row.generationId}, ${row.item}, ${row.attempt}, ${priority})
      on conflict (generation_id, item, attempt)
      do update set seen_at = clock_timestamp(), expected_at = clock_timestamp()
      returning *
    )
    select granted_at is not null as "wasGranted", (
      select count(*)::int from line
      where line.mode = mine.mode and line.provider = mine.provider and ${isAlive} and ${isBefore('line', 'mine')}
    ) as ahead
    from mine`.execute(trx)
  const own = rows[0]
  if (own === undefined) throw new Error('ledger: a place in the line was not written')
  return own
}

/** How many stand before this attempt; before one that is not in the line stands everybody. The caller holds the accounts' locks. */
export async function countAhead(trx: LedgerTransaction, { mode, provider }: AccountGroup, ref: AttemptRef): Promise<number> {
  const { rows } = await sql<{ ahead: number }>`
    select count(*)::int as ahead from line
    left join line as mine on mine.generation_id = ${ref.generationId} and mine.item = ${ref.item} and mine.attempt = ${ref.attempt}
    where line.mode = ${mode} and line.provider = ${provider} and ${isAlive}
      and (mine.generation_id is null or ${isBefore('line', 'mine')})`.execute(trx)
  return rows[0]?.ahead ?? 0
}

function isBefore(one: string, other: string): RawBuilder<boolean> {
  const order = (table: string) =>
    sql.join(['priority', 'joined_at', 'generation_id', 'item', 'attempt'].map((column) => sql.ref(`${table}.${column}`)))
  return sql<boolean>`(${order(one)}) < (${order(other)})`
}

/** The attempt sends, or will never send: no place and no held permit stay behind. */
export async function leaveLine(trx: LedgerTransaction, ref: AttemptRef): Promise<void> {
  await giveBackHeldPermit(trx, ref)
  await trx
    .deleteFrom('line')
    .where('generation_id', '=', ref.generationId)
    .where('item', '=', ref.item)
    .where('attempt', '=', ref.attempt)
    .execute()
}

/** Within the bounds for everybody who waits. */
export function retryInLine(busyMs: number): number {
  return Math.min(Math.max(minRetryMs, busyMs), maxRetryMs)
}

async function forgetDeserted(trx: LedgerTransaction, { mode, provider }: AccountGroup): Promise<void> {
  // One that comes back just now is locked by whoever asks for it, who may be waiting for our locks.
  await sql`
    delete from line where (generation_id, item, attempt) in (
      select generation_id, item, attempt from line
      where mode = ${mode} and provider = ${provider} and expected_at < clock_timestamp() - ${milliseconds(forgottenMs)}
      for update skip locked
    )`.execute(trx)
}

function place(trx: LedgerTransaction, ref: AttemptRef) {
  return trx
    .updateTable('line')
    .where('generation_id', '=', ref.generationId)
    .where('item', '=', ref.item)
    .where('attempt', '=', ref.attempt)
}
