// Permits: who may send now. One row per send, so that nothing can be given back twice and no counter can drift. // I8
//
// A permit counts in the window of its account from its grant until one window after its answer, or after its send deadline where
// no answer came. The provider counts a task somewhere between the two ends of our send; we count it from the earlier one until a
// window after the later one, so that no delay on the network and no order of arrival makes a window there fuller than ours.
import { randomUUID } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import type { ProviderName, SpendMode } from '../contract/index.ts'
import { isPausedNow, type PauseColumns } from './account-rows.ts'
import type { AccountLimits } from './accounts-port.ts'
import { databaseClock } from './attempt-rows.ts'
import type { LedgerTransaction } from './database.ts'
import type { AttemptRef } from './ledger.ts'

/** The columns round to milliseconds; up by one, so that no permit stops counting a moment too early. */
const roundingMs = 1
/** Old permits taken away with each new one: more than one, so that they get fewer, and few, so that a grant stays short. */
const sweptPerGrant = 20
/** Room where nothing is limited; also keeps sums within the type integer for hundreds of accounts. */
const unlimitedRoom = 1_000_000

/** The accounts of one provider in one mode. */
export interface AccountGroup {
  mode: SpendMode
  provider: ProviderName
}

/** An account as the grant found it. */
export interface Gate extends PauseColumns {
  account: string
  isPaused: boolean
  /** null: it has no end, or there is none */
  pauseEndsInMs: number | null
  /** after the breaker: one send at a time */
  isHalfOpen: boolean
  inWindow: number
  inFlight: number
  /** held, or possibly on the wire */
  open: number
  /** when the answered ones stop counting, ms from now, the first one first; empty without a limit */
  freesInMs: number[]
}

export type PermitGrant = { kind: 'granted'; id: string; account: string } | { kind: 'refused'; gates: Gate[] }

export interface PermitRequest extends AccountGroup {
  ref: AttemptRef
  accounts: readonly string[]
  limits: AccountLimits
  /** how long it may stay unused */
  holdMs: number
  /** this much room is for others who came first; null: all of it, so that nothing is granted */
  ahead: number | null
}

export const milliseconds = (count: number | RawBuilder<number>): RawBuilder<unknown> =>
  sql`${count}::float8 * interval '1 millisecond'`

/**
 * One grant at a time per account, until the transaction ends. Makes rows that are missing. Always after the attempt's own row and in
 * the order of names, so that two of them cannot wait for each other.
 */
export async function lockAccounts(
  trx: LedgerTransaction,
  { mode, provider }: AccountGroup,
  accounts: readonly string[],
): Promise<void> {
  const names = [...new Set(accounts)].toSorted()
  const lock = () =>
    trx
      .selectFrom('accounts')
      .select('account')
      .where('mode', '=', mode)
      .where('provider', '=', provider)
      .where('account', 'in', names)
      .orderBy('account')
      .forNoKeyUpdate()
      .execute()
  if ((await lock()).length === names.length) return
  await trx
    .insertInto('accounts')
    .values(names.map((account) => ({ mode, provider, account })))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  await lock()
}

/**
 * Counts and takes in one statement; the caller holds the accounts' locks, taken by an earlier statement so that this one sees every
 * permit that was granted under them. Of the accounts that are not paused the one with most room, then the first one offered.
 */
