// Short hands for the sources of the facts in this folder. Details, sample bodies and what is not known: the two READMEs.
import type { Evidence } from '../model-schema.ts'

type KieAnchor = 'prices' | 'market-models' | 'gpt4o' | 'kontext' | 'midjourney'
type DefapiAnchor = 'models' | 'prices'

const kieReadme = (anchor: KieAnchor): string => `test/fixtures/kie/README.md#${anchor}`
const defapiReadme = (anchor: DefapiAnchor): string => `test/fixtures/defapi/README.md#${anchor}`

/** Kie's documentation as it stood on 2026-08-19. */
export const kieDocumented = (anchor: KieAnchor, note?: string): Evidence => ({
  how: 'documented',
  date: '2026-08-19',
  source: kieReadme(anchor),
  ...(note === undefined ? {} : { note }),
})

/** Real traffic with Kie that somebody recorded and published. */
export const kieRecorded = (anchor: KieAnchor, date: string, note?: string): Evidence => ({
  how: 'recorded',
  date,
  source: kieReadme(anchor),
  ...(note === undefined ? {} : { note }),
})

/** Fields that stood in Kie's documentation of December 2025 and are gone from the newer one. */
export const kieFormerlyDocumented = (anchor: KieAnchor): Evidence => ({
  how: 'documented',
  date: '2025-12',
  source: kieReadme(anchor),
})

/** Kie's own catalogue of 2026-10-01, which carries the prices. */
export const kiePriceList: Evidence = { how: 'recorded', date: '2026-10-01', source: kieReadme('prices') }

/** DefAPI documents little: most was read off public clients that work. */
export const defapiObserved = (note?: string): Evidence => ({
  how: 'observed',
  date: '2026-10',
  source: defapiReadme('models'),
  ...(note === undefined ? {} : { note }),
})

/** No source gives a DefAPI image price: the cost is what the finished task reports. */
export const defapiPriceUnknown: Evidence = {
  how: 'inferred',
  date: '2026-10',
  source: defapiReadme('prices'),
  note: 'looked for and not found; `consumed` of the finished task is the cost',
}
