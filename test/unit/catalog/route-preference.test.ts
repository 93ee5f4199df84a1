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

/** So many times from 10 % below to 10 % above the middle one, evenly. */
const timesAround = (middleMs: number, count = 100): number[] =>
  Array.from({ length: count }, (_, at) => middleMs * (0.9 + (0.2 * at) / (count - 1)))

function record(provider: ProviderName, changes: Partial<TrackRecord> = {}): TrackRecord {
  return {
    provider,
    model: 'google/nano-banana',
    judged: 100,
    succeeded: 100,
    timesToPictureMs: timesAround(5_000),
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
  ['no preference says nothing', {}, [record('defapi', { timesToPictureMs: timesAround(1) })], 'kie defapi', null],
  ['`order` says nothing', { prefer: 'order' }, [record('defapi', { timesToPictureMs: timesAround(1) })], 'kie defapi', null],
  [
    'the faster one comes first',
    { prefer: 'fastest' },
    [
      record('kie', { timesToPictureMs: timesAround(9_800, 120) }),
      record('defapi', { timesToPictureMs: timesAround(4_100, 58) }),
    ],
    'defapi kie',
    'prefer fastest: defapi before kie: defapi p50 4.1 s (4.0 to 4.2) of 58, kie p50 9.8 s (9.7 to 9.9) of 120',
  ],
  [
    'a millisecond is no difference',
    { prefer: 'fastest' },
    [record('kie', { timesToPictureMs: timesAround(9_001) }), record('defapi', { timesToPictureMs: timesAround(9_000) })],
    'kie defapi',
    'prefer fastest: order kept: no clear difference: kie p50 9.0 s (8.9 to 9.1) of 100, defapi p50 9.0 s (8.9 to 9.1) of 100',
  ],
  [
    'a sample of 19 is too small, and says so',
    { prefer: 'fastest' },
    [record('kie', { timesToPictureMs: timesAround(9_800, 19) }), record('defapi', { timesToPictureMs: timesAround(4_100) })],
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
    'prefer fastest: order kept: no clear difference: defapi p50 5.0 s (4.9 to 5.1) of 100, kie p50 5.0 s (4.9 to 5.1) of 100',
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
    'without fallback the preferred one is the only one',
    { prefer: 'fastest', fallback: false },
    [record('kie', { timesToPictureMs: timesAround(9_800) }), record('defapi', { timesToPictureMs: timesAround(4_100) })],
    'defapi',
    'prefer fastest: defapi before kie: defapi p50 4.1 s (4.0 to 4.2) of 100, kie p50 9.8 s (9.7 to 9.9) of 100',
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
  const observed = [
    record('kie', { timesToPictureMs: timesAround(9_800) }),
    record('defapi', { timesToPictureMs: timesAround(4_100) }),
  ]
  assert.deepEqual(routeOf({ prefer: 'fastest', fallback: false }, observed).left, [
    { provider: 'kie', because: 'would be a fallback, and `route.fallback` is false' },
  ])
})

test('records of another model are not taken for those of this one', () => {
  const observed = [record('kie', { model: 'nano-banana-pro' }), record('defapi', { timesToPictureMs: timesAround(1) })]
  assert.match(routeOf({ prefer: 'fastest' }, observed).said ?? '', /order kept: kie has 0 of at least 20/)
})

test('a stand-in stays behind the model itself, however fast it is', () => {
  const observed = [
    record('kie', { timesToPictureMs: timesAround(60_000) }),
    record('defapi', { timesToPictureMs: timesAround(50_000) }),
    record('kie', { model: 'nano-banana-pro', timesToPictureMs: timesAround(2_000) }),
    record('defapi', { model: 'google/nano-banana-pro', timesToPictureMs: timesAround(1_000) }),
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
      return record(provider, {
        judged,
        succeeded,
        timesToPictureMs: timesAround(ms, succeeded),
        measured: succeeded,
        costP50Usd: succeeded === 0 ? null : usd / 1_000,
      })
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
        const few = observed.some(
          ({ judged, timesToPictureMs: { length } }) => (prefer === 'steadiest' ? judged : length) < minimumSample,
        )
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

/** By a generator of fixed seed, evenly from 0 to 1. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

test('a difference of shares that chance makes turns the order round in at most one of twenty cases', () => {
  // Two providers that are equally good, 20 to 200 attempts each.
  const random = createRandom(7)
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

/** The time of one picture: most near 9 s, some three times that, as times of real ones are. */
const pictureMs = (random: () => number): number => {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return Math.round(9_000 * Math.exp(0.4 * normal))
}

test('a difference of times that chance makes turns the order round in at most one of twenty cases', () => {
  const random = createRandom(11)
  const trials = 2_000
  let turned = 0
  for (let trial = 0; trial < trials; trial += 1) {
    const observed = (['kie', 'defapi'] as const).map((provider) => {
      const length = minimumSample + Math.floor(random() * 180)
      return record(provider, { timesToPictureMs: Array.from({ length }, () => pictureMs(random)) })
    })
    if (routeOf({ prefer: 'fastest' }, observed).order === 'defapi kie') turned += 1
  }
  assert.ok(turned / trials < 0.05, `${turned} of ${trials}`)
})

test('with two that are equally fast, the route does not turn to and fro with every picture', () => {
  const random = createRandom(13)
  const newest: Record<ProviderName, number[]> = { kie: [], defapi: [] }
  let [turns, before] = [0, 'kie defapi']
  for (let picture = 0; picture < 1_000; picture += 1) {
    for (const provider of ['kie', 'defapi'] as const)
      newest[provider] = [pictureMs(random), ...newest[provider]].slice(0, minimumSample)
    const observed = (['kie', 'defapi'] as const).map((provider) => record(provider, { timesToPictureMs: newest[provider] }))
    const { order } = routeOf({ prefer: 'fastest' }, observed)
    if (order !== before) turns += 1
    before = order
  }
  assert.ok(turns <= 20, `${turns} turns`)
})

test('a provider that is a quarter faster is found with a hundred pictures', () => {
  const random = createRandom(17)
  const trials = 200
  const found = Array.from({ length: trials }, () => {
    const times = (share: number): number[] => Array.from({ length: 100 }, () => share * pictureMs(random))
    const observed = [record('kie', { timesToPictureMs: times(1) }), record('defapi', { timesToPictureMs: times(0.75) })]
    return routeOf({ prefer: 'fastest' }, observed).order
  }).filter((order) => order === 'defapi kie').length
  assert.ok(found / trials > 0.9, `${found} of ${trials}`)
})
