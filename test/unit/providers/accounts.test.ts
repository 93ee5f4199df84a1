// Several keys at one provider: each request goes out under the key of the account it names, and no message shows any of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDefapiProvider } from '../../../src/providers/defapi/index.ts'
import { createKieProvider } from '../../../src/providers/kie/index.ts'
import type { Provider } from '../../../src/providers/provider.ts'
import { createRedactor } from '../../../src/providers/shared/message-text.ts'
import { startReplyServer, submitOptions } from './reply-fixtures.ts'

// One key is the beginning of the other: taken out in the wrong order, the rest of the longer one would stay.
const accounts = [
  { name: 'default', apiKey: 'sesame-one' },
  { name: 'team-b', apiKey: 'sesame-one-and-a-half' },
]

interface Case {
  create: (baseUrl: string) => Provider
  api: string
  created: string
  /** a refusal, which repeats what it is given */
  refused: (words: string) => string
  reason: string
}

const cases: Record<string, Case> = {
  kie: {
    create: (baseUrl) => createKieProvider({ accounts, baseUrl, uploadBaseUrl: 'http://127.0.0.1:9', webhookHmacKeys: [] }),
    api: 'market',
    created: '{"code":200,"msg":"success","data":{"taskId":"abc"}}',
    refused: (words) => JSON.stringify({ code: 401, msg: words }),
    reason: 'auth',
  },
  defapi: {
    create: (baseUrl) => createDefapiProvider({ accounts, baseUrl }),
    api: 'image',
    created: '{"code":0,"message":"ok","data":{"task_id":"abc"}}',
    refused: (words) => JSON.stringify({ code: 1007, message: words }),
    reason: 'auth',
  },
}

for (const [name, { create, api, created, refused, reason }] of Object.entries(cases)) {
  const request = { api, model: 'm', input: { prompt: 'a red fox' } }

  test(`${name}: submit, query and balance each go out under the key of the account they name`, async (t) => {
    const server = await startReplyServer(t)
    const provider = create(server.baseUrl)
    assert.deepEqual(provider.accounts, ['default', 'team-b'])
    server.answer(200, created)
    for (const account of ['team-b', 'default']) {
      assert.equal((await provider.submit(request, { ...submitOptions, account })).kind, 'accepted')
      await provider.query(api, 'abc', { account, timeoutMs: 5_000 })
      await provider.balance({ account, timeoutMs: 5_000 })
    }
    assert.deepEqual(
      server.seen.map(({ headers }) => headers.authorization),
      [...Array(3).fill('Bearer sesame-one-and-a-half'), ...Array(3).fill('Bearer sesame-one')],
    )
  })

  test(`${name}: an account without a key sends nothing: refused for good, unreadable, no balance`, async (t) => {
    const server = await startReplyServer(t)
    const provider = create(server.baseUrl)
    for (const account of ['gone', '', 'constructor']) {
      const submit = await provider.submit(request, { ...submitOptions, account })
      assert.deepEqual([submit.kind, 'reason' in submit && submit.reason], ['refused_final', 'auth'])
      assert.ok('message' in submit && submit.message.includes(`"${account}"`), JSON.stringify(submit))
      const query = await provider.query(api, 'abc', { account, timeoutMs: 5_000 })
      assert.deepEqual([query.kind, 'reason' in query && query.reason], ['unreadable', 'auth'])
      assert.equal((await provider.balance({ account, timeoutMs: 5_000 })).kind, 'unreadable')
    }
    assert.equal(server.seen.length, 0)
  })

  test(`${name}: no message shows the key of any account, whichever was asked`, async (t) => {
    const server = await startReplyServer(t)
    const provider = create(server.baseUrl)
    server.answer(401, refused('not sesame-one-and-a-half, nor sesame-one'))
    for (const account of provider.accounts) {
      const submit = await provider.submit(request, { ...submitOptions, account })
      assert.equal(submit.kind === 'refused_final' && submit.reason, reason)
      const query = await provider.query(api, 'abc', { account, timeoutMs: 5_000 })
      const balance = await provider.balance({ account, timeoutMs: 5_000 })
      for (const outcome of [submit, query, balance]) {
        const message = 'message' in outcome ? outcome.message : ''
        assert.match(message, /not \[hidden\], nor \[hidden\]/)
        assert.doesNotMatch(message, /sesame|half/)
      }
    }
  })

  test(`${name}: accounts that cannot be told apart, or without a usable key, are errors at the start that show no key`, () => {
    for (const bad of [
      [...accounts, { name: 'default', apiKey: 'tulip' }],
      [{ name: '', apiKey: 'tulip' }],
      [{ name: 'a', apiKey: '' }],
      [{ name: 'a', apiKey: 'tulip tulip' }],
    ]) {
      const make = () =>
        name === 'kie'
          ? createKieProvider({
              accounts: bad,
              baseUrl: 'https://x.example',
              uploadBaseUrl: 'http://127.0.0.1:9',
              webhookHmacKeys: [],
            })
          : createDefapiProvider({ accounts: bad, baseUrl: 'https://x.example' })
      assert.throws(make, (error: Error) => error instanceof TypeError && !/tulip|sesame/.test(error.message))
    }
  })
}

test('a secret that is the beginning of another leaves nothing of that one, whatever the order they are given in', () => {
  for (const secrets of [
    ['abc', 'abcdef'],
    ['abcdef', 'abc'],
  ])
    assert.equal(createRedactor(secrets)('abcdef abc'), '[hidden] [hidden]')
})
