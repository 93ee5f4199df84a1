// The simulator is a process of its own: driven and read through its control endpoints.
import type { FaultRule } from '../../src/simulator/faults/rule.ts'
import type { LedgerEntry, RequestEntry } from '../../src/simulator/ledger.ts'

export interface SimulatorClient {
  addresses: { url: string; kieUrl: string; kieUploadUrl: string; defapiUrl: string; filesUrl: string }
  addFaults(rules: readonly FaultRule[]): Promise<void>
  removeFault(id: string): Promise<void>
  clearFaults(): Promise<void>
  /** how often each rule has struck, by id */
  faultCounts(): Promise<Record<string, number>>
  ledger(): Promise<LedgerEntry[]>
  requests(): Promise<RequestEntry[]>
}

export async function simulatorClient(url: string): Promise<SimulatorClient> {
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${url}/__simulator/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    if (!response.ok) throw new Error(`the simulator answered ${response.status} to ${method} ${path}: ${await response.text()}`)
    return response.json()
  }
  const list = async (path: string, name: string): Promise<unknown[]> => {
    const value = fieldOf(await ask('GET', path), name)
    return Array.isArray(value) ? value : []
  }
  const health = await ask('GET', 'health')
  const address = (name: string): string => String(fieldOf(health, name))
  return {
    addresses: {
      url,
      kieUrl: address('kieUrl'),
      kieUploadUrl: address('kieUploadUrl'),
      defapiUrl: address('defapiUrl'),
      filesUrl: address('filesUrl'),
    },
    addFaults: async (rules) => {
      if (rules.length > 0) await ask('POST', 'faults', rules)
    },
    removeFault: async (id) => void (await ask('DELETE', `faults/${encodeURIComponent(id)}`)),
    clearFaults: async () => void (await ask('DELETE', 'faults')),
    faultCounts: async () => {
      const counts = fieldOf(await ask('GET', 'faults'), 'counts')
      return typeof counts === 'object' && counts !== null
        ? Object.fromEntries(Object.entries(counts).map(([id, count]) => [id, Number(count)]))
        : {}
    },
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own simulator's words, typed at their source
    ledger: async () => (await list('ledger', 'entries')) as LedgerEntry[],
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own simulator's words, typed at their source
    requests: async () => (await list('requests', 'requests')) as RequestEntry[],
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
