// Nothing secret and nothing personal reaches the disk, wherever a provider may put it.
import assert from 'node:assert/strict'
import { readdir, stat } from 'node:fs/promises'
import { test } from 'node:test'
import { simulatorKey } from '../../live/options.ts'
import type { RawExchange } from '../../live/record-exchanges.ts'
import { createExchangeRedactor } from '../../live/redact-exchange.ts'
import { tryLive } from './live-rig.ts'

const key = 'dk-0123456789abcdef0123456789abcdef'
/** Looks like nothing that a rule for keys would know. */
const plainKey = 'open/sesame'
const taskId = '330a9433fd309e9e18df1c567ae38471'
const uuidTask = 'ta2d86a6-4df7-4aca-a940-83d8e4183878'

const raw = (given: Partial<RawExchange> & { json?: unknown }): RawExchange => {
  const { json, ...more } = given
  return {
    method: 'GET',
    url: `https://api.example/api/task/query?task_id=${uuidTask}`,
    requestBody: null,
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(json ?? {})),
    elapsedMs: 5,
    ...more,
  }
}

/** What a provider could say, and what must not be left of it. */
const plants: { name: string; exchange: RawExchange; gone: string[]; isAccount?: boolean }[] = [
  {
    name: 'a key that is repeated, plain, in a URL and in base64',
    exchange: raw({ json: { message: `bad key ${key}, ${encodeURIComponent(key)}, ${Buffer.from(key).toString('base64')}` } }),
    gone: [key, Buffer.from(key).toString('base64')],
  },
  {
    name: 'a key that looks like ordinary words',
    exchange: raw({
      json: { message: `${plainKey}, ${encodeURIComponent(plainKey)}, ${Buffer.from(plainKey).toString('base64')}` },
    }),
    gone: [plainKey, 'sesame', 'b3Blbi9zZXNhbWU'],
  },
  {
    name: 'ids of any form under their names, also in a sentence before',
    exchange: raw({ json: { msg: 'made job-seventy', data: { taskId: 'job-seventy', request_id: 'r-one' } } }),
    gone: ['job-seventy', 'r-one'],
  },
  {
    name: 'what is left on the account, in any reply',
    exchange: raw({ json: { data: { remainedCredits: 2_510_330, credits: '87.65' } } }),
    gone: ['2510330', '87.65'],
  },
  {
    name: 'somebody else’s key and bearer header in a message',
    exchange: raw({ json: { message: 'got Authorization: Bearer abc.DEF-123 and sk-live-9f8e7d6c5b' } }),
    gone: ['abc.DEF-123', '9f8e7d6c5b'],
  },
  {
    name: 'headers that name people, sessions and accounts',
    exchange: raw({
      headers: { 'set-cookie': 'session=s3cr3t', 'x-account-id': '136592', authorization: `Bearer ${key}`, 'cf-ray': '8f1e' },
    }),
    gone: ['s3cr3t', '136592', key, '8f1e'],
  },
  {
    name: 'task ids in the query, under their names, in sentences, and as a part of JSON text',
    exchange: raw({
      json: {
        data: {
          taskId,
          recordId: taskId,
          note: `task ${taskId} waits`,
          param: JSON.stringify({ input: JSON.stringify({ id: taskId }) }),
        },
      },
    }),
    gone: [taskId, uuidTask],
  },
  {
    name: 'an account: names, addresses, numbers and the balance',
    exchange: raw({
      json: {
        code: 0,
        data: { credit: '87.65430000', user: 'Ada Lovelace', uid: 4711815, vat: 'DE99', contact: { city: 'Ulm' } },
      },
    }),
    gone: ['87.6543', 'Lovelace', '4711815', 'DE99', 'Ulm'],
    isAccount: true,
  },
  {
    name: 'people in any other reply',
    exchange: raw({
      json: {
        data: {
          userId: 136592,
          email: 'ada@corp.example',
          msg: 'owner ada.l+x@corp.example from 203.0.113.7 or 2001:db8::1:2:3',
        },
      },
    }),
    gone: ['136592', 'ada@corp', 'ada.l+x', '203.0.113.7', '2001:db8'],
  },
  {
    name: 'secret parts of links: credentials, account numbers, names of files, signatures',
    exchange: raw({
      json: {
        data: {
          resultJson: JSON.stringify({
            resultUrls: [
              'https://u:pw@cdn.example/kieai/136592/images/Ada-Portrait-2026.png?X-Signature=c2lnbmVk&Expires=99#frag',
              'https://hooks.example/v1/callbacks/kie/v1.abcdefgh.0123456789',
            ],
          }),
        },
      },
    }),
    gone: ['pw@', '136592', 'Portrait', 'c2lnbmVk', 'abcdefgh', 'frag'],
  },
  {
    name: 'long tokens of any kind',
    exchange: raw({
      json: { trace: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0NzExIn0.c2ln', session: 'f47ac10b58cc4372a5670e02b2c3d479aa' },
    }),
    gone: ['eyJhbGci', 'f47ac10b'],
  },
  {
    name: 'a reply that is not JSON',
    exchange: raw({ body: Buffer.from(`<html>${key} ${taskId} ada@corp.example</html>`) }),
    gone: [key, taskId, 'ada@corp'],
  },
  {
    name: 'bytes of a picture',
    exchange: raw({ body: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2]) }),
    gone: ['PNG'],
  },
]

