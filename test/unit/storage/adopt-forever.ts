// A worker to be killed: stores one picture after the other until it is.
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createFileStore } from '../../../src/storage/file-store.ts'

const store = createFileStore({ folder: process.argv[2] ?? '' })
for (;;) {
  const bytes = randomBytes(200_000)
  const tempPath = join(store.tempFolder, `${randomUUID()}.part`)
  await writeFile(tempPath, bytes)
  await store.adopt({ tempPath, sha256: createHash('sha256').update(bytes).digest('hex'), contentType: 'image/png' })
  process.send?.('stored')
}
