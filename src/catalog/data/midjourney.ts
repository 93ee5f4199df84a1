// Midjourney: retired at Kie, still to be had at DefAPI. What it takes stands behind the prompt as flags.
import type { Model } from '../model-schema.ts'
import { kieDocumented } from './evidence.ts'
import { choice, defapi, picture, prompt } from './short-hands.ts'

const midjourneyPrompt = prompt(undefined, { minLength: 1, note: 'with flags behind it, e.g. --ar 16:9 --stylize 750' })

/** The ratios that Kie documented for the same model; DefAPI names none and passes the flag on. */
const midjourneyRatio = {
  promptFlag: '--ar',
  ratios: ['1:1', '1:2', '2:1', '2:3', '3:2', '3:4', '4:3', '5:6', '6:5', '9:16', '16:9'],
}

export const midjourneyModels: Model[] = [
  {
    name: 'midjourney',
    aliases: ['mj'],
    title: 'Midjourney',
    kind: 'text-to-image',
    providers: {
      kie: {
        absent: 'Kie has retired Midjourney',
        retired: { noticed: '2026-08-19' },
        evidence: kieDocumented('midjourney', 'missing in the documentation and in the catalogue'),
      },
      defapi: {
        natives: [
          defapi('midjourney', null, {
            kinds: ['text-to-image'],
            fields: {
              prompt: midjourneyPrompt,
              bot_type: choice('MID_JOURNEY NIJI_JOURNEY', { send: 'MID_JOURNEY' }),
              speed: choice('fast relax', { send: 'fast' }),
            },
            parameters: { prompt: { field: 'prompt' }, aspectRatio: midjourneyRatio },
            note: 'one client only',
          }),
          defapi('midjourney-edits', null, {
            kinds: ['edit'],
            fields: {
              prompt: midjourneyPrompt,
              image: picture(null, { required: true, note: 'also base64' }),
              speed: choice('fast relax', { send: 'fast' }),
            },
            parameters: {
              prompt: { field: 'prompt' },
              aspectRatio: midjourneyRatio,
              referenceImages: { field: 'image' },
            },
            note: 'one client only',
          }),
        ],
      },
    },
  },
]
