// A picture of ours on its way to Kie: free, so only a readable link is a success, and whatever else comes may be tried again.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { createKieProvider } from '../../../src/providers/kie/index.ts'
import type { ReferencePicture, UploadOutcome } from '../../../src/providers/provider.ts'
import type { FaultRule } from '../../../src/simulator/faults/rule.ts'
import { startTestSimulator } from '../../helpers/simulator.ts'
import { startRawServer } from './raw-server.ts'
import { readReplies, startReplyServer } from './reply-fixtures.ts'

const key = 'k-secret-0123456789'
const png = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(100_000, 7)])

interface Given {
  uploadBaseUrl: string
  bytes?: Buffer
  account?: string
  timeoutMs?: number
  signal?: AbortSignal
}

function uploader({ uploadBaseUrl, bytes = png, account = 'default', timeoutMs = 5_000, signal }: Given) {
  const accounts = [{ name: 'default', apiKey: key }]
  const kie = createKieProvider({ accounts, baseUrl: 'http://127.0.0.1:9', uploadBaseUrl, webhookHmacKeys: [] })
  const { references } = kie
  assert.ok(references.kind === 'copy')
  return async (more: Partial<ReferencePicture> = {}): Promise<UploadOutcome> => {
    const picture = { fileName: 'fox.png', contentType: 'image/png', sizeBytes: bytes.length, bytes: inChunks(bytes), ...more }
    return references.upload(picture, { account, timeoutMs, signal: signal ?? new AbortController().signal })
  }
}

/** 16 kB at a time, as files are read. */
async function* inChunks(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 16_384) yield bytes.subarray(at, at + 16_384)
}

const summary = (outcome: UploadOutcome): string =>
  outcome.kind === 'uploaded' ? `uploaded ${outcome.url}` : `failed ${outcome.reason}`

const expected: Record<string, string> = {
  upload: 'uploaded https://tempfile.redpandaai.co/kieai/100000/images/test-uploads/1776323952044-dtzo7rcrpdj.png',
  'upload-as-the-quickstart-says': 'failed no_answer',
  'upload-bad-key': 'failed auth',
  'upload-bad-key-as-elsewhere': 'failed auth',
  'upload-bad-request': 'failed no_answer',
  'upload-server-fault': 'failed provider_fault',
  'upload-server-fault-inside-200': 'failed provider_fault',
  'upload-too-many': 'failed rate_limited',
  'upload-without-link': 'failed no_answer',
  'upload-data-null': 'failed no_answer',
  'upload-link-is-a-path': 'failed no_answer',
  'upload-link-is-a-script': 'failed no_answer',
  'upload-failed-with-link': 'failed no_answer',
  'upload-page': 'failed no_answer',
  'upload-empty': 'failed no_answer',
  'upload-bad-gateway': 'failed provider_fault',
}

describe('what a reply to an upload means', () => {
  const fixtures = readReplies('kie/upload-replies.json')

  test('every reply on file has its meaning here', () => {
    assert.deepEqual(fixtures.map(({ id }) => id).toSorted(), Object.keys(expected).toSorted())
  })

  for (const fixture of fixtures) {
    test(`${fixture.id}: ${expected[fixture.id]?.split(' ').slice(0, 2).join(' ')}`, async (t) => {
      const server = await startReplyServer(t)
      server.answerWith(fixture)
      assert.equal(summary(await uploader({ uploadBaseUrl: server.baseUrl })()), expected[fixture.id])
      assert.equal(server.seen.length, 1, 'one request, whatever came')
    })
  }
})

test('what is sent is one multipart form with the key, the folder, the name and the bytes as they are', async (t) => {
  const simulator = await startTestSimulator(t)
  const outcome = await uploader({ uploadBaseUrl: simulator.kieUploadUrl })()
  assert.ok(outcome.kind === 'uploaded', JSON.stringify(outcome))
  assert.match(outcome.url, /\/uploads\/kieai\/\d+\/darkroom\/fox\.png$/)
  const copy = await fetch(outcome.url)
  assert.equal(copy.headers.get('content-type'), 'image/png')
  const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
  assert.equal(sha256(Buffer.from(await copy.arrayBuffer())), sha256(png))
})

