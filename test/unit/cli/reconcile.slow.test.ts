// darkroom reconcile and darkroom setup: through Temporal, in front of the embedded service and of one's own server.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReconcileResult } from '../../../src/activities/reconcile-types.ts'
import { createPaint } from '../../../src/cli/render/colours.ts'
import { renderReconciliation } from '../../../src/cli/render/reconciliation.ts'
import { loadConfig } from '../../../src/config/config.ts'
import { startEmbeddedService } from '../../../src/dev/embedded-service.ts'
import { mockKeyOf } from '../../../src/dev/mock-providers.ts'
import { createLogger } from '../../../src/observability/logger.ts'
import { connectTemporal, plainTarget } from '../../../src/temporal/connect.ts'
import { reconcileIds, scheduleIds } from '../../../src/temporal/schedules.ts'
import { searchAttributeNames } from '../../../src/temporal/search-attributes.ts'
import { atEnd } from '../../helpers/at-end.ts'
import { eventually } from '../../helpers/eventually.ts'
import { prepareLedgerTemplate } from '../../helpers/ledger.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { prepareTemporalCli, testCacheFolder, testTemporal } from '../../helpers/temporal.ts'
import { createKieTask } from '../../simulator/client.ts'
import { cliRun } from './cli-run.ts'

test('in front of dev: it sweeps when it starts, agrees, and says what differs once somebody else spends', async (t) => {
  const service = await startEmbeddedService({
    config: loadConfig({
      MOCK_AI: 'true',
      DARKROOM_DATA_DIR: await tempFolder(t),
      DARKROOM_HTTP_PORT: '0',
      TEMPORAL_CLI_PATH: await prepareTemporalCli(),
    }),
    temporalTarget: null,
    logger: createLogger({ level: 'fatal', name: 'test' }),
    overrides: {
      temporalPorts: 'free',
      cacheFolder: testCacheFolder,
      ledgerTemplateFolder: await prepareLedgerTemplate(),
    },
  })
  atEnd(t, () => service.stop())
  const { temporal: address, namespace } = service.addresses
  const link = await connectTemporal(plainTarget(address, namespace))
  atEnd(t, () => link.close())
  await eventually(async () => {
    const { status } = await link.client.workflow.getHandle(reconcileIds.atStart).describe()
    assert.equal(status.name, 'COMPLETED')
  })

  const env = { TEMPORAL_ADDRESS: address }
  const agreed = await cliRun(['reconcile'], { env })
  assert.equal(agreed.exitCode, 0, agreed.stderr)
  assert.match(agreed.stdout, /kie[^]*100000[^]*defapi[^]*Open generations without a workflow: 0 of 0[^]*Nothing differs\.\n$/)

  assert.ok(service.simulator !== null)
  assert.equal((await createKieTask(service.simulator, {}, { key: mockKeyOf('default') })).status, 200)
  const differs = await cliRun(['reconcile', '--repair', '--json'], { env })
  assert.equal(differs.exitCode, 1, differs.stderr)
  const { repair, report }: ReconcileResult = JSON.parse(differs.stdout)
  assert.equal(repair, true)
  assert.equal(report?.differences, 1)
  assert.equal(report.balances[0]?.difference, service.simulator.ledger()[0]?.credits)

  const setup = await cliRun(['setup'], { env })
  assert.equal(setup.exitCode, 0, setup.stderr)
  assert.match(
    setup.stdout,
    /DarkroomProvider: was there\n[^]*darkroom-reconcile, every 3600 s: unchanged\n[^]*every 300 s: unchanged\n$/,
  )
})

