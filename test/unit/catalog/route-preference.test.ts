import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { GenerationRequest, ProviderName, RouteRequest } from '../../../src/contract/index.ts'
import { planRoute } from '../../../src/catalog/plan-route.ts'
import type { PlannedRoute } from '../../../src/catalog/plan-route.ts'
import { minimumSample, takeUnbeaten } from '../../../src/catalog/route-preference.ts'
import type { TrackRecord } from '../../../src/catalog/route-preference.ts'
import { tracksWanted } from '../../../src/catalog/tracks-wanted.ts'

const both: ReadonlySet<ProviderName> = new Set(['kie', 'defapi'])
const setting = { preferred: 'kie', available: both } as const

function record(provider: ProviderName, changes: Partial<TrackRecord> = {}): TrackRecord {
  return {
    provider,
    model: 'google/nano-banana',
    judged: 100,
    succeeded: 100,
    timed: 100,
    timeToPictureP50Ms: 5_000,
    measured: 100,
    costP50Usd: 0.02,
    ...changes,
  }
}

function routeOf(route: RouteRequest, observed: TrackRecord[], changes: Partial<GenerationRequest> = {}) {
  const planned: PlannedRoute = planRoute({ model: 'nano-banana', prompt: 'a fox', ...changes, route }, { ...setting, observed })
  assert.ok(planned.ok, JSON.stringify(planned))
  const [preference] = planned.preferences
  return {
    ...planned,
    order: planned.candidates.map(({ provider }) => provider).join(' '),
    said: preference === undefined ? null : `${preference.decision}: ${preference.because}`,
  }
}

const cases: [what: string, route: RouteRequest, observed: TrackRecord[], order: string, said: string | null][] = [
  ['no preference says nothing', {}, [record('defapi', { timeToPictureP50Ms: 1 })], 'kie defapi', null],
  ['`order` says nothing', { prefer: 'order' }, [record('defapi', { timeToPictureP50Ms: 1 })], 'kie defapi', null],
  [
    'the faster one comes first',
    { prefer: 'fastest' },
    [record('kie', { timed: 120, timeToPictureP50Ms: 9_800 }), record('defapi', { timed: 58, timeToPictureP50Ms: 4_100 })],
    'defapi kie',
    'prefer fastest: defapi before kie: defapi p50 4.1 s of 58, kie p50 9.8 s of 120',
  ],
  [
    'a sample of 19 is too small, and says so',
    { prefer: 'fastest' },
    [record('kie', { timed: 19, timeToPictureP50Ms: 9_800 }), record('defapi', { timeToPictureP50Ms: 4_100 })],
    'kie defapi',
    'prefer fastest: order kept: kie has 19 of at least 20 recent pictures',
  ],
  [
    'nothing observed keeps the order',
    { prefer: 'steadiest' },
    [],
    'kie defapi',
    'prefer steadiest: order kept: kie has 0 and defapi has 0 of at least 20 recent attempts',
  ],
  [
    'equally fast ones keep the order of the request',
    { prefer: 'fastest', providers: ['defapi', 'kie'] },
    [record('kie'), record('defapi')],
    'defapi kie',
    'prefer fastest: order kept: no clear difference: defapi p50 5.0 s of 100, kie p50 5.0 s of 100',
  ],
  [
    'the clearly steadier one comes first',
    { prefer: 'steadiest' },
    [record('kie', { succeeded: 80 }), record('defapi', { succeeded: 97 })],
    'defapi kie',
    'prefer steadiest: defapi before kie: defapi 97.0 % of 100, kie 80.0 % of 100',
  ],
  [
    'two points more in a hundred may be chance',
    { prefer: 'steadiest' },
    [record('kie', { succeeded: 95 }), record('defapi', { succeeded: 97 })],
    'kie defapi',
    'prefer steadiest: order kept: no clear difference: kie 95.0 % of 100, defapi 97.0 % of 100',
  ],
  [
    'what was paid lately stands in for a list price that nobody has published',
    { prefer: 'cheapest' },
    [record('defapi', { measured: 40, costP50Usd: 0.0123 })],
    'defapi kie',
    'prefer cheapest: defapi before kie: defapi 0.0123 USD measured, p50 of 40, kie 0.02 USD by list',
  ],
  [
    'who has neither goes behind',
    { prefer: 'cheapest', providers: ['defapi', 'kie'] },
    [record('defapi', { measured: 19, costP50Usd: 0.001 })],
    'kie defapi',
    'prefer cheapest: kie before defapi: kie 0.02 USD by list, defapi has no list price, and 19 of at least 20 measured costs',
  ],
  [
    'who cannot be asked under a cost limit does not stand before the others, however fast',
    { prefer: 'fastest', maxCostUsd: 0.1 },
    [record('kie', { timeToPictureP50Ms: 9_800 }), record('defapi', { timeToPictureP50Ms: 100 })],
    'kie defapi',
    'prefer fastest: kie before defapi: kie p50 9.8 s of 100, defapi cannot be asked under a cost limit: it has no list price',
  ],
  [
    'without fallback the preferred one is the only one',
    { prefer: 'fastest', fallback: false },
    [record('kie', { timeToPictureP50Ms: 9_800 }), record('defapi', { timeToPictureP50Ms: 4_100 })],
    'defapi',
    'prefer fastest: defapi before kie: defapi p50 4.1 s of 100, kie p50 9.8 s of 100',
  ],
  [
    'one provider is no choice',
    { prefer: 'fastest', providers: ['kie'] },
    [],
    'kie',
    'prefer fastest: order kept: only kie can take it',
  ],
]

