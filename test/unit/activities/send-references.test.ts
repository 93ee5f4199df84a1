// Pictures of ours on their way to a provider: how many bytes are in memory, how many copies are sent, and whose fault it is when our disk fails.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { CancelledFailure } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { maxDataBytesAtOnce } from '../../../src/activities/data-room.ts'
import { createSendReferences } from '../../../src/activities/send-references.ts'
import type { SentReferences } from '../../../src/activities/send-references.ts'
import type { Upload } from '../../../src/ledger/uploads-port.ts'
import { createKieProvider } from '../../../src/providers/kie/index.ts'
import { createDefapiProvider } from '../../../src/providers/defapi/index.ts'
import type { Provider } from '../../../src/providers/provider.ts'
import { createFileStore } from '../../../src/storage/file-store.ts'
import { receiveImage } from '../../../src/storage/receive-image.ts'
import { eventually } from '../../helpers/eventually.ts'
import { startTestSimulator } from '../../helpers/simulator.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { makePng } from '../storage/samples.ts'

interface Sender {
  /** as one activity of its own */
  send: (options?: { timeoutMs?: number; environment?: MockActivityEnvironment }) => Promise<SentReferences>
  /** where the picture lies */
  path: string
  log: unknown[]
}

/** One picture in a real store; `sizeBytes`: as the ledger has it. */
async function startSender(t: TestContext, provider: Provider, sizeBytes?: number): Promise<Sender> {
  const store = createFileStore({ folder: await tempFolder(t) })
  const bytes = makePng({ width: 40, height: 40 })
  const received = await receiveImage(
    (async function* () {
      yield bytes
    })(),
    store,
  )
  assert.ok(received.ok)
  const { sha256, contentType } = received.image
  assert.equal(sha256, createHash('sha256').update(bytes).digest('hex'))
  const upload: Upload = { ...received.image, sizeBytes: sizeBytes ?? bytes.length, createdAt: new Date(0) }
  const links = new Map<string, string>()
  const log: unknown[] = []
  const deps = {
    store,
    hasCallbackAddress: false,
    uploadLinkOf: () => null,
    logger: { error: (...line: unknown[]) => void log.push(line) },
    ledger: {
      readUploads: async () => [upload],
      readUploadLink: async ({ baseUrl }: { baseUrl: string }) => links.get(baseUrl) ?? null,
      keepUploadLink: async ({ baseUrl, url }: { baseUrl: string; url: string }) => void links.set(baseUrl, url),
    },
  }
  const sendReferences = createSendReferences(deps)
  const attempt = { provider, stored: { input: { image_urls: [`upload:${sha256}`] } } }
  return {
    log,
    path: store.locate(sha256, contentType) ?? '',
    send: async ({ timeoutMs = 5_000, environment = new MockActivityEnvironment() } = {}) =>
      environment.run(async () => sendReferences(attempt, { tries: 0, timeoutMs })),
  }
}

const defapi = createDefapiProvider({ accounts: [{ name: 'default', apiKey: 'd-key' }], baseUrl: 'http://127.0.0.1:9' })
const kieAt = (uploadBaseUrl: string): Provider =>
  createKieProvider({
    accounts: [{ name: 'default', apiKey: 'k-key' }],
    baseUrl: 'http://127.0.0.1:9',
    uploadBaseUrl,
    webhookHmacKeys: [],
  })

test('only so many bytes of pictures are in memory for requests that carry them inside; the others wait, and go on in turn', async (t) => {
  const { send } = await startSender(t, defapi, maxDataBytesAtOnce / 2)
  const ready: SentReferences[] = []
  const all = Array.from({ length: 5 }, async () => ready.push(await send()))
  await Promise.all(all.slice(0, 2))
  const impatient = await send({ timeoutMs: 20 })
  assert.deepEqual(impatient, {
    kind: 'failed',
    reason: 'busy',
    message: 'too many requests with pictures inside were being sent at once',
  })
  assert.equal(ready.length, 2)
  for (let done = 0; done < 5; done += 1) {
    await eventually(() => assert.ok(ready.length > done, 'the next one has its room'))
    const sent = ready[done]
    assert.ok(sent?.kind === 'ready')
    assert.match(String(sent.input['image_urls']), /^data:image\/png;base64,iVBOR/)
    assert.ok(ready.length - done <= 2, `${ready.length - done} at once`)
    sent.release()
  }
})

test('who is cancelled while waiting for room ends, and takes none', async (t) => {
  const { send } = await startSender(t, defapi, maxDataBytesAtOnce)
  const first = await send()
  const environment = new MockActivityEnvironment()
  const waiting = send({ environment })
  environment.cancel()
  await assert.rejects(waiting, CancelledFailure)
  assert.ok(first.kind === 'ready')
  first.release()
  assert.equal((await send()).kind, 'ready')
})

test('many that need the same picture at once send one copy of it', async (t) => {
  const simulator = await startTestSimulator(t)
  const { send } = await startSender(t, kieAt(simulator.kieUploadUrl))
  const sent = await Promise.all(Array.from({ length: 6 }, () => send()))
  const links = sent.map((each) => (each.kind === 'ready' ? String(each.input['image_urls']) : each.message))
  assert.equal(new Set(links).size, 1, links.join())
  assert.equal(simulator.requests().filter(({ point }) => point === 'upload').length, 1)
})

test('where the one who sends the copy is cancelled, another of those who wait for it sends it', async (t) => {
  const simulator = await startTestSimulator(t)
  const fault = simulator.addFault({ provider: 'kie', on: 'upload', fault: 'timeout', times: 1 })
  const { send } = await startSender(t, kieAt(simulator.kieUploadUrl))
  const environment = new MockActivityEnvironment()
  const first = send({ environment })
  const others = [send(), send()]
  await eventually(() => assert.equal(simulator.faultCounts()[fault], 1))
  environment.cancel()
  await assert.rejects(first, CancelledFailure)
  assert.deepEqual(
    (await Promise.all(others)).map(({ kind }) => kind),
    ['ready', 'ready'],
  )
  assert.equal(simulator.requests().length, 2)
})

test('who has less time than the copy takes stops waiting for it', async (t) => {
  const simulator = await startTestSimulator(t)
  simulator.addFault({ provider: 'kie', on: 'upload', fault: 'latency', delayMs: 1_000 })
  const { send } = await startSender(t, kieAt(simulator.kieUploadUrl))
  const first = send()
  const impatient = await send({ timeoutMs: 30 })
  assert.equal(impatient.kind === 'failed' && impatient.reason, 'no_answer')
  assert.equal((await first).kind, 'ready')
})

test('a picture that our own disk does not give is no silence of the provider', async (t) => {
  const simulator = await startTestSimulator(t)
  for (const provider of [kieAt(simulator.kieUploadUrl), defapi]) {
    const { send, path, log } = await startSender(t, provider)
    await rm(path)
    // Opens like a file, and cannot be read.
    await mkdir(path)
    const sent = await send()
    assert.equal(sent.kind, 'failed')
    assert.ok(sent.kind === 'failed')
    assert.equal(sent.reason, 'source_image')
    assert.match(sent.message, /^the upload [0-9a-f]{12}… cannot be read from our store \(EISDIR\)$/)
    assert.equal(log.length, 1)
  }
})
