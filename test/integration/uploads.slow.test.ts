// Pictures that only we have, on their way to a provider: its own copy at Kie, a signed link of ours at DefAPI. The simulator's books say
// how each picture came and which bytes it had.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, describe, test } from 'node:test'
import type { Generation, GenerationRequest } from '../../src/contract/index.ts'
import { endOf } from '../helpers/attempt-end.ts'
import { patient, startService } from '../helpers/service.ts'
import type { Service } from '../helpers/service.ts'
import { execute } from '../unit/ledger/fixtures.ts'
import { makePng, pngChunk } from '../unit/storage/samples.ts'

const [service, unreachable] = await Promise.all([
  startService({ after }, { timings: patient }),
  // Providers cannot reach this one, and the first of its accounts at Kie has a key that Kie does not know.
  startService(
    { after },
    {
      timings: patient,
      callbacks: false,
      env: { KIE_ACCOUNTS: 'revoked=x,good=y' },
      simulator: { kieApiKeys: ['mock-good'] },
    },
  ),
])

interface Uploaded {
  name: string
  sha256: string
}

let made = 0

/** Another picture each time, of the same size: one may be the mask of another. */
async function upload(at: Service = service): Promise<Uploaded> {
  made += 1
  const bytes = makePng({ width: 31, height: 7, extra: [pngChunk('tEXt', Buffer.from(`Comment\0number ${made}`))] })
  const headers = { 'content-type': 'image/png' }
  const response = await fetch(`${at.url}/v1/uploads`, { method: 'POST', body: new Uint8Array(bytes), headers })
  assert.equal(response.status, 201, await response.clone().text())
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { name: `upload:${sha256}`, sha256 }
}

const foxFrom = ({ name }: Uploaded, prompt: string, more: Partial<GenerationRequest> = {}): GenerationRequest => ({
  model: 'nano-banana',
  prompt,
  referenceImages: [name],
  ...more,
})

/** How the pictures of each task came, with the bytes that the provider got. */
const referencesOf = (at: Service, { id }: Generation) =>
  at.tasksOf(id).map(({ provider, references }) => ({ provider, references }))

const uploadsToKie = (at: Service): number => at.simulator.requests().filter(({ point }) => point === 'upload').length

