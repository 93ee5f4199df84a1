// A migration is frozen once released: it spells its lists out instead of importing words that may change later.
import { type Kysely, type Migration, sql } from 'kysely'

const states = [
  'claimed',
  'sending',
  'accepted',
  'unknown',
  'succeeded',
  'failed',
  'abandoned',
  'rejected',
  'withdrawn',
  'settled',
]
const ends = ['completed', 'failed', 'cancelled']

/** Milliseconds: what a JavaScript Date can hold, so that cursors and comparisons are exact. */
const moment = sql`timestamptz(3)`
const databaseClock = sql`clock_timestamp()`
const oneOf = (column: string, words: string[]) =>
  sql<boolean>`${sql.ref(column)} in (${sql.join(words.map((word) => sql.lit(word)))})`

async function createGenerations(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('generations')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('request_sha256', 'text', (column) => column.notNull())
    .addColumn('idempotency_sha256', 'text')
    .addColumn('request', 'jsonb', (column) => column.notNull())
    .addColumn('mode', 'text', (column) => column.notNull().check(oneOf('mode', ['mock', 'live'])))
    .addColumn('plan', 'json')
    .addColumn('fidelity', 'jsonb')
    .addColumn('status', 'text', (column) => column.check(oneOf('status', ends)))
    .addColumn('served_by_attempt', 'integer')
    .addColumn('decisions', 'jsonb', (column) => column.notNull().defaultTo(sql`'[]'::jsonb`))
    .addColumn('failure', 'jsonb')
    .addColumn('created_at', moment, (column) => column.notNull().defaultTo(databaseClock))
    .addColumn('closed_at', moment)
    // I2: an end has its time, and only an end has one
    .addCheckConstraint('generations_closed_at_with_status', sql`(status is null) = (closed_at is null)`)
    .execute()
  await db.schema.createIndex('generations_by_age').on('generations').columns(['created_at', 'id']).execute()
  await db.schema.createIndex('generations_by_status').on('generations').columns(['status', 'created_at', 'id']).execute()
}

async function createAttempts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('attempts')
    .addColumn('generation_id', 'text', (column) => column.notNull().references('generations.id'))
    .addColumn('item', 'integer', (column) => column.notNull().check(sql`item >= 0`))
    .addColumn('attempt', 'integer', (column) => column.notNull().check(sql`attempt >= 1`))
    .addColumn('provider', 'text', (column) => column.notNull())
    .addColumn('account', 'text', (column) => column.notNull())
    .addColumn('base_url', 'text', (column) => column.notNull())
    .addColumn('mode', 'text', (column) => column.notNull().check(oneOf('mode', ['mock', 'live'])))
    .addColumn('api', 'text', (column) => column.notNull())
    .addColumn('model', 'text', (column) => column.notNull())
    .addColumn('request_sha256', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull().check(oneOf('state', states)))
    .addColumn('send_id', 'text')
    .addColumn('send_started_at', moment)
    .addColumn('first_send_started_at', moment)
    .addColumn('send_deadline_at', moment)
    .addColumn('tries', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('provider_task_id', 'text')
    .addColumn('adopted', 'boolean', (column) => column.notNull().defaultTo(false))
    .addColumn('outcome', 'text')
    .addColumn('reason', 'text')
    .addColumn('message', 'text')
    .addColumn('estimate_usd', 'numeric')
    .addColumn('estimate_credits', 'numeric')
    .addColumn('cost_usd', 'numeric')
    .addColumn('cost_credits', 'numeric')
    .addColumn('cost_source', 'text', (column) =>
      column
        .notNull()
        .defaultTo('none')
        .check(oneOf('cost_source', ['measured', 'estimated', 'none'])),
    )
    .addColumn('proven_free', 'boolean', (column) => column.notNull().defaultTo(false))
    .addColumn('possible_extra_charge', 'boolean', (column) => column.notNull().defaultTo(false))
    .addColumn('created_at', moment, (column) => column.notNull().defaultTo(databaseClock))
    .addColumn('accepted_at', moment)
    .addColumn('finished_at', moment)
    .addPrimaryKeyConstraint('attempts_pkey', ['generation_id', 'item', 'attempt'])
    // a send has an identity and a deadline, else nobody could ever tell that it is over
    .addCheckConstraint(
      'attempts_sending_has_deadline',
      sql`state <> 'sending' or (send_id is not null and send_deadline_at is not null)`,
    )
    .execute()
  // Not unique: when a provider gives one task id to two submits, the second reply must still be written (its money is spent).
  // Adoption, which may refuse, checks under a lock instead.
  await db.schema
    .createIndex('attempts_by_provider_task')
    .on('attempts')
    .columns(['provider', 'account', 'provider_task_id'])
    .where(sql.ref('provider_task_id'), 'is not', null)
    .execute()
}

async function createHintsAndImages(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('hints')
    .addColumn('generation_id', 'text', (column) => column.notNull())
    .addColumn('item', 'integer', (column) => column.notNull())
    .addColumn('attempt', 'integer', (column) => column.notNull())
    .addColumn('claimed_task_id', 'text')
    .addColumn('claimed_state', 'text')
    .addColumn('body_sha256', 'text', (column) => column.notNull())
    .addColumn('received_at', moment, (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('hints_one_per_claim')
    .unique()
    .on('hints')
    .columns(['generation_id', 'item', 'attempt'])
    .expression(sql`coalesce(claimed_task_id, ''), coalesce(claimed_state, '')`)
    .execute()
  await db.schema
    .createTable('images')
    .addColumn('generation_id', 'text', (column) => column.notNull().references('generations.id'))
    .addColumn('image_index', 'integer', (column) => column.notNull().check(sql`image_index >= 0`))
    .addColumn('item', 'integer', (column) => column.notNull())
    .addColumn('attempt', 'integer', (column) => column.notNull())
    .addColumn('sha256', 'text', (column) => column.notNull())
    .addColumn('size_bytes', 'integer', (column) => column.notNull())
    .addColumn('content_type', 'text', (column) => column.notNull())
    .addColumn('width', 'integer', (column) => column.notNull())
    .addColumn('height', 'integer', (column) => column.notNull())
    .addColumn('provenance', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('images_pkey', ['generation_id', 'image_index'])
    .execute()
}

export const firstTables: Migration = {
  async up(db) {
    await createGenerations(db)
    await createAttempts(db)
    await createHintsAndImages(db)
  },
}
