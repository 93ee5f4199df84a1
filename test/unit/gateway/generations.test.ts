import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Generation } from '../../../src/contract/index.ts'
import type { Problem } from '../../../src/gateway/problem.ts'
import { goodRequest, startGateway, type TestGateway } from './start-gateway.ts'

async function create({ app }: TestGateway): Promise<string> {
  const answer = await app.inject({ method: 'POST', url: '/v1/generations', payload: goodRequest })
  return answer.json<Generation>().id
}

/** Whatever they are decoded to, none of them is an id, and none reaches the ledger or another route. */
const hostileIds = [
  '..',
  '%2e%2e',
  '..%2f..%2fetc%2fpasswd',
  '%2Fetc%2Fpasswd',
  'gen_1%00',
  'gen_1%0a',
  '-gen',
  '.hidden',
  'a b',
  'gen_1;drop',
  "gen_1'--",
  '%F0%9F%A6%8A',
  'g'.repeat(201),
]

test('a generation is read with links that the gateway makes', async (t) => {
  const gateway = await startGateway(t)
  const id = await create(gateway)
  gateway.addImage(id, 0)
  gateway.addImage(id, 1)
  const answer = await gateway.app.inject(`/v1/generations/${id}`)
  assert.equal(answer.statusCode, 200)
  const generation = answer.json<Generation>()
  assert.deepEqual(
    generation.images.map(({ url }) => url),
    [`/v1/generations/${id}/images/0`, `/v1/generations/${id}/images/1`],
  )
  assert.deepEqual(generation.links, { self: `/v1/generations/${id}`, temporal: `http://temporal.test/${id}` })
  for (const { url } of generation.images) assert.equal((await gateway.app.inject(url)).statusCode, 200)
})

test('HEAD on a generation has the headers of GET and no body', async (t) => {
  const gateway = await startGateway(t)
  const url = `/v1/generations/${await create(gateway)}`
  const [get, head] = [await gateway.app.inject(url), await gateway.app.inject({ method: 'HEAD', url })]
  assert.equal(head.statusCode, 200)
  assert.equal(head.body, '')
  assert.equal(head.headers['content-length'], get.headers['content-length'])
})

test('an id that another service chose, with a colon and dots, is read as well', async (t) => {
  const gateway = await startGateway(t)
  const id = 'orders:2026.11-22_7'
  await gateway.ledger.createGeneration({
    id,
    requestSha256: 'x',
    request: goodRequest,
    mode: 'live',
    idempotencySha256: null,
    tenant: 'default',
    worstCaseUsd: 0.02,
  })
  for (const path of [id, encodeURIComponent(id)]) {
    const answer = await gateway.app.inject(`/v1/generations/${path}`)
    assert.equal(answer.statusCode, 200)
    assert.equal((await gateway.app.inject(answer.json<Generation>().links.self)).statusCode, 200)
  }
})

test('a generation that does not exist is 404, to read, to cancel and to look at', async (t) => {
  const gateway = await startGateway(t)
  for (const [method, path] of [
    ['GET', ''],
    ['POST', '/cancel'],
    ['GET', '/images/0'],
    ['HEAD', '/images/0'],
  ] as const) {
    const answer = await gateway.app.inject({ method, url: `/v1/generations/gen_none${path}` })
    assert.equal(answer.statusCode, 404)
    if (method !== 'HEAD') assert.equal(answer.json<Problem>().type, 'urn:darkroom:problem:not_found')
  }
})

for (const id of hostileIds) {
  test(`a path with ${JSON.stringify(id.slice(0, 30))} for an id finds nothing and asks nobody`, async (t) => {
    const gateway = await startGateway(t)
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/cancel'],
      ['GET', '/images/0'],
      ['GET', '/images/..%2f0'],
    ] as const) {
      const answer = await gateway.app.inject({ method, url: `/v1/generations/${id}${path}` })
      assert.equal(answer.statusCode, 404, `${method} ${path}: ${answer.body}`)
    }
    assert.deepEqual(gateway.ledger.calls, [])
    assert.deepEqual(gateway.temporal.cancels, [])
  })
}

test('the list is read in pages, the newest first, and can be narrowed to a status', async (t) => {
  const gateway = await startGateway(t)
  const ids: string[] = []
  for (let at = 0; at < 5; at++) ids.unshift(await create(gateway))
  gateway.ledger.end(ids[1] ?? '', 'failed')
  const seen: string[] = []
  let cursor: string | null = null
  do {
    const query: string = cursor === null ? '' : `&cursor=${cursor}`
    const page = (await gateway.app.inject(`/v1/generations?limit=2${query}`)).json<{
      generations: Generation[]
      nextCursor: string | null
    }>()
    seen.push(...page.generations.map(({ id, links }) => (links.self.endsWith(id) ? id : 'no link')))
    cursor = page.nextCursor
  } while (cursor !== null)
  assert.deepEqual(seen, ids)
  const failed = (await gateway.app.inject('/v1/generations?status=failed')).json<{ generations: Generation[] }>()
  assert.deepEqual(
    failed.generations.map(({ id }) => id),
    [ids[1]],
  )
})