/** Everything that anybody keeps of a generation: history, rows, and what the gateway answers. */
async function everythingKept(at: Service, { id }: Generation): Promise<string> {
  const history = JSON.stringify(await at.handle(id).fetchHistory(), (_name, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString() : value,
  )
  const rows = await execute(
    at.workerInput.ledger,
    'select g.*, a.* from generations g join attempts a on a.generation_id = g.id where g.id = $1',
    [id],
  )
  return history + JSON.stringify(rows) + JSON.stringify(await at.read(id))
}

describe('an uploaded picture', { concurrency: 4, timeout: 240_000 }, () => {
  test('reaches Kie as a copy of its own, and no link and no byte of it is in history or rows', async () => {
    const fox = await upload()
    const generation = await service.generate(foxFrom(fox, 'copied to kie'))
    assert.equal(generation.status, 'completed', JSON.stringify(generation.failure))
    assert.equal(generation.servedBy?.model, 'google/nano-banana-edit')
    assert.deepEqual(referencesOf(service, generation), [{ provider: 'kie', references: [{ kind: 'copy', sha256: fox.sha256 }] }])
    const kept = await everythingKept(service, generation)
    assert.ok(kept.includes(fox.name), 'the name is there')
    assert.equal(kept.includes('/uploads/kieai/'), false, 'a link is there')
    assert.equal(kept.includes('base64,'), false, 'bytes are there')
  })

  test('is sent to Kie once for several generations', async () => {
    const fox = await upload()
    const first = await service.generate(foxFrom(fox, 'first of two'))
    const [link] = await linksTo(service, fox)
    const second = await service.generate(foxFrom(fox, 'second of two'))
    assert.deepEqual([first.status, second.status], ['completed', 'completed'])
    assert.deepEqual(await linksTo(service, fox), [link])
  })

  test('is sent anew when the link has come to its end', async () => {
    const fox = await upload()
    await service.generate(foxFrom(fox, 'before the end'))
    const [link] = await linksTo(service, fox)
    await execute(
      service.workerInput.ledger,
      "update upload_links set expires_at = now() + interval '59 minutes' where sha256 = $1",
      [fox.sha256],
    )
    const generation = await service.generate(foxFrom(fox, 'after the end'))
    assert.equal(generation.servedBy?.provider, 'kie')
    assert.notDeepEqual(await linksTo(service, fox), [link])
  })

  test('reaches DefAPI by a link of ours, which no record repeats', async () => {
    const [fox, owl] = [await upload(), await upload()]
    const request = foxFrom(fox, 'link at defapi', { route: { providers: ['defapi'] } })
    const generation = await service.generate({ ...request, referenceImages: [fox.name, owl.name] })
    assert.equal(generation.status, 'completed', JSON.stringify(generation.failure))
    assert.deepEqual(referencesOf(service, generation), [
      { provider: 'defapi', references: [fox, owl].map(({ sha256 }) => ({ kind: 'link', sha256 })) },
    ])
    assert.doesNotMatch(await everythingKept(service, generation), /\/v1\/uploads\/|v1\.[\w-]{8}\.[\w-]{100}/)
  })

  test('travels inside the request where DefAPI cannot reach us, and no record holds it', async () => {
    const fox = await upload(unreachable)
    const generation = await unreachable.generate(foxFrom(fox, 'data at defapi', { route: { providers: ['defapi'] } }))
    assert.equal(generation.status, 'completed', JSON.stringify(generation.failure))
    assert.deepEqual(referencesOf(unreachable, generation), [
      { provider: 'defapi', references: [{ kind: 'data', sha256: fox.sha256 }] },
    ])
    assert.equal((await everythingKept(unreachable, generation)).includes('base64,'), false)
  })

  test('is sent by another account when the first one may not: the link needs no key', async () => {
    const fox = await upload(unreachable)
    const request = foxFrom(fox, 'by the good account', { route: { providers: ['kie'] } })
    const generation = await unreachable.generate(request)
    assert.equal(generation.status, 'completed', JSON.stringify(generation.failure))
    assert.equal(generation.attempts[0]?.account, 'good')
    const links = await execute(unreachable.workerInput.ledger, 'select account from upload_links where sha256 = $1', [
      fox.sha256,
    ])
    assert.deepEqual(links, [{ account: 'good' }])
  })

  test('as a mask goes the same way', async () => {
    const [fox, mask] = [await upload(), await upload()]
    const generation = await service.generate(foxFrom(fox, 'masked', { model: 'ideogram-v3', mask: mask.name }))
    assert.equal(generation.status, 'completed', JSON.stringify(generation.failure))
    const [task] = referencesOf(service, generation)
    assert.deepEqual(new Set(task?.references.map(({ sha256 }) => sha256)), new Set([fox.sha256, mask.sha256]))
  })

  test('that is not here ends a workflow which another service started, before a row is written', async () => {
    const request = foxFrom({ name: `upload:${'f'.repeat(64)}`, sha256: '' }, 'never uploaded')
    const workflowId = `elsewhere_${Date.now()}`
    const run = service.client.workflow.execute('GenerateImage', { taskQueue: 'darkroom', workflowId, args: [request] })
    await assert.rejects(run, (error: Error) => {
      assert.match(String(error.cause), /names an upload that is not here/)
      return true
    })
    assert.equal(await service.ledger.readGeneration(workflowId), null)
  })

  test('too large to travel inside a request leaves DefAPI out of the route, with the reason', async () => {
    const sha256 = 'e'.repeat(64)
    await unreachable.ledger.addUpload({ sha256, sizeBytes: 11 * 2 ** 20, contentType: 'image/png', width: 9, height: 9 })
    const request = foxFrom({ name: `upload:${sha256}`, sha256 }, 'too large for data', { model: 'gpt-image-2' })
    const generation = await unreachable.generate(request)
    const left = generation.decisions.find(({ decision }) => decision === 'leave out defapi')
    assert.match(
      left?.because ?? '',
      /cannot reach this service for the pictures, and inside a request it is sent at most 10 MiB each and 20 MiB together/,
    )
    // Its file is not in the store: Kie is not asked for a task that it could not start from.
    assert.equal(generation.status, 'failed')
    assert.match(generation.failure?.message ?? '', /the upload eeeeeeeeeeee… is no longer here/)
    assert.equal(unreachable.tasksOf(generation.id).length, 0)
    assert.equal(generation.cost.usd, 0)
  })
})

// One after the other: these break the upload host or its files for everybody.
describe('when a picture cannot be sent', { concurrency: 1, timeout: 240_000 }, () => {
  test('an upload that expired early is noticed by its failed task, and sent anew to the same provider', async () => {
    const fox = await upload()
    const first = await service.generate(foxFrom(fox, 'before it expired'))
    assert.equal(first.servedBy?.provider, 'kie')
    assert.ok(service.simulator.expireUploads() > 0)
    const before = uploadsToKie(service)
    const prompt = 'https://example.com/style while it was dead'
    const second = await service.generate(foxFrom(fox, prompt, { route: { providers: ['kie'] } }))
    assert.equal(second.status, 'completed', JSON.stringify(second.failure))
    assert.deepEqual(
      second.attempts.map(({ provider, outcome, reason, cost }) => [provider, outcome, reason, cost.usd]),
      [
        ['kie', 'failed', 'upload_gone', 0],
        ['kie', 'succeeded', null, 0.02],
      ],
    )
    assert.equal(uploadsToKie(service), before + 1)
    const third = await service.generate(foxFrom(fox, 'after it was noticed'))
    assert.equal(third.servedBy?.provider, 'kie')
    assert.equal(uploadsToKie(service), before + 1)
  })

  test("a dead link of the caller's own beside ours is the caller's to mend, and ours is sent anew all the same", async () => {
    const fox = await upload()
    await service.generate(foxFrom(fox, 'alone at first'))
    service.simulator.expireUploads()
    const request = foxFrom(fox, 'beside a link', { referenceImages: [fox.name, 'https://pictures.example/owl.png'] })
    const generation = await service.generate(request)
    assert.equal(generation.status, 'failed')
    assert.equal(generation.failure?.type, 'InputRefused')
    assert.deepEqual(await linksTo(service, fox), [])
  })

  test('an upload host that is down uses up the tries, then the next provider serves, and Kie made no task', async () => {
    const fox = await upload()
    const id = service.fault({ provider: 'kie', on: 'upload', fault: 'http_500' })
    const generation = await service.generate(foxFrom(fox, 'upload host down'))
    await service.clearFault(id)
    assert.equal(generation.servedBy?.provider, 'defapi')
    const [first] = generation.attempts
    assert.deepEqual(endOf(first), { state: 'withdrawn', outcome: 'exhausted', reason: 'provider_fault', tries: 3, extra: false })
    assert.match(first?.message ?? '', /^upload: HTTP 500/)
    assert.equal(service.simulator.faultCounts()[id], 3)
    assert.deepEqual(
      service.tasksOf(generation.id).map(({ provider }) => provider),
      ['defapi'],
    )
  })

  test('an upload host that comes back is asked again, and the first provider serves', async () => {
    const fox = await upload()
    const id = service.fault({ provider: 'kie', on: 'upload', fault: 'reset_peer', times: 2 })
    const generation = await service.generate(foxFrom(fox, 'upload host comes back'))
    assert.equal(generation.servedBy?.provider, 'kie')
    assert.equal(service.simulator.faultCounts()[id], 2)
    assert.equal(generation.attempts[0]?.activityTries, 3)
    assert.equal(service.tasksOf(generation.id).length, 1)
  })

  test('the picture that arrived is not sent again by the try after the one that failed', async () => {
    const [fox, owl] = [await upload(), await upload()]
    const before = uploadsToKie(service)
    const id = service.fault({ provider: 'kie', on: 'upload', fault: 'html_page', after: 1, times: 1 })
    const generation = await service.generate({ ...foxFrom(fox, 'one of two arrived'), referenceImages: [fox.name, owl.name] })
    assert.equal(generation.servedBy?.provider, 'kie')
    assert.equal(service.simulator.faultCounts()[id], 1)
    assert.equal(uploadsToKie(service) - before, 3, 'fox, owl in vain, owl')
  })

  test('a cancel while a picture is being sent ends at once, and nothing was asked of the provider', async () => {
    const fox = await upload()
    const id = service.fault({ provider: 'kie', on: 'upload', fault: 'timeout', times: 1 })
    const generationId = await service.create(foxFrom(fox, 'cancelled while sending'))
    await service.until(generationId, () => (service.simulator.faultCounts()[id] ?? 0) > 0)
    await service.cancel(generationId)
    const generation = await service.ended(generationId)
    assert.equal(generation.status, 'cancelled')
    assert.deepEqual(service.tasksOf(generationId), [])
    assert.equal(generation.cost.usd, 0)
  })
})

async function linksTo(at: Service, { sha256 }: Uploaded): Promise<unknown[]> {
  return (await execute(at.workerInput.ledger, 'select url from upload_links where sha256 = $1', [sha256])).map(({ url }) => url)
}
