// An attacker who has seen callback addresses (they are in a provider's hands) and even the signing key: the C rows that come from outside.
// Nothing may change on its word (I12).
import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LedgerEntry } from '../../src/simulator/ledger.ts'
import type { Random } from '../../src/simulator/random.ts'
import { pick, randomOf } from '../../src/simulator/random.ts'
import { createCallbackTokens } from '../../src/tokens/tokens.ts'
import type { ChaosClient } from './client.ts'
import { ask, count } from './client.ts'
import type { Cluster } from './cluster.ts'

interface Target {
  generationId: string
  attempt: number
  /** a task of somebody else's */
  otherTaskId: string
}

interface Forgery {
  path: string
  body: string
  headers: Record<string, string>
}

interface ForgerRow {
  id: string
  text: string
  forge: (cluster: Cluster, target: Target, random: Random) => Forgery
}

const kieBody = (taskId: string, state: 'success' | 'fail', url: string): string =>
  JSON.stringify({
    code: state === 'success' ? 200 : 501,
    msg: state,
    data: { taskId, state, resultJson: JSON.stringify({ resultUrls: [url] }), failCode: state === 'fail' ? '500' : null },
  })

export const forgerRows: readonly ForgerRow[] = [
  {
    id: 'C4',
    text: "well signed, to this attempt's address, naming another generation's finished task",
    forge: (cluster, target) =>
      signed(cluster, target, kieBody(target.otherTaskId, 'success', linkOf(cluster, target)), target.otherTaskId),
  },
  {
    id: 'C4d',
    text: "DefAPI's door (unsigned), naming another generation's task",
    forge: (cluster, target) => ({
      path: `defapi/${tokenOf(cluster, target)}`,
      body: JSON.stringify({ task_id: target.otherTaskId, status: 'success', result: [{ image: linkOf(cluster, target) }] }),
      headers: {},
    }),
  },
  {
    id: 'C7b',
    text: 'genuine headers over a swapped body',
    forge: (cluster, target) => signed(cluster, target, kieBody(target.otherTaskId, 'fail', ''), target.otherTaskId),
  },
  {
    id: 'C8',
    text: 'signed an hour ago',
    forge: (cluster, target) => signed(cluster, target, kieBody(target.otherTaskId, 'success', ''), target.otherTaskId, -3_600),
  },
  {
    id: 'C9',
    text: 'signed for an hour from now',
    forge: (cluster, target) => signed(cluster, target, kieBody(target.otherTaskId, 'success', ''), target.otherTaskId, 3_600),
  },
  {
    id: 'C10',
    text: 'larger than any callback',
    forge: (cluster, target) => ({ ...signed(cluster, target, '{}', 'x'), body: `{"data":"${'x'.repeat(300 * 1_024)}"}` }),
  },
  {
    id: 'C11',
    text: 'deep, doubled, NUL, no JSON at all',
    forge: (cluster, target, random) => ({
      ...signed(cluster, target, '{}', 'x'),
      body: pick(random, [
        `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
        '{"data":{"taskId":"a","taskId":"b"}}',
        '{"data":"\u0000"}',
        '\ufeff{}',
        '{',
        '',
      ]),
    }),
  },
  {
    id: 'C14',
    text: 'a token that is nobody’s',
    forge: (_cluster, _target, random) => ({
      path: `kie/v1.AAAAAAAA.${Math.floor(random() * 2 ** 48)
        .toString(36)
        .repeat(8)}`,
      body: kieBody('x', 'success', ''),
      headers: {},
    }),
  },
]

const readBooksEvery = 20

/** Forges until it is told to stop. */
export async function runForger(
  cluster: Cluster,
  client: ChaosClient,
  options: { seed: number; everyMs: number; stop: AbortSignal; rows?: readonly string[] | null },
): Promise<Map<string, number>> {
  const random = randomOf(options.seed, 'forger')
  const fired = new Map<string, number>()
  const rows = forgerRows.filter(({ id }) => options.rows?.includes(id) ?? true)
  const [first, ...others] = rows
  if (first === undefined) return fired
  let tasks: LedgerEntry[] = []
  for (let number = 0; !options.stop.aborted; number += 1) {
    // The provider's books grow to a megabyte: not read each time.
    if (number % readBooksEvery === 0) tasks = await cluster.simulator.ledger()
    const target = chooseTarget(tasks, client, random)
    if (target !== null) {
      const row = rows[number % rows.length] ?? pick(random, [first, ...others])
      const { path, body, headers } = row.forge(cluster, target, random)
      const answer = await ask(client.tally, `${cluster.gatewayUrl}/v1/callbacks/${path}`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', ...headers },
      })
      if (answer !== null) count(fired, row.id)
    }
    await sleep(options.everyMs, undefined, { signal: options.stop }).catch(() => undefined)
  }
  return fired
}

/** One that listens for a lost reply is the best one to lie to. */
function chooseTarget(books: readonly LedgerEntry[], client: ChaosClient, random: Random): Target | null {
  const open = client.open()
  const listening = open.filter(({ entry }) => entry.readings.at(-1)?.status === 'listening')
  const candidates = listening.length > 0 ? listening : open
  const [first, ...others] = candidates
  if (first === undefined) return null
  const { id, entry } = pick(random, [first, ...others])
  const tasks = books.filter(({ prompt }) => !prompt.includes(entry.nonce))
  const [task, ...moreTasks] = tasks
  if (task === undefined) return null
  return { generationId: id, attempt: random() < 0.8 ? 1 : 2, otherTaskId: pick(random, [task, ...moreTasks]).taskId }
}

function tokenOf({ input }: Cluster, { generationId, attempt }: Target): string {
  return createCallbackTokens({ current: input.callbackSecret }).seal({ generationId, item: 0, attempt })
}

function linkOf({ simulator }: Cluster, { otherTaskId }: Target): string {
  return `${simulator.addresses.filesUrl}/files/${otherTaskId}_0.png`
}

function signed(cluster: Cluster, target: Target, body: string, taskId: string, shiftSeconds = 0): Forgery {
  const timestamp = String(Math.floor(Date.now() / 1_000) + shiftSeconds)
  const signature = createHmac('sha256', cluster.input.webhookHmacKey).update(`${taskId}.${timestamp}`).digest('base64')
  return {
    path: `kie/${tokenOf(cluster, target)}`,
    body,
    headers: { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': signature },
  }
}
