// One run against one provider: probes from the cheapest up, each exchange recorded and judged. Nothing is sent that the cap has no room for,
// and after the first submit whose answer is not understood no other one is sent.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Provider, Snapshot } from '../../src/providers/provider.ts'
import { createProviders } from '../../src/providers/registry.ts'
import { DownloadError } from '../../src/storage/download-error.ts'
import { downloadImage } from '../../src/storage/safe-download.ts'
import { judge } from './judge.ts'
import type { Drift } from './judge.ts'
import { readKnownReplies } from './known-replies.ts'
import type { KnownReplies } from './known-replies.ts'
import { BadInput, money } from './options.ts'
import type { LiveOptions, PaidPlan } from './options.ts'
import { freeProbes, meaningOf, paidProbe, queryProbe, rightAccount, wrongAccount } from './probes.ts'
import type { Answer, Probe } from './probes.ts'
import { createPurse } from './purse.ts'
import type { Purse } from './purse.ts'
import { makeFolder, withoutLeak, writeFiles } from './recording.ts'
import { startRecorder } from './record-exchanges.ts'
import { createExchangeRedactor } from './redact-exchange.ts'
import type { RecordedExchange, Redactor } from './redact-exchange.ts'

export interface ProbeResult {
  id: string
  title: string
  /** what darkroom made of it; null: it was not sent */
  meaning: string | null
  /** why it was not sent */
  skipped: string | null
  exchanges: number
}

export interface LiveReport {
  provider: LiveOptions['provider']
  baseUrl: string
  model: string | null
  startedAt: string
  capUsd: number
  /** list prices of what was paid, or may have been */
  spentUsd: number
  /** what the provider says that its task took; null: no task, or it did not say */
  toldUsd: number | null
  /** one that was found is drift, whatever became of the run after it */
  verdict: 'no drift' | 'drift' | 'not reachable' | 'interrupted'
  probes: ProbeResult[]
  drifts: Drift[]
  /** folder of the recording */
  recording: string
}

interface Run {
  options: LiveOptions
  client: Provider
  known: KnownReplies
  purse: Purse
  redactor: Redactor
  recorder: ReturnType<typeof startRecorder>
  say: (line: string) => void
  probes: ProbeResult[]
  drifts: Drift[]
  exchanges: RecordedExchange[]
  /** probes whose newest exchange got no reply */
  lost: Set<string>
  /** nothing new is sent once it is aborted; what is on the wire is waited for, since it may be paid */
  signal: AbortSignal
  /** why no submit may be sent any more */
  closed: string | null
}

/** Clients poll every 2 to 10 s; one task does not hurry anybody. */
const defaultPollMs = 3_000
/** As long as both providers were seen not to find a task that they had just made. */
const notFoundGraceMs = 30_000

interface Settings {
  pollMs?: number
  nowMs?: number
  signal?: AbortSignal
}

export async function runLive(
  options: LiveOptions,
  say: (line: string) => void,
  { pollMs = defaultPollMs, nowMs = Date.now(), signal = new AbortController().signal }: Settings = {},
): Promise<LiveReport> {
  const startedAt = new Date(nowMs).toISOString()
  // Before anything is sent: a picture that was paid for is to be written down.
  const recording = await makeFolder(options, startedAt)
  const wrongKey = `wrong-key-${randomBytes(12).toString('hex')}`
  const run: Run = {
    options,
    client: createClient(options, wrongKey),
    known: readKnownReplies(options.provider),
    purse: createPurse(options.capUsd),
    redactor: createExchangeRedactor([options.apiKey, wrongKey]),
    recorder: startRecorder(),
    say,
    probes: [],
    drifts: [],
    exchanges: [],
    lost: new Set(),
    signal,
    closed: null,
  }
  const ending: Ending = { toldUsd: null, startedAt, recording }
  try {
    ending.toldUsd = await askAll(run, pollMs)
  } catch (error) {
    // What was asked, and perhaps paid, until here is written down all the same.
    await writeRecording(run, ending)
    throw error
  } finally {
    run.recorder.stop()
  }
  return await writeRecording(run, ending)
}

