// When faults strike: matching, counting, chance, and the ways to write a rule down.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FaultRule, parseFaultFlag, parseFaultPlan, parseFaultRule } from '../../src/simulator/faults/rule.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { eventually } from '../helpers/eventually.ts'
import { startTestSimulator } from '../helpers/simulator.ts'
import {
  at,
  call,
  createDefapiTask,
  createdKieId,
  createKieTask,
  endedKieRecord,
  failureCode,
  linksOf,
  textAt,
} from './client.ts'

const codes = async (simulator: Simulator, count: number): Promise<unknown[]> => {
  const seen: unknown[] = []
  for (let i = 0; i < count; i += 1) seen.push(at((await createKieTask(simulator)).json, 'code'))
  return seen
}

test('`after` lets the first pass and `times` limits the strikes', async (t) => {
  const simulator = await startTestSimulator(t, { faults: [{ id: 'busy', on: 'submit', fault: 'code_429', after: 1, times: 2 }] })
  assert.deepEqual(await codes(simulator, 5), [200, 429, 429, 200, 200])
  assert.deepEqual(simulator.faultCounts(), { busy: 2 })
  assert.equal(simulator.ledger().length, 3)
})

test('a rule for one provider, prompt and model leaves the others alone', async (t) => {
  const simulator = await startTestSimulator(t)
  simulator.addFault({
    provider: 'kie',
    on: 'submit',
    fault: 'code_455',
    match: { promptIncludes: 'fox', model: 'google/nano-banana' },
  })
  const code = async (task: object): Promise<unknown> => at((await createKieTask(simulator, task)).json, 'code')
  assert.equal(await code({ prompt: 'a red fox' }), 455)
  assert.equal(await code({ prompt: 'a blue whale' }), 200)
  assert.equal(await code({ prompt: 'a red fox', model: 'nano-banana-pro' }), 200)
  assert.equal(at((await createDefapiTask(simulator)).json, 'code'), 0)
})

test('toxicity strikes in its share of the cases, the same ones with the same seed', async (t) => {
  const rule: FaultRule = { id: 'some', on: 'submit', fault: 'code_500', toxicity: 0.5 }
  const runs = []
  for (const seed of [7, 7, 8]) runs.push(await codes(await startTestSimulator(t, { seed, faults: [rule] }), 40))
  assert.deepEqual(runs[0], runs[1])
  assert.notDeepEqual(runs[0], runs[2])
  const struck = runs[0]?.filter((code) => code === 500).length ?? 0
  assert.ok(struck > 8 && struck < 32, `struck ${struck} of 40`)
})

test('a marker in a prompt strikes that prompt only, and is not painted or lost', async (t) => {
  const simulator = await startTestSimulator(t)
  const refused = await createdKieId(simulator, { prompt: 'a red fox [[fault:content_refusal]]' })
  const record = await endedKieRecord(simulator, refused)
  assert.equal(at(record, 'state'), 'fail')
  assert.equal(at(await endedKieRecord(simulator, await createdKieId(simulator)), 'state'), 'success')
  assert.deepEqual(simulator.faultCounts(), { 'marker:content_refusal': 1 })
  assert.equal(simulator.ledger()[0]?.prompt, 'a red fox [[fault:content_refusal]]')
})

test('a marker can name provider, point and parameters, and counts per prompt', async (t) => {
  const simulator = await startTestSimulator(t)
  const prompt = 'x [[fault:kie:submit:http_502 times=1 taskMade=true]]'
  assert.equal((await createDefapiTask(simulator, { prompt })).status, 200)
  assert.equal((await createKieTask(simulator, { prompt })).status, 502)
  assert.equal((await createKieTask(simulator, { prompt })).status, 200)
  assert.equal((await createKieTask(simulator, { prompt: `${prompt} other` })).status, 502)
  assert.equal(simulator.ledger().length, 4)
})

test('a marker with a typing error is answered loudly', async (t) => {
  const simulator = await startTestSimulator(t)
  const { status, json } = await createKieTask(simulator, { prompt: '[[fault:content_refusl]]' })
  assert.equal(status, 400)
  assert.match(textAt(json, 'simulator'), /unknown fault "content_refusl"; known: latency/)
})

