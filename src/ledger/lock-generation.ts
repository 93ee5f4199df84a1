import type { LedgerTransaction } from './database.ts'

/**
 * One at a time per generation, until the transaction ends: claims and the end of a generation must not overlap. Not a full lock,
 * which would also hold up the foreign keys of rows that only name the generation.
 */
export async function lockGeneration(trx: LedgerTransaction, generationId: string): Promise<{ isOpen: boolean }> {
  const row = await trx
    .selectFrom('generations')
    .select('status')
    .where('id', '=', generationId)
    .forNoKeyUpdate()
    .executeTakeFirst()
  if (row === undefined) throw new Error(`ledger: there is no generation ${generationId}`)
  return { isOpen: row.status === null }
}