test('its length is told before it is sent, so that nothing is sent in chunks', async (t) => {
  const server = await startReplyServer(t)
  await uploader({ uploadBaseUrl: server.baseUrl })()
  const [request] = server.seen
  assert.equal(request?.headers['transfer-encoding'], undefined)
  assert.ok(Number(request?.headers['content-length']) > png.length)
  assert.equal(request?.headers.authorization, `Bearer ${key}`)
  assert.equal(request.url, '/api/file-stream-upload')
})

const faults: [FaultRule, string][] = [
  [{ fault: 'http_500' }, 'provider_fault'],
  [{ fault: 'http_503' }, 'provider_fault'],
  [{ fault: 'code_429' }, 'rate_limited'],
  [{ fault: 'timeout' }, 'no_answer'],
  [{ fault: 'reset_peer' }, 'no_answer'],
  [{ fault: 'reset_peer', when: 'connect' }, 'no_answer'],
  [{ fault: 'html_page' }, 'no_answer'],
  [{ fault: 'empty_body' }, 'no_answer'],
  [{ fault: 'endless_body' }, 'no_answer'],
  [{ fault: 'malformed_json' }, 'no_answer'],
  [{ fault: 'redirect' }, 'no_answer'],
  [{ fault: 'down' }, 'unreachable'],
]
for (const [rule, reason] of faults) {
  test(`${rule.fault}${rule.when === undefined ? '' : ` at ${rule.when}`} is a failed upload: ${reason}`, async (t) => {
    const simulator = await startTestSimulator(t)
    const id = simulator.addFault({ ...rule, on: 'upload' })
    const outcome = await uploader({ uploadBaseUrl: simulator.kieUploadUrl, timeoutMs: 1_500 })()
    assert.equal(summary(outcome), `failed ${reason}`)
    assert.ok(outcome.kind === 'failed' && outcome.message.startsWith('upload: '), JSON.stringify(outcome))
    assert.ok((simulator.faultCounts()[id] ?? 0) > 0, 'the fault has not struck')
  })
}

test('a message repeats neither the key nor a link', async (t) => {
  const server = await startReplyServer(t)
  server.answer(500, `{"msg":"no: Bearer ${key} for https://files.example/secret/path.png"}`)
  const outcome = await uploader({ uploadBaseUrl: server.baseUrl })()
  assert.ok(outcome.kind === 'failed')
  assert.equal(outcome.message.includes(key), false)
  assert.equal(outcome.message.includes('secret/path'), false)
})

test('an account without a key uploads nothing', async (t) => {
  const server = await startReplyServer(t)
  assert.equal(summary(await uploader({ uploadBaseUrl: server.baseUrl, account: 'gone' })()), 'failed auth')
  assert.deepEqual(server.seen, [])
})

test('it ends at its time and when it is given up, and closes its connection', async (t) => {
  const silent = await startRawServer(t, () => undefined)
  const uploadBaseUrl = `http://127.0.0.1:${silent.port}`
  const startedMs = performance.now()
  const late = await uploader({ uploadBaseUrl, timeoutMs: 200 })()
  assert.ok(late.kind === 'failed' && /no whole reply within 200 ms/.test(late.message), JSON.stringify(late))
  const given = await uploader({ uploadBaseUrl, timeoutMs: 60_000, signal: AbortSignal.timeout(200) })()
  assert.ok(given.kind === 'failed' && /gave the request up/.test(given.message), JSON.stringify(given))
  assert.ok(performance.now() - startedMs < 10_000)
})

test('a picture that breaks off while it is read is a failed upload', async (t) => {
  const simulator = await startTestSimulator(t)
  async function* broken(): AsyncGenerator<Buffer> {
    yield png.subarray(0, 10)
    throw new Error('the disk is gone')
  }
  const outcome = await uploader({ uploadBaseUrl: simulator.kieUploadUrl })({ bytes: broken() })
  assert.ok(outcome.kind === 'failed' && /the disk is gone/.test(outcome.message), JSON.stringify(outcome))
})
