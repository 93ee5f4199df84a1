// A generation from its first row to its one end (I2).
import { sql } from 'kysely'
import type { Generation } from '../contract/index.ts'
import { databaseClock } from './attempt-rows.ts'
import { bookSpending, giveBack, hasBudget, reserve } from './budget-usage.ts'
import type { LedgerTransaction, Run } from './database.ts'
import { hasStatus, isOpenState } from './generation-status.ts'
import { type LedgerLinks, toGeneration } from './generation-view.ts'
import { addItemImages, insertImages, toNewImage } from './image-rows.ts'
import { leaveAllAttempts } from './leave-attempts.ts'
import type {
  Closing,
  CreateGenerationResult,
  GenerationFilter,
  Ledger,
  NewGeneration,
  NewImage,
  UnnumberedImage,
} from './ledger.ts'
import { lockGeneration } from './lock-generation.ts'
import { firstCallbacksOf } from './first-callbacks.ts'
import { openClaimsOf } from './open-claims.ts'
import { maxPageSize, readCursor, toCursor } from './page-cursor.ts'
import { toJsonText } from './storable-text.ts'

type GenerationMethods = Pick<
  Ledger,
  | 'createGeneration'
  | 'recordPlan'
  | 'readPlan'
  | 'forgetUnplanned'
  | 'readGeneration'
  | 'listGenerations'
  | 'closeGeneration'
  | 'addItemImages'
  | 'readImage'
>

/** of Postgres' type integer */
const maxInteger = 2_147_483_647

export function generationMethods(run: Run, links: LedgerLinks): GenerationMethods {
  return {
    createGeneration: (generation) => createWithinBudget(run, generation),
    recordPlan: (generationId, plan, fidelity) => run((trx) => recordPlan(trx, generationId, plan, fidelity)),
    readPlan: (generationId) => run((trx) => readPlan(trx, generationId)),
    forgetUnplanned: (generationId) => run((trx) => forgetUnplanned(trx, generationId)),
    readGeneration: (generationId) =>
      run(async (trx) => (await readGenerations(trx, [generationId], links))[0] ?? null, { snapshot: true }),
    listGenerations: (filter) => run((trx) => listGenerations(trx, filter, links), { snapshot: true }),
    closeGeneration: (generationId, closing, images) =>
      run(async (trx) => {
        await closeGeneration(trx, generationId, closing, images)
        const [generation] = await readGenerations(trx, [generationId], links)
        if (generation === undefined) throw new Error(`ledger: generation ${generationId} vanished while it was closed`)
        return generation
      }),
    addItemImages: (ref, images) => run((trx) => addItemImages(trx, ref, images)),
    readImage: (generationId, index) => run((trx) => readImage(trx, generationId, index)),
  }
}

/** Leaves the transaction, so that nothing of it stays. */
class NoRoom extends Error {
  readonly result: CreateGenerationResult
  constructor(result: CreateGenerationResult) {
    super('ledger: a budget has no room')
    this.result = result
  }
}

async function createWithinBudget(run: Run, generation: NewGeneration): Promise<CreateGenerationResult> {
  try {
    return await run((trx) => createGeneration(trx, generation))
  } catch (error) {
    if (error instanceof NoRoom) return error.result
    throw error
  }
}

