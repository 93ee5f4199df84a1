// Grok Imagine: xAI's image model.
import type { Model } from '../model-schema.ts'
import { defapiObserved, kieDocumented, kiePriceList, kieRecorded } from './evidence.ts'

export const grokModels: Model[] = [
  {
    name: 'grok-imagine',
    aliases: ['grok-imagine/text-to-image'],
    title: 'Grok Imagine (xAI)',
    providers: {
      kie: {
        natives: [
          {
            api: 'market',
            model: 'grok-imagine/text-to-image',
            kinds: ['text-to-image'],
            fields: {
              prompt: { type: 'string', required: true, maxLength: 5000, note: 'the limit stands in the description only' },
              aspect_ratio: { type: 'string', values: ['2:3', '3:2', '1:1', '16:9', '9:16'] },
              enable_pro: { type: 'boolean', note: 'false = speed, true = quality, which is dearer' },
              nsfw_checker: { type: 'boolean' },
            },
            parameters: { prompt: { field: 'prompt' }, aspectRatio: { field: 'aspect_ratio' } },
            // One task gives several pictures (six were recorded, two are announced) and has one price.
            price: {
              unit: 'credits',
              per: 'task',
              amount: { field: 'enable_pro', whenUnset: 'false', amounts: { false: 4, true: 5 } },
            },
            typicalDurationMs: 13_000,
            evidence: {
              interface: kieDocumented('market-models'),
              price: kiePriceList,
              duration: kieRecorded('durations', '2026-04', '12 to 13 s'),
              seenWorking: kieRecorded('market-models', '2026-04'),
            },
          },
        ],
      },
      defapi: { absent: 'DefAPI offers Grok Imagine for video only', evidence: defapiObserved() },
    },
  },
]
