import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { GenerationRequest } from '../../../src/contract/index.ts'
import { parseGenerationRequest } from '../../../src/catalog/parse-request.ts'
import { planRoute } from '../../../src/catalog/plan-route.ts'
import type { Candidate } from '../../../src/catalog/plan-route.ts'
import { requestSha256 } from '../../../src/catalog/request-digest.ts'
import { validateNativeInput } from '../../../src/catalog/native-schema.ts'
import { bodyArbitrary } from './arbitrary-request.ts'
import { documentedSchemas } from './native-schemas.ts'

const everybody = { preferred: 'kie', available: new Set(['kie', 'defapi'] as const) } as const

/** Runs the check on every candidate of every random request that gets a route; counts them, so that none is a failure. */
function forEveryCandidate(check: (candidate: Candidate, request: GenerationRequest) => void): void {
  const served = new Set<string>()
  fc.assert(
    fc.property(bodyArbitrary, (body) => {
      const parsed = parseGenerationRequest(body)
      if (!parsed.ok) return assertRefusal(parsed.errors)
      const route = planRoute(parsed.request, everybody)
      if (!route.ok) return assertRefusal(route.errors)
      for (const candidate of route.candidates) {
        served.add(`${candidate.provider} ${candidate.api} ${candidate.model ?? '-'}`)
        check(candidate, parsed.request)
      }
      return undefined
    }),
    { numRuns: 2000 },
  )
  assert.deepEqual(
    [...served].toSorted(),
    Object.keys(documentedSchemas).toSorted(),
    'the random requests did not reach every native model',
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

test('reference images are all in the body, in their order, at every provider of the route', () => {
  let withReferences = 0
  forEveryCandidate((candidate, request) => {
    const asked = request.referenceImages ?? []
    const sent = Object.values(candidate.input)
      .flat()
      .filter((value) => typeof value === 'string' && value.startsWith('https://pictures.example/'))
    assert.deepEqual(sent, asked)
    if (asked.length > 0) withReferences += 1
  })
  assert.ok(withReferences > 100, `only ${withReferences} candidates had reference images`)
})

test('the prompt is sent whole', () => {
  forEveryCandidate((candidate, request) => {
    const sent = candidate.input['prompt']
    assert.ok(
      typeof sent === 'string' && (sent === request.prompt || sent === `${request.prompt} --ar ${request.aspectRatio ?? ''}`),
    )
  })
})

/** How a value of ours may look in a native body. */
const spellings: Readonly<Record<string, string[]>> = {
  jpeg: ['jpeg', 'jpg'],
  '1K': ['1K', '1k'],
  '2K': ['2K', '2k'],
  '4K': ['4K', '4k'],
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
    assert.equal(candidate.fidelity.level === 'exact', candidate.fidelity.changes.length === 0)
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
