// Kie's market models as data. kie: schemas of docs.kie.ai as of August 2026, prices of its catalogue as of October 2026.
import { choice, type Fields, flag, readText, required, text, urls } from '../fields.ts'

export interface MarketModel {
  model: string
  fields: Fields
  /** credits: one price, or one per word of a field */
  credits: number | { field: string; prices: Readonly<Record<string, number>>; otherwise: number }
  /** kie: most models say `waiting` until the end, a few say `generating` from the start */
  pendingWord: 'waiting' | 'generating'
  /** pictures per task */
  images: number
  /** combinations the schema cannot express: the field that is refused, or null */
  refuses?: (input: Record<string, unknown>) => string | null
}

const BANANA_RATIOS = '1:1 9:16 16:9 3:4 4:3 3:2 2:3 5:4 4:5 21:9 auto'
const BANANA_2_RATIOS = '1:1 2:3 3:2 1:4 4:1 3:4 4:3 4:5 5:4 1:8 8:1 9:16 16:9 21:9 auto'
const GPT_2_RATIOS = 'auto 1:1 3:2 2:3 4:3 3:4 5:4 4:5 16:9 9:16 2:1 1:2 3:1 1:3 21:9 9:21'
const RESOLUTIONS = '1K 2K 4K'

const plain = { pendingWord: 'waiting', images: 1 } as const

const gptImage15: Fields = {
  prompt: required(text()),
  aspect_ratio: required(choice('1:1 2:3 3:2')),
  quality: required(choice('medium high')),
}

const gptImage2: Fields = { prompt: required(text(20_000)), aspect_ratio: choice(GPT_2_RATIOS), resolution: choice(RESOLUTIONS) }

const gptImage2Credits = { field: 'resolution', prices: { '1K': 6, '2K': 10, '4K': 16 }, otherwise: 6 }

/** kie: 1:1 may not be 4K, auto or no ratio only 1K, and five ratios are not offered above 1K; such pairs are refused at createTask. */
function refusesGptImage2Pair(input: Record<string, unknown>): string | null {
  const ratio = readText(input['aspect_ratio']) ?? 'auto'
  const resolution = readText(input['resolution']) ?? '1K'
  if (resolution === '1K') return null
  if (ratio === 'auto' || (ratio === '1:1' && resolution === '4K')) return 'resolution'
  return ['5:4', '4:5', '3:1', '1:3', '9:21'].includes(ratio) ? 'aspect_ratio' : null
}

export const marketModels: readonly MarketModel[] = [
  {
    ...plain,
    model: 'google/nano-banana',
    fields: {
      prompt: required(text(5_000)),
      aspect_ratio: choice(BANANA_RATIOS),
      image_size: choice(BANANA_RATIOS),
      nsfw_checker: flag(),
      output_format: choice('png jpeg'),
    },
    credits: 4,
  },
  {
    ...plain,
    model: 'google/nano-banana-edit',
    fields: {
      prompt: required(text(5_000)),
      image_urls: required(urls(10)),
      aspect_ratio: choice(BANANA_RATIOS),
      image_size: choice(BANANA_RATIOS),
      output_format: choice('png jpeg'),
    },
    credits: 4,
  },
  {
    ...plain,
    model: 'nano-banana-2',
    fields: {
      prompt: required(text(20_000)),
      aspect_ratio: choice(BANANA_2_RATIOS),
      image_input: urls(14),
      output_format: choice('png jpg'),
      resolution: choice(RESOLUTIONS),
    },
    credits: { field: 'resolution', prices: { '1K': 8, '2K': 12, '4K': 18 }, otherwise: 8 },
  },
  {
    ...plain,
    model: 'nano-banana-2-lite',
    fields: { prompt: required(text(20_000)), aspect_ratio: required(choice(BANANA_2_RATIOS)), image_urls: urls(10) },
    credits: 4,
  },
  {
    ...plain,
    model: 'nano-banana-pro',
    fields: {
      prompt: required(text(10_000)),
      aspect_ratio: choice(BANANA_RATIOS),
      image_input: urls(8),
      output_format: choice('png jpg'),
      resolution: choice(RESOLUTIONS),
    },
    credits: { field: 'resolution', prices: { '1K': 18, '2K': 18, '4K': 24 }, otherwise: 18 },
  },
  {
    ...plain,
    model: 'grok-imagine/text-to-image',
    fields: {
      prompt: required(text(5_000)),
      aspect_ratio: choice('2:3 3:2 1:1 16:9 9:16'),
      enable_pro: flag(),
      nsfw_checker: flag(),
    },
    credits: { field: 'enable_pro', prices: { true: 5, false: 4 }, otherwise: 4 },
    // kie: 2 by its catalogue (6 were returned in April 2026).
    images: 2,
  },
  {
    ...plain,
    model: 'grok-imagine/image-to-image',
    fields: { prompt: text(390_000), image_urls: required(urls(5)), nsfw_checker: flag() },
    credits: 4,
    images: 2,
  },
  {
    ...plain,
    model: 'gpt-image/1.5-text-to-image',
    fields: gptImage15,
    credits: { field: 'quality', prices: { medium: 4, high: 22 }, otherwise: 4 },
  },
  {
    ...plain,
    model: 'gpt-image/1.5-image-to-image',
    fields: { ...gptImage15, input_urls: required(urls(16)) },
    credits: { field: 'quality', prices: { medium: 4, high: 22 }, otherwise: 4 },
  },
  {
    ...plain,
    model: 'gpt-image-2-text-to-image',
    fields: gptImage2,
    credits: gptImage2Credits,
    pendingWord: 'generating',
    refuses: refusesGptImage2Pair,
  },
  {
    ...plain,
    model: 'gpt-image-2-image-to-image',
    fields: { ...gptImage2, input_urls: required(urls(16)) },
    credits: gptImage2Credits,
    refuses: refusesGptImage2Pair,
  },
]

export function creditsOf(model: MarketModel, input: Record<string, unknown>): number {
  if (typeof model.credits === 'number') return model.credits
  const word = input[model.credits.field]
  const known = typeof word === 'string' || typeof word === 'boolean' ? model.credits.prices[String(word)] : undefined
  return known ?? model.credits.otherwise
}
