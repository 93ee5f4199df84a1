// Grok Imagine: xAI's image models.
import type { Model } from '../model-schema.ts'
import { defapiObserved, kieRecorded } from './evidence.ts'
import { choice, credits, flag, market, picture, pictures, prompt, text } from './short-hands.ts'

const ratios = '2:3 3:2 1:1 16:9 9:16'
const videoOnly = { absent: 'DefAPI offers Grok Imagine for video only', evidence: defapiObserved() }
const taskId = 'of a task of grok-imagine-image-2-0 from text, or of its map of segments made from a picture'

export const grokModels: Model[] = [
  {
    name: 'grok-imagine',
    aliases: ['grok-imagine/text-to-image', 'grok-imagine/image-to-image'],
    title: 'Grok Imagine (xAI)',
    kind: 'text-to-image',
    providers: {
      kie: {
        natives: [
          market('grok-imagine/text-to-image', {
            kinds: ['text-to-image'],
            fields: {
              prompt: prompt(5000, { note: 'the limit stands in the description only' }),
              aspect_ratio: choice(ratios, { default: '1:1', note: 'the default stands in the description only' }),
              enable_pro: flag({ send: false, note: 'false = speed, true = quality, which is dearer; no default is documented' }),
              nsfw_checker: flag(),
            },
            parameters: {
              prompt: { field: 'prompt' },
              aspectRatio: { field: 'aspect_ratio' },
              quality: { field: 'enable_pro', values: { medium: 'false', high: 'true' } },
            },
            // One task gives several pictures (six were recorded, two are announced) and has one price.
            price: credits({ field: 'enable_pro', whenUnset: 'false', amounts: { false: 4, true: 5 } }, { per: 'task' }),
            duration: { typicalMs: 13_000, evidence: kieRecorded('durations', '2026-04', '12 to 13 s') },
            seen: kieRecorded('market-models', '2026-04'),
          }),
          market('grok-imagine/image-to-image', {
            kinds: ['image-to-image'],
            fields: {
              prompt: text({ maxLength: 390_000, note: 'may speak of @image1 and so on' }),
              image_urls: pictures(5, null, { required: true, note: 'the description says one, the schema five' }),
              nsfw_checker: flag(),
            },
            parameters: { prompt: { field: 'prompt' }, referenceImages: { field: 'image_urls' } },
            // One task gave two pictures.
            price: credits(4, { per: 'task' }),
            duration: { typicalMs: 66_000, evidence: kieRecorded('durations', '2026-04', 'one task') },
            seen: kieRecorded('market-models', '2026-04'),
          }),
        ],
      },
      defapi: videoOnly,
    },
  },
  {
    name: 'grok-imagine-2',
    aliases: ['grok-imagine-image-2-0', 'grok-imagine-image-2-0/text-to-image'],
    title: 'Grok Imagine 2.0 (xAI)',
    kind: 'text-to-image',
    providers: {
      kie: {
        natives: [
          market('grok-imagine-image-2-0/text-to-image', {
            kinds: ['text-to-image'],
            fields: {
              prompt: prompt(),
              aspect_ratio: choice('1:1 2:3 3:2 16:9 9:16', {
                required: true,
                send: '1:1',
                note: 'no default is documented: square is our choice',
              }),
            },
            parameters: { prompt: { field: 'prompt' }, aspectRatio: { field: 'aspect_ratio' } },
            price: credits(4),
          }),
        ],
      },
      defapi: videoOnly,
    },
  },
  {
    name: 'grok-imagine-2-edit',
    aliases: ['grok-imagine-image-2-0/image-edit'],
    title: 'Grok Imagine 2.0, edit (xAI)',
    kind: 'edit',
    providers: {
      kie: {
        natives: [
          market('grok-imagine-image-2-0/image-edit', {
            kinds: ['edit'],
            fields: {
              prompt: prompt(),
              task_id: text({ required: true, callerGives: true, note: taskId }),
              mask_indexs: {
                type: 'list',
                of: { type: 'integer' },
                minItems: 1,
                note: 'so spelled; numbers of segments in the map, left out: the whole picture',
              },
            },
            parameters: { prompt: { field: 'prompt' } },
            price: credits(4),
          }),
        ],
      },
      defapi: videoOnly,
    },
  },
  {
    name: 'grok-imagine-2-segment-map',
    aliases: ['grok-imagine-image-2-0/segment-map'],
    title: 'Grok Imagine 2.0, map of segments (xAI)',
    kind: 'segmentation',
    providers: {
      kie: {
        natives: [
          market('grok-imagine-image-2-0/segment-map', {
            kinds: ['segmentation'],
            fields: {
              task_id: text({ minLength: 1, note: 'either this or image_url' }),
              image_url: picture(null, { note: 'either this or task_id' }),
            },
            parameters: { referenceImages: { field: 'image_url' } },
            price: credits(0, { per: 'task' }),
            withheld: 'gives a map of segments and no picture, in a form that is not documented',
          }),
        ],
      },
      defapi: videoOnly,
    },
  },
]
