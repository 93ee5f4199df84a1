// The dry run against the real service: it spends nothing, and what it announces is what happens. And routes by what the ledger has seen.
import assert from 'node:assert/strict'
import diagnostics from 'node:diagnostics_channel'
import { after, describe, test } from 'node:test'
import { z } from 'zod'
import type { GenerationRequest, PlanPreview } from '../../src/contract/index.ts'
import { planPreviewSchema } from '../../src/gateway/routes/preview-plan.ts'
import { cliRun } from '../unit/cli/cli-run.ts'
import { execute } from '../unit/ledger/fixtures.ts'
import { patient, startService } from '../helpers/service.ts'

const answerSchema = z.object({ plan: planPreviewSchema })
/** What undici publishes of a request; it describes this for whoever observes. */
const createdSchema = z.object({
  request: z.object({ origin: z.unknown(), method: z.string(), path: z.string(), headers: z.unknown(), body: z.unknown() }),
})

const service = await startService({ after }, { timings: patient })
const posts = watchPosts()

async function preview(request: GenerationRequest): Promise<PlanPreview> {
  const answer = await service.post('/v1/plans', request)
  const text = await answer.text()
  assert.equal(answer.status, 200, text)
  return answerSchema.parse(JSON.parse(text)).plan
}

const tables = ['generations', 'attempts', 'hints', 'images', 'permits', 'line', 'accounts', 'budgets', 'budget_usage'] as const

async function everyRow(): Promise<Record<string, unknown>[]> {
  const counts = tables.map((table) => `(select coalesce(jsonb_agg(to_jsonb(${table})), '[]') from ${table}) as ${table}`)
  return execute(service.workerInput.ledger, `select ${counts.join(', ')}`)
}

interface Post {
  url: string
  headers: Record<string, string>
  body: string
}

/** The one thing that nobody can know before: the seal of the attempt. */
const hideSeal = (body: string): string => body.replace(/(\/v1\/callbacks\/[a-z]+\/)[\w.~-]+/, '$1***')

/** Every POST that this process makes, as undici tells it. */
function watchPosts(): Post[] {
  const seen: Post[] = []
  const note = (message: unknown): void => {
    const { request } = createdSchema.parse(message)
    if (request.method !== 'POST') return
    const body = typeof request.body === 'string' || Buffer.isBuffer(request.body) ? request.body.toString() : ''
    const flat = Array.isArray(request.headers) ? request.headers.map(String) : []
    const headers: Record<string, string> = {}
    for (let at = 0; at + 1 < flat.length; at += 2) headers[flat[at] ?? ''] = flat[at + 1] ?? ''
    seen.push({ url: `${String(request.origin)}${request.path}`, headers, body })
  }
  diagnostics.subscribe('undici:request:create', note)
  after(() => diagnostics.unsubscribe('undici:request:create', note))
  return seen
}

describe('a plan that is only looked at', { timeout: 240_000 }, () => {
  test('asks no provider and writes no row, refused or not', async () => {
    await service.ledger.setBudget({ mode: 'mock', tenant: null, period: 'month' }, 100)
    const before = { rows: await everyRow(), requests: service.simulator.requests().length }
    await preview({ model: 'nano-banana', prompt: 'planned fox' })
    await preview({ model: 'nano-banana', prompt: 'planned fox', route: { prefer: 'fastest', models: ['z-image'] } })
    assert.equal((await service.post('/v1/plans', { model: 'nano-banana' })).status, 422)
    const cli = await cliRun(['generate', '--dry-run', 'a planned fox', '--url', service.url])
    assert.equal(cli.exitCode, 0, cli.stderr)
    assert.match(cli.stdout, /Dry run: nothing was sent, reserved or written/)
    assert.deepEqual({ rows: await everyRow(), requests: service.simulator.requests().length }, before)
    let workflows = 0
    for await (const _ of service.client.workflow.list()) workflows += 1
    assert.equal(workflows, 0)
    await service.ledger.removeBudget({ mode: 'mock', tenant: null, period: 'month' })
  })

  for (const request of [
    { model: 'nano-banana', prompt: 'announced fox', aspectRatio: '16:9', seed: 7 },
    { model: 'gpt-image-1', prompt: 'announced owl', referenceImages: ['https://pictures.example/owl.png'] },
    { model: 'flux-kontext-max', prompt: 'announced hare', outputFormat: 'png' },
    { model: 'midjourney', prompt: 'announced crow', aspectRatio: '16:9' },
    { model: 'imagen-4-fast', prompt: 'announced moles', seed: 7, count: 2 },
    { model: 'gpt-image-2', prompt: 'announced stag', aspectRatio: '1:1', resolution: '2K', route: { providers: ['defapi'] } },
  ] satisfies GenerationRequest[]) {
    test(`is what happens then: ${request.prompt}`, async () => {
      const plan = await preview(request)
      const generation = await service.generate(request)
      assert.equal(generation.status, 'completed')
      const [announced] = plan.route
      assert.ok(announced)
      const sent = posts.filter(({ body }) => body.includes(request.prompt) && !body.includes('"route"'))
      for (const { url, headers, body } of sent) {
        assert.equal(url, announced.request.url)
        assert.deepEqual({ ...headers, authorization: 'Bearer ***' }, announced.request.headers)
        assert.match(headers['authorization'] ?? '', /^Bearer mock/)
        assert.notEqual(hideSeal(body), body)
      }
      const told = JSON.stringify(announced.request.body)
      const seeds = announced.itemSeeds
      const seedAt = ({ field, values }: NonNullable<typeof seeds>, n: number): string =>
        `"${field}":${JSON.stringify(values[n])}`
      const bodies = Array.from({ length: announced.tasks }, (_, n) =>
        seeds === null ? told : told.replace(seedAt(seeds, 0), seedAt(seeds, n)),
      )
      assert.deepEqual(new Set(sent.map(({ body }) => hideSeal(body))), new Set(bodies))
      assert.equal(sent.length, announced.tasks)
      const [attempt] = generation.attempts
      assert.deepEqual([attempt?.provider, attempt?.model], [announced.provider, announced.model])
      assert.deepEqual(
        generation.decisions.slice(0, plan.decisions.length).map(({ decision, because }) => ({ decision, because })),
        plan.decisions,
      )
      assert.deepEqual(generation.fidelity, announced.fidelity)
    })
  }
})

