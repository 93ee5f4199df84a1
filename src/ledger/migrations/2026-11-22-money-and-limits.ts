// Settlement, permits, the gate of each provider account, budgets. Frozen once released: lists are spelled out.
import { type Kysely, type Migration, sql } from 'kysely'

const verdicts = ['paid', 'failed_free', 'confirmed_extra', 'unresolved']
const modes = ['mock', 'live']
const authors = ['operator', 'provider', 'breaker']
const periods = ['hour', 'day', 'month']

const moment = sql`timestamptz(3)`
const databaseClock = sql`clock_timestamp()`
const oneOf = (column: string, words: string[]) =>
  sql<boolean>`${sql.ref(column)} in (${sql.join(words.map((word) => sql.lit(word)))})`

async function extendFirstTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('generations')
    .addColumn('tenant', 'text', (column) => column.notNull().defaultTo('default'))
    // worst case of the plan while the generation is open, 0 once its real cost is booked
    .addColumn('reserved_usd', 'numeric', (column) => column.notNull().defaultTo(0))
    // what of its cost the budgets have been told
    .addColumn('booked_usd', 'numeric', (column) => column.notNull().defaultTo(0))
    .execute()
  await db.schema
    .alterTable('attempts')
    // index in the plan's route: whoever settles the row after its workflow is gone needs it
    .addColumn('entry', 'integer')
    .addColumn('verdict', 'text', (column) => column.check(oneOf('verdict', verdicts)))
    .addColumn('settled_at', moment)
    .execute()
  await sql`alter table attempts add constraint attempts_settled_has_verdict
    check ((state = 'settled') = (verdict is not null and settled_at is not null))`.execute(db)
  // what stats count and the sweeper looks for
  await db.schema.createIndex('attempts_by_age').on('attempts').columns(['created_at']).execute()
  await db.schema
    .createIndex('attempts_owing')
    .on('attempts')
    .columns(['finished_at'])
    .where(sql.ref('state'), '=', 'abandoned')
    .execute()
  await db.schema
    .alterTable('images')
    .addColumn('spare', 'boolean', (column) => column.notNull().defaultTo(false))
    .execute()
  // why a claim is not looked at again
  await db.schema.alterTable('hints').addColumn('dismissed', 'text').execute()
  await db.schema
    .createTable('extra_tasks')
    .addColumn('generation_id', 'text', (column) => column.notNull().references('generations.id'))
    .addColumn('item', 'integer', (column) => column.notNull())
    .addColumn('attempt', 'integer', (column) => column.notNull())
    .addColumn('provider_task_id', 'text', (column) => column.notNull())
    .addColumn('verdict', 'text', (column) => column.check(oneOf('verdict', verdicts)))
    .addColumn('cost_usd', 'numeric')
    .addColumn('cost_credits', 'numeric')
    .addColumn('cost_source', 'text', (column) => column.notNull().defaultTo('none'))
    .addColumn('created_at', moment, (column) => column.notNull().defaultTo(databaseClock))
    .addColumn('settled_at', moment)
    .addPrimaryKeyConstraint('extra_tasks_pkey', ['generation_id', 'item', 'attempt', 'provider_task_id'])
    .addCheckConstraint('extra_tasks_settled_has_verdict', sql`(verdict is null) = (settled_at is null)`)
    .execute()
  // an id that is held as an extra task is not adopted by another attempt
  await db.schema.createIndex('extra_tasks_by_task').on('extra_tasks').columns(['provider_task_id']).execute()
}

async function createAccounts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('accounts')
    .addColumn('mode', 'text', (column) => column.notNull().check(oneOf('mode', modes)))
    .addColumn('provider', 'text', (column) => column.notNull())
    .addColumn('account', 'text', (column) => column.notNull())
    .addColumn('paused_by', 'text', (column) => column.check(oneOf('paused_by', authors)))
    .addColumn('pause_reason', 'text')
    .addColumn('pause_message', 'text')
    .addColumn('paused_at', moment)
    // null while paused: until somebody resumes it
    .addColumn('paused_until', moment)
    .addColumn('failures', 'integer', (column) => column.notNull().defaultTo(0))
    // after the breaker: one send at a time until one is accepted
    .addColumn('slow_start', 'boolean', (column) => column.notNull().defaultTo(false))
    // what a send says that began before this is old news: it was resumed since, or the breaker has heard enough
    .addColumn('fresh_from', moment)
    .addColumn('balance_credits', 'numeric')
    .addColumn('balance_usd', 'numeric')
    .addColumn('balance_at', moment)
    .addPrimaryKeyConstraint('accounts_pkey', ['mode', 'provider', 'account'])
    .execute()
  await db.schema
    .createTable('balances')
    .addColumn('mode', 'text', (column) => column.notNull())
    .addColumn('provider', 'text', (column) => column.notNull())
    .addColumn('account', 'text', (column) => column.notNull())
    .addColumn('at', moment, (column) => column.notNull().defaultTo(databaseClock))
    .addColumn('credits', 'numeric')
    .addColumn('usd', 'numeric')
    .execute()
  await db.schema.createIndex('balances_by_time').on('balances').columns(['mode', 'provider', 'account', 'at']).execute()
}

