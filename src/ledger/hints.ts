// What callbacks claimed. Nobody vouches for it, so there is little of it: one row per claim, a few per attempt.
import { type Selectable, sql } from 'kysely'
import type { LedgerTransaction, Run } from './database.ts'
import type { AttemptRef, Hint, Ledger } from './ledger.ts'
import type { HintsTable } from './schema.ts'
import { toText } from './storable-text.ts'

/** A provider calls back once or twice per state; more than this is a flood. The first ones are kept: a flood comes late. */
const maxHintsPerAttempt = 20
/** Longer than any id or state of a provider; a longer one names nothing. */
const maxClaimLength = 200

export function hintMethods(run: Run): Pick<Ledger, 'keepHint' | 'readHints'> {
  return {
    keepHint: (hint) => run((trx) => keepHint(trx, hint)),
    readHints: (ref) => run((trx) => readHints(trx, ref)),
  }
}

async function keepHint(trx: LedgerTransaction, hint: Hint): Promise<void> {
  // Counting and adding must not overlap, and there may be no row of the attempt yet to lock.
  const key = JSON.stringify(['hints', hint.generationId, hint.item, hint.attempt])
  await sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`.execute(trx)
  const kept = await readHints(trx, hint)
  if (kept.length >= maxHintsPerAttempt) return
  await trx
    .insertInto('hints')
    .values({
      generation_id: hint.generationId,
      item: hint.item,
      attempt: hint.attempt,
      claimed_task_id: toClaim(hint.claimedTaskId),
      claimed_state: toClaim(hint.claimedState),
      body_sha256: hint.bodySha256,
      received_at: hint.receivedAt,
    })
    // the same claim again
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

function toClaim(claim: string | null): string | null {
  return claim === null || claim.length > maxClaimLength ? null : toText(claim)
}

async function readHints(trx: LedgerTransaction, { generationId, item, attempt }: AttemptRef): Promise<Hint[]> {
  const rows = await trx
    .selectFrom('hints')
    .selectAll()
    .where('generation_id', '=', generationId)
    .where('item', '=', item)
    .where('attempt', '=', attempt)
    .orderBy('received_at')
    .execute()
  return rows.map((row) => toHint(row))
}

function toHint(row: Selectable<HintsTable>): Hint {
  return {
    generationId: row.generation_id,
    item: row.item,
    attempt: row.attempt,
    claimedTaskId: row.claimed_task_id,
    claimedState: row.claimed_state,
    bodySha256: row.body_sha256,
    receivedAt: row.received_at,
  }
}
