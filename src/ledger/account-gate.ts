// Whether an account may be used at all: pauses, the circuit breaker, its balance. Shared by every process.
//
// The breaker opens after a run of faults. Once its pause is over it is half open: one send at a time, until one is accepted; then it
// is closed at once and not by and by, because the window of the account limits what can follow anyway, and one more fault while it
// is half open opens it again.
import { sql } from 'kysely'
import type { AccountNews, AccountRef, AccountsPort, Pause, PauseRules } from './accounts-port.ts'
import { isPausedNow, toPause } from './account-rows.ts'
import { type AccountState, effectOf, mayPause, type NewPause } from './account-news.ts'
import { databaseClock } from './attempt-rows.ts'
import type { LedgerTransaction, Run } from './database.ts'
import { lockAccounts, milliseconds } from './permits.ts'
import { toText } from './storable-text.ts'

type GateMethods = Pick<AccountsPort, 'noteAccountNews' | 'pauseAccount' | 'resumeAccount' | 'recordBalance'>

/** Balances are read every few minutes; readings that say nothing new are kept once in this. */
const sameBalanceMs = 60_000

export function accountGateMethods(run: Run): GateMethods {
  return {
    noteAccountNews: (account, news, rules) => run((trx) => noteAccountNews(trx, account, news, rules)),
    pauseAccount: (account, pause) => run((trx) => pauseAccount(trx, account, pause)),
    resumeAccount: (account) => run((trx) => resumeAccount(trx, account)),
    recordBalance: (account, balance) => run((trx) => recordBalance(trx, account, balance)),
  }
}

async function noteAccountNews(
  trx: LedgerTransaction,
  account: AccountRef,
  news: AccountNews,
  rules: PauseRules,
): Promise<Pause | null> {
  const state = await lockState(trx, account, news.sentAt ?? null)
  const effect = effectOf(state, news, rules)
  await rowOf(trx, account).set({ failures: effect.failures, slow_start: effect.slowStart }).execute()
  if (effect.closesBreaker) await endPause(trx, account)
  if (effect.pause === null) return null
  await writePause(trx, account, state, effect.pause, endingIn(effect.pause.durationMs))
  if (effect.pause.by === 'breaker') {
    // What was sent before it opened tells it nothing new once it is half open.
    await rowOf(trx, account)
      .set({ fresh_from: sql<Date>`paused_until` })
      .execute()
  }
  return (await readState(trx, account, null)).pause
}

async function pauseAccount(
  trx: LedgerTransaction,
  account: AccountRef,
  { until, ...words }: Parameters<AccountsPort['pauseAccount']>[1],
): Promise<Pause> {
  const state = await lockState(trx, account, null)
  const durationMs = until === null ? null : until.getTime() - state.now.getTime()
  const pause = { ...words, durationMs }
  if (mayPause(state, pause)) await writePause(trx, account, state, pause, until)
  const stands = (await readState(trx, account, null)).pause
  // One that is over already pauses nothing; it is answered as it was asked for.
  return stands ?? { ...words, since: state.now, until }
}

async function resumeAccount(trx: LedgerTransaction, account: AccountRef): Promise<boolean> {
  const found = await rowOf(trx, account)
    .set({ fresh_from: databaseClock, failures: 0, slow_start: false })
    .returning(isPausedNow.as('isPaused'))
    .executeTakeFirst()
  if (found === undefined) return false
  await endPause(trx, account)
  return found.isPaused
}

async function recordBalance(
  trx: LedgerTransaction,
  account: AccountRef,
  balance: Parameters<AccountsPort['recordBalance']>[1],
): Promise<{ resumed: boolean }> {
  const { pause } = await lockState(trx, account, null)
  const credits = toBalance(balance.credits)
  const usd = toBalance(balance.usd)
  await rowOf(trx, account).set({ balance_credits: credits, balance_usd: usd, balance_at: databaseClock }).execute()
  await keepReading(trx, account, credits, usd)
  const hasCredit = (credits ?? 0) > 0 || (usd ?? 0) > 0
  // A key that reads the balance is a key that works.
  const isDisproved = pause?.by === 'provider' && (pause.reason === 'auth' || (pause.reason === 'no_credits' && hasCredit))
  if (!isDisproved) return { resumed: false }
  await endPause(trx, account)
  // A refusal that was on its way meanwhile is older than the reading.
  await rowOf(trx, account).set({ fresh_from: databaseClock }).execute()
  return { resumed: true }
}

async function keepReading(
  trx: LedgerTransaction,
  { mode, provider, account }: AccountRef,
  credits: number | null,
  usd: number | null,
): Promise<void> {
  await sql`
    insert into balances (mode, provider, account, credits, usd)
    select ${mode}, ${provider}, ${account}, ${credits}::numeric, ${usd}::numeric
    where not exists (
      select 1 from (
        select credits, usd, at from balances
        where mode = ${mode} and provider = ${provider} and account = ${account}
        order by at desc limit 1
      ) as newest
      where credits is not distinct from ${credits}::numeric and usd is not distinct from ${usd}::numeric
        and at > clock_timestamp() - ${milliseconds(sameBalanceMs)}
    )`.execute(trx)
}

/** Credits may be owed: less than nothing is a balance too. A number that is none is not known. */
function toBalance(amount: number | null): number | null {
  return amount !== null && Number.isFinite(amount) ? amount : null
}

async function lockState(trx: LedgerTransaction, account: AccountRef, sentAt: Date | null): Promise<AccountState> {
  await lockAccounts(trx, account, [account.account])
  return readState(trx, account, sentAt)
}

async function readState(
  trx: LedgerTransaction,
  { mode, provider, account }: AccountRef,
  sentAt: Date | null,
): Promise<AccountState> {
  const row = await trx
    .selectFrom('accounts')
    .selectAll()
    .select([
      databaseClock.as('now'),
      isPausedNow.as('isPaused'),
      sql<boolean>`coalesce(${sentAt}::timestamptz < fresh_from, false)`.as('isOldNews'),
    ])
    .where('mode', '=', mode)
    .where('provider', '=', provider)
    .where('account', '=', account)
    .executeTakeFirstOrThrow()
  const { now, isPaused, isOldNews, failures, slow_start: slowStart } = row
  return { now, isOldNews, failures, slowStart, pause: isPaused ? toPause(row) : null }
}

async function writePause(
  trx: LedgerTransaction,
  account: AccountRef,
  { pause: current, now }: AccountState,
  { by, reason, message }: NewPause,
  until: Date | null | ReturnType<typeof endingIn>,
): Promise<void> {
  // The same trouble, still there: people want to know since when.
  const isSame = current !== null && current.by === by && current.reason === reason
  await rowOf(trx, account)
    .set({
      paused_by: by,
      pause_reason: reason,
      pause_message: toText(message),
      paused_at: isSame ? current.since : now,
      paused_until: until,
    })
    .execute()
}

function endingIn(durationMs: number | null) {
  return durationMs === null ? null : sql<Date>`${databaseClock} + ${milliseconds(durationMs)}`
}

async function endPause(trx: LedgerTransaction, account: AccountRef): Promise<void> {
  const nothing = { paused_by: null, pause_reason: null, pause_message: null, paused_at: null, paused_until: null }
  await rowOf(trx, account).set(nothing).execute()
}

function rowOf(trx: LedgerTransaction, { mode, provider, account }: AccountRef) {
  return trx.updateTable('accounts').where('mode', '=', mode).where('provider', '=', provider).where('account', '=', account)
}
