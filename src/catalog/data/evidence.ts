// Short hands for the sources of the facts in this folder; SOURCES.md has a heading for each.
import type { Evidence } from '../model-schema.ts'

type KieTopic = 'market-models' | 'announced-models' | 'durations' | 'gpt4o' | 'kontext' | 'midjourney' | 'prices'
type DefapiTopic = 'models' | 'prices'

const kieSource = (topic: KieTopic): string => `src/catalog/data/SOURCES.md#kie-${topic}`
const defapiSource = (topic: DefapiTopic): string => `src/catalog/data/SOURCES.md#defapi-${topic}`

/** Kie's documentation as it stood on 2026-08-19. */
export const kieDocumented = (topic: KieTopic, note?: string): Evidence => ({
  how: 'documented',
  date: '2026-08-19',
  source: kieSource(topic),
  ...(note === undefined ? {} : { note }),
})

/** Real traffic with Kie that somebody recorded and published. */
export const kieRecorded = (topic: KieTopic, date: string, note?: string): Evidence => ({
  how: 'recorded',
  date,
  source: kieSource(topic),
  ...(note === undefined ? {} : { note }),
})

/** Fields that stood in Kie's documentation of December 2025 and are gone from the newer one. */
export const kieFormerlyDocumented = (topic: KieTopic): Evidence => ({
  how: 'documented',
  date: '2025-12',
  source: kieSource(topic),
})

/** Kie's own catalogue of 2026-10-01, which carries the prices. */
export const kiePriceList: Evidence = { how: 'recorded', date: '2026-10-01', source: kieSource('prices') }

/** Listed there, with a price and without fields. */
export const kieAnnounced = (note: string): Evidence => ({
  how: 'recorded',
  date: '2026-10-01',
  source: kieSource('announced-models'),
  note,
})

/** DefAPI documents little: most was read off public clients that work. */
export const defapiObserved = (note?: string): Evidence => ({
  how: 'observed',
  date: '2026-10',
  source: defapiSource('models'),
  ...(note === undefined ? {} : { note }),
})

/** No source gives a DefAPI image price: the cost is what the finished task reports. */
export const defapiPriceUnknown: Evidence = {
  how: 'inferred',
  date: '2026-10',
  source: defapiSource('prices'),
  note: 'looked for and not found; `consumed` of the finished task is the cost',
}
