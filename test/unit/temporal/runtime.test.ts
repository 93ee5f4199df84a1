import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApplicationFailure } from '@temporalio/common'
import { activityFailure } from '../../../src/contract/index.ts'
import { createLogger } from '../../../src/observability/logger.ts'
import { toTemporalLogger } from '../../../src/temporal/runtime.ts'

function recorder(): { lines: () => { level: string; msg: string; err?: object }[]; log: ReturnType<typeof toTemporalLogger> } {
  const written: string[] = []
  const logger = createLogger({
    level: 'trace',
    name: 'test',
    format: 'json',
    destination: { write: (line) => written.push(line) },
  })
  return { lines: () => written.map((line) => JSON.parse(line)), log: toTemporalLogger(logger) }
}

test("the SDK's chatter below WARN is dropped, its warnings are kept", () => {
  const { lines, log } = recorder()
  log.info('Worker state changed', { sdkComponent: 'worker' })
  log.debug('x', { sdkComponent: 'core' })
  log.warn('poll failed', { sdkComponent: 'core' })
  log.error('broken')
  assert.deepEqual(
    lines().map(({ level, msg }) => `${level} ${msg}`),
    ['warn poll failed', 'error broken'],
  )
})

test('what workflows and activities say keeps its level', () => {
  const { lines, log } = recorder()
  log.info('a step', { sdkComponent: 'workflow' })
  log.debug('a detail', { sdkComponent: 'activity' })
  assert.deepEqual(
    lines().map(({ level }) => level),
    ['info', 'debug'],
  )
})

test('a refusal by a provider is one line without a stack; a failure that nobody expected keeps its stack', () => {
  const { lines, log } = recorder()
  const refused = ApplicationFailure.create({ type: activityFailure.submitRefusedForNow, message: 'later' })
  log.warn('Activity failed', { sdkComponent: 'worker', activityType: 'submitTask', taskToken: 'abc', error: refused })
  log.warn('Activity failed', { sdkComponent: 'worker', error: new TypeError('a bug') })
  const [expected, unexpected] = lines()
  assert.equal(expected?.level, 'info')
  assert.equal(expected?.err, undefined)
  assert.equal(unexpected?.level, 'warn')
  assert.match(JSON.stringify(unexpected?.err), /TypeError.*a bug.*stack/)
})

test('a worker that is for activities only is not warned about at every start', () => {
  const { lines, log } = recorder()
  log.warn('No workflows registered, not polling for workflow tasks', { sdkComponent: 'worker' })
  assert.deepEqual(lines(), [])
})
