// The ledger against the balance: what the provider took and nobody booked shows as a difference, and what is booked does not.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, describe, test } from 'node:test'
import type { BalanceFinding, BalanceReading, ReconcileResult } from '../../src/activities/reconcile-types.ts'
import { mainTaskQueue, reconcileWorkflowName } from '../../src/contract/index.ts'
import { mockKeyOf } from '../../src/dev/mock-providers.ts'
import { reconcileIds, reconcileInput } from '../../src/temporal/schedules.ts'
import { keepHistory } from '../helpers/histories.ts'
import { startService } from '../helpers/service.ts'
import { createKieTask } from '../simulator/client.ts'

// A busy machine is no reason to ask the next provider.
const service = await startService({ after }, { timings: 'production' })

async function run(scope: 'everything' | 'balances'): Promise<ReconcileResult> {
  const handle = await service.client.workflow.start(reconcileWorkflowName, {
    workflowId: reconcileIds.byHand(randomUUID()),
    taskQueue: mainTaskQueue,
    args: [reconcileInput(scope, false)],
  })
  const result: ReconcileResult = await handle.result()
  await keepHistory(handle, `reconcile-${scope}`)
  return result
}

const reading = ({ accounts }: ReconcileResult): BalanceReading => {
  const found = accounts.find(({ provider }) => provider === 'kie')
  assert.ok(found !== undefined)
  return found
}

const kie = ({ report }: ReconcileResult): BalanceFinding => {
  const found = report?.balances.find(({ provider }) => provider === 'kie')
  assert.ok(found !== undefined, `no account of Kie in ${JSON.stringify(report)}`)
  return found
}

describe('balances', { timeout: 240_000 }, () => {
  test('a picture of ours is booked as what was taken; a task that is not ours shows as a difference', async () => {
    const { report } = await run('balances')
    assert.equal(report, null)
    assert.equal((await service.generate({ model: 'nano-banana', prompt: 'ours' })).status, 'completed')
    const [ours] = service.simulator.ledger()
    assert.ok(ours?.credits !== null && ours !== undefined && ours.credits > 0)

    const agreed = await run('everything')
    const { taken, booked, measured, difference } = kie(agreed)
    assert.deepEqual(
      { taken, booked, measured, difference },
      { taken: ours.credits, booked: ours.credits, measured: ours.credits, difference: 0 },
    )
    assert.equal(agreed.report?.differences, 0)

    assert.equal((await createKieTask(service.simulator, { prompt: 'not ours' }, { key: mockKeyOf('default') })).status, 200)
    const differs = await run('everything')
    assert.equal(kie(differs).difference, service.simulator.ledger().at(-1)?.credits)
    assert.equal(kie(differs).unit, 'credits')
    assert.equal(differs.report?.differences, 1)
  })

  test('an account that was paused for its credits is resumed by a balance, not by one that cannot be read; a low one is said to be low', async () => {
    const account = { mode: 'mock', provider: 'kie', account: 'default' } as const
    const isPaused = async (): Promise<boolean> => {
      const gate = (await service.ledger.listAccounts([account])).find(({ provider }) => provider === 'kie')
      assert.ok(gate !== undefined)
      return gate.pause !== null
    }
    await service.ledger.pauseAccount(account, { by: 'provider', reason: 'no_credits', message: 'empty', until: null })
    const fault = service.fault({ provider: 'kie', on: 'account', fault: 'code_401' })
    const unreadable = reading(await run('balances'))
    assert.notEqual(unreadable.problem, null)
    assert.equal(unreadable.resumed, false)
    assert.equal(await isPaused(), true)

    await service.clearFault(fault)
    const readable = reading(await run('balances'))
    assert.deepEqual([readable.problem, readable.resumed, readable.isLow], [null, true, false])
    assert.equal(await isPaused(), false)

    service.simulator.setCredits({ provider: 'kie', amount: 1 })
    const { credits, usd, isLow } = reading(await run('balances'))
    assert.deepEqual({ credits, usd, isLow }, { credits: 1, usd: 0.005, isLow: true })
  })
})
