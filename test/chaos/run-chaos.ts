// One run: processes up, load and faults, faults off, everything at rest, records.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ends } from '../helpers/at-end.ts'
import { ask, createClient, runClient } from './client.ts'
import type { ChaosClient } from './client.ts'
import { startCluster } from './cluster.ts'
import type { Cluster } from './cluster.ts'
import type { ChaosRecords } from './checker/records.ts'
import { lookAtStore, readComplaints, readGenerations, readListedIds, readPictures, searchForSecrets } from './collect.ts'
import type { Evidence } from './evidence.ts'
import { forgerRows, runForger } from './forger.ts'
import { countOpen, fetchHistories, replayAll } from './histories.ts'
import { crashRows } from './nemesis-rows.ts'
import { dealCrashes, plannedEvents, runNemesis } from './nemesis.ts'
import type { ChaosOptions } from './options.ts'
import { makePlan } from './plan.ts'
import type { PlannedGeneration } from './plan.ts'
import type { RunFacts } from './report.ts'
import { chaosLimits, chaosTimings } from './service-input.ts'
import { dealAgain, strikesOf } from './strikes.ts'
import type { Strikes } from './strikes.ts'

/** Every submit takes a moment, so that a process can die while it waits for the reply. */
const backgroundLatency = { id: 'background', fault: 'latency', on: 'submit', delayMs: 20, jitterMs: 60 } as const

/** Below this there is no time for every row of processes to strike: then those that did are all that was planned. */
const quotaFrom = 100

const forgeEveryMs = 150

/** I1 allows the deadline and a minute; nobody is waited for longer than that. */
const restWithinMs = ({ timeScale }: ChaosOptions): number => chaosTimings.generationDeadlineMs * timeScale + 60_000

interface Counts {
  nemesis: Map<string, number>
  forger: Map<string, number>
}

export async function runChaos(
  t: Ends,
  options: ChaosOptions,
  print: (line: string) => void,
): Promise<{ evidence: Evidence; facts: RunFacts }> {
  const startedMs = performance.now()
  const say = (line: string): void => print(`${((performance.now() - startedMs) / 1_000).toFixed(1).padStart(6)} s  ${line}`)
  const plan = makePlan(options)
  const counts: Counts = { nemesis: new Map(), forger: new Map() }
  const firedOf = (row: string): number => cluster?.exits.filter((exit) => exit.row === row).length ?? 0
  const dealer = dealCrashes({
    seed: options.seed,
    generations: options.generations,
    rows: options.nemesis ? options.rows : [],
    firedOf,
  })
  let cluster: Cluster | null = null
  cluster = await startCluster(t, options, dealer.next)
  await cluster.simulator.addFaults([backgroundLatency, ...plan.flatMap(({ rules }) => rules)])
  say(`${plan.length} generations, seed ${options.seed}: gateway, two workers, Temporal on a file, ledger and simulator are up`)

  const client = createClient()
  const loadStartedMs = performance.now()
  await underLoad(cluster, client, plan, options, counts, options.verbose ? say : () => undefined, say)
  dealer.stop()
  const { seed, lanes } = options
  const more = await dealAgain(plan, cluster, client, { seed, lanes, withinMs: restWithinMs(options), say })
  const asked = [...plan, ...more]
  const loadSeconds = (performance.now() - loadStartedMs) / 1_000

  await cluster.simulator.clearFaults()
  const lastFaultAtMs = Date.now()
  await replaceArmedProcesses(cluster)
  say('faults are off; waiting until everything is at rest')
  await untilAtRest(cluster, client, options)
  const endedAtMs = Date.now()
  say('at rest; reading the records')
  const evidence = await collect(cluster, client, asked, options, counts, { lastFaultAtMs, endedAtMs })
  const killed = cluster.exits.filter(({ row }) => row !== null && row !== 'stop').length
  return { evidence, facts: { options, loadSeconds, killed, seconds: (performance.now() - startedMs) / 1_000 } }
}

