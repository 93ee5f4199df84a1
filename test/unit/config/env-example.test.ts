import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { parseEnv } from 'node:util'
import { readConfig } from '../../../src/config/config.ts'
import { renderEnvExample } from '../../../src/config/env-example.ts'
import { variables } from '../../../src/config/environment.ts'

test('.env.example is what the schema says', async () => {
  const file = await readFile(new URL('../../../.env.example', import.meta.url), 'utf8')
  assert.equal(
    file,
    renderEnvExample(),
    '.env.example is out of date; make it anew: node --import tsx src/config/write-env-example.ts',
  )
})

test('copied as it is, .env.example changes nothing', () => {
  assert.deepEqual({ ...parseEnv(renderEnvExample()) }, {})
})

test('with every line switched on, .env.example gives the defaults', () => {
  const env = { ...parseEnv(renderEnvExample().replaceAll(/^# (?=[A-Z][A-Z0-9_]*=)/gm, '')) }
  const { POSTGRES_PASSWORD, ...ours } = env
  assert.equal(POSTGRES_PASSWORD, '')
  assert.deepEqual(Object.keys(ours).toSorted(), variables.map(({ name }) => name).toSorted())
  const [written, unset] = [readConfig(ours), readConfig({})]
  assert.ok(written.ok && unset.ok, JSON.stringify(written))
  assert.deepEqual({ ...written.config, setVariables: [] }, unset.config)
})

test('every example in .env.example would be accepted', () => {
  for (const { name, example } of variables) {
    if (example === null || example.includes('openssl')) continue
    const reading = readConfig({ [name]: example, KIE_WEBHOOK_HMAC_KEY: 'key' })
    assert.ok(reading.ok, JSON.stringify(reading))
  }
})
