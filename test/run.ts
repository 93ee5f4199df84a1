// Runs the tests: `npm test` (those that take five minutes together), `npm run test:slow` (the rest: killed and frozen processes, load,
// whole services), or `npm test -- unit/ledger replay` for all files whose path contains one of the words, slow or not.
// The runner of Node 20 neither expands globs nor finds `.ts` files, and a folder without matches exits 0: so the files are
// collected here, passed by name, and an empty list is a failure.
import { spawn } from 'node:child_process'
import { readdir, statfs } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { prepareLedgerTemplate } from './helpers/ledger.ts'
import { prepareTemporalCli, testCacheFolder } from './helpers/temporal.ts'

const testFolder = fileURLToPath(new URL('.', import.meta.url))

// Real keys never reach a test, whatever the shell has set.
const cleanEnvironment = { ...process.env }
for (const name of [
  'KIE_API_KEY',
  'KIE_ACCOUNTS',
  'DEFAPI_KEY',
  'DEFAPI_ACCOUNTS',
  'KIE_BASE_URL',
  'KIE_UPLOAD_BASE_URL',
  'DEFAPI_BASE_URL',
  'TEMPORAL_ADDRESS',
])
  delete cleanEnvironment[name]

/** Tests write and fsync databases all the time: where there is a roomy folder in memory, their temporary folders go there. */
async function memoryFolder(): Promise<Record<string, string>> {
  const path = '/dev/shm'
  const room = await statfs(path).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  )
  // Some twenty databases of 40 MB at a time, and room to spare; a container's usual 64 MB are not enough.
  return room > 4 * 1024 ** 3 ? { TMPDIR: path } : {}
}

async function collectTests(words: string[]): Promise<string[]> {
  const entries = await readdir(testFolder, { recursive: true })
  return entries
    .filter((path) => path.endsWith('.test.ts') && !path.startsWith('live/'))
    .filter((path) => (words.length === 0 ? !path.includes('.slow.') : words.some((word) => path.includes(word))))
    .map((path) => relative(process.cwd(), join(testFolder, path)))
    .toSorted()
}

const files = await collectTests(process.argv.slice(2))
if (files.length === 0) {
  process.stderr.write('No test file matches: nothing was run, so this is a failure.\n')
  process.exit(1)
}
// Both are prepared once, under a lock, before many files ask for them at the same time.
await Promise.all([prepareTemporalCli(), prepareLedgerTemplate()])
const child = spawn(
  process.execPath,
  // Three files at a time on two cores: much of their time is spent waiting for timers of the real server.
  [
    '--import',
    'tsx',
    '--import',
    './test/helpers/plain-assert.mjs',
    '--test',
    '--test-concurrency=3',
    '--test-reporter=spec',
    ...files,
  ],
  { stdio: 'inherit', env: { ...cleanEnvironment, DARKROOM_TEST_CACHE: testCacheFolder, ...(await memoryFolder()) } },
)
child.on('exit', (code) => process.exit(code ?? 1))