async function createGeneration(trx: LedgerTransaction, generation: NewGeneration): Promise<CreateGenerationResult> {
  const { id, requestSha256, request, mode, idempotencySha256, tenant, worstCaseUsd } = generation
  const created = await trx
    .insertInto('generations')
    .values({
      id,
      request_sha256: requestSha256,
      idempotency_sha256: idempotencySha256,
      request: toJsonText(request),
      mode,
      tenant,
      reserved_usd: worstCaseUsd ?? 0,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  if (created === undefined) {
    const found = await trx.selectFrom('generations').select('request_sha256').where('id', '=', id).executeTakeFirst()
    // Forgotten between the two statements: as good as made just now, so make it.
    if (found === undefined) return createGeneration(trx, generation)
    return { kind: found.request_sha256 === requestSha256 ? 'exists' : 'conflict' }
  }
  if (worstCaseUsd === null && (await hasBudget(trx, mode, tenant))) throw new NoRoom({ kind: 'price_unknown' })
  const over = await reserve(trx, id)
  if (over !== null) throw new NoRoom({ kind: 'over_budget', budget: { ...over, wantedUsd: worstCaseUsd ?? 0 } })
  return { kind: 'created' }
}

async function recordPlan(trx: LedgerTransaction, id: string, plan: unknown, fidelity: unknown): Promise<unknown> {
  await trx
    .updateTable('generations')
    .set({ plan: toJsonText(plan), fidelity: toJsonText(fidelity) })
    .where('id', '=', id)
    .where('plan', 'is', null)
    // I2: what has ended is not written to any more
    .where('status', 'is', null)
    .execute()
  const stored = await trx.selectFrom('generations').select('plan').where('id', '=', id).executeTakeFirst()
  if (stored === undefined) throw new Error(`ledger: there is no generation ${id} to plan`)
  return stored.plan
}

async function readPlan(trx: LedgerTransaction, id: string): Promise<unknown> {
  const row = await trx.selectFrom('generations').select('plan').where('id', '=', id).executeTakeFirst()
  return row?.plan ?? null
}

async function forgetUnplanned(trx: LedgerTransaction, id: string): Promise<boolean> {
  // Locked first: an attempt that is being written names this row, and the statement after the lock sees it.
  const found = await trx.selectFrom('generations').select('id').where('id', '=', id).forUpdate().executeTakeFirst()
  if (found === undefined) return false
  const removed = await trx
    .deleteFrom('generations')
    .where('id', '=', id)
    .where('plan', 'is', null)
    .where('status', 'is', null)
    .where((eb) =>
      eb.not(eb.exists(eb.selectFrom('attempts').select('attempt').whereRef('attempts.generation_id', '=', 'generations.id'))),
    )
    .returning(['mode', 'tenant', 'created_at', 'reserved_usd'])
    .executeTakeFirst()
  if (removed === undefined) return false
  await giveBack(trx, removed)
  return true
}

async function closeGeneration(trx: LedgerTransaction, id: string, closing: Closing, images: UnnumberedImage[]): Promise<void> {
  const { isOpen } = await lockGeneration(trx, id)
  // I2: the first end stays, and what a later one brings along is not kept
  if (!isOpen) return
  await leaveAllAttempts(trx, id, closing)
  await insertImages(trx, id, images, { spare: false })
  await trx
    .updateTable('generations')
    .set({
      status: closing.status,
      served_by_attempt: closing.servedByAttempt,
      served_by_item: closing.servedByItem ?? 0,
      decisions: toJsonText(closing.decisions),
      failure: closing.failure === null ? null : toJsonText(closing.failure),
      item_failures: toJsonText(closing.itemFailures ?? []),
      closed_at: databaseClock,
      // The plan's fidelity stands unless the attempt that served had another one.
      ...(closing.fidelity === null ? {} : { fidelity: toJsonText(closing.fidelity) }),
    })
    .where('id', '=', id)
    .where('status', 'is', null)
    .execute()
  await bookSpending(trx, id)
}

async function listGenerations(
  trx: LedgerTransaction,
  { status, cursor, limit }: GenerationFilter,
  links: LedgerLinks,
): Promise<{ generations: Generation[]; nextCursor: string | null }> {
  const pageSize = Math.min(Math.max(1, Math.trunc(limit)), maxPageSize)
  let query = trx.selectFrom('generations').select(['generations.id', 'generations.created_at'])
  if (status !== undefined) {
    query = query
      .leftJoinLateral(
        (eb) =>
          eb
            .selectFrom('attempts')
            .select((columns) => [
              'attempts.state',
              columns
                .exists(
                  columns
                    .selectFrom('line')
                    .select('line.attempt')
                    .whereRef('line.generation_id', '=', 'attempts.generation_id')
                    .whereRef('line.item', '=', 'attempts.item')
                    .whereRef('line.attempt', '=', 'attempts.attempt')
                    .where('line.granted_at', 'is', null),
                )
                .as('is_in_line'),
            ])
            .whereRef('attempts.generation_id', '=', 'generations.id')
            .orderBy(isOpenState, 'desc')
            .orderBy('attempts.attempt', 'desc')
            .orderBy('attempts.item', 'desc')
            .limit(1)
            .as('newest'),
        (join) => join.onTrue(),
      )
      .where(hasStatus(status))
  }
  if (cursor !== undefined) {
    const { createdAt, id } = readCursor(cursor)
    query = query.where(sql<boolean>`(generations.created_at, generations.id) < (${createdAt}, ${id})`)
  }
  const found = await query
    .orderBy('generations.created_at', 'desc')
    .orderBy('generations.id', 'desc')
    .limit(pageSize + 1)
    .execute()
  const page = found.slice(0, pageSize)
  const last = page.at(-1)
  const hasMore = found.length > pageSize && last !== undefined
  const generations = await readGenerations(
    trx,
    page.map(({ id }) => id),
    links,
  )
  return { generations, nextCursor: hasMore ? toCursor({ createdAt: last.created_at, id: last.id }) : null }
}

/** In the order of `ids`; what does not exist is left out. The number of statements does not depend on how many there are. */
async function readGenerations(trx: LedgerTransaction, ids: string[], links: LedgerLinks): Promise<Generation[]> {
  if (ids.length === 0) return []
  const generations = await trx.selectFrom('generations').selectAll().where('id', 'in', ids).execute()
  const attempts = await trx.selectFrom('attempts').selectAll().where('generation_id', 'in', ids).execute()
  const images = await trx.selectFrom('images').selectAll().where('generation_id', 'in', ids).execute()
  const extraTasks = await trx.selectFrom('extra_tasks').selectAll().where('generation_id', 'in', ids).execute()
  const places = await trx
    .selectFrom('line')
    .select(['generation_id', 'item', 'attempt'])
    .where('generation_id', 'in', ids)
    .where('granted_at', 'is', null)
    .execute()
  const openClaims = await openClaimsOf(trx, ids)
  const firstCallbacks = await firstCallbacksOf(trx, ids)
  return ids.flatMap((id) => {
    const generation = generations.find((row) => row.id === id)
    if (generation === undefined) return []
    const own = (row: { generation_id: string }): boolean => row.generation_id === id
    const rows = {
      generation,
      attempts: attempts.filter(own),
      images: images.filter(own),
      extraTasks: extraTasks.filter(own),
      openClaims: openClaims.filter(({ generationId }) => generationId === id),
      firstCallbacks: firstCallbacks.filter(({ generationId }) => generationId === id),
      inLine: places.filter(own).map(({ item, attempt }) => ({ generationId: id, item, attempt })),
    }
    return [toGeneration(rows, links)]
  })
}

async function readImage(trx: LedgerTransaction, generationId: string, index: number): Promise<NewImage | null> {
  // beyond what the column holds there is none, and asking would be an error
  if (!Number.isInteger(index) || Math.abs(index) > maxInteger) return null
  const row = await trx
    .selectFrom('images')
    .selectAll()
    .where('generation_id', '=', generationId)
    .where('image_index', '=', index)
    .executeTakeFirst()
  return row === undefined ? null : toNewImage(row)
}
