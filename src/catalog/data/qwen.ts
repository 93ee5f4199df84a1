// Qwen Image: Alibaba's models.
import type { Model, NativeModel, Price } from '../model-schema.ts'
import { defapiObserved, kieRecorded } from './evidence.ts'
import { choice, credits, flag, integer, market, number, picture, pictures, prompt, text } from './short-hands.ts'

const notAtDefapi = { absent: 'nothing shows that DefAPI offers Qwen', evidence: defapiObserved() }
const imageTypes = 'jpeg, png or webp'
const presets = 'square square_hd portrait_4_3 portrait_16_9 landscape_4_3 landscape_16_9'
const presetOf = {
  '1:1': 'square_hd',
  '3:4': 'portrait_4_3',
  '9:16': 'portrait_16_9',
  '4:3': 'landscape_4_3',
  '16:9': 'landscape_16_9',
}

const v1Fields = {
  acceleration: choice('none regular high', { default: 'none' }),
  enable_safety_checker: flag(),
  negative_prompt: text({ maxLength: 500 }),
  nsfw_checker: flag(),
  output_format: choice('png jpeg', { default: 'png' }),
  seed: integer(),
}
const v1Parameters = {
  prompt: { field: 'prompt' },
  outputFormat: { field: 'output_format' },
  negativePrompt: { field: 'negative_prompt' },
  seed: { field: 'seed' },
}

const v2Fields = {
  nsfw_checker: flag(),
  output_format: choice('jpeg png', { default: 'png' }),
  seed: integer(),
}
const v2Price: Price = { unit: 'usd', per: 'image', amount: 0.03 }
const v2Seen = kieRecorded('market-models', '2026-04')

const v3 = (model: string, references: boolean, price: Price): NativeModel =>
  market(model, {
    kinds: [references ? 'image-to-image' : 'text-to-image'],
    fields: {
      prompt: prompt(5000, { minLength: 0 }),
      image_size: choice('1:1 3:2 2:3 4:3 3:4 16:9 9:16 21:9', { default: '16:9' }),
      negative_prompt: text({ minLength: 0, maxLength: 5000 }),
      nsfw_checker: flag({ default: false }),
      output_format: choice('png jpeg', { default: 'png' }),
      prompt_extend: flag({ default: true }),
      resolution: references
        ? choice('1K 2K', { default: '1K' })
        : choice('1K 2K', { send: '1K', note: 'no default is documented, and the price of pro depends on it' }),
      seed: integer({ min: 0, max: 2_147_483_647, default: 1 }),
      ...(references
        ? { image_urls: pictures(3, 10, { minItems: 1, required: true, note: 'jpeg, png, webp, bmp, gif or tiff' }) }
        : {}),
    },
    parameters: {
      prompt: { field: 'prompt' },
      aspectRatio: { field: 'image_size' },
      resolution: { field: 'resolution' },
      outputFormat: { field: 'output_format' },
      negativePrompt: { field: 'negative_prompt' },
      seed: { field: 'seed' },
      ...(references ? { referenceImages: { field: 'image_urls' } } : {}),
    },
    price: references ? { ...price, referenceImage: { amount: 0.5, free: 0 } } : price,
  })

const v3Price = credits(4.8)
const v3ProPrice = credits({ field: 'resolution', whenUnset: '1K', amounts: { '1K': 6.4, '2K': 12 } })

