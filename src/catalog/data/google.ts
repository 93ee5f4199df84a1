// Nano Banana: Google's image models.
import type { Model, NativeField } from '../model-schema.ts'
import { defapiObserved, defapiPriceUnknown, kieDocumented, kiePriceList, kieRecorded } from './evidence.ts'

const nanoBananaRatios = ['1:1', '9:16', '16:9', '3:4', '4:3', '3:2', '2:3', '5:4', '4:5', '21:9', 'auto']
const defapiRatios = ['auto', '1:1', '16:9', '21:9', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16']

const kieImageSize: NativeField = { type: 'string', values: nanoBananaRatios, note: 'old name of aspect_ratio' }

const defapiImageFields: Record<string, NativeField> = {
  // An empty prompt is probably refused: a client sends a blank instead of it.
  prompt: { type: 'string', required: true, minLength: 1 },
  images: { type: 'urls', maxItems: 4, note: 'also data URIs; more than 4 for -pro and -2 is not known' },
  aspect_ratio: { type: 'string', values: defapiRatios, note: "the server's own default is not known" },
}

export const googleModels: Model[] = [
  {
    name: 'nano-banana',
    aliases: ['google/nano-banana', 'google/nano-banana-edit', 'nano-banana-edit'],
    title: 'Nano Banana (Google)',
    providers: {
      kie: {
        natives: [
          {
            api: 'market',
            model: 'google/nano-banana',
            kinds: ['text-to-image'],
            fields: {
              prompt: { type: 'string', required: true, maxLength: 5000 },
              aspect_ratio: { type: 'string', values: nanoBananaRatios },
              image_size: kieImageSize,
              nsfw_checker: { type: 'boolean' },
              output_format: { type: 'string', values: ['png', 'jpeg'] },
            },
            parameters: {
              prompt: { field: 'prompt' },
              aspectRatio: { field: 'aspect_ratio' },
              outputFormat: { field: 'output_format' },
            },
            price: { unit: 'credits', per: 'image', amount: 4 },
            typicalDurationMs: null,
            evidence: { interface: kieDocumented('market-models'), price: kiePriceList, duration: null, seenWorking: null },
          },
          {
            api: 'market',
            model: 'google/nano-banana-edit',
            kinds: ['image-to-image'],
            fields: {
              prompt: { type: 'string', required: true, maxLength: 5000 },
              image_urls: { type: 'urls', required: true, maxItems: 10, note: 'jpeg, png or webp of at most 10 MB each' },
              aspect_ratio: { type: 'string', values: nanoBananaRatios },
              image_size: kieImageSize,
              output_format: { type: 'string', values: ['png', 'jpeg'] },
            },
            parameters: {
              prompt: { field: 'prompt' },
              aspectRatio: { field: 'aspect_ratio' },
              outputFormat: { field: 'output_format' },
              referenceImages: { field: 'image_urls' },
            },
            price: { unit: 'credits', per: 'image', amount: 4 },
            typicalDurationMs: null,
            evidence: { interface: kieDocumented('market-models'), price: kiePriceList, duration: null, seenWorking: null },
          },
        ],
      },
      defapi: {
        natives: [
          {
            api: 'image',
            model: 'google/nano-banana',
            kinds: ['text-to-image', 'image-to-image'],
            fields: defapiImageFields,
            parameters: {
              prompt: { field: 'prompt' },
              aspectRatio: { field: 'aspect_ratio' },
              referenceImages: { field: 'images' },
            },
            price: null,
            typicalDurationMs: null,
            evidence: {
              interface: defapiObserved(),
              price: defapiPriceUnknown,
              duration: null,
              seenWorking: defapiObserved('several independent public clients'),
            },
          },
        ],
      },
    },
  },
  {
    name: 'nano-banana-pro',
    aliases: ['google/nano-banana-pro'],
    title: 'Nano Banana Pro (Google)',
    providers: {
      kie: {
        natives: [
          {
            api: 'market',
            model: 'nano-banana-pro',
            kinds: ['text-to-image', 'image-to-image'],
            fields: {
              prompt: { type: 'string', required: true, maxLength: 10_000 },
              image_input: { type: 'urls', maxItems: 8, note: 'jpeg, png or webp of at most 30 MB each' },
              aspect_ratio: {
                type: 'string',
                values: ['1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '21:9', 'auto'],
              },
              output_format: { type: 'string', values: ['png', 'jpg'] },
              resolution: { type: 'string', values: ['1K', '2K', '4K'] },
            },
            parameters: {
              prompt: { field: 'prompt' },
              aspectRatio: { field: 'aspect_ratio' },
              resolution: { field: 'resolution' },
              outputFormat: { field: 'output_format', values: { png: 'png', jpeg: 'jpg' } },
              referenceImages: { field: 'image_input' },
            },
            price: {
              unit: 'credits',
              per: 'image',
              amount: { field: 'resolution', whenUnset: '1K', amounts: { '1K': 18, '2K': 18, '4K': 24 } },
            },
            typicalDurationMs: null,
            evidence: {
              interface: kieDocumented('market-models'),
              price: kiePriceList,
              duration: null,
              seenWorking: kieRecorded('market-models', '2026-05', 'a task with only a prompt was accepted'),
            },
          },
        ],
      },
      defapi: {
        natives: [
          {
            api: 'image',
            model: 'google/nano-banana-pro',
            kinds: ['text-to-image', 'image-to-image'],
            fields: { ...defapiImageFields, image_size: { type: 'string', values: ['1k', '2k', '4k'] } },
            parameters: {
              prompt: { field: 'prompt' },
              aspectRatio: { field: 'aspect_ratio' },
              resolution: { field: 'image_size', values: { '1K': '1k', '2K': '2k', '4K': '4k' } },
              referenceImages: { field: 'images' },
            },
            price: null,
            typicalDurationMs: null,
            evidence: {
              interface: defapiObserved(),
              price: defapiPriceUnknown,
              duration: null,
              seenWorking: defapiObserved('in production at a public client'),
            },
          },
        ],
      },
    },
  },
]
