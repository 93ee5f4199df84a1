// What is described is what is sent: both come from the same code, and this is how it would show if they did not.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { ProviderName } from '../../../src/providers/provider.ts'
import { createProviders } from '../../../src/providers/registry.ts'
import { startReplyServer, submitOptions } from './reply-fixtures.ts'

const apiKey = 'sk-very-secret'
const accounts = [{ name: 'default', apiKey }]
const token = 'sealed-token'

const doors: [ProviderName, api: string, model: string | null][] = [
  ['kie', 'market', 'google/nano-banana'],
  ['kie', 'gpt4o', null],
  ['kie', 'kontext', 'flux-kontext-pro'],
  ['defapi', 'image', 'google/nano-banana'],
  ['defapi', 'gpt-image', 'openai/gpt-image-2'],
  ['defapi', 'midjourney', null],
  ['defapi', 'midjourney-edits', null],
  ['defapi', 'wan', 'wan'],
]

/** Native fields with any JSON in them, sometimes under the names that are ours alone. */
const inputArbitrary = fc.dictionary(
  fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('model', 'callBackUrl', 'callback_url', 'prompt')),
  fc.jsonValue(),
  { maxKeys: 6 },
)

for (const [name, api, model] of doors) {
  test(`${name} ${api}: whatever the fields, what is sent is what was described, but for key and callback token`, async (t) => {
    const server = await startReplyServer(t)
    server.answer(503, '')
    const provider = createProviders({
      kie: { accounts, baseUrl: server.baseUrl, uploadBaseUrl: server.baseUrl, webhookHmacKeys: [] },
      defapi: { accounts, baseUrl: server.baseUrl },
    }).get(name)
    assert.ok(provider !== undefined)
    await fc.assert(
      fc.asyncProperty(inputArbitrary, fc.boolean(), async (input, hasCallback) => {
        const urlWith = (sealed: string): string | null =>
          hasCallback ? `https://hooks.example/v1/callbacks/${name}/${sealed}` : null
        const described = provider.describeSubmit({ api, model, input }, { callbackUrl: urlWith('***') })
        await provider.submit({ api, model, input }, { ...submitOptions, callbackUrl: urlWith(token) })
        const sent = server.seen.at(-1)
        assert.ok(sent !== undefined)
        assert.equal(described.method, sent.method)
        assert.equal(described.url, `${server.baseUrl}${sent.url}`)
        assert.equal(JSON.stringify(described.body).replaceAll('/***', `/${token}`), sent.body)
        const { host: _host, connection: _connection, 'content-length': _length, ...headers } = sent.headers
        assert.deepEqual({ ...described.headers, authorization: `Bearer ${apiKey}` }, headers)
        assert.equal(described.headers['authorization'], 'Bearer ***')
      }),
      { numRuns: 30 },
    )
  })
}

test('nothing is sent by a description, and it needs no account', async (t) => {
  const server = await startReplyServer(t)
  const kie = createProviders({
    kie: { accounts: [], baseUrl: server.baseUrl, uploadBaseUrl: server.baseUrl, webhookHmacKeys: [] },
    defapi: { accounts: [], baseUrl: server.baseUrl },
  }).get('kie')
  const described = kie?.describeSubmit({ api: 'gpt4o', model: null, input: { prompt: 'a fox' } }, { callbackUrl: null })
  assert.deepEqual(described?.body, { prompt: 'a fox' })
  assert.equal(server.seen.length, 0)
})
