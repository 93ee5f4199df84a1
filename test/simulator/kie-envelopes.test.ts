// Kie's replies have the shapes that its documentation and recordings show.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startCallbackSink, startTestSimulator } from '../helpers/simulator.ts'
import {
  at,
  call,
  createdKieId,
  createKieTask,
  endedKieRecord,
  linksOf,
  parseOrUndefined,
  queryKieTask,
  textAt,
} from './client.ts'
import { eventually } from '../helpers/eventually.ts'

const keysOf = (value: unknown): string[] => Object.keys(value ?? {}).sort()

describe('market API', () => {
  test('createTask answers with a task id of 32 hex digits, twice', async (t) => {
    const simulator = await startTestSimulator(t)
    const { status, json } = await createKieTask(simulator)
    const taskId = textAt(json, 'data.taskId')
    assert.equal(status, 200)
    assert.match(taskId, /^[0-9a-f]{32}$/)
    assert.deepEqual(json, { code: 200, msg: 'success', data: { taskId, recordId: taskId } })
  })

  test('a running record has nulls where nothing is known yet', async (t) => {
    const simulator = await startTestSimulator(t, { pictureMs: 60_000, recordDialect: 'april' })
    const taskId = await createdKieId(simulator, { input: { aspect_ratio: '16:9' } })
    const { json } = await queryKieTask(simulator, taskId)
    const createTime = at(json, 'data.createTime')
    assert.deepEqual(json, {
      code: 200,
      msg: 'success',
      data: {
        taskId,
        model: 'google/nano-banana',
        state: 'waiting',
        param: JSON.stringify({
          input: JSON.stringify({ aspect_ratio: '16:9', prompt: 'a red fox' }),
          model: 'google/nano-banana',
        }),
        resultJson: '',
        failCode: null,
        failMsg: null,
        costTime: null,
        completeTime: null,
        createTime,
      },
    })
    assert.equal(typeof createTime, 'number')
  })

  test('the September record adds what was recorded then, with the cost from the start', async (t) => {
    const simulator = await startTestSimulator(t, { pictureMs: 60_000 })
    const taskId = await createdKieId(simulator, {
      model: 'gpt-image-2-text-to-image',
      input: { aspect_ratio: '16:9', resolution: '2K' },
    })
    const running = at((await queryKieTask(simulator, taskId)).json, 'data')
    assert.equal(at(running, 'state'), 'generating')
    assert.equal(at(running, 'creditsConsumed'), 10)
    assert.equal(at(running, 'successFlag'), 0)
    simulator.finish(taskId)
    const ended = at((await queryKieTask(simulator, taskId)).json, 'data')
    assert.equal(at(ended, 'operationType'), 'gpt-image-2-text-to-image')
    assert.equal(at(ended, 'paramJson'), at(ended, 'param'))
    assert.deepEqual(at(ended, 'response.resultUrls'), linksOf(ended))
  })

  test('grok makes two pictures from one task, each its own', async (t) => {
    const simulator = await startTestSimulator(t)
    const record = await endedKieRecord(simulator, await createdKieId(simulator, { model: 'grok-imagine/text-to-image' }))
    const links = linksOf(record)
    assert.equal(links.length, 2)
    const [first, second] = await Promise.all(links.map((link) => call(link)))
    assert.notEqual(first?.text, second?.text)
  })

  const refusals = [
    { what: 'no prompt', task: { prompt: '' }, code: 500, msg: 'prompt is required' },
    {
      what: 'a ratio that is not offered',
      task: { input: { aspect_ratio: '7:5' } },
      code: 500,
      msg: 'aspect_ratio is not within the range of allowed options',
    },
    {
      what: 'a required field with a documented default',
      task: { model: 'nano-banana-2-lite' },
      code: 500,
      msg: 'aspect_ratio is required',
    },
    {
      what: '4K of a square',
      task: { model: 'gpt-image-2-text-to-image', input: { aspect_ratio: '1:1', resolution: '4K' } },
      code: 500,
      msg: 'resolution is not within the range of allowed options',
    },
    { what: 'a known model with a wrong prefix', task: { model: 'google/nano-banana-2-lite' }, code: 422, msg: /not supported/ },
  ]
  for (const { what, task, code, msg } of refusals) {
    test(`${what} is refused with code ${code} inside HTTP 200, and nothing is made`, async (t) => {
      const simulator = await startTestSimulator(t)
      const { status, json } = await createKieTask(simulator, task)
      assert.equal(status, 200)
      assert.equal(at(json, 'code'), code)
      if (typeof msg === 'string') assert.equal(at(json, 'msg'), msg)
      else assert.match(textAt(json, 'msg'), msg)
      assert.equal(simulator.ledger().length, 0)
    })
  }

  test('fields nobody knows are ignored', async (t) => {
    const simulator = await startTestSimulator(t)
    assert.equal(at((await createKieTask(simulator, { input: { guidance: 7 } })).json, 'code'), 200)
  })

  test('a missing or unknown key gets code 401 without data; real statuses are a switch', async (t) => {
    const simulator = await startTestSimulator(t, { kieApiKeys: ['right'] })
    const refused = await createKieTask(simulator, {}, { key: 'wrong' })
    assert.equal(refused.status, 200)
    assert.deepEqual(keysOf(refused.json), ['code', 'msg'])
    assert.equal(at(refused.json, 'code'), 401)
    assert.equal(at((await createKieTask(simulator, {}, { key: 'right' })).json, 'code'), 200)
    const strict = await startTestSimulator(t, { kieApiKeys: ['right'], realHttpStatuses: true })
    assert.equal((await createKieTask(strict, {}, { key: 'wrong' })).status, 401)
  })

  test('an unknown path is a real 404 with a body that has no code', async (t) => {
    const simulator = await startTestSimulator(t)
    const { status, json } = await call(`${simulator.kieUrl}/api/v1/jobs/cancel`, { body: {} })
    assert.equal(status, 404)
    assert.deepEqual(keysOf(json), ['error', 'message', 'path', 'status', 'timestamp'])
  })

  test('an unknown id, and the task of another key, are null records', async (t) => {
    const simulator = await startTestSimulator(t)
    const expected = { code: 422, msg: 'recordInfo is null', data: null }
    assert.deepEqual((await queryKieTask(simulator, 'f'.repeat(32))).json, expected)
    const taskId = await createdKieId(simulator)
    assert.deepEqual((await queryKieTask(simulator, taskId, { key: 'another' })).json, expected)
  })
})

