// Nano Banana: Google's image models that take and give pictures.
import type { Model, NativeModel } from '../model-schema.ts'
import { defapiObserved, kieDocumented, kieRecorded } from './evidence.ts'
import { choice, credits, defapi, flag, market, pictures, prompt, requiredChoice } from './short-hands.ts'

const nanoBananaRatios = '1:1 9:16 16:9 3:4 4:3 3:2 2:3 5:4 4:5 21:9 auto'
const nanoBanana2Ratios = '1:1 2:3 3:2 1:4 4:1 3:4 4:3 4:5 5:4 1:8 8:1 9:16 16:9 21:9 auto'
const nanoBananaFields = {
  prompt: prompt(5000),
  aspect_ratio: choice(nanoBananaRatios, { default: '1:1' }),
  image_size: choice(nanoBananaRatios, { default: '1:1', note: 'old name of aspect_ratio' }),
  output_format: choice('png jpeg', { default: 'png' }),
}
const jpgForJpeg = { field: 'output_format', values: { png: 'png', jpeg: 'jpg' } }
const onlyPrompt = kieRecorded('market-models', '2026-05', 'a task with only a prompt was accepted')

/** DefAPI's fields for all of Google's names. */
const ofGoogle = (model: string, options: { sized?: boolean; seen?: string; note?: string } = {}): NativeModel =>
  defapi('image', model, {
    kinds: ['text-to-image', 'image-to-image'],
    fields: {
      // An empty prompt is probably refused: a client sends a blank instead of it.
      prompt: prompt(undefined, { minLength: 1 }),
      images: pictures(4, null, { note: 'also data URIs; more than 4 for -pro and -2 is not known' }),
      aspect_ratio: choice('auto 1:1 16:9 21:9 2:3 3:2 3:4 4:3 4:5 5:4 9:16', { note: "the server's own default is not known" }),
      ...(options.sized === true ? { image_size: choice('1k 2k 4k', { note: 'lower case' }) } : {}),
    },
    parameters: {
      prompt: { field: 'prompt' },
      aspectRatio: { field: 'aspect_ratio' },
      ...(options.sized === true ? { resolution: { field: 'image_size', values: { '1K': '1k', '2K': '2k', '4K': '4k' } } } : {}),
      referenceImages: { field: 'images' },
    },
    ...(options.seen === undefined ? {} : { seen: defapiObserved(options.seen) }),
    ...(options.note === undefined ? {} : { note: options.note }),
  })

/** Names of Google's models that only DefAPI is known to take. */
const onlyDefapi = (name: string, title: string, alias: string, note: string): Model => ({
  name,
  aliases: [alias],
  title,
  kind: 'text-to-image',
  providers: {
    kie: { absent: 'Kie lists no model of this name', evidence: kieDocumented('market-models') },
    defapi: { natives: [ofGoogle(alias, { note })] },
  },
})

