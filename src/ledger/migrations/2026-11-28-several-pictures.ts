// Several pictures of one generation: items, tasks for more than one picture, items that failed.
import type { Migration } from 'kysely'

export const severalPictures: Migration = {
  async up(db) {
    await db.schema
      .alterTable('generations')
      // with `served_by_attempt`: of several pictures, that of the lowest item that has one
      .addColumn('served_by_item', 'integer', (column) => column.notNull().defaultTo(0))
      // items that ended without a picture, and why
      .addColumn('item_failures', 'jsonb', (column) => column.notNull().defaultTo('[]'))
      .execute()
    await db.schema
      .alterTable('attempts')
      // that its task was asked for
      .addColumn('pictures', 'integer', (column) => column.notNull().defaultTo(1))
      .execute()
  },
}
