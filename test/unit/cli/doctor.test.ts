import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { atEnd } from '../../helpers/at-end.ts'
import { startTestSimulator } from '../../helpers/simulator.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { testTemporal } from '../../helpers/temporal.ts'
import { cliRun } from './cli-run.ts'

interface Findings {
  checks: { name: string; result: string; detail: string }[]
  configuration: { variable: string; value: string; source: string }[]
}

const nobody = 'http://127.0.0.1:1'

test('doctor with nothing set finds nothing wrong, and downloads and starts nothing', async (t) => {
  const dataFolder = await tempFolder(t)
  const run = await cliRun(['doctor', '--json'], { env: { DARKROOM_DATA_DIR: dataFolder, DARKROOM_URL: nobody, PATH: '' } })
  assert.equal(run.exitCode, 0, run.stderr)
  const { checks, configuration }: Findings = JSON.parse(run.stdout)
  assert.deepEqual(
    checks.map(({ name, result }) => `${name} ${result}`),
    ['data folder ok', 'ledger skipped', 'Temporal skipped', 'gateway skipped', 'kie skipped', 'defapi skipped'],
  )
  assert.match(checks[2]?.detail ?? '', /TEMPORAL_CLI_PATH: not set\n`temporal` on PATH: not found\n/)
  assert.deepEqual(
    configuration.find(({ variable }) => variable === 'AI_PROVIDER'),
    { variable: 'AI_PROVIDER', value: 'kie', source: 'default' },
  )
})

test('doctor asks everything that is configured, and hides every secret', async (t) => {
  const temporal = await testTemporal(t)
  const simulator = await startTestSimulator(t)
  const secrets = ['kie-key-sesame', 'defapi-key-sesame', 'hmac-sesame', 'callback-secret-sesame-0123456789', 'password-sesame']
  const env = {
    DARKROOM_DATA_DIR: await tempFolder(t),
    DARKROOM_URL: nobody,
    TEMPORAL_ADDRESS: temporal.address,
    KIE_API_KEY: 'kie-key-sesame',
    DEFAPI_KEY: 'defapi-key-sesame',
    KIE_BASE_URL: simulator.kieUrl,
    DEFAPI_BASE_URL: simulator.defapiUrl,
    KIE_WEBHOOK_HMAC_KEY: 'hmac-sesame',
    DARKROOM_CALLBACK_SECRET: 'callback-secret-sesame-0123456789',
    DATABASE_URL: 'postgres://u:password-sesame@127.0.0.1:1/d',
  }
  for (const args of [['doctor', '--json'], ['doctor']]) {
    const run = await cliRun(args, { env })
    assert.equal(run.exitCode, 3, 'the database does not answer')
    for (const secret of secrets) assert.ok(!(run.stdout + run.stderr).includes(secret), `${secret} is shown`)
    assert.match(run.stdout, /the database at 127\.0\.0\.1:1 \(DATABASE_URL\) does not answer/)
    assert.match(run.stdout, /\*\*\*/)
    if (!args.includes('--json')) continue
    const { checks }: Findings = JSON.parse(run.stdout)
    assert.deepEqual(
      checks.map(({ name, result }) => `${name} ${result}`),
      ['data folder ok', 'ledger failed', 'Temporal ok', 'gateway skipped', 'kie ok', 'defapi ok'],
    )
    assert.match(checks[4]?.detail ?? '', /answers; balance .*credits/)
  }
})

test('doctor asks for the balance of every account, and says which one is low or has a bad key', async (t) => {
  const simulator = await startTestSimulator(t, {
    defapiKeys: ['dk-good-sesame'],
    startingCredits: { kieCredits: 999, defapiUsd: 5 },
  })
  const env = {
    DARKROOM_DATA_DIR: await tempFolder(t),
    DARKROOM_URL: nobody,
    PATH: '',
    KIE_API_KEY: 'kie-one-sesame',
    KIE_ACCOUNTS: 'team-b=kie-two-sesame',
    DEFAPI_ACCOUNTS: 'good=dk-good-sesame,bad=dk-bad-sesame',
    KIE_BASE_URL: simulator.kieUrl,
    DEFAPI_BASE_URL: simulator.defapiUrl,
  }
  const run = await cliRun(['doctor', '--json'], { env })
  assert.equal(run.exitCode, 3)
  assert.ok(!(run.stdout + run.stderr).includes('sesame'), run.stdout)
  const { checks }: Findings = JSON.parse(run.stdout)
  const details = new Map(checks.map(({ name, result, detail }) => [name, `${result} ${detail}`]))
  // 999 credits are 4.995 USD.
  const low = ': less than \\$5 \\(DARKROOM_LOW_BALANCE_USD\\), top it up'
  const kie = (account: string): string => `account ${account}: \\S+ answers; balance 999 credits, \\$4\\.995${low}`
  assert.match(details.get('kie') ?? '', new RegExp(`^ok ${kie('default')}\n${kie('team-b')}$`))
  assert.match(
    details.get('defapi') ?? '',
    /^failed account good: \S+ answers; balance \$5\naccount bad: \S+ gives no readable balance: HTTP 401: .*1007/,
  )
})

test('doctor tells a gateway that is not ready from one that is not there, and from a data folder that cannot be written', async (t) => {
  const server = createServer((_, response) => response.writeHead(503).end('{}'))
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  atEnd(t, () => server.close())
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const file = join(await tempFolder(t), 'file')
  await writeFile(file, '')
  const env = { DARKROOM_DATA_DIR: file, DARKROOM_URL: `http://127.0.0.1:${address.port}`, PATH: '' }
  const run = await cliRun(['doctor', '--json'], { env })
  assert.equal(run.exitCode, 3)
  const { checks }: Findings = JSON.parse(run.stdout)
  const details = new Map(checks.map(({ name, result, detail }) => [name, `${result} ${detail}`]))
  assert.match(details.get('gateway') ?? '', /^failed .+ answers, but is not ready \(HTTP 503\)/)
  assert.match(details.get('data folder') ?? '', /^failed The data folder .+ cannot be written/)
})

test('doctor with a configuration that cannot be read lists all that is wrong, exit code 2', async () => {
  const run = await cliRun(['doctor'], { env: { AI_PROVIDER: 'acme', DARKROOM_HTTP_PORT: 'x' } })
  assert.equal(run.exitCode, 2)
  assert.match(run.stderr, /AI_PROVIDER must be one of kie, defapi[^]*DARKROOM_HTTP_PORT must be a whole number/)
  assert.equal(run.stdout, '')
})