export const googleModels: Model[] = [
  {
    name: 'nano-banana',
    aliases: ['google/nano-banana', 'google/nano-banana-edit', 'nano-banana-edit'],
    title: 'Nano Banana (Google)',
    kind: 'text-to-image',
    providers: {
      kie: {
        natives: [
          market('google/nano-banana', {
            kinds: ['text-to-image'],
            fields: { ...nanoBananaFields, nsfw_checker: flag() },
            parameters: {
              prompt: { field: 'prompt' },
              aspectRatio: { field: 'aspect_ratio' },
              outputFormat: { field: 'output_format' },
            },
            price: credits(4),
          }),
          market('google/nano-banana-edit', {
            kinds: ['image-to-image'],
            fields: { ...nanoBananaFields, image_urls: pictures(10, 10, { required: true, note: 'jpeg, png or webp' }) },
            parameters: {
              prompt: { field: 'prompt' },
              aspectRatio: { field: 'aspect_ratio' },
              outputFormat: { field: 'output_format' },
              referenceImages: { field: 'image_urls' },
            },
            price: credits(4),
          }),
        ],
      },
      defapi: { natives: [ofGoogle('google/nano-banana', { seen: 'several independent public clients' })] },
    },
  },
  {
    name: 'nano-banana-2',
    aliases: ['google/nano-banana-2'],
    title: 'Nano Banana 2 (Google)',
    kind: 'text-to-image',
    providers: {
      kie: {
        natives: [
          market('nano-banana-2', {
            kinds: ['text-to-image', 'image-to-image'],
            fields: {
              prompt: prompt(20_000),
              image_input: pictures(14, 30, { note: 'jpeg, png or webp' }),
              aspect_ratio: choice(nanoBanana2Ratios, { default: 'auto' }),
              output_format: choice('png jpg', { default: 'jpg' }),
              resolution: choice('1K 2K 4K', { default: '1K' }),
            },
            parameters: {
              prompt: { field: 'prompt' },
              aspectRatio: { field: 'aspect_ratio' },
              resolution: { field: 'resolution' },
              outputFormat: jpgForJpeg,
              referenceImages: { field: 'image_input' },
            },
            price: credits({ field: 'resolution', whenUnset: '1K', amounts: { '1K': 8, '2K': 12, '4K': 18 } }),
            seen: onlyPrompt,
          }),
        ],
      },
      defapi: { natives: [ofGoogle('google/nano-banana-2', { sized: true, note: 'one client' })] },
    },
  },
  {
    name: 'nano-banana-2-lite',
    aliases: [],
    title: 'Nano Banana 2 Lite (Google)',
    kind: 'text-to-image',
    providers: {
      kie: {
        natives: [
          market('nano-banana-2-lite', {
            kinds: ['text-to-image', 'image-to-image'],
            fields: {
              prompt: prompt(20_000),
              aspect_ratio: requiredChoice(nanoBanana2Ratios, 'auto'),
              image_urls: pictures(10, null, { note: 'left out, or an empty list: from text alone' }),
            },
            parameters: {
              prompt: { field: 'prompt' },
              aspectRatio: { field: 'aspect_ratio' },
              referenceImages: { field: 'image_urls' },
            },
            price: credits(4),
          }),
        ],
      },
      defapi: { absent: 'nothing shows that DefAPI offers the lite model', evidence: defapiObserved() },
    },
  },
  {
    name: 'nano-banana-pro',
    aliases: ['google/nano-banana-pro'],
    title: 'Nano Banana Pro (Google)',
    kind: 'text-to-image',
    providers: {
      kie: {
        natives: [
          market('nano-banana-pro', {
            kinds: ['text-to-image', 'image-to-image'],
            fields: {
              prompt: prompt(10_000),
              image_input: pictures(8, 30, { note: 'jpeg, png or webp' }),
              aspect_ratio: choice('1:1 2:3 3:2 3:4 4:3 4:5 5:4 9:16 16:9 21:9 auto', { default: '1:1' }),
              output_format: choice('png jpg', { default: 'png' }),
              resolution: choice('1K 2K 4K', { default: '1K' }),
            },
            parameters: {
              prompt: { field: 'prompt' },
              aspectRatio: { field: 'aspect_ratio' },
              resolution: { field: 'resolution' },
              outputFormat: jpgForJpeg,
              referenceImages: { field: 'image_input' },
            },
            price: credits({ field: 'resolution', whenUnset: '1K', amounts: { '1K': 18, '2K': 18, '4K': 24 } }),
            seen: onlyPrompt,
          }),
        ],
      },
      defapi: { natives: [ofGoogle('google/nano-banana-pro', { sized: true, seen: 'in production at a public client' })] },
    },
  },
  onlyDefapi(
    'gemini-2.5-flash-image',
    'Gemini 2.5 Flash Image (Google)',
    'google/gemini-2.5-flash-image',
    "one client; Google's own name of Nano Banana, and whether DefAPI runs the same is not known",
  ),
  onlyDefapi(
    'gemini-3.1-flash-image-preview',
    'Gemini 3.1 Flash Image, preview (Google)',
    'google/gemini-3.1-flash-image-preview',
    'one client',
  ),
  onlyDefapi('gempix2', 'GemPix 2 (Google)', 'google/gempix2', "resellers' name; which of Google's models it is is not known"),
  onlyDefapi('gemini', 'Gemini image (Google)', 'google/gemini', 'in published templates only'),
]
