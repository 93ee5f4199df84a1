// Seedream: ByteDance's image models. From 4.5 on the resolution hides behind `quality`, with another meaning in each version.
import type { Evidence, Model, NativeModel, Price } from '../model-schema.ts'
import { defapiObserved, kieRecorded } from './evidence.ts'
import { choice, credits, flag, integer, market, number, picture, pictures, prompt, requiredChoice, text } from './short-hands.ts'

const notAtDefapi = { absent: 'nothing shows that DefAPI offers Seedream', evidence: defapiObserved() }
const imageTypes = 'jpeg, png or webp'

const v4 = (references: boolean): NativeModel =>
  market(references ? 'bytedance/seedream-v4-edit' : 'bytedance/seedream-v4-text-to-image', {
    kinds: [references ? 'image-to-image' : 'text-to-image'],
    fields: {
      prompt: prompt(5000),
      image_resolution: choice('1K 2K 4K', { default: '1K' }),
      image_size: choice(
        'square square_hd portrait_4_3 portrait_3_2 portrait_16_9 landscape_4_3 landscape_3_2 landscape_16_9 landscape_21_9',
        { default: 'square_hd' },
      ),
      max_images: number(1, 6, { default: 1, note: 'whole; must be said in the prompt too; each picture that comes is billed' }),
      nsfw_checker: flag(),
      seed: integer(),
      ...(references ? { image_urls: pictures(10, 10, { required: true, note: imageTypes }) } : {}),
    },
    parameters: {
      prompt: { field: 'prompt' },
      aspectRatio: {
        field: 'image_size',
        values: {
          '1:1': 'square_hd',
          '3:4': 'portrait_4_3',
          '2:3': 'portrait_3_2',
          '9:16': 'portrait_16_9',
          '4:3': 'landscape_4_3',
          '3:2': 'landscape_3_2',
          '16:9': 'landscape_16_9',
          '21:9': 'landscape_21_9',
        },
      },
      resolution: { field: 'image_resolution' },
      seed: { field: 'seed' },
      ...(references ? { referenceImages: { field: 'image_urls' } } : {}),
    },
    price: credits(5),
  })

interface Version {
  promptLength: { min?: number; max: number }
  /** our resolution → their quality, the first of which is the default */
  qualities: Record<string, string>
  maxReferences: number
  hasFormat: boolean
  price: Price
  seen?: Evidence
  duration?: { typicalMs: number; evidence: Evidence }
}

const byQuality = (model: string, references: boolean, version: Version): NativeModel => {
  const { promptLength, qualities, maxReferences, hasFormat, price, seen, duration } = version
  const theirs = Object.values(qualities)
  const meaning = Object.entries(qualities).map(([ours, quality]) => `${quality} = ${ours}`)
  return market(model, {
    kinds: [references ? 'image-to-image' : 'text-to-image'],
    fields: {
      prompt: prompt(promptLength.max, promptLength.min === undefined ? {} : { minLength: promptLength.min }),
      aspect_ratio: requiredChoice('1:1 4:3 3:4 16:9 9:16 2:3 3:2 21:9', '1:1'),
      quality: requiredChoice(theirs.join(' '), theirs[0] ?? '', { note: meaning.join(', ') }),
      nsfw_checker: flag(),
      ...(hasFormat ? { output_format: choice('png jpeg', { default: 'png' }) } : {}),
      ...(references ? { image_urls: pictures(maxReferences, 10, { required: true, note: imageTypes }) } : {}),
    },
    parameters: {
      prompt: { field: 'prompt' },
      aspectRatio: { field: 'aspect_ratio' },
      resolution: { field: 'quality', values: qualities },
      ...(hasFormat ? { outputFormat: { field: 'output_format' } } : {}),
      ...(references ? { referenceImages: { field: 'image_urls' } } : {}),
    },
    price,
    ...(seen === undefined ? {} : { seen }),
    ...(duration === undefined ? {} : { duration }),
  })
}

const v45: Version = {
  promptLength: { max: 3000 },
  qualities: { '2K': 'basic', '4K': 'high' },
  maxReferences: 14,
  hasFormat: false,
  price: credits(6.5),
}
const v5Lite = (typicalMs: number): Version => ({
  promptLength: { min: 3, max: 3000 },
  qualities: { '2K': 'basic', '3K': 'high', '4K': 'ultra' },
  maxReferences: 14,
  hasFormat: true,
  price: credits(5.5),
  seen: kieRecorded('market-models', '2026-05'),
  duration: { typicalMs, evidence: kieRecorded('durations', '2026-05', 'one picture') },
})
const v5Pro = (references: boolean): Version => ({
  promptLength: { min: 3, max: 5000 },
  qualities: { '1K': 'basic', '2K': 'high' },
  maxReferences: 10,
  hasFormat: true,
  price: credits(
    { field: 'quality', whenUnset: 'basic', amounts: { basic: 7, high: 14 } },
    references ? { referenceImage: { amount: 0.5, free: 1 } } : {},
  ),
})

