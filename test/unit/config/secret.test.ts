import assert from 'node:assert/strict'
import { test } from 'node:test'
import { format, inspect } from 'node:util'
import { loadConfig, readConfig } from '../../../src/config/config.ts'
import { describeConfig } from '../../../src/config/describe-config.ts'
import { Secret } from '../../../src/config/secret.ts'

const text = 'tulip-4711-tulip-4711-tulip-4711'

test('a secret shows itself in no usual way of printing', () => {
  const secret = new Secret(text)
  assert.equal(secret.reveal(), text)
  const printed = [
    `key ${String(secret)} in a template`,
    String(secret),
    secret.toString(),
    JSON.stringify({ secret }),
    inspect(secret, { showHidden: true, depth: 9 }),
    inspect({ deep: { secret } }, { depth: 9 }),
    format('%s %o %O %j', secret, secret, secret, secret),
    ['', secret].join(),
    JSON.stringify(Object.entries(secret)),
    JSON.stringify(structuredClone(Object.assign({}, secret))),
  ]
  for (const line of printed) assert.ok(!line.includes('tulip'), line)
  assert.equal(`key ${String(secret)} in a template`, 'key *** in a template')
  assert.equal(JSON.stringify({ secret }), '{"secret":"***"}')
  assert.equal(inspect(secret), '***')
})

const env = {
  KIE_API_KEY: text,
  KIE_ACCOUNTS: `a=${text}-a`,
  DEFAPI_KEY: text,
  DEFAPI_ACCOUNTS: `a=${text}-a`,
  KIE_WEBHOOK_HMAC_KEY: `${text},${text}`,
  DARKROOM_CALLBACK_SECRET: text,
  DARKROOM_CALLBACK_SECRET_PREVIOUS: text,
  DATABASE_URL: `postgres://u:${text}@db/x`,
}

test('a configuration with secrets can be printed', () => {
  const config = loadConfig(env)
  for (const line of [
    JSON.stringify(config),
    inspect(config, { depth: 9, showHidden: true }),
    JSON.stringify(describeConfig(config)),
  ]) {
    assert.ok(!line.includes('tulip'), line)
  }
})

test('the rows for a person hide secrets and say what was set', () => {
  const rows = describeConfig(loadConfig({ ...env, MOCK_AI: 'true' }))
  const row = (name: string): unknown => rows.find(({ variable }) => variable === name)
  assert.deepEqual(row('KIE_API_KEY'), { variable: 'KIE_API_KEY', value: '***', source: 'set' })
  assert.deepEqual(row('KIE_WEBHOOK_HMAC_KEY'), { variable: 'KIE_WEBHOOK_HMAC_KEY', value: '***,***', source: 'set' })
  assert.deepEqual(row('DATABASE_URL'), { variable: 'DATABASE_URL', value: '***', source: 'set' })
  assert.deepEqual(row('MOCK_AI'), { variable: 'MOCK_AI', value: 'true', source: 'set' })
  assert.deepEqual(row('DARKROOM_PUBLIC_URL'), { variable: 'DARKROOM_PUBLIC_URL', value: '', source: 'default' })
  assert.deepEqual(row('DARKROOM_SUBMIT_TIMEOUT_MS'), {
    variable: 'DARKROOM_SUBMIT_TIMEOUT_MS',
    value: '60000',
    source: 'default',
  })
})

test('the rows follow a configuration that a composition root has changed', () => {
  const config = { ...loadConfig({}), mockAi: true }
  assert.equal(describeConfig(config).find(({ variable }) => variable === 'MOCK_AI')?.value, 'true')
})

test('an error about a secret does not repeat it', () => {
  for (const [name, value] of Object.entries(env)) {
    const bad = name === 'DATABASE_URL' ? `mysql://u:${text}@db/x` : `${text} ${text}`
    const reading = readConfig({ DARKROOM_CALLBACK_SECRET: text, [name]: bad })
    assert.ok(!reading.ok, `${name} was accepted`)
    assert.ok(!JSON.stringify(reading).includes('tulip'), JSON.stringify(reading))
    assert.ok(
      reading.errors.every(({ variable }) => variable === name),
      value.length.toString(),
    )
  }
})
