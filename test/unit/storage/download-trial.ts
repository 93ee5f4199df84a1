// What the download tests share: one trial is a server, a temporary folder and a download between them.
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import type { TestContext } from 'node:test'
import { DownloadError } from '../../../src/storage/download-error.ts'
import { downloadImage } from '../../../src/storage/safe-download.ts'
import type { DownloadOptions } from '../../../src/storage/safe-download.ts'
import { eventually } from '../../helpers/eventually.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { startWeb } from './local-servers.ts'
import type { WebServer } from './local-servers.ts'
import { makePng } from './samples.ts'

/** Bytes small enough to reach quickly; times long enough for a busy machine. Tests of a time limit set their own. */
const trialLimits = {
  maxBytes: 100_000,
  connectTimeoutMs: 10_000,
  headersTimeoutMs: 10_000,
  idleTimeoutMs: 10_000,
  totalTimeoutMs: 20_000,
}

/** A server, a temporary folder, and how to download from one into the other. */
export async function prepare(t: TestContext, answer: RequestListener | WebServer, more: Partial<DownloadOptions> = {}) {
  const web = typeof answer === 'function' ? await startWeb(t, answer) : answer
  const folder = await tempFolder(t)
  const { limits, ...rest } = more
  const options = { tempFolder: folder, allow: [web.host], ...rest, limits: { ...trialLimits, ...limits } }
  const download = (path = '/x.png') => downloadImage(path.startsWith('/') ? web.origin + path : path, options)
  return { web, folder, download }
}

/** Rejects as expected, and leaves neither a file nor an open connection behind. */
export async function assertFails(
  { web, folder, download }: Awaited<ReturnType<typeof prepare>>,
  expected: { code: string; httpStatus?: number; message?: RegExp },
  path?: string,
): Promise<DownloadError> {
  const error: unknown = await download(path).then(
    () => assert.fail('the download went through'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof DownloadError, String(error))
  assert.equal(error.code, expected.code, error.message)
  assert.equal(error.httpStatus, expected.httpStatus)
  if (expected.message !== undefined) assert.match(error.message, expected.message)
  assert.deepEqual(await readdir(folder), [])
  await eventually(() => assert.equal(web.openSockets(), 0))
  return error
}

export const sendPicture: RequestListener = (_request, response) => {
  response.writeHead(200, { 'content-type': 'image/png' }).end(makePng())
}
