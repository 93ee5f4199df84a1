import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { GenerationRequest } from '../../../src/contract/index.ts'
import { changedFields } from '../../../src/catalog/native-draft.ts'
import { parseGenerationRequest } from '../../../src/catalog/parse-request.ts'
import { inputOfItem } from '../../../src/catalog/several-pictures.ts'
import { planRoute } from '../../../src/catalog/plan-route.ts'
import type { Candidate } from '../../../src/catalog/plan-route.ts'
import { requestSha256 } from '../../../src/catalog/request-digest.ts'
import { validateNativeInput } from '../../../src/catalog/native-schema.ts'
import { bodyArbitrary } from './arbitrary-request.ts'
import { documentedSchemas } from './native-schemas.ts'

const everybody = { preferred: 'kie', available: new Set(['kie', 'defapi'] as const) } as const

interface Case {
  body: unknown
  parsed: ReturnType<typeof parseGenerationRequest>
  route: ReturnType<typeof planRoute> | null
}

/** Some 50 models, many with several native ones: each must come up often enough. Made once, because most of the time goes into them. */
const numberOfCases = 6000
const seed = Date.now() % 2 ** 31
let made: Case[] | null = null

function cases(): Case[] {
  made ??= fc.sample(bodyArbitrary, { numRuns: numberOfCases, seed }).map((body) => {
    const parsed = parseGenerationRequest(body)
    return { body, parsed, route: parsed.ok ? planRoute(parsed.request, everybody) : null }
  })
  return made
}

/** Runs the check on every candidate of every random request that gets a route; counts them, so that none is a failure. */
function forEveryCandidate(check: (candidate: Candidate, request: GenerationRequest) => void): void {
  const served = new Set<string>()
  for (const { body, parsed, route } of cases()) {
    try {
      if (!parsed.ok) assertRefusal(parsed.errors)
      else if (route?.ok === false) assertRefusal(route.errors)
      else {
        for (const candidate of route?.candidates ?? []) {
          served.add(`${candidate.provider} ${candidate.api} ${candidate.model ?? '-'}`)
          check(candidate, parsed.request)
        }
      }
    } catch (error) {
      throw new Error(`seed ${seed}: ${JSON.stringify(body).slice(0, 2000)}`, { cause: error })
    }
  }
  assert.deepEqual(
    [...served].toSorted(),
    Object.keys(documentedSchemas).toSorted(),
    `the random requests did not reach every native model; seed ${seed}`,
  )
}

function assertRefusal(errors: readonly { field: string; message: string }[]): undefined {
  assert.ok(errors.length > 0)
  for (const error of errors) assert.match(error.message, /\S+ \S+/, 'a refusal says why')
  return undefined
}

test('every request becomes a body that the documented schema accepts, or is refused with a reason', () => {
  forEveryCandidate((candidate) => {
    const key = `${candidate.provider} ${candidate.api} ${candidate.model ?? '-'}`
    const schema = documentedSchemas[key]
    assert.ok(schema !== undefined, `no documented schema is written down for ${key}`)
    const parsed = schema.safeParse(candidate.input)
    assert.ok(parsed.success, `${key}: ${JSON.stringify(candidate.input)} ${parsed.success ? '' : parsed.error.message}`)
    assert.deepEqual(validateNativeInput(candidate.provider, candidate.api, candidate.model, candidate.input), [])
  })
})

test('of several pictures, the body for all and those of the items are accepted too, and no two items have the same seed', () => {
  let whole = 0
  let seeds = 0
  forEveryCandidate((candidate, { count = 1 }) => {
    const { provider, api, model, input, itemSeeds } = candidate
    if (candidate.whole !== null) {
      whole += 1
      assert.ok(count > 1)
      assert.deepEqual(validateNativeInput(provider, api, model, candidate.whole.input), [])
    }
    if (itemSeeds === null) {
      // With a seed that is sent, or that the provider has for everybody, items would be equal.
      assert.ok(count === 1 || !Object.keys(input).includes('seed'), 'items with one seed')
      return
    }
    seeds += 1
    const items = Array.from({ length: count }, (_, item) => inputOfItem(input, itemSeeds, item))
    for (const item of items) assert.deepEqual(validateNativeInput(provider, api, model, item), [])
    assert.equal(new Set(items.map((item) => item[itemSeeds.field])).size, count)
  })
  assert.ok(whole > 4 && seeds > 20, `${whole} with one task for all, ${seeds} with seeds of items`)
})

test('reference images and the mask are all in the body, in their order, at every provider of the route', () => {
  let withReferences = 0
  let withMask = 0
  forEveryCandidate((candidate, request) => {
    const asked = request.referenceImages ?? []
    const sent = Object.values(candidate.input)
      .flat()
      .filter((value) => typeof value === 'string' && value.startsWith('https://pictures.example/'))
    assert.deepEqual(sent, asked)
    if (asked.length > 0) withReferences += 1
    if (request.mask === undefined) return
    withMask += 1
    assert.ok(Object.values(candidate.input).includes(request.mask), 'the mask is in the body')
  })
  assert.ok(withMask >= 5, `only ${withMask} candidates had a mask`)
  assert.ok(withReferences > 100, `only ${withReferences} candidates had reference images`)
})