async function createPermits(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('permits')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('mode', 'text', (column) => column.notNull())
    .addColumn('provider', 'text', (column) => column.notNull())
    .addColumn('account', 'text', (column) => column.notNull())
    .addColumn('generation_id', 'text', (column) => column.notNull())
    .addColumn('item', 'integer', (column) => column.notNull())
    .addColumn('attempt', 'integer', (column) => column.notNull())
    .addColumn('granted_at', moment, (column) => column.notNull().defaultTo(databaseClock))
    // null while it is held for a turn in the line and not used yet
    .addColumn('send_id', 'text')
    .addColumn('window_ms', 'integer', (column) => column.notNull())
    // held, or its POST may be on the wire, until then; null: answered
    .addColumn('open_until', moment)
    // in the window: until the hold is over; then until the send deadline, and from its answer on, a window longer
    .addColumn('counts_until', moment, (column) => column.notNull())
    // at work at the provider until released, or until this
    .addColumn('lease_until', moment, (column) => column.notNull())
    .addColumn('released_at', moment)
    .execute()
  const place = ['mode', 'provider', 'account'] as const
  await db.schema
    .createIndex('permits_in_window')
    .on('permits')
    .columns([...place, 'counts_until'])
    .execute()
  await db.schema
    .createIndex('permits_in_flight')
    .on('permits')
    .columns([...place, 'lease_until'])
    .where(sql.ref('released_at'), 'is', null)
    .execute()
  await db.schema.createIndex('permits_by_send').on('permits').columns(['send_id']).execute()
  await db.schema.createIndex('permits_by_attempt').on('permits').columns(['generation_id', 'item', 'attempt']).execute()
  await db.schema
    .createTable('line')
    .addColumn('mode', 'text', (column) => column.notNull())
    .addColumn('provider', 'text', (column) => column.notNull())
    .addColumn('generation_id', 'text', (column) => column.notNull())
    .addColumn('item', 'integer', (column) => column.notNull())
    .addColumn('attempt', 'integer', (column) => column.notNull())
    .addColumn('priority', 'integer', (column) => column.notNull())
    .addColumn('joined_at', moment, (column) => column.notNull().defaultTo(databaseClock))
    // asked last; a place nobody asks for any more is passed over
    .addColumn('seen_at', moment, (column) => column.notNull().defaultTo(databaseClock))
    // when it was told to ask again
    .addColumn('expected_at', moment, (column) => column.notNull().defaultTo(databaseClock))
    // a permit is held for it: it stands in nobody's way, and comes back to its place if it lets the permit go to waste
    .addColumn('granted_at', moment)
    .addPrimaryKeyConstraint('line_pkey', ['generation_id', 'item', 'attempt'])
    .execute()
  await db.schema
    .createIndex('line_by_place')
    .on('line')
    .columns(['mode', 'provider', 'priority', 'joined_at', 'generation_id'])
    .execute()
}

async function createBudgets(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('budgets')
    .addColumn('mode', 'text', (column) => column.notNull().check(oneOf('mode', modes)))
    // '*': all tenants together
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('period', 'text', (column) => column.notNull().check(oneOf('period', periods)))
    .addColumn('limit_usd', 'numeric', (column) => column.notNull().check(sql`limit_usd >= 0`))
    .addPrimaryKeyConstraint('budgets_pkey', ['mode', 'tenant', 'period'])
    .execute()
  // Kept for every tenant and for all together, with or without a budget: one that is set in the middle of a day knows the morning.
  await db.schema
    .createTable('budget_usage')
    .addColumn('mode', 'text', (column) => column.notNull())
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('period', 'text', (column) => column.notNull())
    .addColumn('starts_at', moment, (column) => column.notNull())
    .addColumn('used_usd', 'numeric', (column) => column.notNull().defaultTo(0))
    .addColumn('reserved_usd', 'numeric', (column) => column.notNull().defaultTo(0))
    .addPrimaryKeyConstraint('budget_usage_pkey', ['mode', 'tenant', 'period', 'starts_at'])
    .execute()
}

export const moneyAndLimits: Migration = {
  async up(db) {
    await extendFirstTables(db)
    await createAccounts(db)
    await createPermits(db)
    await createBudgets(db)
  },
}
