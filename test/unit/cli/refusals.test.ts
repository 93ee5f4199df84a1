// What cannot work is refused with a sentence and an exit code, before anything is sent or left behind.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { stackLines, tellError } from '../../../src/cli/errors.ts'
import { ConfigError } from '../../../src/config/config.ts'
import { DataFolderError } from '../../../src/dev/data-folder.ts'
import { MissingSettingError } from '../../../src/dev/mock-providers.ts'
import { TemporalUnavailableError } from '../../../src/gateway/generation-starter.ts'
import { DataFolderInUseError, EmbeddedLedgerError } from '../../../src/ledger/embedded/start-embedded-ledger.ts'
import { LedgerUnavailableError } from '../../../src/ledger/ledger.ts'
import { FaultRuleError } from '../../../src/simulator/faults/rule.ts'
import { PlaintextTemporalError, TemporalUnreachableError } from '../../../src/temporal/connect.ts'
import { DevServerError } from '../../../src/temporal/dev-server.ts'
import { NoTemporalCliError } from '../../../src/temporal/find-cli.ts'
import { PortInUseError } from '../../../src/temporal/ports.ts'
import { nothingRunsOn } from '../../helpers/processes.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { cliRun } from './cli-run.ts'

interface Refusal {
  name: string
  args: string[]
  env: Record<string, string>
  exitCode: number
  says: RegExp
}

const refusals: Refusal[] = [
  {
    name: 'an unknown variable',
    args: ['dev'],
    env: { DARKROOM_HTTP_PROT: '1' },
    exitCode: 2,
    says: /DARKROOM_HTTP_PROT .*DARKROOM_HTTP_PORT/,
  },
  { name: 'no provider', args: ['dev'], env: {}, exitCode: 2, says: /No provider is configured: set KIE_API_KEY/ },
  {
    name: 'a demo with an unknown model',
    args: ['demo', '-m', 'nano-bananna'],
    env: {},
    exitCode: 2,
    says: /nano-bananna.*nano-banana/,
  },
  {
    name: 'a demo with a real key and without a yes',
    args: ['demo'],
    env: { KIE_API_KEY: 'x' },
    exitCode: 2,
    says: /kie about \$0\.02[^]*polled for[^]*Nothing was sent\. Say --yes/,
  },
  { name: 'a worker without a provider', args: ['worker'], env: {}, exitCode: 2, says: /No provider is configured/ },
  {
    name: 'a worker without a database',
    args: ['worker'],
    env: { KIE_API_KEY: 'x' },
    exitCode: 2,
    says: /DATABASE_URL is not set/,
  },
  {
    name: 'a mock worker without a simulator',
    args: ['worker'],
    env: { MOCK_AI: 'true' },
    exitCode: 2,
    says: /MOCK_AI=true needs a simulator here: .*KIE_BASE_URL, KIE_UPLOAD_BASE_URL, DEFAPI_BASE_URL/,
  },
  {
    name: 'a gateway whose ledger is not reachable',
    args: ['gateway'],
    env: { DATABASE_URL: 'postgres://u:sesame@127.0.0.1:1/d' },
    exitCode: 3,
    says: /The ledger is not reachable: the database at 127\.0\.0\.1:1/,
  },
  {
    name: 'Temporal that is not reachable',
    args: ['dev'],
    env: { MOCK_AI: 'true', TEMPORAL_ADDRESS: '127.0.0.1:1' },
    exitCode: 3,
    says: /Temporal is not reachable at TEMPORAL_ADDRESS=127\.0\.0\.1:1 \(nothing listens there\)/,
  },
]

for (const { name, args, env, exitCode, says } of refusals) {
  test(`${name} ends with exit code ${exitCode} and a sentence`, async (t) => {
    const dataFolder = await tempFolder(t)
    const run = await cliRun(args, { env: { DARKROOM_DATA_DIR: dataFolder, DARKROOM_HTTP_PORT: '0', ...env } })
    assert.equal(run.exitCode, exitCode, run.stderr)
    assert.match(run.stderr, says)
    assert.doesNotMatch(run.stderr, /sesame|\n\s+at /)
    assert.equal(run.stdout, '')
    await nothingRunsOn(dataFolder)
  })
}

test('a data folder that cannot be written ends with exit code 2 and names the variable', async (t) => {
  const file = join(await tempFolder(t), 'file')
  await writeFile(file, '')
  const run = await cliRun(['dev'], { env: { DARKROOM_DATA_DIR: file, MOCK_AI: 'true' } })
  assert.equal(run.exitCode, 2, run.stderr)
  assert.match(run.stderr, /The data folder .+\/file cannot be written .+ DARKROOM_DATA_DIR/)
})

test("every error that is a person's business has its exit code and its own words", () => {
  const errors: [error: Error, exitCode: number][] = [
    [new ConfigError([{ variable: 'X', message: 'X must be 1' }]), 2],
    [new FaultRuleError('unknown fault'), 2],
    [new MissingSettingError('X is not set'), 2],
    [new PlaintextTemporalError('not on this machine'), 2],
    [new PortInUseError('the gateway', '127.0.0.1', 80, 'Choose another.'), 2],
    [new DataFolderError('cannot be written'), 2],
    [new DataFolderInUseError('/data', sampleHolder), 2],
    [new DevServerError('it ended'), 3],
    [new EmbeddedLedgerError('it ended'), 3],
    [new LedgerUnavailableError('no answer'), 3],
    [new NoTemporalCliError([{ place: 'PATH', why: 'not found' }]), 3],
    [new TemporalUnreachableError('no answer'), 3],
    [new TemporalUnavailableError('no answer'), 3],
  ]
  for (const [error, exitCode] of errors) {
    const told = tellError(error)
    assert.equal(told.exitCode, exitCode, error.name)
    assert.ok(told.isExpected)
    assert.equal(told.lines.join('\n'), error.message)
  }
  assert.equal(tellError(new TypeError('a bug')).isExpected, false)
})

test('an error that nobody thought of says how to see more, and --debug shows it', () => {
  const error = new Error('outer', { cause: new TypeError('inner \u001B[2J') })
  const lines = stackLines(error).join('\n')
  assert.match(lines, /Error: outer\n\s+at [^]*caused by TypeError: inner \\u001b\[2J/)
})

const sampleHolder: ConstructorParameters<typeof DataFolderInUseError>[1] = {
  owner: { pid: 1, startMark: null, command: 'darkroom dev', startedAt: '2026-11-01T10:00:00.000Z' },
  ledger: { pid: 2, startMark: null },
  host: 'here',
}
