// By what a person finds a generation in Temporal's UI. They are a convenience: where they are not registered they are left out.
import type { Connection } from '@temporalio/client'
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'
import type { Logger } from '../observability/logger.ts'
import { grpcStatus, oneLine } from './error-code.ts'

/** All are keywords. The names are part of what people save as queries: they stay. */
export const searchAttributes = {
  provider: defineSearchAttributeKey('DarkroomProvider', SearchAttributeType.KEYWORD),
  model: defineSearchAttributeKey('DarkroomModel', SearchAttributeType.KEYWORD),
  status: defineSearchAttributeKey('DarkroomStatus', SearchAttributeType.KEYWORD),
} as const

export const searchAttributeNames: readonly string[] = Object.values(searchAttributes).map(({ name }) => name)

/** What the two functions need of a client or of a link. */
export interface NamespaceLink {
  connection: Pick<Connection, 'operatorService' | 'withDeadline'>
  namespace: string
}

/** The wire's word for a keyword (INDEXED_VALUE_TYPE_KEYWORD). */
const keyword = 2
const grpcAlreadyExists = 6
/** Looking once at the start may not hold up the start. */
const deadlineMs = 5_000

/** True when all are registered. False, with one line in the log, when not or when the server does not say. */
export async function hasSearchAttributes(link: NamespaceLink, logger: Logger): Promise<boolean> {
  try {
    const missing = await findMissing(link)
    if (missing.length === 0) return true
    logger.info({ missing }, 'search attributes are not registered and are left out; `darkroom setup` registers them')
  } catch (error) {
    logger.info({ why: oneLine(error) }, 'search attributes cannot be looked up and are left out')
  }
  return false
}

/** Registers those that are missing; answers like `hasSearchAttributes`. Needs an operator's rights. */
export async function ensureSearchAttributes(link: NamespaceLink, logger: Logger): Promise<boolean> {
  try {
    await registerSearchAttributes(link)
    return true
  } catch (error) {
    logger.warn({ why: oneLine(error) }, 'search attributes could not be registered and are left out')
    return false
  }
}

/** Answers those that were missing. Rejects when the server does not say, or does not let us. */
export async function registerSearchAttributes(link: NamespaceLink): Promise<string[]> {
  const { connection, namespace } = link
  const missing = await findMissing(link)
  if (missing.length === 0) return []
  try {
    await connection.withDeadline(Date.now() + deadlineMs, () =>
      connection.operatorService.addSearchAttributes({
        namespace,
        searchAttributes: Object.fromEntries(missing.map((name) => [name, keyword])),
      }),
    )
  } catch (error) {
    // Two processes that start together register the same names.
    if (grpcStatus(error) !== grpcAlreadyExists) throw error
  }
  return missing
}

async function findMissing({ connection, namespace }: NamespaceLink): Promise<string[]> {
  const { customAttributes } = await connection.withDeadline(Date.now() + deadlineMs, () =>
    connection.operatorService.listSearchAttributes({ namespace }),
  )
  return searchAttributeNames.filter((name) => customAttributes?.[name] === undefined)
}
