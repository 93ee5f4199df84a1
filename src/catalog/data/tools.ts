// Models of small families: Z-Image, and those that work on a picture alone (Recraft, Topaz).
import type { Model } from '../model-schema.ts'
import { defapiObserved } from './evidence.ts'
import { credits, flag, market, picture, prompt, requiredChoice } from './short-hands.ts'

const notAtDefapi = (what: string) => ({ absent: `nothing shows that DefAPI offers ${what}`, evidence: defapiObserved() })

export const toolModels: Model[] = [
  {
    name: 'z-image',
    aliases: [],
    title: 'Z-Image',
    kind: 'text-to-image',
    providers: {
      kie: {
        natives: [
          market('z-image', {
            kinds: ['text-to-image'],
            fields: {
              prompt: prompt(1000),
              aspect_ratio: requiredChoice('1:1 4:3 3:4 16:9 9:16', '1:1'),
              nsfw_checker: flag(),
            },
            parameters: { prompt: { field: 'prompt' }, aspectRatio: { field: 'aspect_ratio' } },
            price: credits(0.8),
          }),
        ],
      },
      defapi: notAtDefapi('Z-Image'),
    },
  },
  {
    name: 'recraft-crisp-upscale',
    aliases: ['recraft/crisp-upscale'],
    title: 'Recraft Crisp Upscale',
    kind: 'upscale',
    providers: {
      kie: {
        natives: [
          market('recraft/crisp-upscale', {
            kinds: ['upscale'],
            fields: { image: picture(10, { required: true, note: 'jpeg, png or webp' }) },
            parameters: { referenceImages: { field: 'image' } },
            price: credits(0.5),
          }),
        ],
      },
      defapi: notAtDefapi('Recraft'),
    },
  },
  {
    name: 'recraft-remove-background',
    aliases: ['recraft/remove-background'],
    title: 'Recraft Remove Background',
    kind: 'background-removal',
    providers: {
      kie: {
        natives: [
          market('recraft/remove-background', {
            kinds: ['background-removal'],
            fields: {
              image: picture(5, {
                required: true,
                // Refused is what is surely too large: 16 megapixels are taken for 4096 × 4096, which the sides say already.
                pixels: { minSide: 256, maxSide: 4096 },
                note: 'png, jpg or webp; at most 16 megapixels; all limits stand in the description only',
              }),
            },
            parameters: { referenceImages: { field: 'image' } },
            price: credits(1),
          }),
        ],
      },
      defapi: notAtDefapi('Recraft'),
    },
  },
  {
    name: 'topaz-image-upscale',
    aliases: ['topaz/image-upscale'],
    title: 'Topaz Image Upscale',
    kind: 'upscale',
    providers: {
      kie: {
        natives: [
          market('topaz/image-upscale', {
            kinds: ['upscale'],
            fields: {
              image_url: picture(10, { required: true, note: 'jpeg, png or webp' }),
              upscale_factor: requiredChoice('1 2 4', '2', { note: 'given as a native field' }),
            },
            parameters: { referenceImages: { field: 'image_url' } },
            price: credits({ from: 10, upTo: 20, by: 'the size of the result: up to 2K, or 4K' }),
          }),
        ],
      },
      defapi: notAtDefapi('Topaz'),
    },
  },
]
