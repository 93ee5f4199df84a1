import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { DataFolderError, prepareDataFolder, readOrMakeCallbackSecret } from '../../../src/dev/data-folder.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'

test('a data folder is made for its owner only, and nothing is left of the trial', async (t) => {
  const path = join(await tempFolder(t), 'a', 'b')
  const folder = await prepareDataFolder(path)
  assert.equal(folder.path, path)
  assert.equal((await stat(path)).mode & 0o777, 0o700)
  assert.deepEqual(await readdir(path), [])
})

test('a data folder that cannot be written is one sentence that names it and the variable', async (t) => {
  const file = join(await tempFolder(t), 'file')
  await writeFile(file, '')
  for (const path of [file, join(file, 'below')]) {
    await assert.rejects(prepareDataFolder(path), (error) => {
      assert.ok(error instanceof DataFolderError)
      assert.match(
        error.message,
        /^The data folder .+ cannot be written \((there is a file of that name|a part of the path is a file)\)\. /,
      )
      assert.match(error.message, /DARKROOM_DATA_DIR/)
      assert.ok(error.message.includes(path))
      return true
    })
  }
})

test('the callback secret is made once, of 32 random bytes, for its owner only', async (t) => {
  const folder = await tempFolder(t)
  const secrets = await Promise.all([1, 2, 3, 4].map(() => readOrMakeCallbackSecret(folder)))
  assert.equal(new Set(secrets).size, 1, 'whoever comes first makes it for all')
  assert.equal(await readOrMakeCallbackSecret(folder), secrets[0])
  assert.equal(Buffer.from(secrets[0] ?? '', 'base64url').length, 32)
  assert.equal((await stat(join(folder, 'callback-secret'))).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(folder), ['callback-secret'])
  assert.notEqual(await readOrMakeCallbackSecret(await tempFolder(t)), secrets[0])
})

test('a callback secret that others can read, or that is damaged, is refused and not replaced', async (t) => {
  const folder = await tempFolder(t)
  await readOrMakeCallbackSecret(folder)
  await chmod(join(folder, 'callback-secret'), 0o644)
  await assert.rejects(readOrMakeCallbackSecret(folder), /can be read by others\. Run: chmod 600 /)
  const damaged = await tempFolder(t)
  await writeFile(join(damaged, 'callback-secret'), 'short', { mode: 0o600 })
  await assert.rejects(readOrMakeCallbackSecret(damaged), /is damaged/)
  const folderInstead = await tempFolder(t)
  await mkdir(join(folderInstead, 'callback-secret'))
  await assert.rejects(readOrMakeCallbackSecret(folderInstead), /cannot be read/)
})
