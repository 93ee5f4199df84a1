// Asks every account for its balance and keeps the reading: it ends a pause whose reason is gone, and is what `reconcile` compares with.
import type { ActivityDeps } from './deps.ts'
import { withHeartbeat } from './heartbeat.ts'
import type { BalanceReading } from './reconcile-types.ts'
import { safeText } from '../observability/safe-text.ts'
import type { Provider } from '../providers/provider.ts'
import { toApplicationFailure } from './to-application-failure.ts'

export function createCheckBalances(deps: ActivityDeps) {
  return async function checkBalances(): Promise<BalanceReading[]> {
    try {
      const accounts = [...deps.providers.values()].flatMap((provider) =>
        provider.accounts.map((account) => ({ provider, account })),
      )
      return await withHeartbeat(null, () =>
        Promise.all(accounts.map(({ provider, account }) => readBalance(deps, provider, account))),
      )
    } catch (error) {
      throw toApplicationFailure(error)
    }
  }
}

async function readBalance(deps: ActivityDeps, provider: Provider, account: string): Promise<BalanceReading> {
  const { ledger, logger, mode, lowBalanceUsd, limits } = deps
  const name = { provider: provider.name, account }
  const answer = await provider.balance({ account, timeoutMs: limits.queryTimeoutMs })
  if (answer.kind === 'unreadable') {
    // No reading proves nothing: a pause stays, a wrong key stays wrong.
    const problem = safeText(answer.message)
    logger.warn({ ...name, problem }, 'an account gives no readable balance')
    return { ...name, credits: null, usd: null, isLow: false, resumed: false, problem }
  }
  const { credits, usd } = answer.balance
  const { resumed } = await ledger.recordBalance({ mode, ...name }, { credits, usd })
  if (resumed) logger.info({ ...name, credits, usd }, 'an account is resumed: its balance shows that it can pay again')
  const isLow = usd !== null && usd < lowBalanceUsd
  if (isLow) logger.warn({ ...name, credits, usd, lowBalanceUsd }, 'the balance of an account is low')
  return { ...name, credits, usd, isLow, resumed, problem: null }
}
