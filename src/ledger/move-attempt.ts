// One move of one attempt, as a compare-and-set: which states it may start from is read from the table in `attempt-states.ts`.
import { type Expression, type RawBuilder, sql, type SqlBool, type UpdateObject } from 'kysely'
import type { AttemptState } from '../contract/index.ts'
import { lostReply, databaseClock, toAttemptRow } from './attempt-rows.ts'
import { type AttemptEvent, movesOf, type OwnSendEvent } from './attempt-states.ts'
import type { LedgerTransaction } from './database.ts'
import type { AttemptRef, AttemptRow } from './ledger.ts'
import type { LedgerTables } from './schema.ts'

/** What a move writes beside the state. */
export type AttemptChanges = Omit<UpdateObject<LedgerTables, 'attempts'>, 'state' | 'generation_id' | 'item' | 'attempt'>

/** Moves the row if the table allows it, and `condition` too, with what `changes` says; null: nothing was touched. */
export async function tryMove(
  trx: LedgerTransaction,
  ref: AttemptRef,
  event: Exclude<AttemptEvent, OwnSendEvent>,
  changes: AttemptChanges,
  condition: Expression<SqlBool> = sql<SqlBool>`true`,
): Promise<AttemptRow | null> {
  const row = await moveQuery(trx, ref, event, changes).where(condition).returningAll().executeTakeFirst()
  return row === undefined ? null : toAttemptRow(row)
}

/** As `tryMove`, for the words of a run about its own send; answers the row as it is then. */
export async function moveOwnSend(
  trx: LedgerTransaction,
  ref: AttemptRef,
  event: OwnSendEvent,
  sendId: string,
  changes: AttemptChanges,
): Promise<AttemptRow> {
  const row = await moveQuery(trx, ref, event, changes).where('send_id', '=', sendId).returningAll().executeTakeFirst()
  return row === undefined ? mustSelectAttempt(trx, ref) : toAttemptRow(row)
}

/** A send whose deadline is over by the clock of the database, and which said nothing, is `unknown`. */
export async function passDeadline(trx: LedgerTransaction, ref: AttemptRef): Promise<void> {
  await moveQuery(trx, ref, 'pass_deadline', lostReply('the send did not end within its deadline'))
    .where('send_deadline_at', '<=', databaseClock)
    .execute()
}

function moveQuery(trx: LedgerTransaction, ref: AttemptRef, event: AttemptEvent, changes: AttemptChanges) {
  return trx
    .updateTable('attempts')
    .set({ ...changes, state: targetOf(event) })
    .where('generation_id', '=', ref.generationId)
    .where('item', '=', ref.item)
    .where('attempt', '=', ref.attempt)
    .where(
      'state',
      'in',
      movesOf(event).map(({ from }) => from),
    )
}

function targetOf(event: AttemptEvent): RawBuilder<AttemptState> {
  const cases = movesOf(event).map(({ from, to }) => sql`when ${sql.lit(from)} then ${sql.lit(to)}`)
  return sql<AttemptState>`case state ${sql.join(cases, sql` `)} end`
}

/** One row by its key; with `lock`, nobody else moves it until this transaction ends. */
export async function selectAttempt(
  trx: LedgerTransaction,
  ref: AttemptRef,
  options: { lock?: boolean } = {},
): Promise<AttemptRow | null> {
  const row = await trx
    .selectFrom('attempts')
    .selectAll()
    .where('generation_id', '=', ref.generationId)
    .where('item', '=', ref.item)
    .where('attempt', '=', ref.attempt)
    .$if(options.lock === true, (query) => query.forUpdate())
    .executeTakeFirst()
  return row === undefined ? null : toAttemptRow(row)
}

export async function mustSelectAttempt(
  trx: LedgerTransaction,
  ref: AttemptRef,
  options: { lock?: boolean } = {},
): Promise<AttemptRow> {
  const row = await selectAttempt(trx, ref, options)
  if (row === null)
    throw new Error(`ledger: attempt ${ref.attempt} of item ${ref.item} of generation ${ref.generationId} has no row`)
  return row
}
