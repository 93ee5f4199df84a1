// Midjourney: retired at Kie, still to be had at DefAPI. What it takes stands behind the prompt as flags.
import type { Model } from '../model-schema.ts'
import { defapiObserved, defapiPriceUnknown, kieDocumented } from './evidence.ts'

export const midjourneyModels: Model[] = [
  {
    name: 'midjourney',
    aliases: ['mj'],
    title: 'Midjourney',
    providers: {
      kie: {
        absent: 'Kie has retired Midjourney',
        evidence: kieDocumented('midjourney', 'missing in the documentation and in the catalogue'),
      },
      defapi: {
        natives: [
          {
            api: 'midjourney',
            model: null,
            kinds: ['text-to-image'],
            fields: {
              prompt: {
                type: 'string',
                required: true,
                minLength: 1,
                note: 'with flags behind it, e.g. --ar 16:9 --stylize 750',
              },
              bot_type: { type: 'string', values: ['MID_JOURNEY', 'NIJI_JOURNEY'], send: 'MID_JOURNEY' },
              speed: { type: 'string', values: ['fast', 'relax'], send: 'fast' },
            },
            parameters: {
              prompt: { field: 'prompt' },
              // The ratios that Kie documented for the same model; DefAPI names none and passes the flag on.
              aspectRatio: {
                promptFlag: '--ar',
                ratios: ['1:1', '1:2', '2:1', '2:3', '3:2', '3:4', '4:3', '5:6', '6:5', '9:16', '16:9'],
              },
            },
            price: null,
            typicalDurationMs: null,
            evidence: {
              interface: defapiObserved('one client only; reference images have a path of their own'),
              price: defapiPriceUnknown,
              duration: null,
              seenWorking: null,
            },
          },
        ],
      },
    },
  },
]
