// A ledger of a test's own. Embedded from a template that is made once, or a fresh database on the server of TEST_DATABASE_URL.
import { createHash, randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Client, type PoolConfig } from 'pg'
import { createLedger } from '../../src/ledger/create-ledger.ts'
import { lockFolder } from '../../src/ledger/embedded/folder-lock.ts'
import { identify } from '../../src/ledger/embedded/process-identity.ts'
import { startEmbeddedLedger } from '../../src/ledger/embedded/start-embedded-ledger.ts'
import type { LedgerLinks } from '../../src/ledger/generation-view.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { migrateLedger } from '../../src/ledger/migrate.ts'
import { atEnd, type Ends } from './at-end.ts'
import { eventually } from './eventually.ts'

export type LedgerBackend = 'embedded' | 'postgres'

const serverUrl = process.env['TEST_DATABASE_URL'] ?? ''

/** The ledger's own tests run on each of these. */
export const ledgerBackends: LedgerBackend[] = serverUrl === '' ? ['embedded'] : ['embedded', 'postgres']

export const testLinks: LedgerLinks = {
  self: (id) => `/v1/generations/${id}`,
  image: (id, index) => `/v1/generations/${id}/images/${index}`,
  temporal: (id) => `http://temporal.test/${id}`,
}

export interface TestLedger {
  ledger: Ledger
  /** for more clients of the same database, also in other processes */
  connection: PoolConfig
}

export interface TestLedgerOptions {
  backend?: LedgerBackend
  timeoutMs?: number
  maxConnections?: number
  links?: LedgerLinks
}

/** Everything is gone when the test is over. */
export async function testLedger(t: Ends, options: TestLedgerOptions = {}): Promise<TestLedger> {
  const { backend = serverUrl === '' ? 'embedded' : 'postgres', links = testLinks, ...limits } = options
  const { connection, remove } = backend === 'postgres' ? await freshDatabase() : await freshEmbedded()
  const ledger = createLedger({ connection, links, ...limits })
  atEnd(t, remove)
  atEnd(t, () => ledger.close())
  return { ledger, connection }
}

/** One for all tests of a `describe`, called in its body; it is there once its tests run. */
export function suiteLedger(options: TestLedgerOptions = {}): () => TestLedger {
  let own: TestLedger | null = null
  const cleanups: (() => unknown)[] = []
  before(async () => {
    own = await testLedger({ after: (cleanup) => cleanups.push(cleanup) }, options)
  })
  after(async () => {
    for (const cleanup of cleanups) await cleanup()
  })
  return () => {
    if (own === null) throw new Error('the ledger of the suite has not started')
    return own
  }
}

interface FreshDatabase {
  connection: PoolConfig
  remove: () => Promise<void>
}

async function freshEmbedded(): Promise<FreshDatabase> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'darkroom-test-'))
  const removeFolder = () => rm(dataFolder, { recursive: true, force: true })
  try {
    const { connection, stop } = await startEmbeddedLedger({ dataFolder, templateFolder: await prepareLedgerTemplate() })
    return { connection, remove: () => stop().then(removeFolder) }
  } catch (error) {
    await removeFolder()
    throw error
  }
}

async function freshDatabase(): Promise<FreshDatabase> {
  const name = `darkroom_test_${randomUUID().replaceAll('-', '')}`
  await onServer(`create database ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const connection = { connectionString: url.href }
  await migrateLedger(connection)
  return { connection, remove: () => onServer(`drop database if exists ${name} with (force)`) }
}

async function onServer(statement: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/**
 * A migrated database folder to copy from; made by the first who asks, in a few seconds. Its name says what is in it, so that another
 * PGlite or another migration gets another one.
 */
export async function prepareLedgerTemplate(): Promise<string> {
  const cacheFolder = process.env['DARKROOM_TEST_CACHE'] ?? join(tmpdir(), 'darkroom-test-cache')
  const template = join(cacheFolder, `ledger-template-${templateKey()}`)
  if (await isThere(template)) return template
  await mkdir(cacheFolder, { recursive: true })
  const owner = { ...identify(process.pid), command: 'prepareLedgerTemplate', startedAt: new Date().toISOString() }
  // One at a time: making one takes 0.9 GB of memory.
  await eventually(
    async () => {
      if (await isThere(template)) return
      const lock = await lockFolder(join(cacheFolder, 'ledger-template-lock'), owner)
      try {
        if (!(await isThere(template))) await makeTemplate(cacheFolder, template)
      } finally {
        lock.release()
      }
    },
    { timeoutMs: 60_000, everyMs: 200 },
  )
  return template
}

async function makeTemplate(cacheFolder: string, template: string): Promise<void> {
  const dataFolder = await mkdtemp(join(cacheFolder, 'making-'))
  try {
    const { stop } = await startEmbeddedLedger({ dataFolder })
    await stop()
    await rename(join(dataFolder, 'ledger', 'database'), template)
  } finally {
    await rm(dataFolder, { recursive: true, force: true })
  }
}

function templateKey(): string {
  const hash = createHash('sha256')
  const migrationsFolder = fileURLToPath(new URL('../../src/ledger/migrations/', import.meta.url))
  for (const name of readdirSync(migrationsFolder).toSorted()) hash.update(readFileSync(join(migrationsFolder, name)))
  // its entry point changes with its version
  hash.update(readFileSync(fileURLToPath(import.meta.resolve('@electric-sql/pglite'))))
  return hash.digest('hex').slice(0, 16)
}

async function isThere(folder: string): Promise<boolean> {
  return access(folder).then(
    () => true,
    () => false,
  )
}