/** What the provider says that the paid task took. */
async function askAll(run: Run, pollMs: number): Promise<number | null> {
  const { provider, paid } = run.options
  for (const probe of freeProbes(provider)) {
    const answer = await doProbe(run, probe)
    if (run.lost.has(probe.id)) return null
    if (probe.id === 'balance' && answer?.outcome.kind === 'unreadable')
      throw new BadInput(`the balance cannot be read with this key: ${run.redactor.text(answer.outcome.message)}`)
  }
  return paid === null ? null : await doPaid(run, paid, pollMs)
}

function createClient({ provider, baseUrl, apiKey }: LiveOptions, wrongKey: string): Provider {
  const accounts = [
    { name: rightAccount, apiKey },
    { name: wrongAccount, apiKey: wrongKey },
  ]
  const client = createProviders({
    kie: { accounts: provider === 'kie' ? accounts : [], baseUrl, uploadBaseUrl: baseUrl, webhookHmacKeys: [] },
    defapi: { accounts: provider === 'defapi' ? accounts : [], baseUrl },
  }).get(provider)
  if (client === undefined) throw new TypeError(`no client for ${provider}`)
  return client
}

/** Null: it was not sent. */
async function doProbe(run: Run, probe: Probe): Promise<Answer | null> {
  const { purse, options } = run
  const risk = probe.riskUsd ?? 0
  const isSubmit = probe.question === 'submit'
  const obstacle = run.signal.aborted ? 'interrupted' : isSubmit ? (run.closed ?? roomFor(run, risk)) : null
  if (obstacle !== null) {
    run.probes.push({ id: probe.id, title: probe.title, meaning: null, skipped: obstacle, exchanges: 0 })
    return null
  }
  const { result: answer, exchanges } = await run.recorder.record(() => probe.ask(run.client))
  const meaning = meaningOf(answer)
  if (answer.question === 'submit') {
    purse.settle(risk, answer.outcome)
    if (!probe.expected.includes(meaning)) run.closed = `no more submits: "${probe.title}" was answered in another way than known`
    // For whoever has to look for it at the provider; in the recording it has another name.
    if (answer.outcome.kind === 'accepted') run.say(`A task was made: ${answer.outcome.providerTaskId}`)
  }
  const isAccount = probe.question === 'balance'
  for (const exchange of exchanges) {
    if (exchange.status === null) run.lost.add(probe.id)
    else run.lost.delete(probe.id)
    const asked = { ...probe, probe: probe.id, provider: options.provider, exchange, meaning }
    for (const drift of exchange.status === null ? [] : judge(asked, run.known)) note(run, drift)
    run.exchanges.push(run.redactor.exchange(probe.id, exchange, { isAccount }))
  }
  const before = run.probes.find(({ id }) => id === probe.id)
  if (before === undefined)
    run.probes.push({ id: probe.id, title: probe.title, meaning, skipped: null, exchanges: exchanges.length })
  else Object.assign(before, { meaning, exchanges: before.exchanges + exchanges.length })
  return answer
}

/** Sets it aside; else why not. */
function roomFor({ purse, options }: Run, riskUsd: number): string | null {
  return purse.setAside(riskUsd) ? null : `no room for ${money(riskUsd)} under the cap of ${money(options.capUsd)}`
}

/** A poll that says the same as the one before is no news, also where its task is further. */
function note(run: Run, drift: Drift): void {
  const text = (foreign: string): string => run.redactor.text(foreign)
  const clean = { ...drift, where: text(drift.where), known: text(drift.known), seen: text(drift.seen) }
  const isTold = run.drifts.some(
    ({ probe, kind, where }) => probe === clean.probe && kind === clean.kind && where === clean.where,
  )
  if (!isTold) run.drifts.push(clean)
}

