// Ideogram: version 3, and pictures of a character that is given. Which way their `strength` points is not documented, so it is not ours.
import type { Model, NativeModel } from '../model-schema.ts'
import { defapiObserved } from './evidence.ts'
import { choice, credits, flag, integer, market, number, picture, pictures, prompt, text } from './short-hands.ts'

const notAtDefapi = { absent: 'nothing shows that DefAPI offers Ideogram', evidence: defapiObserved() }
const imageTypes = 'jpeg, png or webp'
/** It is laid on the picture that is edited. */
const mask = picture(null, {
  required: true,
  pixels: { sameSizeAs: 'image_url' },
  note: 'that it has the size of the picture stands in the description only; which colour means what is not documented',
})
const presets = 'square square_hd portrait_4_3 portrait_16_9 landscape_4_3 landscape_16_9'
const speeds = 'TURBO BALANCED QUALITY'
const strengthNote = 'whether more keeps or forgets the picture is not documented'
const aspectRatio = {
  field: 'image_size',
  values: {
    '1:1': 'square_hd',
    '3:4': 'portrait_4_3',
    '9:16': 'portrait_16_9',
    '4:3': 'landscape_4_3',
    '16:9': 'landscape_16_9',
  },
}
const quality = { field: 'rendering_speed', values: { low: 'TURBO', medium: 'BALANCED', high: 'QUALITY' } }
const common = { prompt: { field: 'prompt' }, quality, seed: { field: 'seed' } }
const bySpeed = (turbo: number, balanced: number, best: number) =>
  credits({ field: 'rendering_speed', whenUnset: 'BALANCED', amounts: { TURBO: turbo, BALANCED: balanced, QUALITY: best } })

const v3TextToImage = market('ideogram/v3-text-to-image', {
  kinds: ['text-to-image'],
  fields: {
    prompt: prompt(5000),
    expand_prompt: flag(),
    image_size: choice(presets),
    negative_prompt: text({ maxLength: 5000 }),
    rendering_speed: choice(speeds, { send: 'BALANCED', note: 'no default is documented, and the price depends on it' }),
    seed: integer(),
    style: choice('AUTO GENERAL REALISTIC DESIGN'),
  },
  parameters: { ...common, aspectRatio, negativePrompt: { field: 'negative_prompt' } },
  price: bySpeed(3.5, 7, 10),
})

const v3Edit = market('ideogram/v3-edit', {
  kinds: ['edit'],
  fields: {
    image_url: picture(10, { required: true, note: imageTypes }),
    mask_url: mask,
    prompt: prompt(5000),
    expand_prompt: flag({ default: true }),
    rendering_speed: choice(speeds, { default: 'BALANCED' }),
    seed: integer(),
  },
  parameters: { ...common, referenceImages: { field: 'image_url' }, mask: { field: 'mask_url' } },
  price: bySpeed(3.5, 7, 10),
})

const v3Remix = market('ideogram/v3-remix', {
  kinds: ['image-to-image'],
  fields: {
    image_url: picture(10, { required: true, note: imageTypes }),
    prompt: prompt(5000),
    expand_prompt: flag(),
    image_size: choice(presets),
    negative_prompt: text({ maxLength: 5000 }),
    num_images: choice('1 2 3 4', { send: '1', note: 'no default is documented, and each picture costs' }),
    rendering_speed: choice(speeds),
    seed: integer(),
    strength: number(0.01, 1, { note: strengthNote }),
    style: choice('AUTO GENERAL REALISTIC DESIGN'),
  },
  parameters: {
    ...common,
    aspectRatio,
    negativePrompt: { field: 'negative_prompt' },
    count: { field: 'num_images' },
    referenceImages: { field: 'image_url' },
  },
  price: null,
})

const characterFields: NativeModel['fields'] = {
  prompt: prompt(5000),
  // The total may be 10 MB, which is that of the only one that is used.
  reference_image_urls: pictures(1, 10, {
    required: true,
    note: `the character; of several only the first is used; ${imageTypes}`,
  }),
  expand_prompt: flag({ default: true, note: 'the default stands in the description only' }),
  num_images: choice('1 2 3 4', { default: '1' }),
  rendering_speed: choice(speeds, { default: 'BALANCED' }),
  seed: integer(),
  style: choice('AUTO REALISTIC FICTION', { default: 'AUTO' }),
}
const characterSize = choice(presets, { default: 'square_hd' })

const character = market('ideogram/character', {
  kinds: ['image-to-image'],
  fields: { ...characterFields, image_size: characterSize, negative_prompt: text({ maxLength: 5000 }) },
  parameters: {
    ...common,
    aspectRatio,
    negativePrompt: { field: 'negative_prompt' },
    count: { field: 'num_images' },
    referenceImages: { field: 'reference_image_urls' },
  },
  price: bySpeed(12, 18, 24),
})

const characterEdit = market('ideogram/character-edit', {
  kinds: ['edit'],
  fields: {
    ...characterFields,
    image_url: picture(10, { required: true, note: imageTypes }),
    mask_url: mask,
  },
  parameters: {
    ...common,
    count: { field: 'num_images' },
    referenceImages: { fields: ['image_url', 'reference_image_urls'] },
    mask: { field: 'mask_url' },
  },
  price: bySpeed(12, 18, 24),
})

const characterRemix = market('ideogram/character-remix', {
  kinds: ['image-to-image'],
  fields: {
    ...characterFields,
    image_url: picture(10, { required: true, note: imageTypes }),
    image_size: characterSize,
    image_urls: { type: 'urls', note: 'examples of a style, 10 MB together; given as a native field' },
    negative_prompt: text({ maxLength: 500 }),
    reference_mask_urls: text({ note: 'one mask, of the character' }),
    strength: number(0.1, 1, { default: 0.8, note: strengthNote }),
  },
  parameters: {
    ...common,
    aspectRatio,
    negativePrompt: { field: 'negative_prompt' },
    count: { field: 'num_images' },
    referenceImages: { fields: ['image_url', 'reference_image_urls'] },
  },
  price: bySpeed(12, 18, 24),
})

export const ideogramModels: Model[] = [
  {
    name: 'ideogram-v3',
    aliases: ['ideogram', 'ideogram/v3-text-to-image', 'ideogram/v3-edit', 'ideogram/v3-remix'],
    title: 'Ideogram 3: from text; a picture with a mask is edited, without one remixed',
    kind: 'text-to-image',
    providers: { kie: { natives: [v3TextToImage, v3Edit, v3Remix] }, defapi: notAtDefapi },
  },
  {
    name: 'ideogram-character',
    aliases: ['ideogram/character', 'ideogram/character-edit', 'ideogram/character-remix'],
    title: 'Ideogram Character: one picture is the character; of two the first is the scene, the second the character',
    kind: 'image-to-image',
    providers: { kie: { natives: [character, characterEdit, characterRemix] }, defapi: notAtDefapi },
  },
]
