import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { test } from 'node:test'
import { defaultGatewayLimits } from '../../../src/gateway/limits.ts'
import type { Problem } from '../../../src/gateway/problem.ts'
import { maxTokenLength } from '../../../src/tokens/tokens.ts'
import { eventually } from '../../helpers/eventually.ts'
import { startGateway, type TestGateway } from './start-gateway.ts'

const json = { 'content-type': 'application/json' }
const success = JSON.stringify({ taskId: 'task-1', state: 'success' })

function knock({ app }: TestGateway, path: string, payload: string | Buffer = success, headers: Record<string, string> = json) {
  return app.inject({ method: 'POST', url: `/v1/callbacks/${path}`, headers, payload })
}

/** What a refused callback must not have touched. */
function assertUntouched({ ledger, temporal }: TestGateway): void {
  assert.deepEqual(ledger.calls, [])
  assert.deepEqual(temporal.wakes, [])
}

test('a callback is kept as a hint and wakes its own attempt, with a summary and never the body', async (t) => {
  const gateway = await startGateway(t)
  const ref = { generationId: 'gen_7', item: 2, attempt: 3 }
  const answer = await knock(gateway, `defapi/${gateway.tokenOf(ref)}`)
  assert.equal(answer.statusCode, 200)
  const bodySha256 = createHash('sha256').update(success).digest('hex')
  const [hint] = gateway.ledger.hints
  assert.deepEqual(
    { ...hint, receivedAt: null },
    { ...ref, claimedTaskId: 'task-1', claimedState: 'success', bodySha256, receivedAt: null },
  )
  assert.equal(gateway.temporal.wakes.length, 1)
  assert.deepEqual(gateway.temporal.wakes[0], {
    generationId: 'gen_7',
    wake: {
      item: 2,
      attempt: 3,
      claimedTaskId: 'task-1',
      claimedState: 'success',
      receivedAt: hint?.receivedAt.toISOString(),
      bodySha256,
    },
  })
})

test('the hint is kept before the workflow is woken', async (t) => {
  const gateway = await startGateway(t)
  let hintsAtWake = -1
  gateway.temporal.before = async () => void (hintsAtWake = gateway.ledger.hints.length)
  await knock(gateway, `defapi/${gateway.tokenOf({})}`)
  assert.equal(hintsAtWake, 1)
})

for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'] as const) {
  test(`${method} on a callback address is 405 and names POST, whatever the token`, async (t) => {
    const gateway = await startGateway(t)
    for (const token of [gateway.tokenOf({}), 'unknown']) {
      const answer = await gateway.app.inject({ method, url: `/v1/callbacks/defapi/${token}` })
      assert.equal(answer.statusCode, 405)
      assert.equal(answer.headers.allow, 'POST')
    }
    assertUntouched(gateway)
  })
}

for (const type of [
  'text/plain',
  'application/jsonx',
  'application/json5',
  'application/x-www-form-urlencoded',
  'text/json',
  ';',
]) {
  test(`a callback of type ${type} is 415 before its token is looked at`, async (t) => {
    const gateway = await startGateway(t)
    for (const token of [gateway.tokenOf({}), 'unknown']) {
      assert.equal((await knock(gateway, `defapi/${token}`, success, { 'content-type': type })).statusCode, 415)
    }
    assertUntouched(gateway)
  })
}

test('a callback without a content type is 415', async (t) => {
  const gateway = await startGateway(t)
  assert.equal((await knock(gateway, `defapi/${gateway.tokenOf({})}`, '', {})).statusCode, 415)
  assertUntouched(gateway)
})

for (const type of ['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/json;charset=UTF-8']) {
  test(`a callback of type ${type} is taken`, async (t) => {
    const gateway = await startGateway(t)
    assert.equal((await knock(gateway, `defapi/${gateway.tokenOf({})}`, success, { 'content-type': type })).statusCode, 200)
  })
}

test('a compressed callback is 415, so that nothing can be unpacked here', async (t) => {
  const gateway = await startGateway(t)
  const headers = { ...json, 'content-encoding': 'gzip' }
  const answer = await knock(gateway, `defapi/${gateway.tokenOf({})}`, gzipSync(success), headers)
  assert.equal(answer.statusCode, 415)
  assertUntouched(gateway)
})

test('a body of exactly 256 KiB is taken, one byte more is 413 whatever the token', async (t) => {
  const gateway = await startGateway(t)
  const token = gateway.tokenOf({})
  const limit = defaultGatewayLimits.callbackBodyBytes
  assert.equal(limit, 262_144)
  const fitting = `${success}${' '.repeat(limit - success.length)}`
  for (const path of [token, 'unknown']) {
    assert.equal((await knock(gateway, `defapi/${path}`, `${fitting} `)).statusCode, 413)
  }
  assertUntouched(gateway)
  assert.equal((await knock(gateway, `defapi/${token}`, fitting)).statusCode, 200)
  assert.equal((await knock(gateway, `defapi/${token}`, fitting.slice(1))).statusCode, 400)
})

