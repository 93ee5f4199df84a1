// Gathers the four records when everything has come to rest.
import { createHash } from 'node:crypto'
import { readdir, readFile, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { Client as PgClient } from 'pg'
import type { AttemptReport, Generation } from '../../src/contract/index.ts'
import { createFileStore } from '../../src/storage/file-store.ts'
import type { ChaosRecords, PictureRecord, SearchRecord } from './checker/records.ts'
import type { Canaries } from './checker/secrets.ts'
import { search, secretShapes } from './checker/secrets.ts'
import { asGeneration } from './client.ts'
import type { ChaosClient } from './client.ts'
import type { Cluster } from './cluster.ts'
import type { FetchedHistory } from './histories.ts'
import { ownPictures } from './uploads.ts'

/** At one time: enough to be quick, few enough not to be a load test of the ledger. */
const readers = 8

export async function readGenerations(cluster: Cluster, client: ChaosClient): Promise<Generation[]> {
  const ids = [...new Set(client.entries.flatMap((entry) => entry.ids))]
  const found = await inParallel(ids, async (id) => {
    const response = await fetch(`${cluster.gatewayUrl}/v1/generations/${id}`)
    return response.status === 200 ? asGeneration(await response.text()) : null
  })
  return found.filter((generation) => generation !== null)
}

export async function readListedIds(cluster: Cluster): Promise<string[]> {
  const ids: string[] = []
  let cursor = ''
  do {
    const response = await fetch(`${cluster.gatewayUrl}/v1/generations?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`)
    const page: unknown = await response.json()
    if (!isPage(page)) throw new Error(`the list is no list: ${JSON.stringify(page).slice(0, 200)}`)
    ids.push(...page.generations.map(({ id }) => id))
    cursor = page.nextCursor ?? ''
  } while (cursor !== '')
  return ids
}

function isPage(value: unknown): value is { generations: { id: string }[]; nextCursor: string | null } {
  return typeof value === 'object' && value !== null && 'generations' in value && Array.isArray(value.generations)
}

/** Our bytes, and those that the provider shows under the same task. */
export async function readPictures(cluster: Cluster, generations: readonly Generation[]): Promise<PictureRecord[]> {
  const wanted = generations.flatMap((generation) => generation.images.map((image) => ({ generation, image })))
  return inParallel(wanted, async ({ generation, image }) => {
    const response = await fetch(`${cluster.gatewayUrl}/v1/generations/${generation.id}/images/${image.index}`)
    const bytes = response.status === 200 ? Buffer.from(await response.arrayBuffer()) : null
    const isOf = ({ item, number }: AttemptReport): boolean => item === image.item && number === image.attempt
    const taskId = generation.attempts.find(isOf)?.providerTaskId ?? null
    return {
      generationId: generation.id,
      index: image.index,
      item: image.item,
      attempt: image.attempt,
      isSpare: image.spare,
      reportedSha256: image.sha256,
      fetchedSha256: bytes === null ? null : sha256(bytes),
      providerSha256: taskId === null ? [] : await providerPictures(cluster, taskId),
    }
  })
}

async function providerPictures(cluster: Cluster, taskId: string): Promise<string[]> {
  const found: string[] = []
  for (let index = 0; ; index += 1) {
    const response = await fetch(`${cluster.simulator.addresses.filesUrl}/files/${taskId}_${index}.png`)
    if (response.status !== 200) return found
    found.push(sha256(Buffer.from(await response.arrayBuffer())))
  }
}

/** Everything that is written down somewhere, searched for what must not be (I6). */
export async function searchForSecrets(
  cluster: Cluster,
  histories: readonly FetchedHistory[],
  generations: readonly Generation[],
): Promise<SearchRecord[]> {
  const { callbackSecret, kieKey, defapiKey, webhookHmacKey } = cluster.input
  const canaries: Canaries = {
    'callback secret': callbackSecret,
    'Kie key': kieKey,
    'DefAPI key': defapiKey,
    'webhook key': webhookHmacKey,
    'result link': `${cluster.simulator.addresses.filesUrl}/files/`,
    ...secretShapes,
  }
  // Together: one that had nothing to complain of is empty.
  const logs = await Promise.all(cluster.logFiles.map((path) => readFile(path, 'utf8')))
  return [
    search('histories', histories.map(({ text }) => text).join('\n'), canaries),
    search('answers of the API', JSON.stringify(generations), canaries),
    search('database', await dumpDatabase(cluster), canaries),
    search('logs', logs.join('\n'), canaries),
  ]
}

async function dumpDatabase({ ledger }: Cluster): Promise<string> {
  const client = new PgClient(ledger.connection)
  await client.connect()
  try {
    const tables = await client.query<{ name: string }>(
      "select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public'",
    )
    const parts: string[] = []
    for (const { name } of tables.rows) {
      const rows = await client.query<{ text: string | null }>(`select t::text as text from ${name} t`)
      parts.push(...rows.rows.map(({ text }) => text ?? ''))
    }
    return parts.join('\n')
  } finally {
    await client.end()
  }
}

/** What our processes complained of. */
export async function readComplaints(cluster: Cluster): Promise<string[]> {
  const bad = /unhandled|a request met a bug|nondetermin|TypeError|ReferenceError|AssertionError|workflow task failed/i
  const texts = await Promise.all(cluster.logFiles.map((path) => readFile(path, 'utf8')))
  return texts.flatMap((text) =>
    text
      .split('\n')
      .filter((line) => bad.test(line))
      .map((line) => line.slice(0, 400)),
  )
}

/** Killed processes leave temporary files for a later start to collect: one is made to happen, two hours later by their dates. */
export async function lookAtStore(cluster: Cluster, generations: readonly Generation[]): Promise<ChaosRecords['left']> {
  const folder = cluster.imagesFolder
  const incoming = join(folder, '.incoming')
  const old = new Date(Date.now() - 2 * 3_600_000)
  for (const name of await readdir(incoming)) await utimes(join(incoming, name), old, old)
  createFileStore({ folder })
  const made = generations.flatMap(({ images }) => images.map((image) => image.sha256))
  // uploads have rows of their own
  const named = new Set([...made, ...ownPictures.map((own) => own.sha256)])
  const stored = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('.incoming'))
    .map(({ name }) => name)
  return {
    temporaryFiles: await readdir(incoming),
    unreferencedPictures: stored.filter((name) => !named.has(name.split('.')[0] ?? '')),
    storedPictures: stored.length,
  }
}

/** Which rows struck: the simulator counts by rule, a rule's id begins with its row's. */
export function countRows(counts: Readonly<Record<string, number>>): Map<string, number> {
  const fired = new Map<string, number>()
  for (const [id, times] of Object.entries(counts)) {
    const row = id.split('#')[0] ?? id
    fired.set(row, (fired.get(row) ?? 0) + times)
  }
  return fired
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

async function inParallel<T, R>(list: readonly T[], work: (value: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    for (let index = next++; index < list.length; index = next++) {
      const value = list[index]
      if (value !== undefined) results[index] = await work(value)
    }
  }
  await Promise.all(Array.from({ length: readers }, lane))
  return results
}