for (const { name, exchange, gone, isAccount } of plants) {
  test(`not written: ${name}`, () => {
    const redactor = createExchangeRedactor([key, plainKey])
    const written = JSON.stringify(redactor.exchange('probe', exchange, { isAccount: isAccount === true }))
    for (const secret of gone) assert.ok(!written.includes(secret), `${secret} is left in ${written}`)
    assert.ok(redactor.isClean(written), written)
  })
}

test('what tells how a provider answers is kept: names, types, codes, words, models, hosts, our prompt', () => {
  const redactor = createExchangeRedactor([key])
  const json = {
    code: 200,
    msg: 'success',
    data: {
      taskId,
      model: 'gpt-image-2-text-to-image',
      state: 'success',
      param: JSON.stringify({ input: JSON.stringify({ prompt: 'a red fox in the snow' }), model: 'gpt-image-2-text-to-image' }),
      resultJson: JSON.stringify({ resultUrls: [`https://tempfile.aiquickdraw.com/r/${taskId}.png`] }),
      createTime: 1_776_862_567_160,
      creditsConsumed: 6.5,
    },
  }
  const headers = { 'content-type': 'application/json', server: 'cloudflare', 'retry-after': '3', 'set-cookie': 'a=b' }
  const standIn = '00000000000000000000000000000001'
  const kept = redactor.exchange(
    'probe',
    raw({ url: `https://api.kie.ai/api/v1/jobs/recordInfo?taskId=${taskId}`, json, headers }),
  )
  assert.deepEqual(kept, {
    probe: 'probe',
    method: 'GET',
    url: `https://api.kie.ai/api/v1/jobs/recordInfo?taskId=${standIn}`,
    requestBody: null,
    status: 200,
    headers: { 'content-type': 'application/json', server: 'cloudflare', 'retry-after': '3' },
    otherHeaders: ['set-cookie'],
    body: JSON.parse(JSON.stringify(json).replaceAll(taskId, standIn)) as unknown,
    elapsedMs: 5,
  })
})

test('an id that nobody announced keeps its form', () => {
  const exchange = createExchangeRedactor([]).exchange('p', raw({ json: { msg: `see ${taskId}` } }))
  assert.match(JSON.stringify(exchange.body), /see 0{31}\d"/)
})

test('the same id has the same stand-in in every exchange, and another id another', () => {
  const redactor = createExchangeRedactor([])
  const idIn = (id: string): unknown => redactor.exchange('p', raw({ json: { data: { task_id: id } } })).body
  const first = idIn(uuidTask)
  assert.deepEqual(idIn(uuidTask), first)
  assert.notDeepEqual(idIn('ta651f1b-9bc9-4faf-844f-250431af05de'), first)
  assert.match(JSON.stringify(first), /"ta[0-9a-f]{6}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"/)
})

test('what is left by mistake is found by a second look', () => {
  const redactor = createExchangeRedactor([key])
  redactor.exchange('p', raw({ json: { taskId } }))
  const verdicts = [key, taskId, 'fine'].map((left) => redactor.isClean(`{"x":"a ${left}"}`))
  assert.deepEqual(verdicts, [false, false, true])
})

test('a whole run against a provider that repeats everything leaves neither keys nor ids nor people on disk', async (t) => {
  const ids = new Set<string>()
  const trial = await tryLive(t, 'kie', ['--model', 'nano-banana', '--max-cost', '0.10'], ({ path, authorization }, reply) => {
    const found = JSON.stringify(reply.body).match(/[0-9a-f]{32}/g) ?? []
    for (const id of found) ids.add(id)
    Object.assign(reply.headers, { 'set-cookie': `session=${authorization.slice(7)}`, 'x-user': 'ada@corp.example' })
    Object.assign(reply.body, { debug: `${path} by ada@corp.example, account 136592, ${authorization}`, userId: 136_592 })
  })
  assert.ok(ids.size > 0, 'no task id passed')
  for (const secret of [simulatorKey, 'ada@corp', 'wrong-key-', 'Bearer s', ...ids])
    assert.ok(
      !trial.written.replaceAll('"balance-wrong-key"', '').replaceAll('submit-wrong-key', '').includes(secret),
      `${secret} is on disk`,
    )
  assert.match(trial.written, /new_field/)
})

test('a recording can be read by its owner alone, and is in a folder of its own', async (t) => {
  const trial = await tryLive(t, 'defapi', ['--max-cost', '0'])
  assert.deepEqual((await readdir(trial.report.recording)).toSorted(), ['exchanges.json', 'report.json'])
  assert.equal((await stat(trial.report.recording)).mode & 0o077, 0)
  assert.equal((await stat(`${trial.report.recording}/exchanges.json`)).mode & 0o077, 0)
})