test('an unknown token is 404 in every spelling, without a question to ledger or Temporal', async (t) => {
  const gateway = await startGateway(t)
  const good = gateway.tokenOf({})
  const last = good.at(-1) === 'A' ? 'B' : 'A'
  const forged = [
    'unknown',
    'v1',
    `${good}A`,
    good.slice(0, -1),
    good.slice(0, -1) + last,
    good.toUpperCase(),
    good.replace('v1.', 'v2.'),
    `${good}%00`,
    `${good}%2f..`,
    '%20',
    'x'.repeat(defaultGatewayLimits.maxParamLength),
    'x'.repeat(defaultGatewayLimits.maxParamLength + 1),
    'x'.repeat(8_000),
  ]
  for (const token of forged) {
    const answer = await knock(gateway, `defapi/${token}`)
    assert.equal(answer.statusCode, 404, token)
    assert.equal(answer.json<Problem>().type, 'urn:darkroom:problem:not_found')
  }
  assertUntouched(gateway)
})

test('every changed character of a token makes it unknown', async (t) => {
  const gateway = await startGateway(t, { limits: { unknownTokensPerMinute: 1_000 } })
  const good = gateway.tokenOf({})
  for (let at = 0; at < good.length; at++) {
    const other = good[at] === 'x' ? 'y' : 'x'
    assert.equal((await knock(gateway, `defapi/${good.slice(0, at)}${other}${good.slice(at + 1)}`)).statusCode, 404, `at ${at}`)
  }
  assertUntouched(gateway)
})

test('the longest token there is fits through the router', () => {
  assert.ok(maxTokenLength <= defaultGatewayLimits.maxParamLength, `${maxTokenLength}`)
})

test('a provider that does not exist is 404 with a good token', async (t) => {
  const gateway = await startGateway(t)
  for (const name of ['fal', 'KIE', '__proto__', 'constructor']) {
    assert.equal((await knock(gateway, `${name}/${gateway.tokenOf({})}`)).statusCode, 404)
  }
  assertUntouched(gateway)
})

test('the door of a provider that does not sign does not open the attempts of one that does', async (t) => {
  const gateway = await startGateway(t)
  const answer = await knock(gateway, `defapi/${gateway.tokenOf({}, 'kie')}`)
  assert.equal(answer.statusCode, 404)
  assert.deepEqual(gateway.ledger.hints, [])
  assert.deepEqual(gateway.temporal.wakes, [])
})

test('a sealed token of an attempt that the ledger does not know is 404', async (t) => {
  const gateway = await startGateway(t)
  const token = gateway.tokenOf({ generationId: 'gen_erased' })
  const other = await startGateway(t)
  assert.equal((await knock(other, `defapi/${token}`)).statusCode, 404)
  assert.deepEqual(other.ledger.hints, [])
})

test('a signature that does not fit is 401, and nothing is asked or kept', async (t) => {
  const gateway = await startGateway(t)
  const token = gateway.tokenOf({}, 'kie')
  for (const headers of [json, { ...json, 'x-signature': 'forged' }]) {
    const answer = await knock(gateway, `kie/${token}`, success, headers)
    assert.equal(answer.statusCode, 401)
    assert.equal(answer.json<Problem>().type, 'urn:darkroom:problem:callback_signature')
  }
  assertUntouched(gateway)
  assert.equal((await knock(gateway, `kie/${token}`, success, { ...json, 'x-signature': 'good' })).statusCode, 200)
})

test('a body that is no callback is 400, and nothing is asked or kept', async (t) => {
  const gateway = await startGateway(t)
  for (const body of ['', '{', '<html></html>', '\u0000']) {
    assert.equal((await knock(gateway, `defapi/${gateway.tokenOf({})}`, body)).statusCode, 400, JSON.stringify(body))
  }
  assertUntouched(gateway)
})

test('claims that no database or terminal should see are dropped or made visible', async (t) => {
  const gateway = await startGateway(t)
  const hostile = JSON.stringify({ taskId: 'a\u0000b', state: `\u001b[2J\u0000\ud800${'x'.repeat(500)}` })
  assert.equal((await knock(gateway, `defapi/${gateway.tokenOf({})}`, hostile)).statusCode, 200)
  const [hint] = gateway.ledger.hints
  assert.equal(hint?.claimedTaskId, null)
  assert.ok((hint?.claimedState ?? '').length <= 64)
  assert.doesNotMatch(hint?.claimedState ?? '\0', /[\p{C}]/u)
  assert.equal(gateway.temporal.wakes[0]?.wake.claimedState, hint?.claimedState)
})

test('a hundred copies at the same time are one hint and one signal, and all are answered 200', async (t) => {
  const gateway = await startGateway(t)
  const token = gateway.tokenOf({})
  const answers = await Promise.all(Array.from({ length: 100 }, () => knock(gateway, `defapi/${token}`)))
  assert.deepEqual([...new Set(answers.map(({ statusCode }) => statusCode))], [200])
  assert.equal(gateway.ledger.hints.length, 1)
  assert.equal(gateway.temporal.wakes.length, 1)
})

