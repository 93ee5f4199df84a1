// The simulator has tables of its own, made apart from the catalogue: what one would send, the other must take.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseGenerationRequest } from '../../../src/catalog/parse-request.ts'
import { planRoute } from '../../../src/catalog/plan-route.ts'
import type { Candidate } from '../../../src/catalog/plan-route.ts'
import { type Fields, findFieldFault } from '../../../src/simulator/fields.ts'
import { endpoints } from '../../../src/simulator/defapi/models.ts'
import { creditsOf, imagesOf, marketModels } from '../../../src/simulator/kie/models.ts'
import { bodyArbitrary } from './arbitrary-request.ts'
import { documentedMarketModels } from './documented-market-models.ts'

interface Table {
  fields: Fields
  refuses?: (input: Record<string, unknown>) => string | null
}

/** DefAPI's paths by the names of our families; two of them have no model in the body. */
const defapiPaths: Readonly<Record<string, string>> = {
  image: '/api/image/gen',
  'gpt-image': '/api/gpt-image/gen',
  wan: '/api/wan-image/gen',
  midjourney: '/api/midjourney/imagine',
  'midjourney-edits': '/api/midjourney/edits',
}

function tableFor({ provider, api, model }: Candidate): Table | undefined {
  if (provider === 'kie') return marketModels.find((row) => row.model === model)
  const endpoint = endpoints.find(({ path }) => path === defapiPaths[api])
  return model === null ? endpoint?.models[0] : endpoint?.models.find((row) => row.model === model)
}

test('the simulator has every market model of the documentation, but the one that gives no picture, with all its fields', () => {
  const documented = Object.keys(documentedMarketModels).filter((name) => name !== 'grok-imagine-image-2-0/segment-map')
  assert.deepEqual(marketModels.map(({ model }) => model).toSorted(), documented.toSorted())
  for (const { model, fields } of marketModels) {
    const lists = ['mask_indexs', 'bbox_list', 'color_palette']
    const names = Object.keys(documentedMarketModels[model] ?? {}).filter((name) => !lists.includes(name))
    assert.deepEqual(Object.keys(fields).toSorted(), names.toSorted(), model)
  }
})

test('the simulator takes every body that the catalogue makes, for the price and the one picture that the catalogue says', () => {
  let compared = 0
  let priced = 0
  fc.assert(
    fc.property(bodyArbitrary, (body) => {
      const parsed = parseGenerationRequest(body)
      if (!parsed.ok) return
      const route = planRoute(parsed.request, { preferred: 'kie', available: new Set(['kie', 'defapi']) })
      for (const candidate of route.ok ? route.candidates : []) {
        // 4o and Kontext have endpoints and tests of their own.
        if (candidate.provider === 'kie' && candidate.api !== 'market') continue
        const table = tableFor(candidate)
        assert.ok(table !== undefined, `the simulator has no ${candidate.model ?? candidate.api}`)
        const fault = findFieldFault(table.fields, candidate.input)?.field ?? table.refuses?.(candidate.input) ?? null
        assert.equal(fault, null, `${candidate.model ?? candidate.api}: ${JSON.stringify(candidate.input)}`)
        compared += 1
        priced += comparePrice(candidate)
      }
    }),
    { numRuns: 2500 },
  )
  assert.ok(compared > 500 && priced > 200, `${compared} bodies, ${priced} prices`)
})

/** What each side makes up for itself is not compared: by the megapixel, by what comes, and where Kie names a range. */
const pricedApart = new Set(['qwen2/text-to-image', 'qwen2/image-edit', 'topaz/image-upscale'])

function comparePrice({ provider, model, input, price }: Candidate): 0 | 1 {
  const row = marketModels.find((candidate) => candidate.model === model)
  if (provider !== 'kie' || row === undefined || price.credits === null || pricedApart.has(row.model)) return 0
  assert.ok(Math.abs(creditsOf(row, input) - price.credits) < 1e-9, `${row.model}: ${creditsOf(row, input)} and ${price.credits}`)
  const several = ['grok-imagine/text-to-image', 'grok-imagine/image-to-image']
  if (!several.includes(row.model)) assert.equal(imagesOf(row, input), 1, row.model)
  return 1
}