export const qwenModels: Model[] = [
  {
    name: 'qwen-image',
    aliases: ['qwen', 'qwen/text-to-image', 'qwen/image-to-image'],
    title: 'Qwen Image (Alibaba)',
    kind: 'text-to-image',
    providers: {
      kie: {
        natives: [
          market('qwen/text-to-image', {
            kinds: ['text-to-image'],
            fields: {
              ...v1Fields,
              prompt: prompt(5000),
              guidance_scale: number(0, 20, { default: 2.5 }),
              image_size: choice(presets, { default: 'square_hd' }),
              num_inference_steps: number(2, 250, { default: 30 }),
            },
            parameters: { ...v1Parameters, aspectRatio: { field: 'image_size', values: presetOf } },
            price: credits(4, { per: 'megapixel' }),
          }),
          market('qwen/image-to-image', {
            kinds: ['image-to-image'],
            fields: {
              ...v1Fields,
              image_url: picture(10, { required: true, note: imageTypes }),
              prompt: prompt(5000),
              guidance_scale: number(0, 20, { default: 2.5 }),
              num_inference_steps: number(2, 250, { default: 30 }),
              strength: number(0, 1, { default: 0.8, note: '1 makes all anew, 0 keeps the picture' }),
            },
            parameters: { ...v1Parameters, strength: { field: 'strength' }, referenceImages: { field: 'image_url' } },
            price: credits(4),
          }),
        ],
      },
      defapi: notAtDefapi,
    },
  },
  {
    name: 'qwen-image-edit',
    aliases: ['qwen/image-edit'],
    title: 'Qwen Image, edit (Alibaba)',
    kind: 'image-to-image',
    providers: {
      kie: {
        natives: [
          market('qwen/image-edit', {
            kinds: ['image-to-image'],
            fields: {
              ...v1Fields,
              image_url: picture(10, { required: true, note: imageTypes }),
              prompt: prompt(2000),
              guidance_scale: number(0, 20, { default: 4 }),
              image_size: choice(presets, { default: 'landscape_4_3' }),
              num_images: choice('1 2 3 4', { send: '1', note: 'no default is documented, and each picture costs' }),
              num_inference_steps: number(2, 49, { default: 25, note: 'the description says 30' }),
              sync_mode: flag({ note: 'nothing shows that it has an effect' }),
            },
            parameters: {
              ...v1Parameters,
              aspectRatio: { field: 'image_size', values: presetOf },
              count: { field: 'num_images' },
              referenceImages: { field: 'image_url' },
            },
            price: { unit: 'usd', per: 'megapixel', amount: 0.03 },
          }),
        ],
      },
      defapi: notAtDefapi,
    },
  },
  {
    name: 'qwen-image-2',
    aliases: ['qwen2', 'qwen2/text-to-image', 'qwen2/image-edit'],
    title: 'Qwen Image 2 (Alibaba)',
    kind: 'text-to-image',
    providers: {
      kie: {
        natives: [
          market('qwen2/text-to-image', {
            kinds: ['text-to-image'],
            fields: { ...v2Fields, prompt: prompt(800), image_size: choice('1:1 3:4 4:3 9:16 16:9', { default: '16:9' }) },
            parameters: {
              prompt: { field: 'prompt' },
              aspectRatio: { field: 'image_size' },
              outputFormat: { field: 'output_format' },
              seed: { field: 'seed' },
            },
            price: v2Price,
            seen: v2Seen,
          }),
          market('qwen2/image-edit', {
            kinds: ['image-to-image'],
            fields: {
              ...v2Fields,
              prompt: prompt(800),
              image_size: choice('1:1 2:3 3:2 3:4 4:3 9:16 16:9 21:9', { default: '16:9' }),
              image_url: picture(null, { required: true, note: 'a list was accepted as well' }),
            },
            parameters: {
              prompt: { field: 'prompt' },
              aspectRatio: { field: 'image_size' },
              outputFormat: { field: 'output_format' },
              seed: { field: 'seed' },
              referenceImages: { field: 'image_url' },
            },
            price: v2Price,
            seen: v2Seen,
          }),
        ],
      },
      defapi: notAtDefapi,
    },
  },
  {
    name: 'qwen-image-3',
    aliases: ['qwen3', 'qwen3/text-to-image', 'qwen3/image-to-image'],
    title: 'Qwen Image 3 (Alibaba)',
    kind: 'text-to-image',
    providers: {
      kie: { natives: [v3('qwen3/text-to-image', false, v3Price), v3('qwen3/image-to-image', true, v3Price)] },
      defapi: notAtDefapi,
    },
  },
  {
    name: 'qwen-image-3-pro',
    aliases: ['qwen3-pro', 'qwen3/pro-text-to-image', 'qwen3/pro-image-to-image'],
    title: 'Qwen Image 3 Pro (Alibaba)',
    kind: 'text-to-image',
    providers: {
      kie: {
        natives: [v3('qwen3/pro-text-to-image', false, v3ProPrice), v3('qwen3/pro-image-to-image', true, v3ProPrice)],
      },
      defapi: notAtDefapi,
    },
  },
]
