import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { createKieProvider } from '../../../src/providers/kie/index.ts'
import type { CallbackVerdict } from '../../../src/providers/provider.ts'
import { readCallbacks } from './reply-fixtures.ts'

const key = 'current-hmac-key'
const previousKey = 'previous-hmac-key'
const taskId = '330a9433fd309e9e18df1c567ae38471'
const nowMs = Date.UTC(2026, 10, 22, 12, 0, 0)
const nowSeconds = String(nowMs / 1000)

type Headers = Record<string, string | string[] | undefined>
const settings = { accounts: [{ name: 'default', apiKey: 'k1' }], baseUrl: 'https://api.kie.ai' }
const signing = createKieProvider({ ...settings, uploadBaseUrl: 'http://127.0.0.1:9', webhookHmacKeys: [key, previousKey] })
const shapeOnly = createKieProvider({ ...settings, uploadBaseUrl: 'http://127.0.0.1:9', webhookHmacKeys: [] })

const sign = (text: string, secret = key): string => createHmac('sha256', secret).update(text).digest('base64')
const signed = (timestamp = nowSeconds, id = taskId, secret = key): Headers => ({
  'x-webhook-timestamp': timestamp,
  'x-webhook-signature': sign(`${id}.${timestamp}`, secret),
})
const bodyOf = (value: unknown): Uint8Array => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
const genuineBody = bodyOf({ code: 200, msg: 'ok', data: { taskId, state: 'success' } })

const read = (rawBody: Uint8Array, headers: Headers = {}, provider = signing): CallbackVerdict =>
  provider.readCallback({ rawBody, headers, nowMs })
const statusOf = (verdict: CallbackVerdict): number => (verdict.ok ? 200 : verdict.status)

test('kie: every documented callback is read, and is refused when it is not signed', () => {
  const states: Record<string, string> = {}
  for (const { id, body } of readCallbacks('kie/callbacks.json')) {
    const verdict = read(bodyOf(body), {}, shapeOnly)
    assert.ok(verdict.ok, id)
    assert.match(verdict.claim.claimedTaskId ?? '', /^(?:task12345|330a9433fd309e9e18df1c567ae38471)$/)
    states[id] = verdict.claim.claimedState ?? ''
    assert.equal(statusOf(read(bodyOf(body))), 401)
    assert.equal(statusOf(read(bodyOf(body), signed(nowSeconds, verdict.claim.claimedTaskId ?? ''))), 200)
  }
  assert.deepEqual(states, {
    'market-success': 'success',
    'market-success-2025': 'success',
    'market-failure': 'fail',
    'gpt4o-success': 'code 200',
    'gpt4o-failure': 'code 400',
    'kontext-success': 'code 200',
    'kontext-failure': 'code 400',
    'sample-code-spelling': 'code 200',
  })
})

