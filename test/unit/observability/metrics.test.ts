import assert from 'node:assert/strict'
import { request as send } from 'node:http'
import { test } from 'node:test'
import type { AccountGate } from '../../../src/ledger/accounts-port.ts'
import type { Budget } from '../../../src/ledger/budgets-port.ts'
import { LedgerUnavailableError } from '../../../src/ledger/ledger.ts'
import { createMetricsListener } from '../../../src/observability/metrics-listener.ts'
import { createMetrics, type MetricsLedger } from '../../../src/observability/metrics.ts'
import { atEnd, type Ends } from '../../helpers/at-end.ts'

const gate: AccountGate = {
  mode: 'mock',
  provider: 'kie',
  account: 'default',
  pause: null,
  failures: 0,
  breaker: 'closed',
  inWindow: 3,
  inFlight: 2,
  inLine: 5,
  balance: { credits: 180, usd: 0.9, at: new Date(0) },
}
const budget: Budget = {
  mode: 'mock',
  tenant: null,
  period: 'day',
  limitUsd: 5,
  usedUsd: 1.25,
  reservedUsd: 0.5,
  resetsAt: new Date(0),
}

class ScriptedLedger implements MetricsLedger {
  gates = [gate]
  budgets = [budget]
  conflicts = 1
  wait: () => Promise<void> = async () => {}
  reads = 0

  async readTotals() {
    this.reads += 1
    await this.wait()
    const attempts = { owing: 4, unresolved: 3, possible_extra: 2, confirmed_extra: 1, task_conflict: this.conflicts }
    return { generationsOpen: 7, attempts }
  }

  async listAccounts() {
    return this.gates
  }

  async listBudgets() {
    return this.budgets
  }
}

async function serve(t: Ends, ledger: MetricsLedger, timeoutMs = 5_000): Promise<{ url: string; warned: string[] }> {
  const warned: string[] = []
  const listener = await createMetricsListener({
    metrics: createMetrics({ ledger, mode: 'mock', accounts: [], lowBalanceUsd: 1 }),
    host: '127.0.0.1',
    port: 0,
    timeoutMs,
    logger: { warn: (fields: object | string) => void warned.push(JSON.stringify(fields)) },
  })
  atEnd(t, () => listener.close())
  return { url: `http://127.0.0.1:${listener.port}/metrics`, warned }
}

