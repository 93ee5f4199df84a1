// Several keys for one provider: what may stand in KIE_ACCOUNTS and DEFAPI_ACCOUNTS, and what must not come out of it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import type { Config } from '../../../src/config/config.ts'
import { loadConfig, readConfig } from '../../../src/config/config.ts'
import { describeConfig } from '../../../src/config/describe-config.ts'
import { providerOptions } from '../../../src/dev/compose-service.ts'
import { mockKeyOf, withNamedSimulator, withSimulator } from '../../../src/dev/mock-providers.ts'
import { secretsOf } from '../../../src/dev/secrets-of.ts'

const simulator = {
  kieUrl: 'http://127.0.0.1:1',
  kieUploadUrl: 'http://127.0.0.1:2',
  defapiUrl: 'http://127.0.0.1:3',
  filesUrl: 'http://127.0.0.1:4',
}

function accountsOf(config: Config, provider: 'kie' | 'defapi'): string[] {
  return providerOptions(config)[provider].accounts.map(({ name, apiKey }) => `${name} ${apiKey}`)
}

test('the single key is the account "default" and comes first; the list keeps its order', () => {
  const both = { KIE_API_KEY: 'k0', KIE_ACCOUNTS: 'zoo=k1,alpha-2=k2', DEFAPI_ACCOUNTS: 'a=dk-1' }
  assert.deepEqual(accountsOf(loadConfig(both), 'kie'), ['default k0', 'zoo k1', 'alpha-2 k2'])
  assert.deepEqual(accountsOf(loadConfig(both), 'defapi'), ['a dk-1'])
  assert.deepEqual(accountsOf(loadConfig({ KIE_ACCOUNTS: 'b=k1,default=k2' }), 'kie'), ['b k1', 'default k2'])
})

for (const list of ['KIE_ACCOUNTS', 'DEFAPI_ACCOUNTS']) {
  const single = list === 'KIE_ACCOUNTS' ? 'KIE_API_KEY' : 'DEFAPI_KEY'
  const name32 = `a${'b'.repeat(31)}`
  for (const [text, problem] of [
    ['tulip', /must be name=key, .*; entry 1 is not$/],
    ['a=tulip,', /entry 2 is not$/],
    ['=tulip', /entry 1 is not$/],
    ['a=tulip,b=', /entry 2 is not$/],
    ['TULIP=tulip', /has a wrong name in entry 1: /],
    ['a_tulip=tulip', /wrong name in entry 1/],
    ['1tulip=tulip', /wrong name in entry 1/],
    [`${name32}c=tulip`, /wrong name in entry 1/],
    ['a=tulip,b=tulip tulip', /has a wrong key in entry 2: it must be printable ASCII/],
    ['a=tulip,tulip=tulip2,tulip=tulip3', /has the name of entry 3 twice$/],
    ['a=tulip,b=tulip', /has the key of entry 2 twice; limits and balance belong to the key/],
  ] as const) {
    test(`${list}=${text} is refused by name, without a word of what was set`, () => {
      const reading = readConfig({ [list]: text })
      assert.ok(!reading.ok, 'accepted')
      assert.deepEqual(
        reading.errors.map(({ variable }) => variable),
        [list],
      )
      assert.match(reading.errors[0]?.message ?? '', new RegExp(`^${list} `))
      assert.match(reading.errors[0]?.message ?? '', problem)
      assert.doesNotMatch(JSON.stringify(reading), /tulip/i)
    })
  }

  test(`${list}: a name may have 32 characters, and a key may have an equals sign`, () => {
    const config = loadConfig({ [list]: `${name32}=a=b==` })
    assert.deepEqual(accountsOf(config, list === 'KIE_ACCOUNTS' ? 'kie' : 'defapi'), [`${name32} a=b==`])
  })

  test(`${list} beside ${single} may have neither its name nor its key`, () => {
    for (const [text, problem] of [
      ['default=tulip-2', new RegExp(`^${list} has an account "default", which is what the one of ${single} is called`)],
      ['a=tulip', new RegExp(`^${list} has the key of ${single} again; `)],
    ] as const) {
      const reading = readConfig({ [single]: 'tulip', [list]: text })
      assert.ok(!reading.ok, 'accepted')
      assert.deepEqual(reading.errors.length, 1)
      assert.match(reading.errors[0]?.message ?? '', problem)
      assert.doesNotMatch(JSON.stringify(reading), /tulip/)
    }
  })
}

test('rows for a person show names and hide keys, and every key is known to the logger', () => {
  const config = loadConfig({ KIE_API_KEY: 'tulip0', KIE_ACCOUNTS: 'a=tulip1,b=tulip2', DEFAPI_ACCOUNTS: 'default=tulip3' })
  const rows = describeConfig(config)
  const valueOf = (name: string): string | undefined => rows.find(({ variable }) => variable === name)?.value
  assert.deepEqual(['KIE_API_KEY', 'KIE_ACCOUNTS', 'DEFAPI_KEY', 'DEFAPI_ACCOUNTS'].map(valueOf), [
    '***',
    'a=***,b=***',
    '',
    'default=***',
  ])
  for (const text of [JSON.stringify(rows), JSON.stringify(config), inspect(config, { depth: 9, showHidden: true })])
    assert.ok(!text.includes('tulip'), text)
  assert.deepEqual(secretsOf(config).toSorted(), ['tulip0', 'tulip1', 'tulip2', 'tulip3'])
})

test('the simulator gets the names of the accounts and none of their keys; a provider without any gets one', () => {
  const env = {
    KIE_API_KEY: 'tulip0',
    KIE_ACCOUNTS: 'a=tulip1',
    KIE_BASE_URL: simulator.kieUrl,
    KIE_UPLOAD_BASE_URL: simulator.kieUploadUrl,
    DEFAPI_BASE_URL: simulator.defapiUrl,
    MOCK_AI: 'true',
  }
  for (const config of [withSimulator(loadConfig(env), simulator), withNamedSimulator(loadConfig(env))]) {
    assert.deepEqual(accountsOf(config, 'kie'), ['default mock', 'a mock-a'])
    assert.deepEqual(accountsOf(config, 'defapi'), ['default mock'])
  }
  assert.equal(mockKeyOf('a'), 'mock-a')
})
