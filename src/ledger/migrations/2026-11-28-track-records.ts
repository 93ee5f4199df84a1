// The newest attempts of one provider with one of its models, for routes by preference. Frozen once released.
import type { Migration } from 'kysely'

export const trackRecords: Migration = {
  async up(db) {
    await db.schema.createIndex('attempts_by_track').on('attempts').columns(['mode', 'provider', 'model', 'created_at']).execute()
  },
}