/** The samples without comments, as a scraper takes them. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))
}

const scrape = async (url: string): Promise<Map<string, number>> => samplesOf(await (await fetch(url)).text())

test('a scrape says what the ledger says, and how the process is', async (t) => {
  const { url } = await serve(t, new ScriptedLedger())
  const answer = await fetch(url)
  assert.equal(answer.status, 200)
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
  const text = await answer.text()
  const samples = samplesOf(text)
  const account = '{provider="kie",account="default"}'
  const wholeBudget = '{tenant="*",period="day"}'
  for (const [name, value] of [
    ['darkroom_generations_open', 7],
    ['darkroom_attempts_owing', 4],
    ['darkroom_attempts_unresolved', 3],
    ['darkroom_possible_extra_charges', 2],
    ['darkroom_confirmed_extra_charges', 1],
    ['darkroom_task_conflicts_total', 1],
    [`darkroom_account_window_tasks${account}`, 3],
    [`darkroom_account_tasks_in_flight${account}`, 2],
    ['darkroom_provider_line{provider="kie"}', 5],
    [`darkroom_account_balance_usd${account}`, 0.9],
    [`darkroom_account_balance_credits${account}`, 180],
    [`darkroom_account_balance_low${account}`, 1],
    [`darkroom_budget_limit_usd${wholeBudget}`, 5],
    [`darkroom_budget_used_usd${wholeBudget}`, 1.25],
    [`darkroom_budget_reserved_usd${wholeBudget}`, 0.5],
  ] as const) {
    assert.equal(samples.get(name), value, name)
  }
  assert.match(text, /^# TYPE darkroom_task_conflicts_total counter$/m)
  assert.ok((samples.get('process_resident_memory_bytes') ?? 0) > 0)
  assert.ok(![...samples.keys()].some((name) => name.startsWith('darkroom_account_paused')))
})

test('each scrape is the ledger of that moment: nothing is added up, nothing that is gone stays', async (t) => {
  const ledger = new ScriptedLedger()
  const { url } = await serve(t, ledger)
  const pause = { by: 'provider', reason: 'no_credits', message: 'x', since: new Date(0), until: null } as const
  ledger.gates = [{ ...gate, pause, balance: null }]
  const paused = 'darkroom_account_paused{provider="kie",account="default",reason="no_credits"}'
  const first = await scrape(url)
  assert.equal(first.get(paused), 1)
  assert.equal(first.has('darkroom_account_balance_low{provider="kie",account="default"}'), false, 'unknown is not low')
  ledger.gates = [gate, { ...gate, mode: 'live', account: 'other' }]
  ledger.budgets = []
  const second = await scrape(url)
  assert.equal(second.has(paused), false)
  assert.equal(second.get('darkroom_task_conflicts_total'), 1)
  assert.ok(![...second.keys()].some((name) => name.includes('budget') || name.includes('other')))
})

test('scrapes at the same time are one reading', async () => {
  const ledger = new ScriptedLedger()
  const metrics = createMetrics({ ledger, mode: 'mock', accounts: [], lowBalanceUsd: 1 })
  const texts = await Promise.all([metrics.render(), metrics.render(), metrics.render()])
  assert.deepEqual([...new Set(texts.map((text) => samplesOf(text).get('darkroom_task_conflicts_total')))], [1])
  assert.equal(ledger.reads, 1)
  await metrics.render()
  assert.equal(ledger.reads, 2)
})

test('a ledger that is away is a 503 without its address, and the next scrape is whole again', async (t) => {
  const ledger = new ScriptedLedger()
  ledger.wait = async () => {
    throw new LedgerUnavailableError('connect ECONNREFUSED postgres://darkroom:hunter2@10.0.0.7')
  }
  const { url, warned } = await serve(t, ledger)
  const answer = await fetch(url)
  assert.equal(answer.status, 503)
  assert.equal(await answer.text(), 'The ledger does not answer.\n')
  assert.equal(warned.length, 1)
  ledger.wait = async () => {}
  assert.equal((await scrape(url)).get('darkroom_generations_open'), 7)
})

test('a ledger that hangs is a 503 within the time limit', async (t) => {
  const ledger = new ScriptedLedger()
  ledger.wait = () => new Promise(() => {})
  const { url } = await serve(t, ledger, 100)
  const startedAtMs = performance.now()
  assert.equal((await fetch(url)).status, 503)
  assert.ok(performance.now() - startedAtMs < 2_000)
})

test('nothing but GET and HEAD on /metrics is answered', async (t) => {
  const { url } = await serve(t, new ScriptedLedger())
  const statusOf = (target: string, method: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      send(target, { method, agent: false }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
        .on('error', reject)
        .end()
    })
  assert.equal(await statusOf(url, 'HEAD'), 200)
  assert.equal(await statusOf(`${url}?x=1`, 'GET'), 200)
  assert.equal(await statusOf(url, 'POST'), 405)
  assert.equal(await statusOf(url.replace('/metrics', '/'), 'GET'), 404)
  assert.equal(await statusOf(`${url}/../v1/generations`, 'GET'), 404)
})

test('a port that is taken is an error at the start', async (t) => {
  const { url } = await serve(t, new ScriptedLedger())
  const metrics = createMetrics({ ledger: new ScriptedLedger(), mode: 'mock', accounts: [], lowBalanceUsd: 1 })
  const port = Number(new URL(url).port)
  await assert.rejects(createMetricsListener({ metrics, host: '127.0.0.1', port, logger: { warn: () => {} } }), {
    code: 'EADDRINUSE',
  })
})
