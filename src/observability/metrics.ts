// Metrics as Prometheus reads them. What money did is read from the ledger at every scrape, so that all processes say the same and none
// forgets at a restart; the rest is about this process. No label carries a prompt, an id or a secret (I6).
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import type { SpendMode } from '../contract/index.ts'
import type { AccountRef } from '../ledger/accounts-port.ts'
import type { Ledger } from '../ledger/ledger.ts'

/** What of the ledger is shown. */
export type MetricsLedger = Pick<Ledger, 'readTotals' | 'listAccounts' | 'listBudgets'>

export interface MetricsOptions {
  ledger: MetricsLedger
  mode: SpendMode
  /** accounts to show even if they were never used */
  accounts: readonly AccountRef[]
  /** a balance below this is flagged */
  lowBalanceUsd: number
}

export interface Metrics {
  readonly contentType: string
  /** Rejects when the ledger does not answer: half the truth would look like the whole. */
  render(): Promise<string>
}

/** A registry of its own: two in one process do not meet. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const readLedger = ledgerMetrics(registry, options)
  let running: Promise<string> | null = null

  async function render(): Promise<string> {
    await readLedger()
    return registry.metrics()
  }
  return {
    contentType: registry.contentType,
    render: () => {
      // Two scrapes at once would write into the same gauges.
      running ??= render().finally(() => {
        running = null
      })
      return running
    },
  }
}

/** Declares what comes from the ledger; the function that it gives back reads it. */
function ledgerMetrics(registry: Registry, options: MetricsOptions): () => Promise<void> {
  const gauge = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []): Gauge<Label> =>
    new Gauge({ name: `darkroom_${name}`, help, labelNames, registers: [registry] })
  const generationsOpen = gauge('generations_open', 'Generations that have not ended')
  const owing = gauge('attempts_owing', 'Attempts that were left open and are not looked up yet')
  const unresolved = gauge('attempts_unresolved', 'Attempts of which nobody could say whether they were paid')
  const possibleExtra = gauge('possible_extra_charges', 'Attempts that may have been paid beside another one of the same picture')
  const confirmedExtra = gauge('confirmed_extra_charges', 'Attempts that were paid beside another one of the same picture')
  const conflicts = new Counter({
    name: 'darkroom_task_conflicts_total',
    help: 'Attempts whose reply and callback named different tasks: an alarm',
    registers: [registry],
  })
  const writeAccounts = accountMetrics(gauge, options)
  const writeBudgets = budgetMetrics(gauge)

  return async () => {
    const { ledger, mode, accounts } = options
    const [totals, gates, budgets] = await Promise.all([
      ledger.readTotals(mode),
      ledger.listAccounts(accounts),
      ledger.listBudgets(mode),
    ])
    generationsOpen.set(totals.generationsOpen)
    owing.set(totals.attempts.owing)
    unresolved.set(totals.attempts.unresolved)
    possibleExtra.set(totals.attempts.possible_extra)
    confirmedExtra.set(totals.attempts.confirmed_extra)
    // counted by the ledger, whose rows are never taken away
    conflicts.reset()
    conflicts.inc(totals.attempts.task_conflict)
    writeAccounts(gates.filter((gate) => gate.mode === mode))
    writeBudgets(budgets)
  }
}

type MakeGauge = <Label extends string = never>(name: string, help: string, labelNames?: Label[]) => Gauge<Label>

function accountMetrics(
  gauge: MakeGauge,
  { lowBalanceUsd }: MetricsOptions,
): (gates: Awaited<ReturnType<MetricsLedger['listAccounts']>>) => void {
  const names: ('provider' | 'account')[] = ['provider', 'account']
  const paused = gauge('account_paused', '1: nothing is sent there', [...names, 'reason'])
  const inWindow = gauge('account_window_tasks', 'New tasks that count in the rate window', names)
  const inFlight = gauge('account_tasks_in_flight', 'Tasks at work', names)
  const inLine = gauge('provider_line', 'Attempts in line for the provider', ['provider'])
  const balanceUsd = gauge('account_balance_usd', 'Balance as it was read last', names)
  const balanceCredits = gauge('account_balance_credits', "The same in the provider's own unit", names)
  const isLow = gauge('account_balance_low', '1: less than the warning limit', names)
  const all = [paused, inWindow, inFlight, inLine, balanceUsd, balanceCredits, isLow]

  return (gates) => {
    // an account that is not paused any more, or gone, must not keep its last value
    for (const each of all) each.reset()
    for (const { provider, account, ...gate } of gates) {
      const labels = { provider, account }
      if (gate.pause !== null) paused.set({ ...labels, reason: gate.pause.reason }, 1)
      inWindow.set(labels, gate.inWindow)
      inFlight.set(labels, gate.inFlight)
      inLine.set({ provider }, gate.inLine)
      const { credits = null, usd = null } = gate.balance ?? {}
      if (credits !== null) balanceCredits.set(labels, credits)
      if (usd === null) continue
      balanceUsd.set(labels, usd)
      isLow.set(labels, usd < lowBalanceUsd ? 1 : 0)
    }
  }
}

/** Only of budgets that somebody has set: a tenant that a request names does not become a label. */
function budgetMetrics(gauge: MakeGauge): (budgets: Awaited<ReturnType<MetricsLedger['listBudgets']>>) => void {
  const names: ('tenant' | 'period')[] = ['tenant', 'period']
  const limit = gauge('budget_limit_usd', 'Budget of the period', names)
  const used = gauge('budget_used_usd', 'Spent in the period that runs now', names)
  const reserved = gauge('budget_reserved_usd', 'Worst case of everything that is still open', names)

  return (budgets) => {
    for (const each of [limit, used, reserved]) each.reset()
    for (const { tenant, period, limitUsd, usedUsd, reservedUsd } of budgets) {
      const labels = { tenant: tenant ?? '*', period }
      limit.set(labels, limitUsd)
      used.set(labels, usedUsd)
      reserved.set(labels, reservedUsd)
    }
  }
}