export async function grantPermit(trx: LedgerTransaction, request: PermitRequest): Promise<PermitGrant> {
  const { ref, mode, provider, accounts, limits, holdMs, ahead } = request
  const id = randomUUID()
  const { rows } = await sql<Gate & { isChosen: boolean }>`
    with clock as materialized (select clock_timestamp() as now),
    gate as (${gatesOf(request)}),
    chosen as (
      select account from gate
      where room > 0 and (select sum(room) from gate) > ${ahead}::int
      order by room desc, rank limit 1
    ),
    granted as (
      insert into permits (id, mode, provider, account, generation_id, item, attempt,
        granted_at, window_ms, open_until, counts_until, lease_until)
      select ${id}, ${mode}, ${provider}, chosen.account, ${ref.generationId}, ${ref.item}::int, ${ref.attempt}::int,
        now, ${limits.windowMs}::int, heldUntil, heldUntil, heldUntil
      from chosen, clock, lateral (select now + ${milliseconds(holdMs)} as heldUntil) as hold
      returning account
    ),
    swept as (
      delete from permits where id in (
        select id from permits
        where mode = ${mode} and provider = ${provider} and account = any(${[...accounts]}::text[])
          and exists (select 1 from chosen)
          and counts_until <= (select now from clock)
          and (released_at is not null or lease_until <= (select now from clock))
        order by counts_until limit ${sweptPerGrant}
        for update skip locked
      )
    )
    select account, "isPaused", "pauseEndsInMs", paused_by, pause_reason, pause_message, paused_at, paused_until,
      "isHalfOpen", "inWindow", "inFlight", open, "freesInMs",
      exists (select 1 from granted where granted.account = gate.account) as "isChosen"
    from gate order by rank`.execute(trx)
  const chosen = rows.find(({ isChosen }) => isChosen)
  return chosen === undefined ? { kind: 'refused', gates: rows } : { kind: 'granted', id, account: chosen.account }
}

/** What a grant would find. */
export async function lookAtGates(trx: LedgerTransaction, request: Omit<PermitRequest, 'ahead'>): Promise<Gate[]> {
  const { rows } = await sql<Gate>`
    with clock as materialized (select clock_timestamp() as now), gate as (${gatesOf(request)})
    select * from gate order by rank`.execute(trx)
  return rows
}

/** One row per offered account, with its room; needs `clock`. */
function gatesOf({ mode, provider, accounts, limits }: Omit<PermitRequest, 'ahead'>): RawBuilder<unknown> {
  const ofAccount = sql`mode = ${mode} and provider = ${provider} and account = accounts.account`
  return sql`
    select gated.*,
      case when "isPaused" then 0 else greatest(0, coalesce(least(
        ${limits.creates}::int - "inWindow",
        ${limits.maxInFlight}::int - "inFlight",
        case when "isHalfOpen" then 1 - open end
      ), ${sql.lit(unlimitedRoom)})) end as room
    from (
      select accounts.account, offered.rank, ${isPausedNow} as "isPaused",
        ceil(extract(epoch from accounts.paused_until - now) * 1000)::float8 as "pauseEndsInMs",
        accounts.paused_by, accounts.pause_reason, accounts.pause_message, accounts.paused_at, accounts.paused_until,
        accounts.slow_start as "isHalfOpen",
        counted."inWindow", counted.open, flying."inFlight", freeing."freesInMs"
      from clock, unnest(${[...accounts]}::text[]) with ordinality as offered (account, rank)
      join accounts on accounts.mode = ${mode} and accounts.provider = ${provider} and accounts.account = offered.account,
      lateral (
        select count(*)::int as "inWindow", (count(*) filter (where open_until > now))::int as open
        from permits where ${ofAccount} and counts_until > (select now from clock)
      ) as counted,
      lateral (
        select count(*)::int as "inFlight"
        from permits where ${ofAccount} and released_at is null and lease_until > (select now from clock)
      ) as flying,
      lateral (
        select coalesce(array_agg(ceil(extract(epoch from counts_until - now) * 1000)::int order by counts_until), '{}') as "freesInMs"
        from permits
        where ${ofAccount} and ${limits.creates}::int is not null and counts_until > (select now from clock) and open_until is null
      ) as freeing
    ) as gated`
}

/**
 * Under the accounts' locks, lest somebody counts while the hold runs out and its use is not written yet: the permit that is held for
 * this attempt, if an offered account that is not paused gave it; any other is given back.
 */
export async function findHeldPermit(
  trx: LedgerTransaction,
  ref: AttemptRef,
  accounts: readonly string[],
): Promise<{ id: string; account: string } | null> {
  const { rows } = await sql<{ id: string; account: string; isUsable: boolean }>`
    select permits.id, permits.account,
      permits.open_until > clock_timestamp() and permits.account = any(${[...accounts]}::text[]) and not ${isPausedNow} as "isUsable"
    from permits join accounts using (mode, provider, account)
    where generation_id = ${ref.generationId} and item = ${ref.item} and attempt = ${ref.attempt} and send_id is null`.execute(
    trx,
  )
  const held = rows.find(({ isUsable }) => isUsable)
  if (held !== undefined) return { id: held.id, account: held.account }
  if (rows.length > 0) await giveBackHeldPermit(trx, ref)
  return null
}