test('a hundred different claims at the same time are a hundred hints and two signals, and the last claim is in the second', async (t) => {
  const gateway = await startGateway(t)
  const token = gateway.tokenOf({})
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, at) => knock(gateway, `defapi/${token}`, JSON.stringify({ taskId: `task-${at}` }))),
  )
  assert.deepEqual([...new Set(answers.map(({ statusCode }) => statusCode))], [200])
  assert.equal(gateway.ledger.hints.length, 100)
  assert.deepEqual(
    gateway.temporal.wakes.map(({ wake }) => wake.claimedTaskId),
    ['task-0', 'task-99'],
  )
})

test('with Temporal down the hint is kept, the answer is 503, and the repeat is delivered', async (t) => {
  const gateway = await startGateway(t)
  const path = `defapi/${gateway.tokenOf({})}`
  gateway.temporal.isDown = true
  const refused = await knock(gateway, path)
  assert.equal(refused.statusCode, 503)
  assert.match(String(refused.headers['retry-after']), /^\d+$/)
  assert.equal(gateway.ledger.hints.length, 1)
  gateway.temporal.isDown = false
  assert.equal((await knock(gateway, path)).statusCode, 200)
  assert.equal(gateway.temporal.wakes.length, 1)
  assert.equal(gateway.ledger.hints.length, 1)
})

test('copies that share a failed signal are all answered 503', async (t) => {
  const gateway = await startGateway(t)
  const path = `defapi/${gateway.tokenOf({})}`
  gateway.temporal.isDown = true
  const answers = await Promise.all(Array.from({ length: 20 }, () => knock(gateway, path)))
  assert.deepEqual([...new Set(answers.map(({ statusCode }) => statusCode))], [503])
})

test('with the ledger down the answer is 503 and nothing is woken', async (t) => {
  const gateway = await startGateway(t)
  const path = `defapi/${gateway.tokenOf({})}`
  gateway.ledger.isDown = true
  assert.equal((await knock(gateway, path)).statusCode, 503)
  assert.deepEqual(gateway.temporal.wakes, [])
})

test('a callback for a closed workflow is kept for settlement and answered 200', async (t) => {
  const gateway = await startGateway(t)
  const path = `defapi/${gateway.tokenOf({ generationId: 'gen_closed' })}`
  gateway.temporal.closed.add('gen_closed')
  assert.equal((await knock(gateway, path)).statusCode, 200)
  assert.equal(gateway.ledger.hints.length, 1)
  assert.deepEqual(gateway.temporal.wakes, [])
})

test('who goes on guessing tokens is turned away, and a genuine callback from the same address is not', async (t) => {
  const gateway = await startGateway(t, { limits: { unknownTokensPerMinute: 5 } })
  for (let at = 0; at < 5; at++) assert.equal((await knock(gateway, `defapi/guess-${at}`)).statusCode, 404)
  const refused = await knock(gateway, 'defapi/guess-5')
  assert.equal(refused.statusCode, 429)
  assert.match(String(refused.headers['retry-after']), /^\d+$/)
  assertUntouched(gateway)
  assert.equal((await knock(gateway, `defapi/${gateway.tokenOf({})}`)).statusCode, 200)
})

test('no log line and no answer ever holds a token', async (t) => {
  const gateway = await startGateway(t, { limits: { unknownTokensPerMinute: 3 } })
  const good = gateway.tokenOf({})
  const kie = gateway.tokenOf({ attempt: 2 }, 'kie')
  const answers = [
    await knock(gateway, `defapi/${good}`),
    await knock(gateway, `kie/${kie}`),
    await knock(gateway, `kie/${good}`, success, { ...json, 'x-signature': 'good' }),
    await knock(gateway, `defapi/${good}/more`),
    await knock(gateway, `defapi/${good}%`),
    await knock(gateway, `defapi/${good}?token=${good}`, 'no json'),
    await gateway.app.inject({ method: 'GET', url: `/v1/callbacks/defapi/${good}` }),
    await knock(gateway, `defapi/${good}${'x'.repeat(1_000)}`),
  ]
  gateway.ledger.isDown = true
  answers.push(await knock(gateway, `defapi/${good}`, '{"taskId":"other"}'))
  assert.deepEqual(
    answers.map(({ statusCode }) => statusCode),
    [200, 401, 404, 404, 400, 400, 405, 404, 503],
  )
  await eventually(() => assert.ok(gateway.log.length >= answers.length))
  const written = [...gateway.log, ...answers.flatMap(({ body, headers }) => [body, JSON.stringify(headers)])].join('\n')
  for (const token of [good, kie]) {
    // also not a part of it: the logger of these tests redacts nothing
    assert.ok(!written.includes(token.slice(-20)))
  }
})