test('setup on a server of its own registers what is missing, once', async (t) => {
  const temporal = await testTemporal(t)
  const [removed = ''] = searchAttributeNames
  await temporal.connection.operatorService.removeSearchAttributes({ namespace: temporal.namespace, searchAttributes: [removed] })
  const env = { TEMPORAL_ADDRESS: temporal.address, DARKROOM_RECONCILE_EVERY_MS: '60000' }
  const first = await cliRun(['setup'], { env })
  assert.equal(first.exitCode, 0, first.stderr)
  assert.match(first.stdout, new RegExp(`search attribute ${removed}: registered\n[^]*: was there\n`))
  assert.match(
    first.stdout,
    /schedule darkroom-reconcile, every 60 s: created\nschedule darkroom-balances, every 300 s: created\n$/,
  )
  const { customAttributes } = await temporal.connection.operatorService.listSearchAttributes({ namespace: temporal.namespace })
  assert.ok(customAttributes?.[removed] !== undefined)
  await temporal.client.schedule.getHandle(scheduleIds.reconcile).describe()

  const second = await cliRun(['setup'], { env })
  assert.equal(second.exitCode, 0, second.stderr)
  assert.doesNotMatch(second.stdout, /registered|created|updated/)
})

test('without a worker it says so, and leaves nothing for the next one to do', async (t) => {
  const temporal = await testTemporal(t)
  const run = await cliRun(['reconcile', '--worker-timeout', '1'], { env: { TEMPORAL_ADDRESS: temporal.address } })
  assert.equal(run.exitCode, 3)
  assert.equal(run.stdout, '')
  assert.match(
    run.stderr,
    new RegExp(`^No worker answers on Temporal at ${temporal.address}: start .darkroom dev. or .darkroom worker.`),
  )
  await eventually(async () => {
    const { count } = await temporal.client.workflow.count("ExecutionStatus = 'Running'")
    const { count: all } = await temporal.client.workflow.count()
    assert.deepEqual([count, all], [0, 1])
  })
})

test('without a server it says where it looked', async () => {
  const run = await cliRun(['reconcile'], { env: { TEMPORAL_ADDRESS: '127.0.0.1:1' } })
  assert.equal(run.exitCode, 3)
  assert.match(run.stderr, /^Temporal is not reachable at TEMPORAL_ADDRESS=127\.0\.0\.1:1/)
})

test('what was found is printed row by row, with what a person can do, and provider text moves no terminal', () => {
  const at = '2026-11-22T10:00:00.000Z'
  const result: ReconcileResult = {
    repair: false,
    accounts: [
      { provider: 'kie', account: 'a', credits: 10, usd: 0.05, isLow: true, resumed: true, problem: null },
      { provider: 'defapi', account: 'b', credits: null, usd: null, isLow: false, resumed: false, problem: 'no\u001B[2J' },
    ],
    report: {
      at,
      openGenerations: {
        looked: 3,
        hasMore: true,
        found: 2,
        repaired: 1,
        listed: [
          { generationId: 'gen_1', createdAt: at, workflow: 'closed', finding: 'closed', settlementsStarted: 1 },
          { generationId: 'gen_2', createdAt: at, workflow: 'gone', finding: 'not_yet', settlementsStarted: 0 },
        ],
      },
      owing: {
        looked: 1,
        hasMore: false,
        found: 1,
        repaired: 0,
        listed: [
          {
            generationId: 'gen_3',
            item: 0,
            attempt: 2,
            provider: 'kie',
            account: 'a',
            providerTaskId: 'task',
            finding: 'provable',
          },
        ],
      },
      balances: [
        {
          provider: 'kie',
          account: 'a',
          unit: 'credits',
          from: { at, balance: 18 },
          to: { at, balance: 10 },
          taken: 8,
          booked: 4,
          measured: 4,
          difference: 4,
          owing: 1,
          unresolved: 2,
        },
      ],
      differences: 3,
    },
  }
  const text = renderReconciliation(result, createPaint(false))
  for (const expected of [
    /kie.* a .*10.*0\.05.*low, resumed/,
    /Open generations without a workflow: 2 of 3 looked at, 1 repaired, there are more: run it again/,
    /gen_1.*closed.* 1 .*closed/,
    /gen_2.*gone.* 0 .*not overdue yet/,
    /gen_3.* 2 .*kie.* a .*task.*would be looked after \(--repair\)/,
    /credits.* 8 .* 4 .* 4 .* 4 .*1 owing, 2 unresolved, somebody else spends from it/,
    /3 differences remain\.$/,
  ]) {
    assert.match(text, expected)
  }
  assert.ok(!text.includes('\u001B'))
})
