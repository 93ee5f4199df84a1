// The documented request schemas, not from the catalogue's data, so that a wrong entry shows: Kie's market by a program from its documentation, the
// others by hand (src/catalog/data/SOURCES.md). Strict: a field that is not documented is an error.
import { z } from 'zod'
import { documentedMarketModels, documentedSchema } from './documented-market-models.ts'

const url = z.string().startsWith('https://')
interface Pair {
  aspect_ratio?: string | undefined
  resolution?: string | undefined
}
/** kie: 1:1 may not be 4K; auto or no ratio only 1K; some ratios only 1K. */
const pairAllowed =
  (onlyAt1K: string[]) =>
  (input: Pair): boolean => {
    const ratio = input.aspect_ratio ?? 'auto'
    if (ratio === '1:1' && input.resolution === '4K') return false
    return !['2K', '4K'].includes(input.resolution ?? '1K') || !['auto', ...onlyAt1K].includes(ratio)
  }
const kontext = z.strictObject({
  prompt: z.string(),
  enableTranslation: z.boolean().optional(),
  inputImage: url.optional(),
  aspectRatio: z.enum(['21:9', '16:9', '4:3', '1:1', '3:4', '9:16']).optional(),
  outputFormat: z.enum(['jpeg', 'png']).optional(),
  promptUpsampling: z.boolean().optional(),
  safetyTolerance: z.int().min(0).max(6).optional(),
})
const defapiImage = {
  prompt: z.string().min(1),
  images: z.array(url).max(4).optional(),
  aspect_ratio: z.enum(['auto', '1:1', '16:9', '21:9', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16']).optional(),
}

/** defapi: named sizes, or sides in multiples of 16 up to 3840, at most 3 to 1, 655,360 to 8,294,400 pixels. */
function isGptImage2Size(size: string): boolean {
  if (['auto', '1:1', '3:2', '2:3', '16:9', '9:16'].includes(size)) return true
  const [width = 0, height = 0] = size.split('x').map(Number)
  const [long, short] = [Math.max(width, height), Math.min(width, height)]
  const pixels = width * height
  return width % 16 === 0 && height % 16 === 0 && long <= 3840 && long <= 3 * short && pixels >= 655_360 && pixels <= 8_294_400
}

/** What the documentation says in prose about several fields together. */
const together: Readonly<Record<string, (input: Record<string, unknown>) => boolean>> = {
  'gpt-image-2-text-to-image': pairAllowed(['5:4', '4:5', '3:1', '1:3', '9:21']),
  'gpt-image-2-image-to-image': pairAllowed(['5:4', '4:5']),
  // Only without pictures: a ratio would be ignored with them. More than one picture would cost more than one.
  'wan/2-7-image': (input) => !('input_urls' in input && 'aspect_ratio' in input) && input['n'] === 1,
  'wan/2-7-image-pro': (input) =>
    !('input_urls' in input && ('aspect_ratio' in input || input['resolution'] === '4K')) && input['n'] === 1,
  'ideogram/character': ({ reference_image_urls: characters }) => Array.isArray(characters) && characters.length === 1,
  'flux-2/pro-text-to-image': ({ prompt }) => String(prompt).length >= 3,
}

/** Given with the free map of segments, which is never asked for. */
const neverAsked = 'grok-imagine-image-2-0/segment-map'

const market = Object.fromEntries(
  Object.entries(documentedMarketModels)
    .filter(([model]) => model !== neverAsked)
    .map(([model, fields]) => [`kie market ${model}`, documentedSchema(fields).refine(together[model] ?? (() => true))]),
)

/** Key: provider, api, model. */
export const documentedSchemas: Readonly<Record<string, z.ZodType>> = {
  ...market,
  'kie gpt4o -': z.strictObject({
    prompt: z.string(),
    size: z.enum(['1:1', '3:2', '2:3']),
    filesUrl: z.array(url).max(5).optional(),
  }),
  'kie kontext flux-kontext-pro': kontext,
  'kie kontext flux-kontext-max': kontext,
  'defapi image google/nano-banana': z.strictObject(defapiImage),
  'defapi image google/gemini-2.5-flash-image': z.strictObject(defapiImage),
  'defapi image google/gemini-3.1-flash-image-preview': z.strictObject(defapiImage),
  'defapi image google/gempix2': z.strictObject(defapiImage),
  'defapi image google/gemini': z.strictObject(defapiImage),
  'defapi image google/nano-banana-2': z.strictObject({ ...defapiImage, image_size: z.enum(['1k', '2k', '4k']).optional() }),
  'defapi wan wan-2.7-image': z.strictObject({
    prompt: z.string().min(1),
    aspect_ratio: z.enum(['1:1', '16:9', '4:3', '21:9', '3:4', '9:16', '8:1']).optional(),
  }),
  'defapi image google/nano-banana-pro': z.strictObject({ ...defapiImage, image_size: z.enum(['1k', '2k', '4k']).optional() }),
  'defapi gpt-image openai/gpt-image-1.5': z.strictObject({
    prompt: z.string().min(1),
    size: z.enum(['auto', '1024x1024', '1536x1024', '1024x1536']).optional(),
    quality: z.enum(['auto', 'high', 'medium', 'low']).optional(),
    background: z.enum(['auto', 'opaque', 'transparent']).optional(),
    output_format: z.enum(['png', 'jpeg', 'webp']).optional(),
  }),
  'defapi gpt-image openai/gpt-image-2': z.strictObject({
    prompt: z.string().min(1),
    size: z.string().refine(isGptImage2Size).optional(),
    quality: z.literal('high').optional(),
    images: z.array(url).max(16).optional(),
  }),
  'defapi midjourney -': z.strictObject({
    prompt: z.string().min(1),
    bot_type: z.enum(['MID_JOURNEY', 'NIJI_JOURNEY']).optional(),
    speed: z.enum(['fast', 'relax']).optional(),
  }),
  'defapi midjourney-edits -': z.strictObject({
    prompt: z.string().min(1),
    image: url,
    speed: z.enum(['fast', 'relax']).optional(),
  }),
}
