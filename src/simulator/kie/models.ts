// Kie's market models as data. kie: schemas of docs.kie.ai as of August 2026, prices of its catalogue as of October 2026.
// INVENTED where Kie gives none: the price of `ideogram/v3-remix`, pixels of those that are paid by the megapixel (one), layers of a picture.
import { type Fields, readText } from '../fields.ts'
import { alibabaSchemas } from './schemas/alibaba.ts'
import { bytedanceSchemas } from './schemas/bytedance.ts'
import { googleOpenaiSchemas } from './schemas/google-openai.ts'
import { otherSchemas } from './schemas/others.ts'

/** Credits: one price, or one per word of a field. */
type Credits = number | { field: string; prices: Readonly<Record<string, number>>; otherwise: number }

export interface MarketModel {
  model: string
  fields: Fields
  credits: Credits
  /** what each picture to start from costs beyond the free ones */
  perReference?: { credits: number; free: number }
  /** `credits` are of each picture, not of the task */
  paidByPicture: boolean
  /** kie: most models say `waiting` until the end, a few say `generating` from the start */
  pendingWord: 'waiting' | 'generating'
  /** pictures per task: so many, or what a field says */
  images: number | { field: string; otherwise: number }
  /** combinations the schema cannot express: the field that is refused, or null */
  refuses?: (input: Record<string, unknown>) => string | null
}

type Facts = Pick<MarketModel, 'credits'> & Partial<Omit<MarketModel, 'model' | 'fields'>>

/** kie: 1:1 may not be 4K, auto or no ratio only 1K, and five ratios are not offered above 1K; such pairs are refused at createTask. */
function refusesGptImage2Pair(input: Record<string, unknown>): string | null {
  const ratio = readText(input['aspect_ratio']) ?? 'auto'
  const resolution = readText(input['resolution']) ?? '1K'
  if (resolution === '1K') return null
  if (ratio === 'auto' || (ratio === '1:1' && resolution === '4K')) return 'resolution'
  const onlyAt1K = Array.isArray(input['input_urls']) ? ['5:4', '4:5'] : ['5:4', '4:5', '3:1', '1:3', '9:21']
  return onlyAt1K.includes(ratio) ? 'aspect_ratio' : null
}

const byResolution = (prices: Record<string, number>, otherwise: number): Credits => ({ field: 'resolution', prices, otherwise })
const bySpeed = (turbo: number, balanced: number, best: number): Credits => ({
  field: 'rendering_speed',
  prices: { TURBO: turbo, BALANCED: balanced, QUALITY: best },
  otherwise: balanced,
})

const banana2 = byResolution({ '1K': 8, '2K': 12, '4K': 18 }, 8)
const bananaPro = byResolution({ '1K': 18, '2K': 18, '4K': 24 }, 18)
const gptImage15: Credits = { field: 'quality', prices: { medium: 4, high: 22 }, otherwise: 4 }
const gptImage2 = byResolution({ '1K': 6, '2K': 10, '4K': 16 }, 6)
const flux2Pro = byResolution({ '1K': 5, '2K': 7 }, 5)
const flux2Flex = byResolution({ '1K': 14, '2K': 24 }, 14)
const seedream5Pro: Credits = { field: 'quality', prices: { basic: 7, high: 14 }, otherwise: 7 }
const qwen3Pro = byResolution({ '1K': 6.4, '2K': 12 }, 6.4)
/** kie: about 0.03 USD; 5.6 credits in April 2026. */
const qwen2 = 5.6
const half = { credits: 0.5, free: 0 }
const numImages = { paidByPicture: true, images: { field: 'num_images', otherwise: 1 } } as const
const maxImages = { paidByPicture: true, images: { field: 'max_images', otherwise: 1 } } as const
// kie: four when nothing is said.
const wanImages = { paidByPicture: true, images: { field: 'n', otherwise: 4 } } as const
const layers = { paidByPicture: true, images: 3 } as const