test('kie: the current and the previous key sign, in any spelling of the header names; another key does not', () => {
  assert.deepEqual(read(genuineBody, signed()), { ok: true, claim: { claimedTaskId: taskId, claimedState: 'success' } })
  assert.equal(statusOf(read(genuineBody, signed(nowSeconds, taskId, previousKey))), 200)
  assert.equal(statusOf(read(genuineBody, signed(nowSeconds, taskId, 'retired-key'))), 401)
  const { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': signature } = signed()
  assert.equal(statusOf(read(genuineBody, { 'X-Webhook-Timestamp': timestamp, 'X-Webhook-Signature': signature })), 200)
})

test('kie: a signature is bound to its task', () => {
  const otherBody = bodyOf({ code: 200, data: { taskId: 'another-task', state: 'success' } })
  assert.equal(statusOf(read(otherBody, signed())), 401)
})

test('kie: a swapped body under genuine headers passes, since Kie does not sign bodies: that is why a claim decides nothing', () => {
  const forged = bodyOf({
    code: 501,
    msg: 'failed',
    data: { taskId, state: 'fail', resultJson: '{"resultUrls":["http://169.254.169.254/"]}' },
  })
  assert.deepEqual(read(forged, signed()), { ok: true, claim: { claimedTaskId: taskId, claimedState: 'fail' } })
})

test('kie: five minutes both ways, to the second', () => {
  const at = (offsetSeconds: number): number => statusOf(read(genuineBody, signed(String(Number(nowSeconds) + offsetSeconds))))
  const offsets = [-301, -300, -299, 0, 299, 300, 301]
  assert.deepEqual(offsets.map(at), [401, 200, 200, 200, 200, 200, 401])
})

test('kie: a timestamp that is not ten digits is refused, also when it is properly signed', () => {
  const timestamps = [
    '',
    ' ',
    '-1',
    `-${nowSeconds}`,
    `+${nowSeconds}`,
    `${nowSeconds}.0`,
    `${nowSeconds}abc`,
    ` ${nowSeconds}`,
    `${nowSeconds}\n`,
    '1e10',
    '0x6925f8c0',
    nowSeconds.slice(1),
    `0${nowSeconds}`,
    `${nowMs}`,
    '9'.repeat(400),
    '１７９５３４８８００',
    'NaN',
  ]
  for (const timestamp of timestamps) assert.equal(statusOf(read(genuineBody, signed(timestamp))), 401, timestamp)
})

test('kie: an id with a dot cannot move the border between id and timestamp', () => {
  const id = `${taskId}.1`
  assert.equal(statusOf(read(bodyOf({ data: { taskId: id } }), signed(nowSeconds, id))), 401)
  const joined = sign(`a.1.${nowSeconds}`)
  assert.equal(
    statusOf(
      read(bodyOf({ data: { taskId: 'a' } }), { 'x-webhook-timestamp': `1.${nowSeconds}`, 'x-webhook-signature': joined }),
    ),
    401,
  )
})

test('kie: any changed character of the signature or the timestamp is refused', () => {
  const headers = signed()
  let mutations = 0
  for (const name of ['x-webhook-signature', 'x-webhook-timestamp']) {
    const value = String(headers[name])
    for (let position = 0; position < value.length; position += 1) {
      for (let byte = 0; byte < 256; byte += 1) {
        const changed = value.slice(0, position) + String.fromCharCode(byte) + value.slice(position + 1)
        if (changed === value) continue
        mutations += 1
        assert.equal(statusOf(read(genuineBody, { ...headers, [name]: changed })), 401, `${name} ${position} ${byte}`)
      }
      const shorter = value.slice(0, position) + value.slice(position + 1)
      assert.equal(statusOf(read(genuineBody, { ...headers, [name]: shorter })), 401)
    }
  }
  assert.equal(mutations, (44 + 10) * 255)
})

test('kie: missing, empty, repeated, foreign and odd headers are refused with one and the same answer', () => {
  const { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': signature } = signed()
  const raw = createHmac('sha256', key).update(`${taskId}.${nowSeconds}`).digest()
  const variants: Headers[] = [
    {},
    { 'x-webhook-timestamp': timestamp },
    { 'x-webhook-signature': signature },
    { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': undefined },
    { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': '' },
    { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': [String(signature)] },
    { 'x-webhook-timestamp': [nowSeconds], 'x-webhook-signature': signature },
    { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': [String(signature), String(signature)] },
    { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': signature, 'X-Webhook-Signature': 'forged' },
    { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': `${String(signature)}, ${String(signature)}` },
    { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': raw.toString('hex') },
    { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': raw.toString('base64url') },
    { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': String(signature).replace('=', '') },
    { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': raw.subarray(0, 16).toString('base64') },
    { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': Buffer.concat([raw, raw]).toString('base64') },
    { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': `v1,${String(signature)}` },
    { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': 'ａ'.repeat(43) },
    { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': '💥'.repeat(22) },
    { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': sign(`${taskId}.${nowSeconds}`, '') },
  ]
  const answers = new Set(variants.map((headers) => JSON.stringify(read(genuineBody, headers))))
  answers.add(JSON.stringify(read(genuineBody, signed(String(Number(nowSeconds) - 301)))))
  answers.add(JSON.stringify(read(bodyOf({ data: {} }), signed())))
  assert.equal(answers.size, 1)
  assert.match([...answers][0] ?? '', /"status":401/)
})

test('kie: the id is taken from wherever Kie puts it, and two different ones are refused', () => {
  const idOf = (body: unknown): unknown => {
    const verdict = read(bodyOf(body), {}, shapeOnly)
    return verdict.ok ? verdict.claim.claimedTaskId : verdict.status
  }
  assert.deepEqual(
    [
      { data: { taskId } },
      { data: { task_id: taskId } },
      { task_id: taskId },
      { taskId },
      { data: { taskId, task_id: taskId }, task_id: taskId },
      { data: { taskId, task_id: null } },
      { data: { taskId, task_id: 'other' } },
      { data: { taskId }, task_id: 'other' },
      { data: { taskId }, taskId: 7 },
      { data: null },
      { data: 'text' },
      {},
      { data: { taskId: 7 } },
      { data: { taskId: ['a'] } },
      { data: { taskId: '' } },
      { data: { taskId: 'ö' } },
      { data: { taskId: '../x' } },
      { data: { taskId: 'a\n' } },
      { data: { taskId: 'a'.repeat(129) } },
    ].map(idOf),
    [taskId, taskId, taskId, taskId, taskId, taskId, 400, 400, 400, ...Array<null>(10).fill(null)],
  )
})

test('kie: hostile bodies are refused as malformed or read as what they are, signed or not', () => {
  const json = JSON.stringify({ data: { taskId } })
  const cases: [name: string, body: Uint8Array, status: number][] = [
    ['empty', bodyOf(''), 400],
    ['not JSON', bodyOf('taskId=1'), 400],
    ['array', bodyOf([{ data: { taskId } }]), 400],
    ['null', bodyOf('null'), 400],
    ['number', bodyOf('1'), 400],
    ['depth 10,000', bodyOf(`{"data":{"taskId":"${taskId}"},"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`), 400],
    ['NUL at the end', bodyOf(`${json}\0`), 400],
    ['NUL inside', bodyOf(json.replace('{', '{\0')), 400],
    ['UTF-16', Buffer.from(json, 'utf16le'), 400],
    ['UTF-16 with its mark', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(json, 'utf16le')]), 400],
    [
      'invalid UTF-8',
      Buffer.concat([bodyOf(json.slice(0, -1)), Buffer.from([0x2c, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d])]),
      400,
    ],
    ['larger than 256 KiB', bodyOf(JSON.stringify({ data: { taskId }, x: 'x'.repeat(256 * 1024) })), 400],
    ['UTF-8 mark', bodyOf(`\uFEFF${json}`), 200],
    ['duplicate keys: the last one counts', bodyOf(`{"data":{"taskId":"first","taskId":"${taskId}"}}`), 200],
    ['__proto__', bodyOf(`{"__proto__":{"taskId":"evil"},"data":{"__proto__":{"task_id":"evil"},"taskId":"${taskId}"}}`), 200],
  ]
  for (const [name, body, status] of cases) {
    for (const [provider, headers] of [
      [shapeOnly, {}],
      [signing, signed()],
    ] as const) {
      const verdict = read(body, headers, provider)
      assert.equal(statusOf(verdict), status, name)
      if (verdict.ok) assert.equal(verdict.claim.claimedTaskId, taskId, name)
    }
  }
})

test('kie: an absurd state is not passed on', () => {
  const verdict = read(bodyOf({ data: { taskId, state: 'x'.repeat(65) } }), {}, shapeOnly)
  assert.deepEqual(verdict, { ok: true, claim: { claimedTaskId: taskId, claimedState: null } })
})

test('kie: no input makes the door throw, and without the key none opens it', () => {
  const headerValue = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.array(fc.string()),
    fc.constant(undefined),
    fc.base64String(),
    fc.constant(nowSeconds),
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map(bodyOf),
        fc.string().map((id) => bodyOf({ data: { taskId: id } })),
        fc.constant(genuineBody),
      ),
      fc.dictionary(fc.oneof(fc.constant('x-webhook-timestamp'), fc.constant('x-webhook-signature'), fc.string()), headerValue),
      (rawBody, headers) => {
        assert.notEqual(statusOf(read(rawBody, headers)), 200)
        assert.notEqual(statusOf(read(rawBody, headers, shapeOnly)), 401)
      },
    ),
    { numRuns: 3_000 },
  )
  for (const time of [Number.NaN, Number.POSITIVE_INFINITY, 0]) {
    assert.equal(statusOf(signing.readCallback({ rawBody: genuineBody, headers: signed(), nowMs: time })), 401)
  }
})
