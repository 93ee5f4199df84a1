// The gate of each provider account.
import type { ProviderAccount } from '../../gateway/routes/providers.ts'
import { safeText } from '../../observability/safe-text.ts'
import type { Paint } from './colours.ts'
import { renderTable } from './table.ts'
import { describeMoment, describeUsd, nothing } from './units.ts'

export function renderProviders(accounts: readonly ProviderAccount[], paint: Paint): string {
  const right = 'right' as const
  return renderTable(
    [
      { title: 'Provider' },
      { title: 'Account' },
      { title: 'Gate' },
      { title: 'In\nwindow', align: right },
      { title: 'At\nwork', align: right },
      { title: 'In\nline', align: right },
      { title: 'Balance', align: right },
    ],
    accounts.map((account) => [
      safeText(account.provider, 20),
      safeText(account.account, 64),
      describeGate(account, paint),
      String(account.inWindow),
      String(account.inFlight),
      String(account.inLine),
      describeBalance(account.balance),
    ]),
    paint,
  )
}

function describeGate({ pause, breaker, failures }: ProviderAccount, paint: Paint): string {
  if (pause !== null) {
    const until = pause.until === null ? 'until resumed' : `until ${describeMoment(pause.until)}`
    const reason = pause.reason === 'operator' ? '' : ` (${safeText(pause.reason, 40).replaceAll('_', ' ')})`
    // a message is a sentence; a line of its own keeps the table narrow
    return `${paint.bad(`paused by ${safeText(pause.by, 20)}`)}${reason} ${until}\n${safeText(pause.message, 60)}`
  }
  if (breaker === 'half_open') return paint.warn('slow start: one at a time')
  return failures > 0 ? paint.warn(`open, ${failures} faults in a row`) : paint.good('open')
}

function describeBalance(balance: ProviderAccount['balance']): string {
  if (balance === null) return nothing
  const { credits, usd } = balance
  const parts = [usd === null ? null : describeUsd(usd), credits === null ? null : `${credits} credits`]
  const known = parts.filter((part) => part !== null)
  return known.length === 0 ? nothing : known.join('\n')
}
