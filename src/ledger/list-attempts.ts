// Attempts across generations, by what is of concern about them: each is a row that somebody can look at.
import { type Selectable, sql } from 'kysely'
import type { SpendMode } from '../contract/index.ts'
import { isOfConcern } from './concerns.ts'
import type { LedgerTransaction } from './database.ts'
import { toReport } from './generation-view.ts'
import { type AttemptRef, InvalidCursorError } from './ledger.ts'
import { firstCallbacksOf } from './first-callbacks.ts'
import { openClaimsOf } from './open-claims.ts'
import { maxPageSize, readCursor, toCursor } from './page-cursor.ts'
import type { AttemptsTable } from './schema.ts'
import { type AttemptFilter, attemptConcerns, type LedgerTotals, type ListedAttempt } from './stats-port.ts'

export async function listAttempts(
  trx: LedgerTransaction,
  { mode, concern, cursor, limit }: AttemptFilter,
): Promise<{ attempts: ListedAttempt[]; nextCursor: string | null }> {
  const pageSize = Math.min(Math.max(1, Math.trunc(limit)), maxPageSize)
  const { rows } = await sql<Selectable<AttemptsTable> & { tenant: string }>`
    select attempts.*, generations.tenant from attempts join generations on generations.id = attempts.generation_id
    where attempts.mode = ${mode} and ${isOfConcern(concern)} and ${cursor === undefined ? sql`true` : isAfter(cursor)}
    order by attempts.created_at desc, attempts.generation_id desc, attempts.item desc, attempts.attempt desc
    limit ${pageSize + 1}`.execute(trx)
  const page = rows.slice(0, pageSize)
  const last = page.at(-1)
  const ids = [...new Set(page.map(({ generation_id: id }) => id))]
  const extraTasks =
    ids.length === 0 ? [] : await trx.selectFrom('extra_tasks').selectAll().where('generation_id', 'in', ids).execute()
  const openClaims = ids.length === 0 ? [] : await openClaimsOf(trx, ids)
  const firstCallbacks = ids.length === 0 ? [] : await firstCallbacksOf(trx, ids)
  const attempts = page.map((row) => ({
    ...toReport(row, {
      extraTasks: extraTasks.filter((task) => task.generation_id === row.generation_id),
      openClaims: openClaims.filter((claim) => claim.generationId === row.generation_id),
      firstCallbacks: firstCallbacks.filter(({ generationId }) => generationId === row.generation_id),
    }),
    generationId: row.generation_id,
    tenant: row.tenant,
    createdAt: row.created_at.toISOString(),
  }))
  const hasMore = rows.length > pageSize && last !== undefined
  return { attempts, nextCursor: hasMore ? toCursor({ createdAt: last.created_at, id: toKey(last) }) : null }
}

/** `/` is in no generation id. */
function toKey({ generation_id: id, item, attempt }: Selectable<AttemptsTable>): string {
  return `${id}/${item}/${attempt}`
}

function readKey(key: string): AttemptRef {
  const [generationId = '', item, attempt, ...rest] = key.split('/')
  const ref = { generationId, item: Number(item), attempt: Number(attempt) }
  const isOurs = rest.length === 0 && Number.isSafeInteger(ref.item) && Number.isSafeInteger(ref.attempt)
  if (!isOurs) throw new InvalidCursorError('The cursor is not one that this ledger gave out')
  return ref
}

function isAfter(cursor: string) {
  const { createdAt, id } = readCursor(cursor)
  const { generationId, item, attempt } = readKey(id)
  return sql`(attempts.created_at, attempts.generation_id, attempts.item, attempts.attempt)
    < (${createdAt}, ${generationId}, ${item}::bigint, ${attempt}::bigint)`
}

export async function readTotals(trx: LedgerTransaction, mode: SpendMode): Promise<LedgerTotals> {
  const counts = attemptConcerns.map(
    (concern) => sql`count(*) filter (where ${isOfConcern(concern)})::integer as ${sql.ref(concern)}`,
  )
  const { rows } = await sql<LedgerTotals['attempts']>`
    select ${sql.join(counts)} from attempts join generations on generations.id = attempts.generation_id
    where attempts.mode = ${mode}`.execute(trx)
  const open = await trx
    .selectFrom('generations')
    .select((columns) => columns.fn.countAll<string>().as('count'))
    .where('mode', '=', mode)
    .where('status', 'is', null)
    .executeTakeFirstOrThrow()
  const [attempts] = rows
  if (attempts === undefined) throw new Error('ledger: a count without an answer')
  return { generationsOpen: Number(open.count), attempts }
}
