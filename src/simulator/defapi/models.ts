// DefAPI's image endpoints as data. defapi: fields as its working public clients send them.
// INVENTED: all prices. No image price of DefAPI is public; these are plausible so that cost has something to add up.
import { choice, type Fields, readText, required, text, url, urls } from '../fields.ts'

export interface DefapiModel {
  model: string
  fields: Fields
  usd: number
  /** checks what the fields cannot say: the field that is refused, or null */
  refuses?: (input: Record<string, unknown>) => string | null
}

export interface DefapiEndpoint {
  path: string
  api: 'image' | 'gpt-image' | 'wan' | 'midjourney'
  /** Midjourney has no `model` field: one entry, named by the path */
  hasModelField: boolean
  models: readonly DefapiModel[]
}

const google: Fields = {
  prompt: required(text()),
  images: urls(4),
  aspect_ratio: choice('auto 1:1 16:9 21:9 2:3 3:2 3:4 4:3 4:5 5:4 9:16'),
}
const sized: Fields = { ...google, image_size: choice('1k 2k 4k') }

const LEAST_PIXELS = 655_360
const MOST_PIXELS = 8_294_400
const MOST_SIDE = 3_840

/** defapi: named sizes, or WxH with sides in multiples of 16, at most 3:1, and bounded pixels. */
function refusesGptImage2Size(input: Record<string, unknown>): string | null {
  const size = readText(input['size'])
  if (size === null || ['auto', '1:1', '3:2', '2:3', '16:9', '9:16'].includes(size)) return null
  const sides = /^(\d+)x(\d+)$/.exec(size)
  const width = Number(sides?.[1])
  const height = Number(sides?.[2])
  const fits =
    sides !== null &&
    width % 16 === 0 &&
    height % 16 === 0 &&
    Math.max(width, height) <= MOST_SIDE &&
    Math.max(width, height) <= 3 * Math.min(width, height) &&
    width * height >= LEAST_PIXELS &&
    width * height <= MOST_PIXELS
  return fits ? null : 'size'
}

export const endpoints: readonly DefapiEndpoint[] = [
  {
    path: '/api/image/gen',
    api: 'image',
    hasModelField: true,
    models: [
      { model: 'google/nano-banana', fields: google, usd: 0.02 },
      { model: 'google/nano-banana-pro', fields: sized, usd: 0.07 },
      { model: 'google/nano-banana-2', fields: sized, usd: 0.04 },
      { model: 'google/gemini-2.5-flash-image', fields: google, usd: 0.02 },
      { model: 'google/gemini-3.1-flash-image-preview', fields: google, usd: 0.04 },
      { model: 'google/gempix2', fields: google, usd: 0.07 },
      { model: 'google/gemini', fields: google, usd: 0.02 },
    ],
  },
  {
    path: '/api/gpt-image/gen',
    api: 'gpt-image',
    hasModelField: true,
    models: [
      {
        model: 'openai/gpt-image-1.5',
        fields: {
          prompt: required(text()),
          size: choice('auto 1024x1024 1536x1024 1024x1536'),
          quality: choice('auto high medium low'),
          background: choice('auto opaque transparent'),
          output_format: choice('png jpeg webp'),
          images: urls(4),
        },
        usd: 0.03,
      },
      {
        model: 'openai/gpt-image-2',
        fields: { prompt: required(text()), size: text(), quality: text(), images: urls(16) },
        usd: 0.04,
        refuses: refusesGptImage2Size,
      },
    ],
  },
  {
    path: '/api/wan-image/gen',
    api: 'wan',
    hasModelField: true,
    models: [
      {
        model: 'wan-2.7-image',
        fields: { prompt: required(text()), aspect_ratio: choice('1:1 16:9 4:3 21:9 3:4 9:16 8:1') },
        usd: 0.015,
      },
    ],
  },
  {
    path: '/api/midjourney/imagine',
    api: 'midjourney',
    hasModelField: false,
    models: [
      {
        model: 'midjourney/imagine',
        fields: { prompt: required(text()), bot_type: choice('MID_JOURNEY NIJI_JOURNEY'), speed: choice('fast relax') },
        usd: 0.05,
      },
    ],
  },
  {
    path: '/api/midjourney/edits',
    api: 'midjourney',
    hasModelField: false,
    models: [
      {
        model: 'midjourney/edits',
        fields: { prompt: required(text()), image: required(url()), speed: choice('fast relax') },
        usd: 0.05,
      },
    ],
  },
]