const facts: Readonly<Record<string, Facts>> = {
  'google/nano-banana': { credits: 4 },
  'google/nano-banana-edit': { credits: 4 },
  'nano-banana-2': { credits: banana2 },
  'nano-banana-2-lite': { credits: 4 },
  'nano-banana-pro': { credits: bananaPro },
  'google/imagen4': { credits: 8 },
  'google/imagen4-fast': { credits: 4 },
  'google/imagen4-ultra': { credits: 12 },
  // kie: 2 by its catalogue (6 were returned in April 2026).
  'grok-imagine/text-to-image': { credits: { field: 'enable_pro', prices: { true: 5, false: 4 }, otherwise: 4 }, images: 2 },
  'grok-imagine/image-to-image': { credits: 4, images: 2 },
  'grok-imagine-image-2-0/text-to-image': { credits: 4 },
  'grok-imagine-image-2-0/image-edit': { credits: 4 },
  'gpt-image/1.5-text-to-image': { credits: gptImage15 },
  'gpt-image/1.5-image-to-image': { credits: gptImage15 },
  'gpt-image-2-text-to-image': { credits: gptImage2, pendingWord: 'generating', refuses: refusesGptImage2Pair },
  'gpt-image-2-image-to-image': { credits: gptImage2, refuses: refusesGptImage2Pair },
  'flux-2/pro-text-to-image': { credits: flux2Pro },
  'flux-2/pro-image-to-image': { credits: flux2Pro },
  'flux-2/flex-text-to-image': { credits: flux2Flex },
  'flux-2/flex-image-to-image': { credits: flux2Flex },
  'bytedance/seedream': { credits: 3.5 },
  'bytedance/seedream-v4-text-to-image': { credits: 5, ...maxImages },
  'bytedance/seedream-v4-edit': { credits: 5, ...maxImages },
  'seedream/4.5-text-to-image': { credits: 6.5 },
  'seedream/4.5-edit': { credits: 6.5 },
  'seedream/5-lite-text-to-image': { credits: 5.5, pendingWord: 'generating' },
  'seedream/5-lite-image-to-image': { credits: 5.5, pendingWord: 'generating' },
  'seedream/5-pro-text-to-image': { credits: seedream5Pro },
  'seedream/5-pro-image-to-image': { credits: seedream5Pro, perReference: { credits: 0.5, free: 1 } },
  'seedream/5-pro-layer-decomposition': {
    credits: { field: 'size', prices: { auto: 7, '1K': 7, '1.5K': 7, '2K': 14 }, otherwise: 7 },
    ...layers,
  },
  'qwen/text-to-image': { credits: 4 },
  'qwen/image-to-image': { credits: 4 },
  'qwen/image-edit': { credits: 6, ...numImages },
  'qwen2/text-to-image': { credits: qwen2 },
  'qwen2/image-edit': { credits: qwen2 },
  'qwen3/text-to-image': { credits: 4.8 },
  'qwen3/image-to-image': { credits: 4.8, perReference: half },
  'qwen3/pro-text-to-image': { credits: qwen3Pro },
  'qwen3/pro-image-to-image': { credits: qwen3Pro, perReference: half },
  'ideogram/v3-text-to-image': { credits: bySpeed(3.5, 7, 10) },
  'ideogram/v3-edit': { credits: bySpeed(3.5, 7, 10) },
  'ideogram/v3-remix': { credits: bySpeed(3.5, 7, 10), ...numImages },
  'ideogram/character': { credits: bySpeed(12, 18, 24), ...numImages },
  'ideogram/character-edit': { credits: bySpeed(12, 18, 24), ...numImages },
  'ideogram/character-remix': { credits: bySpeed(12, 18, 24), ...numImages },
  'wan/2-7-image': { credits: 4.8, ...wanImages },
  'wan/2-7-image-pro': { credits: 12, ...wanImages },
  'z-image': { credits: 0.8 },
  'recraft/crisp-upscale': { credits: 0.5 },
  'recraft/remove-background': { credits: 1 },
  'topaz/image-upscale': { credits: { field: 'upscale_factor', prices: { '1': 10, '2': 10, '4': 20 }, otherwise: 10 } },
}

const schemas: Readonly<Record<string, Fields>> = {
  ...googleOpenaiSchemas,
  ...bytedanceSchemas,
  ...alibabaSchemas,
  ...otherSchemas,
}

export const marketModels: readonly MarketModel[] = Object.entries(facts).map(([model, more]) => ({
  model,
  fields: schemas[model] ?? {},
  paidByPicture: false,
  pendingWord: 'waiting',
  images: 1,
  ...more,
}))

/** Pictures that this task will give. */
export function imagesOf({ images }: MarketModel, input: Record<string, unknown>): number {
  if (typeof images === 'number') return images
  const asked = Number(input[images.field])
  return Number.isInteger(asked) && asked > 0 ? asked : images.otherwise
}

function baseCredits({ credits }: MarketModel, input: Record<string, unknown>): number {
  if (typeof credits === 'number') return credits
  const word = input[credits.field]
  const known = typeof word === 'string' || typeof word === 'boolean' ? credits.prices[String(word)] : undefined
  return known ?? credits.otherwise
}

export function creditsOf(model: MarketModel, input: Record<string, unknown>): number {
  const pictures = model.paidByPicture ? imagesOf(model, input) : 1
  const references = input['image_urls']
  const given = Array.isArray(references) ? references.length : 0
  const extra = model.perReference === undefined ? 0 : model.perReference.credits * Math.max(0, given - model.perReference.free)
  return baseCredits(model, input) * pictures + extra
}