test('rules are read from JSON, lists and flags', () => {
  assert.deepEqual(parseFaultFlag('kie:submit:code_429 times=3'), { provider: 'kie', on: 'submit', fault: 'code_429', times: 3 })
  assert.deepEqual(parseFaultFlag('stuck toxicity=0.2'), { fault: 'stuck', toxicity: 0.2 })
  assert.deepEqual(parseFaultFlag('{"fault":"code_500","on":"submit","message":"two words"}'), {
    fault: 'code_500',
    on: 'submit',
    message: 'two words',
  })
  assert.equal(parseFaultPlan([{ fault: 'stuck' }, { fault: 'down', provider: 'kie' }]).length, 2)
})

const bad: [unknown, RegExp][] = [
  [{ fault: 'sudden_death' }, /unknown fault "sudden_death"; known: latency, down/],
  [{ fault: 'content_refusal', on: 'download' }, /cannot be used on "download"; it can on task/],
  [{ fault: 'latency', delayMs: '100' }, /delayMs is a number/],
  [{ fault: 'latency', delayMs: -1 }, /delayMs is a number/],
  [{ fault: 'stuck', delayMs: 5 }, /has no parameter delayMs; it takes none/],
  [{ fault: 'stuck', provider: 'openai' }, /provider is one of kie, defapi/],
  [{ fault: 'stuck', toxicity: 1.5 }, /toxicity is between 0 and 1/],
  [{ fault: 'stuck', match: { prompt: 'x' } }, /match knows promptIncludes and model/],
  [{ fault: 'http_999' }, /unknown fault/],
  ['stuck', /a JSON object/],
]
for (const [rule, message] of bad) {
  test(`${JSON.stringify(rule)} is refused`, () => assert.throws(() => parseFaultRule(rule), message))
}

test('down refuses connections at that provider only, and comes back on the same port', async (t) => {
  const simulator = await startTestSimulator(t)
  const id = simulator.addFault({ provider: 'kie', fault: 'down' })
  assert.equal(await failureCode(createKieTask(simulator)), 'ECONNREFUSED')
  assert.equal((await createDefapiTask(simulator)).status, 200)
  assert.equal((await call(`${simulator.url}/__simulator/health`)).status, 200)
  assert.equal(await simulator.removeFault(id), true)
  assert.equal((await createKieTask(simulator)).status, 200)
  assert.deepEqual(simulator.faultCounts(), { [id]: 1 })
})

test('down for a while ends by itself; two rules hold until the last is gone', async (t) => {
  const simulator = await startTestSimulator(t)
  simulator.addFault({ provider: 'defapi', fault: 'down', durationMs: 50 })
  const second = simulator.addFault({ fault: 'down' })
  await eventually(() => assert.equal(simulator.faults().length, 1))
  assert.equal(await failureCode(createDefapiTask(simulator)), 'ECONNREFUSED')
  assert.equal(await failureCode(createKieTask(simulator)), 'ECONNREFUSED')
  await simulator.removeFault(second)
  assert.equal((await createDefapiTask(simulator)).status, 200)
})

test('down cuts the requests that are being answered, and their tasks live on', async (t) => {
  const simulator = await startTestSimulator(t, { faults: [{ fault: 'latency', on: 'submit', delayMs: 60_000 }] })
  const lost = failureCode(createKieTask(simulator))
  await eventually(() => assert.equal(simulator.ledger().length, 1))
  simulator.addFault({ provider: 'kie', fault: 'down' })
  assert.match(await lost, /UND_ERR_SOCKET|ECONNRESET/)
  await eventually(() =>
    assert.deepEqual(
      simulator.ledger().map(({ state, reply }) => [state, reply]),
      [['succeeded', 'client_left']],
    ),
  )
  await simulator.clearFaults()
  assert.equal((await createKieTask(simulator, {}, { timeoutMs: 1_000 })).status, 200)
})

test('down on download closes the file host', async (t) => {
  const simulator = await startTestSimulator(t)
  const links = linksOf(await endedKieRecord(simulator, await createdKieId(simulator)))
  simulator.addFault({ on: 'download', fault: 'down' })
  assert.equal(await failureCode(fetch(links[0] ?? '')), 'ECONNREFUSED')
})
