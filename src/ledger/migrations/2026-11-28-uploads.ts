// Pictures that callers sent us, and where providers keep their copies. Frozen once released.
import { type Migration, sql } from 'kysely'

const moment = sql`timestamptz(3)`
const databaseClock = sql`clock_timestamp()`

export const uploads: Migration = {
  async up(db) {
    await db.schema
      .createTable('uploads')
      // of the bytes, which are in the store under this address
      .addColumn('sha256', 'text', (column) => column.primaryKey().check(sql`sha256 ~ '^[0-9a-f]{64}$'`))
      .addColumn('size_bytes', 'integer', (column) => column.notNull().check(sql`size_bytes > 0`))
      .addColumn('content_type', 'text', (column) => column.notNull())
      .addColumn('width', 'integer', (column) => column.notNull())
      .addColumn('height', 'integer', (column) => column.notNull())
      .addColumn('created_at', moment, (column) => column.notNull().defaultTo(databaseClock))
      .execute()
    await db.schema
      .createTable('upload_links')
      .addColumn('sha256', 'text', (column) => column.notNull().references('uploads.sha256').onDelete('cascade'))
      .addColumn('provider', 'text', (column) => column.notNull())
      // where it was sent: a simulator's copy is none of the real provider's
      .addColumn('base_url', 'text', (column) => column.notNull())
      // whose key sent it; the link itself needs none
      .addColumn('account', 'text', (column) => column.notNull())
      .addColumn('url', 'text', (column) => column.notNull())
      .addColumn('expires_at', moment, (column) => column.notNull())
      .addPrimaryKeyConstraint('upload_links_pkey', ['sha256', 'provider', 'base_url'])
      .execute()
    await db.schema.createIndex('upload_links_by_expiry').on('upload_links').columns(['expires_at']).execute()
  },
}
