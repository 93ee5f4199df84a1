// Every account as a person wants to see it.
import { sql } from 'kysely'
import { isPausedNow, toPause } from './account-rows.ts'
import type { AccountGate, AccountRef, AccountsPort } from './accounts-port.ts'
import type { LedgerTransaction, Run } from './database.ts'
import { isAlive } from './line.ts'

export function accountListMethods(run: Run): Pick<AccountsPort, 'listAccounts'> {
  return { listAccounts: (known) => run((trx) => listAccounts(trx, known), { snapshot: true }) }
}

async function listAccounts(trx: LedgerTransaction, known: readonly AccountRef[]): Promise<AccountGate[]> {
  const used = await selectAccounts(trx)
  const lines = await trx
    .selectFrom('line')
    .select(['mode', 'provider', sql<number>`count(*)::int`.as('count')])
    .where(isAlive)
    .groupBy(['mode', 'provider'])
    .execute()
  const inLineOf = ({ mode, provider }: AccountRef): number =>
    lines.find((line) => line.mode === mode && line.provider === provider)?.count ?? 0
  const gates = new Map<string, AccountGate>()
  for (const ref of known) gates.set(keyOf(ref), { ...unused, ...pick(ref), inLine: inLineOf(ref) })
  for (const gate of used) gates.set(keyOf(gate), { ...gate, inLine: inLineOf(gate) })
  return [...gates.values()].toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
}

const unused = { pause: null, failures: 0, breaker: 'closed', inWindow: 0, inFlight: 0, balance: null } as const

async function selectAccounts(trx: LedgerTransaction): Promise<Omit<AccountGate, 'inLine'>[]> {
  const rows = await trx
    .selectFrom('accounts')
    .selectAll()
    .select([
      isPausedNow.as('isPaused'),
      countPermits('counts_until > clock_timestamp()').as('inWindow'),
      countPermits('released_at is null and lease_until > clock_timestamp()').as('inFlight'),
    ])
    .execute()
  return rows.map((row) => {
    const pause = row.isPaused ? toPause(row) : null
    const isOpen = pause?.by === 'breaker'
    return {
      ...pick(row),
      pause,
      failures: row.failures,
      breaker: isOpen ? 'open' : row.slow_start ? 'half_open' : 'closed',
      inWindow: row.inWindow,
      inFlight: row.inFlight,
      balance:
        row.balance_at === null
          ? null
          : { credits: toNumber(row.balance_credits), usd: toNumber(row.balance_usd), at: row.balance_at },
    }
  })
}

/** `which` is ours, never a value from outside. */
function countPermits(which: string) {
  return sql<number>`(select count(*)::int from permits
    where permits.mode = accounts.mode and permits.provider = accounts.provider and permits.account = accounts.account
      and ${sql.raw(which)})`
}

function pick({ mode, provider, account }: AccountRef): AccountRef {
  return { mode, provider, account }
}

function keyOf({ mode, provider, account }: AccountRef): string {
  return JSON.stringify([mode, provider, account])
}

function toNumber(amount: string | null): number | null {
  return amount === null ? null : Number(amount)
}