for (const [what, route, observed, order, said] of cases) {
  test(`route by preference: ${what}`, () => {
    const planned = routeOf(route, observed)
    assert.equal(planned.order, order)
    assert.equal(planned.said, said)
  })
}

test('the one that the preference leaves behind is said to be a fallback', () => {
  const observed = [record('kie', { timeToPictureP50Ms: 9_800 }), record('defapi', { timeToPictureP50Ms: 4_100 })]
  assert.deepEqual(routeOf({ prefer: 'fastest', fallback: false }, observed).left, [
    { provider: 'kie', because: 'would be a fallback, and `route.fallback` is false' },
  ])
})

test('records of another model are not taken for those of this one', () => {
  const observed = [record('kie', { model: 'nano-banana-pro' }), record('defapi', { timeToPictureP50Ms: 1 })]
  assert.match(routeOf({ prefer: 'fastest' }, observed).said ?? '', /order kept: kie has 0 of at least 20/)
})

test('a stand-in stays behind the model itself, however fast it is', () => {
  const observed = [
    record('kie', { timeToPictureP50Ms: 60_000 }),
    record('defapi', { timeToPictureP50Ms: 50_000 }),
    record('kie', { model: 'nano-banana-pro', timeToPictureP50Ms: 2_000 }),
    record('defapi', { model: 'google/nano-banana-pro', timeToPictureP50Ms: 1_000 }),
  ]
  const { candidates, preferences } = routeOf({ prefer: 'fastest', models: ['nano-banana-pro'] }, observed)
  assert.deepEqual(
    candidates.map(({ provider, canonicalModel }) => `${provider} ${canonicalModel}`),
    ['defapi nano-banana', 'kie nano-banana', 'defapi nano-banana-pro', 'kie nano-banana-pro'],
  )
  assert.deepEqual(
    preferences.map(({ decision }) => decision),
    ['prefer fastest: defapi before kie', 'prefer fastest with nano-banana-pro: defapi before kie'],
  )
})

test('only what a preference needs is looked up', () => {
  const wanted = (route: RouteRequest, model = 'nano-banana') =>
    tracksWanted({ model, prompt: 'a fox', route }, setting).map((track) => `${track.provider} ${track.model}`)
  assert.deepEqual(wanted({}), [])
  assert.deepEqual(wanted({ prefer: 'order' }), [])
  assert.deepEqual(wanted({ prefer: 'fastest' }), ['kie google/nano-banana', 'defapi google/nano-banana'])
  assert.deepEqual(wanted({ prefer: 'steadiest', fallback: false }), ['kie google/nano-banana', 'defapi google/nano-banana'])
  assert.deepEqual(wanted({ prefer: 'cheapest' }), ['defapi google/nano-banana'], 'Kie has a list price')
  assert.deepEqual(wanted({ prefer: 'fastest', providers: ['kie'] }), [])
  assert.deepEqual(wanted({ prefer: 'fastest' }, 'midjourney'), [], 'nobody to choose from')
})

