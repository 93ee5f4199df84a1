// Whose picture was used. A condition on a row of attempts, joined with `generations`.
import { type RawBuilder, sql } from 'kysely'

export function hasServed(row: 'attempts' | 'other'): RawBuilder<boolean> {
  const column = (name: string): RawBuilder<unknown> => sql.ref(`${row}.${name}`)
  // Never null: that would sort before true.
  return sql<boolean>`(coalesce(${column('attempt')} = generations.served_by_attempt and ${column('item')} = generations.served_by_item, false)
    or exists (select from images where images.generation_id = ${column('generation_id')}
      and images.item = ${column('item')} and images.attempt = ${column('attempt')} and not images.spare))`
}