for (const [query, field] of [
  ['limit=0', 'limit'],
  ['limit=101', 'limit'],
  ['limit=1.5', 'limit'],
  ['limit=ten', 'limit'],
  ['limit=', 'limit'],
  ['limit=1&limit=2', 'limit'],
  ['status=done', 'status'],
  ['status=completed&status=failed', 'status'],
  ['cursor=', 'cursor'],
  ['cursor=a%00b', 'cursor'],
  [`cursor=${'c'.repeat(513)}`, 'cursor'],
  ['page=2', 'page'],
  ['__proto__=1', '__proto__'],
] as const) {
  test(`a list with ${query.slice(0, 40)} is refused by field, without asking the ledger`, async (t) => {
    const gateway = await startGateway(t)
    const answer = await gateway.app.inject(`/v1/generations?${query}`)
    assert.equal(answer.statusCode, 400, answer.body)
    assert.deepEqual(
      answer.json<Problem>().errors?.map((error) => error.field),
      [field],
    )
    assert.deepEqual(gateway.ledger.calls, [])
  })
}

test('a cursor that the ledger did not give out is an error of the caller', async (t) => {
  const gateway = await startGateway(t)
  const answer = await gateway.app.inject('/v1/generations?cursor=somebody-elses')
  assert.equal(answer.statusCode, 400)
  assert.deepEqual(
    answer.json<Problem>().errors?.map(({ field }) => field),
    ['cursor'],
  )
})

test('a running generation is told to stop, and that is accepted, not done', async (t) => {
  const gateway = await startGateway(t)
  const id = await create(gateway)
  const answer = await gateway.app.inject({ method: 'POST', url: `/v1/generations/${id}/cancel` })
  assert.equal(answer.statusCode, 202)
  assert.equal(answer.json<Generation>().id, id)
  assert.deepEqual(gateway.temporal.cancels, [id])
})

test('to cancel what is cancelled is no error, and tells the workflow nothing', async (t) => {
  const gateway = await startGateway(t)
  const id = await create(gateway)
  gateway.ledger.end(id, 'cancelled')
  const answer = await gateway.app.inject({ method: 'POST', url: `/v1/generations/${id}/cancel` })
  assert.equal(answer.statusCode, 200)
  assert.equal(answer.json<Generation>().status, 'cancelled')
  assert.deepEqual(gateway.temporal.cancels, [])
})

for (const status of ['completed', 'failed'] as const) {
  test(`to cancel a ${status} generation is a conflict that names its end`, async (t) => {
    const gateway = await startGateway(t)
    const id = await create(gateway)
    gateway.ledger.end(id, status)
    const answer = await gateway.app.inject({ method: 'POST', url: `/v1/generations/${id}/cancel` })
    assert.equal(answer.statusCode, 409)
    assert.match(answer.json<Problem>().detail, new RegExp(status))
    assert.deepEqual(gateway.temporal.cancels, [])
  })
}

test('a generation that ends between the two questions is answered by its end', async (t) => {
  const gateway = await startGateway(t)
  const id = await create(gateway)
  gateway.temporal.closed.add(id)
  gateway.temporal.before = async () => gateway.ledger.end(id, 'completed')
  const answer = await gateway.app.inject({ method: 'POST', url: `/v1/generations/${id}/cancel` })
  assert.equal(answer.statusCode, 409)
  assert.equal(answer.json<Problem>().type, 'urn:darkroom:problem:already_ended')
})

test('an open row without a running workflow cannot be cancelled, and says so', async (t) => {
  const gateway = await startGateway(t)
  const [terminated, unknown] = [await create(gateway), await create(gateway)]
  gateway.temporal.closed.add(terminated)
  gateway.temporal.started.delete(unknown)
  for (const id of [terminated, unknown]) {
    const answer = await gateway.app.inject({ method: 'POST', url: `/v1/generations/${id}/cancel` })
    assert.equal(answer.statusCode, 409)
    assert.equal(answer.json<Problem>().type, 'urn:darkroom:problem:not_running')
  }
})

test('cancel is 503 when Temporal or the ledger does not answer', async (t) => {
  const gateway = await startGateway(t)
  const url = `/v1/generations/${await create(gateway)}/cancel`
  gateway.temporal.isDown = true
  assert.equal((await gateway.app.inject({ method: 'POST', url })).statusCode, 503)
  gateway.ledger.isDown = true
  assert.equal((await gateway.app.inject({ method: 'POST', url })).statusCode, 503)
})

test('cancel takes no body but an empty one', async (t) => {
  const gateway = await startGateway(t)
  const url = `/v1/generations/${await create(gateway)}/cancel`
  const headers = { 'content-type': 'application/json' }
  for (const [payload, status] of [
    ['{"force":true}', 422],
    ['[]', 422],
    ['null', 422],
    ['{}', 202],
    ['', 202],
  ] as const) {
    assert.equal((await gateway.app.inject({ method: 'POST', url, headers, payload })).statusCode, status, payload)
  }
})

test('the models are listed with what each provider makes of them', async (t) => {
  const gateway = await startGateway(t)
  const answer = await gateway.app.inject('/v1/models')
  assert.equal(answer.statusCode, 200)
  const { models } = answer.json<{ models: { name: string; providers: Record<string, unknown> }[] }>()
  const banana = models.find(({ name }) => name === 'nano-banana')
  assert.deepEqual(Object.keys(banana?.providers ?? {}), ['kie', 'defapi'])
})
