import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseDemoPort } from '../../../src/cli/commands/demo.ts'
import { loadConfig } from '../../../src/config/config.ts'

const publicUrl = { DARKROOM_PUBLIC_URL: 'https://images.example.com', KIE_WEBHOOK_HMAC_KEY: 'key' }

for (const { what, env, port } of [
  { what: 'any free one, so that nothing can be in the way', env: {}, port: 0 },
  { what: 'the one that was set', env: { DARKROOM_HTTP_PORT: '9999' }, port: 9999 },
  { what: 'the usual one where a public address leads to it', env: publicUrl, port: 8080 },
  { what: 'the one that was set, also with a public address', env: { ...publicUrl, DARKROOM_HTTP_PORT: '9999' }, port: 9999 },
  { what: 'any free one with the simulator, which needs no public address', env: { ...publicUrl, MOCK_AI: 'true' }, port: 0 },
]) {
  test(`the demo listens on ${what}`, () => {
    assert.equal(chooseDemoPort(loadConfig(env)).http.port, port)
  })
}
