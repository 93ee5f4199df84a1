// When a provider's word about the end of a task was recorded, by the one clock that all providers share. Frozen once released.
import { type Migration, sql } from 'kysely'

export const verdictMoments: Migration = {
  async up(db) {
    await db.schema
      .alterTable('attempts')
      // null: no word yet, or it came before there was this column; `finished_at` is of the provider's own clock where it tells one
      .addColumn('end_known_at', sql`timestamptz(3)`)
      .execute()
  },
}