test('the prompt is sent whole', () => {
  forEveryCandidate((candidate, request) => {
    const sent = candidate.input['prompt']
    if (request.prompt === undefined) return assert.equal(sent, undefined)
    const { wanted = '' } = /--ar (?<wanted>\d+:\d+)$/.exec(String(sent))?.groups ?? {}
    return assert.ok(typeof sent === 'string' && (sent === request.prompt || sent === `${request.prompt} --ar ${wanted}`))
  })
})

/** How a value of ours may look in a native body. */
const spellings: Readonly<Record<string, string[]>> = {
  jpeg: ['jpeg', 'jpg'],
  '1K': ['1K', '1k', 'basic'],
  '2K': ['2K', '2k', 'basic', 'high'],
  '3K': ['high'],
  '4K': ['4K', '4k', 'high', 'ultra'],
  '1:1': ['1:1', 'square_hd'],
  '4:3': ['4:3', 'landscape_4_3'],
  '3:2': ['3:2', 'landscape_3_2'],
  '16:9': ['16:9', 'landscape_16_9'],
  '21:9': ['21:9', 'landscape_21_9'],
  '3:4': ['3:4', 'portrait_4_3'],
  '2:3': ['2:3', 'portrait_3_2'],
  '9:16': ['9:16', 'portrait_16_9'],
}

test('what is not said to be changed is sent as it was asked', () => {
  forEveryCandidate((candidate, request) => {
    const changed = new Map(candidate.fidelity.changes.map((change) => [change.field, change]))
    const values = Object.values(candidate.input).map(String)
    // DefAPI's GPT Image takes ratio and resolution as one size; that these sizes are right is checked with the data.
    const asSize = values.some((value) => /^\d+x\d+$/.test(value))
    for (const field of ['aspectRatio', 'resolution', 'outputFormat', 'seed'] as const) {
      const asked = request[field]
      if (asked === undefined) continue
      const change = changed.get(field)
      if (change !== undefined) {
        assert.equal(change.asked, String(asked))
        assert.notEqual(change.sent, change.asked)
      } else if (!asSize) {
        const sent = (spellings[asked] ?? [String(asked)]).some((spelling) => values.includes(spelling))
        const asFlag = values.some((value) => value.endsWith(` --ar ${asked}`))
        assert.ok(sent || asFlag, `${field} ${asked} is not in ${JSON.stringify(candidate.input)}`)
      }
    }
    assert.equal(candidate.fidelity.level === 'exact', changedFields(candidate.fidelity.changes).length === 0)
  })
})

test('any value at all is either a request or refused, never thrown at', () => {
  const anything = fc.anything({
    withNullPrototype: true,
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSparseArray: true,
    maxDepth: 4,
  })
  const nearly = fc
    .tuple(bodyArbitrary, fc.dictionary(fc.string(), anything, { maxKeys: 2 }))
    .map(([request, extra]) => ({ ...request, ...extra }))
  const hostileField = fc
    .tuple(
      bodyArbitrary,
      fc.constantFrom('prompt', 'model', 'referenceImages', 'route', 'metadata', 'providerOptions', 'seed'),
      anything,
    )
    .map(([request, field, value]) => ({ ...request, [field]: value }))
  fc.assert(
    fc.property(fc.oneof(anything, nearly, hostileField), (body) => {
      const parsed = parseGenerationRequest(body)
      if (parsed.ok)
        assert.deepEqual(JSON.parse(JSON.stringify(parsed.request)), parsed.request, 'what is accepted is plain JSON')
      else assertRefusal(parsed.errors)
    }),
    { numRuns: 2000 },
  )
})

test('a request that was accepted is accepted again, unchanged', () => {
  fc.assert(
    fc.property(bodyArbitrary, (body) => {
      const parsed = parseGenerationRequest(body)
      if (parsed.ok) assert.deepEqual(parseGenerationRequest(parsed.request), parsed)
    }),
  )
})

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, reversed(member)]),
  )
}

test('the digest does not depend on the order of members nor on undefined ones, and depends on every value', () => {
  let compared = 0
  fc.assert(
    fc.property(bodyArbitrary, (body) => {
      const [parsed, turned] = [parseGenerationRequest(body), parseGenerationRequest(reversed(body))]
      if (!parsed.ok || !turned.ok) return
      compared += 1
      const digest = requestSha256(parsed.request)
      assert.match(digest, /^[0-9a-f]{64}$/)
      assert.equal(requestSha256(turned.request), digest)
      assert.notEqual(requestSha256({ ...parsed.request, prompt: `${parsed.request.prompt}.` }), digest)
      assert.notEqual(requestSha256({ ...parsed.request, metadata: { ...parsed.request.metadata, other: 'x' } }), digest)
    }),
    { numRuns: 500 },
  )
  assert.ok(compared > 50)
})