export const seedreamModels: Model[] = [
  {
    name: 'seedream-3',
    aliases: ['bytedance/seedream'],
    title: 'Seedream 3.0 (ByteDance)',
    kind: 'text-to-image',
    providers: {
      kie: {
        natives: [
          market('bytedance/seedream', {
            kinds: ['text-to-image'],
            fields: {
              prompt: prompt(5000),
              guidance_scale: number(1, 10, { default: 2.5, note: 'in steps of 0.1' }),
              image_size: choice('square square_hd portrait_4_3 portrait_16_9 landscape_4_3 landscape_16_9', {
                default: 'square_hd',
              }),
              seed: integer(),
            },
            parameters: {
              prompt: { field: 'prompt' },
              aspectRatio: {
                field: 'image_size',
                values: {
                  '1:1': 'square_hd',
                  '3:4': 'portrait_4_3',
                  '9:16': 'portrait_16_9',
                  '4:3': 'landscape_4_3',
                  '16:9': 'landscape_16_9',
                },
              },
              seed: { field: 'seed' },
            },
            price: credits(3.5),
          }),
        ],
      },
      defapi: notAtDefapi,
    },
  },
  {
    name: 'seedream-4',
    aliases: ['bytedance/seedream-v4-text-to-image', 'bytedance/seedream-v4-edit', 'seedream-v4'],
    title: 'Seedream 4.0 (ByteDance)',
    kind: 'text-to-image',
    providers: { kie: { natives: [v4(false), v4(true)] }, defapi: notAtDefapi },
  },
  {
    name: 'seedream-4.5',
    aliases: ['seedream/4.5-text-to-image', 'seedream/4.5-edit'],
    title: 'Seedream 4.5 (ByteDance)',
    kind: 'text-to-image',
    providers: {
      kie: { natives: [byQuality('seedream/4.5-text-to-image', false, v45), byQuality('seedream/4.5-edit', true, v45)] },
      defapi: notAtDefapi,
    },
  },
  {
    name: 'seedream-5-lite',
    aliases: ['seedream/5-lite-text-to-image', 'seedream/5-lite-image-to-image'],
    title: 'Seedream 5 Lite (ByteDance)',
    kind: 'text-to-image',
    providers: {
      kie: {
        natives: [
          byQuality('seedream/5-lite-text-to-image', false, v5Lite(45_000)),
          byQuality('seedream/5-lite-image-to-image', true, v5Lite(112_000)),
        ],
      },
      defapi: notAtDefapi,
    },
  },
  {
    name: 'seedream-5-pro',
    aliases: ['seedream/5-pro-text-to-image', 'seedream/5-pro-image-to-image'],
    title: 'Seedream 5 Pro (ByteDance)',
    kind: 'text-to-image',
    providers: {
      kie: {
        natives: [
          byQuality('seedream/5-pro-text-to-image', false, v5Pro(false)),
          byQuality('seedream/5-pro-image-to-image', true, v5Pro(true)),
        ],
      },
      defapi: notAtDefapi,
    },
  },
  {
    name: 'seedream-5-pro-layers',
    aliases: ['seedream/5-pro-layer-decomposition'],
    title: 'Seedream 5 Pro, layers of a picture (ByteDance)',
    kind: 'layer-decomposition',
    providers: {
      kie: {
        natives: [
          market('seedream/5-pro-layer-decomposition', {
            kinds: ['layer-decomposition'],
            fields: {
              image_url: picture(30, {
                required: true,
                pixels: { minPixels: 262_144, maxPixels: 36_000_000, maxRatio: 16 },
                note: 'png, jpeg, webp, bmp, tiff or gif; all limits stand in the description only',
              }),
              output_format: choice('png jpeg', { default: 'jpeg', note: 'of the base picture; layers are png' }),
              prompt: text({ minLength: 0, maxLength: 5000, note: 'may hold <bbox>x1 y1 x2 y2</bbox>' }),
              size: choice('auto 1K 1.5K 2K', { default: 'auto' }),
            },
            parameters: {
              prompt: { field: 'prompt' },
              referenceImages: { field: 'image_url' },
              resolution: { field: 'size', values: { '1K': '1K', '1.5K': '1.5K', '2K': '2K' } },
              outputFormat: { field: 'output_format' },
            },
            // By 7 credits for each layer (14 at 2K), and how many there will be nobody knows.
            price: credits(
              { field: 'size', whenUnset: 'auto', amounts: { auto: 14, '1K': 7, '1.5K': 7, '2K': 14 } },
              { per: 'output' },
            ),
          }),
        ],
      },
      defapi: notAtDefapi,
    },
  },
]
