// DefAPI's replies have the shapes that its working clients read.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestSimulator } from '../helpers/simulator.ts'
import { eventually } from '../helpers/eventually.ts'
import { at, call, createDefapiTask, endedDefapiTask, queryDefapiTask, textAt } from './client.ts'

test('a submit answers code 0 and a UUID that begins with "ta"', async (t) => {
  const simulator = await startTestSimulator(t)
  const { status, json } = await createDefapiTask(simulator)
  const taskId = textAt(json, 'data.task_id')
  assert.equal(status, 200)
  assert.match(taskId, /^ta[0-9a-f]{6}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
  assert.deepEqual(json, { code: 0, message: 'ok', data: { task_id: taskId } })
})

test('for the first moments a new task is not found, by a real 404', async (t) => {
  const simulator = await startTestSimulator(t, { defapiNotFoundMs: 600 })
  const taskId = textAt((await createDefapiTask(simulator)).json, 'data.task_id')
  const early = await queryDefapiTask(simulator, taskId)
  assert.equal(early.status, 404)
  assert.deepEqual(early.json, { code: 1, message: 'task not found' })
  const ended = await endedDefapiTask(simulator, taskId)
  assert.equal(at(ended, 'status'), 'success')
})

test('a task goes pending, in_progress, success; the cost is a decimal string at the end', async (t) => {
  const simulator = await startTestSimulator(t, { pictureMs: 1_200 })
  const taskId = textAt(
    (await createDefapiTask(simulator, { model: 'google/nano-banana-pro', image_size: '2k' })).json,
    'data.task_id',
  )
  const first = at((await queryDefapiTask(simulator, taskId)).json, 'data')
  assert.equal(at(first, 'status'), 'pending')
  assert.equal(at(first, 'result'), null)
  assert.deepEqual(at(first, 'status_reason'), { message: null })
  await eventually(async () => assert.equal(at((await queryDefapiTask(simulator, taskId)).json, 'data.status'), 'in_progress'))
  const ended = await endedDefapiTask(simulator, taskId)
  assert.equal(at(ended, 'consumed'), '0.0700')
  assert.equal(new Date(textAt(ended, 'created_at')).getTime(), simulator.ledger()[0]?.createdAtMs)
  assert.match(textAt(ended, 'result.0.image'), /^http:/)
})

const shapes = [
  {
    path: '/api/gpt-image/gen',
    body: { model: 'openai/gpt-image-2', size: '1536x1024', quality: 'high' },
    link: 'result.0.image',
  },
  { path: '/api/wan-image/gen', body: { model: 'wan-2.7-image' }, link: 'result.image' },
  { path: '/api/midjourney/imagine', body: { prompt: 'a city --ar 16:9', speed: 'fast' }, link: 'result.big_image_url' },
  { path: '/api/midjourney/edits', body: { image: 'https://example.com/a.png' }, link: 'result.big_image_url' },
]
for (const { path, body, link } of shapes) {
  test(`${path} puts its link at ${link}`, async (t) => {
    const simulator = await startTestSimulator(t)
    const ended = await endedDefapiTask(simulator, textAt((await createDefapiTask(simulator, body, path)).json, 'data.task_id'))
    const picture = await call(textAt(ended, link))
    assert.equal(picture.headers.get('content-type'), 'image/png')
  })
}

const refusals = [
  { body: { prompt: '' }, detail: /prompt is required/ },
  { body: { aspect_ratio: '8:1' }, detail: /aspect_ratio/ },
  { body: { images: Array.from({ length: 5 }, () => 'https://example.com/a.png') }, detail: /images is too long/ },
  { body: { model: 'openai/gpt-image-1' }, detail: /not supported/ },
  { body: { model: 'openai/gpt-image-2', size: '1000x1000' }, path: '/api/gpt-image/gen', detail: /size/ },
]
for (const { body, detail, path } of refusals) {
  test(`${JSON.stringify(body).slice(0, 50)} is a 400 that says why, and makes nothing`, async (t) => {
    const simulator = await startTestSimulator(t)
    const { status, json } = await createDefapiTask(simulator, body, path)
    assert.equal(status, 400)
    assert.equal(at(json, 'code'), 400)
    assert.match(textAt(json, 'detail'), detail)
    assert.equal(simulator.ledger().length, 0)
  })
}

test('a bad key is 401 with code 1007; an unknown route is a framework 404', async (t) => {
  const simulator = await startTestSimulator(t, { defapiKeys: ['dk-right'] })
  const refused = await call(`${simulator.defapiUrl}/api/user`, { key: 'dk-wrong' })
  assert.equal(refused.status, 401)
  assert.deepEqual(refused.json, { code: 1007, message: 'Invalid Api Key' })
  const unknown = await call(`${simulator.defapiUrl}/api/balance`)
  assert.deepEqual(unknown.json, { statusCode: 404, message: 'Cannot GET /api/balance', error: 'Not Found' })
})

test('the balance is a string with eight decimals that falls with each task', async (t) => {
  const simulator = await startTestSimulator(t, { startingCredits: { defapiUsd: 1 } })
  await createDefapiTask(simulator)
  assert.deepEqual((await call(`${simulator.defapiUrl}/api/user`)).json, {
    code: 0,
    message: 'ok',
    data: { credit: '0.98000000' },
  })
})