/** Asked again while it is held, perhaps because the answer was lost. */
export async function holdPermit(trx: LedgerTransaction, id: string, holdMs: number): Promise<void> {
  const heldUntil = sql<Date>`${databaseClock} + ${milliseconds(holdMs)}`
  await trx
    .updateTable('permits')
    .set({ open_until: heldUntil, counts_until: heldUntil, lease_until: heldUntil })
    .where('id', '=', id)
    .execute()
}

/** The attempt's row went to `sending`: its permit belongs to this send now, and counts until its deadline at least. */
export async function usePermit(
  trx: LedgerTransaction,
  id: string,
  { sendId, deadlineAt, limits }: { sendId: string; deadlineAt: Date; limits: AccountLimits },
): Promise<void> {
  await trx
    .updateTable('permits')
    .set({
      send_id: sendId,
      window_ms: limits.windowMs,
      open_until: deadlineAt,
      counts_until: sql<Date>`${deadlineAt}::timestamptz + ${milliseconds(limits.windowMs + roundingMs)}`,
      lease_until: sql<Date>`${databaseClock} + ${milliseconds(limits.leaseMs)}`,
    })
    .where('id', '=', id)
    .execute()
}

/** Nothing was sent after all: a turn that is not needed any more. */
export async function giveBackHeldPermit(trx: LedgerTransaction, ref: AttemptRef): Promise<void> {
  await trx
    .deleteFrom('permits')
    .where('generation_id', '=', ref.generationId)
    .where('item', '=', ref.item)
    .where('attempt', '=', ref.attempt)
    .where('send_id', 'is', null)
    .execute()
}

/** The run of this send says that the provider never saw it. */
export async function forgetPermit(trx: LedgerTransaction, sendId: string): Promise<void> {
  await trx.deleteFrom('permits').where('send_id', '=', sendId).where('open_until', 'is not', null).execute()
}

/**
 * The attempt is not at work at the provider any more: ended or settled. Again, or without a permit: no effect. Only permits of this
 * attempt are touched. Whether it still counts in the window is another matter.
 */
export async function releasePermit(trx: LedgerTransaction, ref: AttemptRef): Promise<void> {
  await permitsOf(trx, ref).set({ released_at: databaseClock }).where('released_at', 'is', null).execute()
}

/** The send has its answer: it counts for one window from now. Again: no effect. */
export async function answerPermit(trx: LedgerTransaction, ref: AttemptRef, windowMs?: number): Promise<void> {
  const ownWindowMs = windowMs === undefined ? sql<number>`window_ms` : sql<number>`${windowMs}`
  await permitsOf(trx, ref)
    .set(answered(ownWindowMs))
    .where('open_until', 'is not', null)
    .where('send_id', 'is not', null)
    .execute()
}

/** As `answerPermit`, by the run of one send about that send only; `isOver`: nothing came of it that could still be at work. */
export async function answerOwnPermit(trx: LedgerTransaction, sendId: string, { isOver }: { isOver: boolean }): Promise<void> {
  await trx
    .updateTable('permits')
    .set({ ...answered(sql<number>`window_ms`), ...(isOver ? { released_at: databaseClock } : {}) })
    .where('send_id', '=', sendId)
    .where('open_until', 'is not', null)
    .execute()
}

function answered(windowMs: RawBuilder<number>) {
  return {
    open_until: null,
    counts_until: sql<Date>`${databaseClock} + ${milliseconds(sql<number>`(${windowMs} + ${sql.lit(roundingMs)})`)}`,
  }
}

function permitsOf(trx: LedgerTransaction, ref: AttemptRef) {
  return trx
    .updateTable('permits')
    .where('generation_id', '=', ref.generationId)
    .where('item', '=', ref.item)
    .where('attempt', '=', ref.attempt)
}