describe('4o image API', () => {
  test('has its own states, flags and link field, and snake case in the callback', async (t) => {
    const simulator = await startTestSimulator(t, { pictureMs: 60_000 })
    const sink = await startCallbackSink(t)
    const created = await call(`${simulator.kieUrl}/api/v1/gpt4o-image/generate`, {
      body: { size: '3:2', prompt: 'a red fox', callBackUrl: sink.url },
    })
    const taskId = textAt(created.json, 'data.taskId')
    assert.deepEqual(created.json, { code: 200, msg: 'success', data: { taskId } })
    const query = (): Promise<unknown> =>
      call(`${simulator.kieUrl}/api/v1/gpt4o-image/record-info?taskId=${taskId}`).then(({ json }) => at(json, 'data'))
    const running = await query()
    assert.equal(at(running, 'status'), 'GENERATING')
    assert.equal(at(running, 'successFlag'), 0)
    assert.equal(at(running, 'response'), null)
    simulator.finish(taskId)
    const ended = await query()
    assert.equal(at(ended, 'status'), 'SUCCESS')
    assert.equal(at(ended, 'progress'), '1.00')
    await eventually(() => assert.equal(sink.received.length, 1))
    assert.deepEqual(sink.received[0]?.json, {
      code: 200,
      msg: 'success',
      data: { taskId, info: { result_urls: at(ended, 'response.resultUrls') } },
    })
    // Its record is not a market record.
    assert.equal(at((await queryKieTask(simulator, taskId)).json, 'code'), 422)
  })

  test('wants a size, and a prompt or a picture', async (t) => {
    const simulator = await startTestSimulator(t)
    const generate = async (body: object): Promise<unknown> =>
      at((await call(`${simulator.kieUrl}/api/v1/gpt4o-image/generate`, { body })).json, 'msg')
    assert.equal(await generate({ prompt: 'a red fox' }), 'Please enter size.')
    assert.equal(await generate({ size: '1:1' }), 'Please enter prompt.')
    assert.equal(await generate({ size: '16:9', prompt: 'x' }), 'size is not within the range of allowed options')
    assert.equal(await generate({ size: '1:1', filesUrl: ['https://example.com/a.png'] }), 'success')
  })

  test('exchanges a result link for a temporary one that works', async (t) => {
    const simulator = await startTestSimulator(t)
    const created = await call(`${simulator.kieUrl}/api/v1/gpt4o-image/generate`, { body: { size: '1:1', prompt: 'a red fox' } })
    const taskId = textAt(created.json, 'data.taskId')
    simulator.finish(taskId)
    const record = await call(`${simulator.kieUrl}/api/v1/gpt4o-image/record-info?taskId=${taskId}`)
    const url = textAt(record.json, 'data.response.resultUrls.0')
    const exchanged = await call(`${simulator.kieUrl}/api/v1/gpt4o-image/download-url`, { body: { taskId, url } })
    const temporary = textAt(exchanged.json, 'data')
    assert.notEqual(temporary, url)
    assert.equal((await call(temporary)).headers.get('content-type'), 'image/png')
    const foreign = await call(`${simulator.kieUrl}/api/v1/common/download-url`, { body: { url: 'https://example.com/a.png' } })
    assert.deepEqual(foreign.json, { code: 422, msg: 'url is wrong', data: null })
  })
})