async function underLoad(
  cluster: Cluster,
  client: ChaosClient,
  plan: readonly PlannedGeneration[],
  options: ChaosOptions,
  counts: Counts,
  detail: (line: string) => void,
  say: (line: string) => void,
): Promise<void> {
  const faultsOff = new AbortController()
  const giveUp = new AbortController()
  const { seed, rows, lanes, timeScale } = options
  const nemesis = options.nemesis
    ? runNemesis(cluster, { seed, rows, timeScale, stop: faultsOff.signal, say: detail }, counts.nemesis)
    : Promise.resolve()
  const forger = runForger(cluster, client, { seed, everyMs: forgeEveryMs, stop: faultsOff.signal, rows }).then((fired) => {
    counts.forger = fired
  })
  const load = runClient(client, cluster.gatewayUrl, plan, { lanes, giveUp: giveUp.signal })
  // Progress, so that a run of many minutes is seen to move.
  const progress = setInterval(() => {
    say(`${client.entries.length} asked for, ${client.entries.filter(({ final }) => final !== null).length} ended`)
  }, 15_000)
  try {
    while (
      client.entries.length < plan.length ||
      client.entries.some(({ ids, refused }) => ids.length === 0 && refused === null)
    ) {
      await sleep(100)
    }
    // The last ones were accepted: no more kills, but what the plan gave them still strikes.
    faultsOff.abort()
    await Promise.all([nemesis, forger])
    const tooLong = setTimeout(() => giveUp.abort(), restWithinMs(options))
    await load
    clearTimeout(tooLong)
  } finally {
    clearInterval(progress)
    faultsOff.abort()
  }
}

/** A process that still carries a crash order is exchanged for one that does not. */
async function replaceArmedProcesses(cluster: Cluster): Promise<void> {
  await Promise.all(
    [cluster.gateway, ...cluster.workers].map(async (child) => {
      await child.stop()
      await child.start()
    }),
  )
}

async function untilAtRest(cluster: Cluster, client: ChaosClient, options: ChaosOptions): Promise<void> {
  const endMs = performance.now() + restWithinMs(options)
  while (performance.now() < endMs) {
    if (client.open().length === 0 && (await countOpen(cluster.temporal.client)) === 0) return
    await sleep(250)
  }
}

async function collect(
  cluster: Cluster,
  client: ChaosClient,
  plan: readonly PlannedGeneration[],
  options: ChaosOptions,
  counts: Counts,
  times: { lastFaultAtMs: number; endedAtMs: number },
): Promise<Evidence> {
  const generations = await readGenerations(cluster, client)
  const listedIds = await readListedIds(cluster)
  const pictures = await readPictures(cluster, generations)
  // One address that does not exist, so that the tally has at least one answer of a healthy gateway.
  await ask(client.tally, `${cluster.gatewayUrl}/v1/generations/none`, {})
  const strikes = await strikesOf(plan, cluster, client)
  const [tasks, requests] = [await cluster.simulator.ledger(), await cluster.simulator.requests()]
  for (const child of [cluster.gateway, ...cluster.workers]) await child.stop()
  const histories = await fetchHistories(cluster.temporal.client)
  const replay = await replayAll(options.root, histories)
  const records: ChaosRecords = {
    plan,
    client: client.entries,
    http: { byStatus: Object.fromEntries([...client.tally.byStatus].toSorted(([a], [b]) => a - b)), faults: client.tally.faults },
    generations,
    listedIds,
    pictures,
    histories: histories.map(({ record }) => record),
    replay,
    tasks,
    requests,
    searches: await searchForSecrets(cluster, histories, generations),
    exits: cluster.exits,
    complaints: await readComplaints(cluster),
    left: await lookAtStore(cluster, generations),
    rows: rowRecords(strikes, plan.length >= quotaFrom, options, counts, cluster),
    ...times,
    limits: {
      generationDeadlineMs: chaosTimings.generationDeadlineMs * options.timeScale,
      createsPerWindow: chaosLimits.creates,
      windowMs: chaosLimits.windowMs,
      maxInFlight: chaosLimits.maxInFlight,
      leaseMs: chaosTimings.attemptDeadlineMs * options.timeScale,
    },
  }
  return { records, logFiles: cluster.logFiles, histories }
}

/** `hasQuota`: each row of processes must have struck. */
function rowRecords(
  strikes: readonly Strikes[],
  hasQuota: boolean,
  options: ChaosOptions,
  counts: Counts,
  cluster: Cluster,
): ChaosRecords['rows'] {
  const isChosen = (id: string): boolean => options.nemesis && (options.rows?.includes(id) ?? true)
  const crashed = crashRows
    .filter(({ id }) => isChosen(id))
    .map(({ id }) => ({ id, fired: cluster.exits.filter(({ row }) => row === id).length }))
  const events = (options.nemesis ? plannedEvents(options.rows) : []).map((id) => ({ id, fired: counts.nemesis.get(id) ?? 0 }))
  const forged = forgerRows
    .filter(({ id }) => options.rows?.includes(id) ?? true)
    .map(({ id }) => ({ id, fired: counts.forger.get(id) ?? 0 }))
  const ofProcesses = [...crashed, ...events, ...forged].map(({ id, fired }) => ({ id, fired, planned: hasQuota ? 1 : fired }))
  return [...strikes, ...ofProcesses].toSorted((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }))
}
