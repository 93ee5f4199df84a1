// What an operator asks of a running gateway: statistics, budgets, provider accounts, attempts that somebody must look after.
import type { BudgetPeriod } from '../contract/index.ts'
import type { BudgetReport } from '../gateway/routes/budgets.ts'
import type { ProviderAccount } from '../gateway/routes/providers.ts'
import type { ListedAttempt, Stats } from '../ledger/stats-port.ts'
import { callGateway, isRecord, jsonContent, notDarkroom, readJson } from './gateway-http.ts'
import type { Answer, Content, Method } from './gateway-http.ts'

export interface OperationsClient {
  readStats(filter: { from: Date; to: Date; tenant: string | undefined }): Promise<Stats>
  listAttempts(filter: {
    filter: string | undefined
    limit: number
    cursor: string | undefined
  }): Promise<{ attempts: ListedAttempt[]; nextCursor: string | null }>
  listBudgets(): Promise<BudgetReport[]>
  /** `tenant` `*`: all together */
  setBudget(tenant: string, period: BudgetPeriod, limitUsd: number): Promise<BudgetReport>
  removeBudget(tenant: string, period: BudgetPeriod): Promise<void>
  listProviders(): Promise<ProviderAccount[]>
  /** the accounts of the provider afterwards */
  pauseProvider(provider: string, pause: { account?: string; forMs?: number; reason?: string }): Promise<ProviderAccount[]>
  resumeProvider(provider: string, what: { account?: string }): Promise<ProviderAccount[]>
}

export function createOperationsClient(url: string): OperationsClient {
  const call = (method: Method, path: string, content: Content = {}): Promise<Answer> => callGateway(url, method, path, content)
  const ask = async (method: Method, path: string, body?: object): Promise<unknown> =>
    readJson(url, await call(method, path, body === undefined ? {} : jsonContent(body)))
  const budgetPath = (tenant: string, period: string): string => `/v1/budgets/${encodeURIComponent(tenant)}/${period}`
  const providerPath = (provider: string, what: string): string => `/v1/providers/${encodeURIComponent(provider)}/${what}`
  /** Told by its list from anything else that may answer there; what is in it is only ever printed. */
  const expect = <T>(body: unknown, isIt: (body: unknown) => body is T): T => {
    if (!isIt(body)) throw notDarkroom(url)
    return body
  }
  return {
    async readStats({ from, to, tenant }) {
      const query = queryOf({ from: from.toISOString(), to: to.toISOString(), tenant })
      return expect(await ask('GET', `/v1/stats?${query}`), isStats)
    },
    listAttempts: async (filter) => expect(await ask('GET', `/v1/attempts?${queryOf(filter)}`), isAttemptList),
    listBudgets: async () => expect(await ask('GET', '/v1/budgets'), isBudgetList).budgets,
    setBudget: async (tenant, period, limitUsd) => expect(await ask('PUT', budgetPath(tenant, period), { limitUsd }), isBudget),
    async removeBudget(tenant, period) {
      await (await call('DELETE', budgetPath(tenant, period))).body.dump()
    },
    listProviders: async () => expect(await ask('GET', '/v1/providers'), isAccountList).accounts,
    pauseProvider: async (provider, pause) =>
      expect(await ask('POST', providerPath(provider, 'pause'), pause), isAccountList).accounts,
    resumeProvider: async (provider, what) =>
      expect(await ask('POST', providerPath(provider, 'resume'), what), isAccountList).accounts,
  }
}

function queryOf(values: Record<string, string | number | undefined>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value))
  return query.toString()
}

function isStats(body: unknown): body is Stats {
  return isRecord(body) && Array.isArray(body['providers']) && isRecord(body['generations']) && typeof body['from'] === 'string'
}

function isAttemptList(body: unknown): body is { attempts: ListedAttempt[]; nextCursor: string | null } {
  return isRecord(body) && Array.isArray(body['attempts'])
}

function isBudget(body: unknown): body is BudgetReport {
  return isRecord(body) && typeof body['limitUsd'] === 'number' && typeof body['period'] === 'string'
}

function isBudgetList(body: unknown): body is { budgets: BudgetReport[] } {
  return isRecord(body) && Array.isArray(body['budgets'])
}

function isAccountList(body: unknown): body is { accounts: ProviderAccount[] } {
  return isRecord(body) && Array.isArray(body['accounts'])
}