describe('Flux Kontext API', () => {
  test('has one picture in `response.resultImageUrl` and the price of its model', async (t) => {
    const simulator = await startTestSimulator(t)
    const generate = { prompt: 'a red fox', model: 'flux-kontext-max', aspectRatio: '16:9', outputFormat: 'png' }
    const created = await call(`${simulator.kieUrl}/api/v1/flux/kontext/generate`, { body: generate })
    const taskId = textAt(created.json, 'data.taskId')
    simulator.finish(taskId)
    const { json } = await call(`${simulator.kieUrl}/api/v1/flux/kontext/record-info?taskId=${taskId}`)
    assert.equal(at(json, 'data.successFlag'), 1)
    assert.match(textAt(json, 'data.response.resultImageUrl'), /\.png$/)
    assert.deepEqual(parseOrUndefined(textAt(json, 'data.paramJson')), generate)
    assert.equal(simulator.ledger()[0]?.credits, 10)
  })

  test('allows less safety tolerance when it edits', async (t) => {
    const simulator = await startTestSimulator(t)
    const generate = async (body: object): Promise<unknown> =>
      at((await call(`${simulator.kieUrl}/api/v1/flux/kontext/generate`, { body })).json, 'code')
    assert.equal(await generate({ prompt: 'x', safetyTolerance: 6 }), 200)
    assert.equal(await generate({ prompt: 'x', safetyTolerance: 6, inputImage: 'https://example.com/a.png' }), 500)
  })

  test('its record of an unknown id says so in its own words', async (t) => {
    const simulator = await startTestSimulator(t)
    const { json } = await call(`${simulator.kieUrl}/api/v1/flux/kontext/record-info?taskId=nobody`)
    assert.deepEqual(json, { code: 422, msg: 'The record does not exist', data: null })
  })
})

describe('uploads and account', () => {
  const picture = Buffer.from('89504e470d0a1a0a', 'hex')

  test('three kinds of upload give the same answer, and links that serve the bytes', async (t) => {
    const simulator = await startTestSimulator(t)
    const uploadPath = 'images/mine'
    const form = new FormData()
    form.set('file', new Blob([new Uint8Array(picture)], { type: 'image/png' }), 'a.png')
    form.set('uploadPath', uploadPath)
    const base64 = await call(`${simulator.kieUploadUrl}/api/file-base64-upload`, {
      body: { base64Data: `data:image/png;base64,${picture.toString('base64')}`, uploadPath, fileName: 'b.png' },
    })
    const headers = { authorization: 'Bearer k' }
    const streamed = await fetch(`${simulator.kieUploadUrl}/api/file-stream-upload`, {
      method: 'POST',
      body: form,
      headers,
    }).then((reply) => reply.json())
    const fetched = await call(`${simulator.kieUploadUrl}/api/file-url-upload`, {
      body: { fileUrl: textAt(base64.json, 'data.downloadUrl'), uploadPath },
    })
    for (const reply of [base64.json, streamed, fetched.json]) {
      assert.deepEqual(keysOf(reply), ['code', 'data', 'msg', 'success'])
      assert.deepEqual(keysOf(at(reply, 'data')), [
        'downloadUrl',
        'fileName',
        'filePath',
        'fileSize',
        'mimeType',
        'success',
        'uploadedAt',
      ])
      assert.equal(at(reply, 'data.fileSize'), picture.length)
      const bytes = Buffer.from(await (await fetch(textAt(reply, 'data.downloadUrl'))).arrayBuffer())
      assert.deepEqual(bytes, picture)
    }
  })

  test('an upload without its path is a real 400', async (t) => {
    const simulator = await startTestSimulator(t)
    const { status, json } = await call(`${simulator.kieUploadUrl}/api/file-base64-upload`, { body: { base64Data: 'AAAA' } })
    assert.equal(status, 400)
    assert.equal(at(json, 'success'), false)
  })

  test('the balance is a bare number that can have a fraction', async (t) => {
    const simulator = await startTestSimulator(t, { startingCredits: { kieCredits: 80.5 } })
    await createKieTask(simulator)
    const { json } = await call(`${simulator.kieUrl}/api/v1/chat/credit`)
    assert.deepEqual(json, { code: 200, msg: 'success', data: 76.5 })
  })

  test('Midjourney is retired', async (t) => {
    const simulator = await startTestSimulator(t)
    assert.equal(at((await call(`${simulator.kieUrl}/api/v1/mj/generate`, { body: { prompt: 'x' } })).json, 'code'), 505)
  })
})
