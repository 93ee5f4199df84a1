// The pictures that a request starts from: fetched as a provider would, and a task without them fails.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { startTestSimulator } from '../helpers/simulator.ts'
import { at, call, createDefapiTask, createdKieId, endedDefapiTask, endedKieRecord, finishedLink, textAt } from './client.ts'

const picture = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.from('the rest of a picture')])
const sha256 = createHash('sha256').update(picture).digest('hex')
const dataAddress = `data:image/png;base64,${picture.toString('base64')}`

async function upload(simulator: Simulator): Promise<string> {
  const { json } = await call(`${simulator.kieUploadUrl}/api/file-base64-upload`, {
    body: { base64Data: dataAddress, uploadPath: 'mine' },
  })
  return textAt(json, 'data.downloadUrl')
}

async function kieEnd(simulator: Simulator, image: string): Promise<unknown> {
  const model = 'google/nano-banana-edit'
  return endedKieRecord(simulator, await createdKieId(simulator, { model, input: { image_urls: [image] } }))
}

async function defapiEnd(simulator: Simulator, image: string): Promise<unknown> {
  return endedDefapiTask(simulator, textAt((await createDefapiTask(simulator, { images: [image] })).json, 'data.task_id'))
}

/** A server on this machine that has the picture at `/picture`. */
async function startHost(t: TestContext): Promise<string> {
  const server = createServer(({ url }, response) => {
    if (url === '/picture') response.writeHead(200, { connection: 'close' }).end(picture)
    else response.writeHead(url === '/page' ? 200 : 404, { connection: 'close' }).end('<html>no picture</html>')
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  t.after(() => server.close())
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}

test('an uploaded copy is found, and the books say which bytes it had', async (t) => {
  const simulator = await startTestSimulator(t)
  assert.equal(at(await kieEnd(simulator, await upload(simulator)), 'state'), 'success')
  assert.deepEqual(simulator.ledger()[0]?.references, [{ kind: 'copy', sha256 }])
})

test('an upload that has expired fails the task with 451, and costs nothing', async (t) => {
  const simulator = await startTestSimulator(t)
  const link = await upload(simulator)
  const { json } = await fetch(`${simulator.url}/__simulator/uploads`, { method: 'DELETE' }).then(async (reply) => ({
    json: await reply.json(),
  }))
  assert.deepEqual(json, { expired: 1 })
  assert.equal((await call(link)).status, 404)
  const record = await kieEnd(simulator, link)
  assert.deepEqual([at(record, 'state'), at(record, 'failCode'), at(record, 'creditsConsumed')], ['fail', '451', 0])
  assert.equal(simulator.expireUploads(), 0)
})

test('an upload lives as long as it is told', async (t) => {
  const simulator = await startTestSimulator(t, { uploadTtlMs: 0 })
  const link = await upload(simulator)
  await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(at(await kieEnd(simulator, link), 'failCode'), '451')
})

test('an uploaded name that was never there fails, a picture that another task made does not', async (t) => {
  const simulator = await startTestSimulator(t)
  assert.equal(at(await kieEnd(simulator, `${simulator.filesUrl}/uploads/kieai/1/mine/none.png`), 'failCode'), '451')
  assert.equal(at(await kieEnd(simulator, await finishedLink(simulator)), 'state'), 'success')
})

test('a link on this machine is fetched: a page, a 404 and a closed port fail the task', async (t) => {
  const simulator = await startTestSimulator(t)
  const host = await startHost(t)
  assert.equal(at(await defapiEnd(simulator, `${host}/picture`), 'status'), 'success')
  assert.deepEqual(simulator.ledger()[0]?.references, [{ kind: 'link', sha256 }])
  for (const dead of [`${host}/page`, `${host}/gone`, 'http://127.0.0.1:9/picture']) {
    const task = await defapiEnd(simulator, dead)
    assert.equal(at(task, 'status'), 'failed')
    assert.match(textAt(task, 'status_reason.message'), /Failed to fetch the image/)
  }
})

test('a picture inside the request is read, and must be one', async (t) => {
  const simulator = await startTestSimulator(t)
  assert.equal(at(await defapiEnd(simulator, dataAddress), 'status'), 'success')
  assert.deepEqual(simulator.ledger()[0]?.references, [{ kind: 'data', sha256 }])
  assert.equal(at(await defapiEnd(simulator, 'data:image/png;base64,bm8gcGljdHVyZQ=='), 'status'), 'failed')
})

test('a link to another host is believed, and neither prompt nor callback address is a picture', async (t) => {
  const simulator = await startTestSimulator(t)
  assert.equal(at(await kieEnd(simulator, 'https://pictures.example/fox.png'), 'state'), 'success')
  assert.deepEqual(simulator.ledger()[0]?.references, [{ kind: 'foreign', sha256: null }])
  const callback = { prompt: 'https://pictures.example/', callback_url: 'http://127.0.0.1:9/callback' }
  assert.equal((await createDefapiTask(simulator, callback)).status, 200)
  assert.deepEqual(simulator.ledger()[1]?.references, [])
})