/** One picture to its end. Returns what the provider says it took. */
async function doPaid(run: Run, plan: PaidPlan, pollMs: number): Promise<number | null> {
  const submitted = await doProbe(run, paidProbe(plan.request, plan.priceUsd))
  if (submitted?.question !== 'submit' || submitted.outcome.kind !== 'accepted') return null
  const snapshot = await pollToEnd(run, plan, submitted.outcome.providerTaskId, pollMs)
  if (snapshot === null) return null
  const toldUsd = snapshot.cost?.usd ?? null
  if (plan.isListed && toldUsd !== null && snapshot.state === 'succeeded' && Math.abs(toldUsd - plan.priceUsd) > 1e-6)
    note(run, { probe: 'poll', kind: 'other_price', where: plan.model, known: `$${plan.priceUsd}`, seen: `$${toldUsd}` })
  const [link] = snapshot.sourceUrls
  if (link !== undefined && !run.signal.aborted) await followLink(run, link)
  return toldUsd
}

async function pollToEnd(run: Run, { request }: PaidPlan, taskId: string, pollMs: number): Promise<Snapshot | null> {
  const startedMs = performance.now()
  const ends = ['snapshot pending', 'snapshot succeeded', 'snapshot failed']
  while (!run.signal.aborted) {
    const waitedMs = performance.now() - startedMs
    const expected = waitedMs < notFoundGraceMs ? [...ends, 'not_found'] : ends
    const answer = await doProbe(run, queryProbe('poll', 'that task, until its end', request.api, taskId, expected))
    const outcome = answer?.question === 'query' ? answer.outcome : null
    if (outcome?.kind === 'snapshot' && outcome.snapshot.state !== 'pending') return outcome.snapshot
    if (waitedMs > run.options.timeoutMs) {
      // Who does not answer has not been seen to do anything else than before.
      if (run.lost.has('poll')) return null
      const seen = `none after ${Math.round(waitedMs / 1000)} s`
      note(run, { probe: 'poll', kind: 'other_meaning', where: 'darkroom', known: 'an end of the task', seen })
      return null
    }
    await sleep(pollMs, undefined, { signal: run.signal }).catch(() => undefined)
  }
  return null
}

/** By the product's own guarded download, into a folder that goes away. */
async function followLink(run: Run, link: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-live-'))
  // The pictures of a simulator are on this machine too.
  const allow = run.options.baseUrl.startsWith('http://') ? ['127.0.0.1', 'localhost'] : []
  try {
    const { result, exchanges } = await run.recorder.record(() =>
      downloadImage(link, { tempFolder: folder, allow }).then(
        ({ contentType }) => contentType,
        (error: unknown) => {
          if (error instanceof DownloadError) return `refused: ${error.code}`
          throw error
        },
      ),
    )
    run.probes.push({ id: 'link', title: 'its link', meaning: result, skipped: null, exchanges: exchanges.length })
    for (const exchange of exchanges) run.exchanges.push(run.redactor.exchange('link', exchange))
    if (result.startsWith('refused'))
      note(run, { probe: 'link', kind: 'other_meaning', where: 'darkroom', known: 'a whole picture', seen: result })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

type Ending = Pick<LiveReport, 'toldUsd' | 'startedAt' | 'recording'>

async function writeRecording(run: Run, { toldUsd, startedAt, recording }: Ending): Promise<LiveReport> {
  const { options } = run
  const clean = (text: string): string => withoutLeak(run.redactor, text)
  const report: LiveReport = {
    provider: options.provider,
    baseUrl: options.baseUrl,
    model: options.paid?.model ?? null,
    startedAt,
    capUsd: options.capUsd,
    spentUsd: run.purse.spentUsd(),
    toldUsd,
    verdict: verdictOf(run),
    probes: run.probes.map((probe) => ({ ...probe, meaning: probe.meaning === null ? null : clean(probe.meaning) })),
    drifts: run.drifts.map(({ where, known, seen, ...rest }) => ({
      ...rest,
      where: clean(where),
      known: clean(known),
      seen: clean(seen),
    })),
    recording,
  }
  await writeFiles(run.redactor, recording, run.exchanges, report)
  return report
}

function verdictOf({ drifts, lost, signal }: Run): LiveReport['verdict'] {
  if (drifts.length > 0) return 'drift'
  if (signal.aborted) return 'interrupted'
  return lost.size > 0 ? 'not reachable' : 'no drift'
}