/** Attempts as they would be after some time; each of a generation of its own. */
async function tried(provider: string, count: number, { tookMs = 1_000, failed = 0 }): Promise<void> {
  const ids = Array.from({ length: count }, (_, at) => `gen_${provider}_${tookMs}_${at}`)
  await execute(
    service.workerInput.ledger,
    `insert into generations (id, request_sha256, request, mode, status, closed_at)
     select id, 'a', '{"model":"nano-banana"}', 'mock', 'completed', clock_timestamp() from unnest($1::text[]) as id`,
    [ids],
  )
  await execute(
    service.workerInput.ledger,
    `insert into attempts (generation_id, item, attempt, provider, account, base_url, mode, api, model, request_sha256, state, outcome,
       reason, send_started_at, end_known_at)
     select id, 0, 1, $2, 'default', 'http://127.0.0.1:9', 'mock', 'market', 'google/nano-banana', 'b', state, state,
       case state when 'failed' then 'provider_fault' end, clock_timestamp(), clock_timestamp() + $3 * interval '1 millisecond'
     from (select id, case when number <= $4 then 'failed' else 'succeeded' end as state
       from unnest($1::text[]) with ordinality as given (id, number)) as made`,
    [ids, provider, tookMs, failed],
  )
}

describe('a route by preference', { timeout: 240_000 }, () => {
  test('keeps the order until enough was seen, then asks the faster and the steadier one first, and says why', async () => {
    const ask = async (prefer: 'fastest' | 'steadiest', prompt: string) => {
      const generation = await service.generate({ model: 'nano-banana', prompt, route: { prefer } })
      assert.equal(generation.status, 'completed')
      return {
        servedBy: generation.servedBy?.provider,
        said: generation.decisions.slice(0, 2).map(({ decision, because }) => `${decision}: ${because}`),
      }
    }
    const early = await ask('fastest', 'early fox')
    assert.equal(early.servedBy, 'kie')
    assert.match(early.said[0] ?? '', /^route kie, then defapi: AI_PROVIDER puts kie first$/)
    assert.match(early.said[1] ?? '', /^prefer fastest: order kept: kie has \d and defapi has 0 of at least 20 recent pictures$/)

    await tried('kie', 40, { tookMs: 30_000, failed: 15 })
    await tried('defapi', 30, { tookMs: 5_000 })
    const later = await ask('fastest', 'later fox')
    assert.equal(later.servedBy, 'defapi')
    assert.deepEqual(later.said[0], 'route defapi, then kie: the request prefers the fastest')
    assert.match(
      later.said[1] ?? '',
      /^prefer fastest: defapi before kie: defapi p50 5\.0 s \(\S+ to 5\.0\) of 3\d, kie p50 30\.0 s \(30\.0 to 30\.0\) of 2\d$/,
    )
    const steady = await ask('steadiest', 'steady fox')
    assert.equal(steady.servedBy, 'defapi')
    assert.match(steady.said[1] ?? '', /^prefer steadiest: defapi before kie: defapi 100\.0 % of 3\d, kie 6\d\.\d % of 4\d$/)
  })
})
