// The documented request schemas, written by hand from the providers' documentation (src/catalog/data/SOURCES.md) and not from the catalogue's data, so that
// a wrong entry shows. Strict: a field that is not documented is an error.
import { z } from 'zod'

const url = z.string().startsWith('https://')
const nanoBananaRatio = z.enum(['1:1', '9:16', '16:9', '3:4', '4:3', '3:2', '2:3', '5:4', '4:5', '21:9', 'auto'])
const kieGptImage2 = {
  prompt: z.string().min(1).max(20_000),
  aspect_ratio: z
    .enum(['auto', '1:1', '3:2', '2:3', '4:3', '3:4', '5:4', '4:5', '16:9', '9:16', '2:1', '1:2', '3:1', '1:3', '21:9', '9:21'])
    .optional(),
  resolution: z.enum(['1K', '2K', '4K']).optional(),
}
interface Pair {
  aspect_ratio?: string | undefined
  resolution?: string | undefined
}
/** kie: 1:1 may not be 4K; auto or no ratio only 1K; some ratios only 1K. */
const pairAllowed = (onlyAt1K: string[]) => (input: Pair) => {
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

/** Key: provider, api, model. */
export const documentedSchemas: Readonly<Record<string, z.ZodType>> = {
  'kie market google/nano-banana': z.strictObject({
    prompt: z.string().max(5000),
    aspect_ratio: nanoBananaRatio.optional(),
    output_format: z.enum(['png', 'jpeg']).optional(),
    nsfw_checker: z.boolean().optional(),
  }),
  'kie market google/nano-banana-edit': z.strictObject({
    prompt: z.string().max(5000),
    image_urls: z.array(url).min(1).max(10),
    aspect_ratio: nanoBananaRatio.optional(),
    output_format: z.enum(['png', 'jpeg']).optional(),
  }),
  'kie market nano-banana-pro': z.strictObject({
    prompt: z.string().max(10_000),
    image_input: z.array(url).max(8).optional(),
    aspect_ratio: nanoBananaRatio.optional(),
    output_format: z.enum(['png', 'jpg']).optional(),
    resolution: z.enum(['1K', '2K', '4K']).optional(),
  }),
  'kie market grok-imagine/text-to-image': z.strictObject({
    prompt: z.string().max(5000),
    aspect_ratio: z.enum(['2:3', '3:2', '1:1', '16:9', '9:16']).optional(),
    enable_pro: z.boolean().optional(),
    nsfw_checker: z.boolean().optional(),
  }),
  'kie gpt4o -': z.strictObject({
    prompt: z.string(),
    size: z.enum(['1:1', '3:2', '2:3']),
    filesUrl: z.array(url).max(5).optional(),
  }),
  'kie market gpt-image/1.5-text-to-image': z.strictObject({
    prompt: z.string(),
    aspect_ratio: z.enum(['1:1', '2:3', '3:2']),
    quality: z.enum(['medium', 'high']),
  }),
  'kie market gpt-image/1.5-image-to-image': z.strictObject({
    prompt: z.string(),
    aspect_ratio: z.enum(['1:1', '2:3', '3:2']),
    quality: z.enum(['medium', 'high']),
    input_urls: z.array(url).min(1).max(16),
  }),
  'kie market gpt-image-2-text-to-image': z.strictObject(kieGptImage2).refine(pairAllowed(['5:4', '4:5', '3:1', '1:3', '9:21'])),
  'kie market gpt-image-2-image-to-image': z
    .strictObject({ ...kieGptImage2, input_urls: z.array(url).min(1).max(16) })
    .refine(pairAllowed(['5:4', '4:5'])),
  'kie kontext flux-kontext-pro': kontext,
  'kie kontext flux-kontext-max': kontext,
  'defapi image google/nano-banana': z.strictObject(defapiImage),
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
    size: z
      .enum([
        'auto',
        '1:1',
        '3:2',
        '2:3',
        '16:9',
        '9:16',
        '1024x1024',
        '1536x1024',
        '1024x1536',
        '2048x2048',
        '3840x2160',
        '2160x3840',
      ])
      .optional(),
    images: z.array(url).max(16).optional(),
  }),
  'defapi midjourney -': z.strictObject({
    prompt: z.string().min(1),
    bot_type: z.enum(['MID_JOURNEY', 'NIJI_JOURNEY']).optional(),
    speed: z.enum(['fast', 'relax']).optional(),
  }),
}
