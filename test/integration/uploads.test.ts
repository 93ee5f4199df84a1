// Pictures that only we have, on their way to a provider: its own copy at Kie, a signed link of ours at DefAPI.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { startService } from '../helpers/service.ts'
import { makePng } from '../unit/storage/samples.ts'

const service = await startService({ after })

async function upload(bytes: Buffer): Promise<string> {
  const response = await fetch(`${service.url}/v1/uploads`, { method: 'POST', body: new Uint8Array(bytes), headers: { 'content-type': 'image/png' } })
  const text = await response.text()
  assert.ok(response.status === 201 || response.status === 200, text)
  return (JSON.parse(text) as { upload: string }).upload
}

describe('an uploaded picture', { concurrency: 4, timeout: 90_000 }, () => {
  test('reaches Kie as a copy of its own', async () => {
    const fox = await upload(makePng({ width: 31, height: 7 }))
    const generation = await service.generate({ model: 'nano-banana', prompt: 'copy at kie', referenceImages: [fox] })
    assert.equal(generation.status, 'completed', JSON.stringify(generation.failure))
    assert.equal(generation.servedBy?.provider, 'kie')
    console.log(JSON.stringify(service.simulator.requests()), JSON.stringify(service.tasksOf(generation.id)))
  })
  test('reaches DefAPI by a link', async () => {
    const fox = await upload(makePng({ width: 32, height: 7 }))
    const generation = await service.generate({ model: 'nano-banana', prompt: 'link at defapi', referenceImages: [fox], route: { providers: ['defapi'] } })
    assert.equal(generation.status, 'completed', JSON.stringify(generation.failure))
    assert.equal(generation.servedBy?.provider, 'defapi')
    console.log(JSON.stringify(service.tasksOf(generation.id)))
  })
})
