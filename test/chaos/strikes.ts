// How often each row of the plan has struck, and a second chance for those that have not.
import { runClient } from './client.ts'
import type { ChaosClient } from './client.ts'
import type { Cluster } from './cluster.ts'
import { countRows } from './collect.ts'
import { planAgain } from './plan.ts'
import type { PlannedGeneration } from './plan.ts'

export interface Strikes {
  id: string
  planned: number
  fired: number
}

/** What the caller does itself; all else is done by the simulator. */
const isCallers = (row: string): boolean => row === 'U1' || row === 'U2' || row === 'K12'

export async function strikesOf(
  plan: readonly PlannedGeneration[],
  { simulator }: Cluster,
  client: ChaosClient,
): Promise<Strikes[]> {
  const bySimulator = countRows(await simulator.faultCounts())
  const planned = new Map<string, number>()
  for (const { rows } of plan) for (const row of rows) planned.set(row, (planned.get(row) ?? 0) + 1)
  return [...planned].map(([id, times]) => ({
    id,
    planned: times,
    fired: (isCallers(id) ? client.fired.get(id) : bySimulator.get(id)) ?? 0,
  }))
}

/** Two: alone, and with nobody killed, a row that has not struck by then does not strike (I13). */
const rounds = 2

/**
 * A generation may end before its fault can strike: a download never begins where every deadline passed while processes were killed. Its
 * row is given to another one. Answers what was asked for beyond the plan.
 */
export async function dealAgain(
  plan: readonly PlannedGeneration[],
  cluster: Cluster,
  client: ChaosClient,
  options: { seed: number; lanes: number; withinMs: number; say: (line: string) => void },
): Promise<PlannedGeneration[]> {
  const more: PlannedGeneration[] = []
  for (let round = 0; round < rounds; round += 1) {
    const missed = (await strikesOf([...plan, ...more], cluster, client)).filter(({ fired }) => fired === 0).map(({ id }) => id)
    if (missed.length === 0) break
    options.say(`${missed.join(', ')} could not strike yet: dealt again`)
    const dealt = planAgain(options.seed, missed, plan.length + more.length)
    await cluster.simulator.addFaults(dealt.flatMap(({ rules }) => rules))
    await runClient(client, cluster.gatewayUrl, dealt, { lanes: options.lanes, giveUp: AbortSignal.timeout(options.withinMs) })
    more.push(...dealt)
  }
  return more
}