const recordArbitrary = (provider: ProviderName): fc.Arbitrary<TrackRecord> =>
  fc
    .record({ judged: fc.nat(300), share: fc.double({ min: 0, max: 1, noNaN: true }), ms: fc.nat(90_000), usd: fc.nat(100) })
    .map(({ judged, share, ms, usd }) => {
      const succeeded = Math.floor(judged * share)
      const of = { timed: succeeded, measured: succeeded }
      const middle =
        succeeded === 0 ? { timeToPictureP50Ms: null, costP50Usd: null } : { timeToPictureP50Ms: ms, costP50Usd: usd / 1_000 }
      return record(provider, { judged, succeeded, ...of, ...middle })
    })

const preferArbitrary = fc.constantFrom('order', 'cheapest', 'fastest', 'steadiest' as const)

test('whatever was observed, a preference asks the same candidates, each once, and always in the same order', () => {
  fc.assert(
    fc.property(
      preferArbitrary,
      fc.tuple(recordArbitrary('kie'), recordArbitrary('defapi')),
      fc.boolean(),
      (prefer, observed, isReversed) => {
        const providers: ProviderName[] = isReversed ? ['defapi', 'kie'] : ['kie', 'defapi']
        const plain = routeOf({ providers }, observed)
        const preferred = routeOf({ providers, prefer }, observed)
        assert.deepEqual(new Set(preferred.candidates.map(toText)), new Set(plain.candidates.map(toText)))
        assert.equal(preferred.candidates.length, plain.candidates.length)
        assert.deepEqual(preferred, routeOf({ providers, prefer }, observed.toReversed()))
        // A kept order says so, and a changed one is never called kept.
        const isKept = /order kept/.test(preferred.said ?? 'order kept')
        if (isKept) assert.equal(preferred.order, plain.order)
        // Whoever comes first by preference comes first whatever the order was.
        if (!isKept) assert.equal(routeOf({ providers: providers.toReversed(), prefer }, observed).order, preferred.order)
        const few = observed.some(({ judged, timed }) => (prefer === 'steadiest' ? judged : timed) < minimumSample)
        if (few && (prefer === 'steadiest' || prefer === 'fastest')) assert.ok(isKept)
      },
    ),
    { numRuns: 2_000 },
  )
})

const toText = (value: object): string => JSON.stringify(value)

test('taking the unbeaten gives back what was given, in the given order where nothing beats anything', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ low: fc.nat(50), width: fc.nat(20) }), { maxLength: 8 }), (given) => {
      const taken = takeUnbeaten(given, (one, other) => one.low + one.width < other.low)
      assert.deepEqual(new Set(taken), new Set(given))
      assert.equal(taken.length, given.length)
      for (const [at, each] of taken.entries())
        for (const later of taken.slice(at + 1)) assert.ok(!(later.low + later.width < each.low), 'a better one comes later')
      assert.deepEqual(
        takeUnbeaten(given, () => false),
        given,
      )
    }),
  )
  assert.deepEqual(
    takeUnbeaten([1, 2], () => true),
    [1, 2],
    'also where everybody beats everybody',
  )
})

test('a difference that chance makes turns the order round in at most one of twenty cases', () => {
  // Two providers that are equally good, 20 to 200 attempts each, by a generator of fixed seed.
  let state = 7
  const random = (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
  const trials = 4_000
  let turned = 0
  for (let trial = 0; trial < trials; trial += 1) {
    const share = 0.5 + random() * 0.45
    const observed = (['kie', 'defapi'] as const).map((provider) => {
      const judged = minimumSample + Math.floor(random() * 180)
      const succeeded = Array.from({ length: judged }, random).filter((value) => value < share).length
      return record(provider, { judged, succeeded })
    })
    if (routeOf({ prefer: 'steadiest' }, observed).order === 'defapi kie') turned += 1
  }
  assert.ok(turned / trials < 0.05, `${turned} of ${trials}`)
})
