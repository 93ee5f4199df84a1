// GPT Image: OpenAI's image models.
import type { Model, NativeModel } from '../model-schema.ts'
import {
  defapiObserved,
  defapiPriceUnknown,
  kieDocumented,
  kieFormerlyDocumented,
  kiePriceList,
  kieRecorded,
} from './evidence.ts'
import { picture, pictures, requiredChoice } from './short-hands.ts'

const gptImage1: NativeModel = {
  api: 'gpt4o',
  model: null,
  kinds: ['text-to-image', 'image-to-image'],
  fields: {
    prompt: { type: 'string', required: true, note: 'Kie wants prompt or filesUrl; no limit is documented' },
    size: { type: 'string', values: ['1:1', '3:2', '2:3'], required: true, send: '1:1' },
    filesUrl: pictures(5, 25, { note: 'jpg, png or webp that anybody can fetch' }),
    maskUrl: {
      ...picture(25, { pixels: { sameSizeAs: 'filesUrl' } }),
      evidence: kieFormerlyDocumented('gpt4o'),
      note: 'black is made anew; ignored with more than one file. No longer documented, so a mask of ours is not sent: it could be ignored',
    },
    nVariants: { type: 'integer', min: 1, max: 4, default: 1, evidence: kieFormerlyDocumented('gpt4o'), note: '1, 2 or 4' },
    isEnhance: { type: 'boolean', default: false, evidence: kieFormerlyDocumented('gpt4o') },
    uploadCn: { type: 'boolean', default: false, evidence: kieFormerlyDocumented('gpt4o') },
    enableFallback: { type: 'boolean', default: false, evidence: kieFormerlyDocumented('gpt4o') },
    fallbackModel: {
      type: 'string',
      values: ['GPT_IMAGE_1', 'FLUX_MAX'],
      default: 'FLUX_MAX',
      evidence: kieFormerlyDocumented('gpt4o'),
    },
  },
  parameters: { prompt: { field: 'prompt' }, aspectRatio: { field: 'size' }, referenceImages: { field: 'filesUrl' } },
  price: { unit: 'credits', per: 'task', amount: 6 },
  typicalDurationMs: null,
  evidence: {
    interface: kieDocumented('gpt4o'),
    price: kiePriceList,
    duration: null,
    seenWorking: kieRecorded('gpt4o', '2026-06-27', 'a task was made; a finished one was not recorded'),
  },
}

const gptImage15 = (model: string, references: boolean): NativeModel => ({
  api: 'market',
  model,
  kinds: [references ? 'image-to-image' : 'text-to-image'],
  fields: {
    prompt: { type: 'string', required: true, note: 'no limit is documented' },
    // The documentation calls both defaults, and Kie refuses a body without them all the same.
    aspect_ratio: requiredChoice('1:1 2:3 3:2', references ? '3:2' : '1:1'),
    quality: requiredChoice('medium high', 'medium'),
    ...(references
      ? {
          input_urls: pictures(16, 10, { required: true, note: 'jpeg, png or webp' }),
        }
      : {}),
  },
  parameters: {
    prompt: { field: 'prompt' },
    aspectRatio: { field: 'aspect_ratio' },
    quality: { field: 'quality', values: { medium: 'medium', high: 'high' } },
    ...(references ? { referenceImages: { field: 'input_urls' } } : {}),
  },
  price: { unit: 'credits', per: 'image', amount: { field: 'quality', whenUnset: 'medium', amounts: { medium: 4, high: 22 } } },
  typicalDurationMs: null,
  evidence: { interface: kieDocumented('market-models'), price: kiePriceList, duration: null, seenWorking: null },
})

const gptImage2Ratios = [
  'auto',
  '1:1',
  '3:2',
  '2:3',
  '4:3',
  '3:4',
  '5:4',
  '4:5',
  '16:9',
  '9:16',
  '2:1',
  '1:2',
  '3:1',
  '1:3',
  '21:9',
  '9:21',
]

const gptImage2 = (model: string, options: { references: boolean; onlyAt1K: string[]; durationMs: number }): NativeModel => ({
  api: 'market',
  model,
  kinds: [options.references ? 'image-to-image' : 'text-to-image'],
  fields: {
    prompt: {
      type: 'string',
      required: true,
      minLength: 1,
      maxLength: 20_000,
      ...(options.references ? { note: 'the limits stand in the description only' } : {}),
    },
    ...(options.references ? { input_urls: pictures(16, null, { required: true }) } : {}),
    aspect_ratio: {
      type: 'string',
      values: gptImage2Ratios,
      default: 'auto',
      note: 'the default stands in the description only',
    },
    // 1K goes with every ratio.
    resolution: {
      type: 'string',
      values: ['1K', '2K', '4K'],
      send: '1K',
      note: 'no default is documented, and the price depends on it',
    },
  },
  parameters: {
    prompt: { field: 'prompt' },
    aspectRatio: { field: 'aspect_ratio' },
    resolution: { field: 'resolution' },
    ...(options.references ? { referenceImages: { field: 'input_urls' } } : {}),
  },
  refuses: [
    { when: { resolution: ['4K'], aspect_ratio: ['1:1'] }, why: 'there is no 4K at 1:1' },
    {
      when: { resolution: ['2K', '4K'], aspect_ratio: ['auto', null, ...options.onlyAt1K] },
      why: `without an aspect ratio, and at auto, ${options.onlyAt1K.join(', ')}, there is only 1K`,
    },
  ],
  price: {
    unit: 'credits',
    per: 'image',
    amount: { field: 'resolution', whenUnset: '1K', amounts: { '1K': 6, '2K': 10, '4K': 16 } },
  },
  typicalDurationMs: options.durationMs,
  evidence: {
    interface: kieDocumented('market-models'),
    price: kiePriceList,
    duration: kieRecorded('durations', '2026-04-22', 'one picture; others took more than 300 s'),
    seenWorking: kieRecorded('market-models', '2026-04-22'),
  },
})

export const openaiModels: Model[] = [
  {
    name: 'gpt-image-1',
    aliases: ['gpt-4o-image', '4o-image', '4o-image-api'],
    title: 'GPT Image 1 (OpenAI, 4o)',
    kind: 'text-to-image',
    providers: {
      kie: { natives: [gptImage1] },
      defapi: { absent: 'nothing shows that DefAPI offers GPT Image 1', evidence: defapiObserved() },
    },
  },
  {
    name: 'gpt-image-1.5',
    aliases: ['openai/gpt-image-1.5', 'gpt-image/1.5-text-to-image', 'gpt-image/1.5-image-to-image'],
    title: 'GPT Image 1.5 (OpenAI)',
    kind: 'text-to-image',
    providers: {
      kie: { natives: [gptImage15('gpt-image/1.5-text-to-image', false), gptImage15('gpt-image/1.5-image-to-image', true)] },
      defapi: {
        natives: [
          {
            api: 'gpt-image',
            model: 'openai/gpt-image-1.5',
            kinds: ['text-to-image'],
            fields: {
              prompt: { type: 'string', required: true, minLength: 1 },
              size: { type: 'string', values: ['auto', '1024x1024', '1536x1024', '1024x1536'] },
              quality: { type: 'string', values: ['auto', 'high', 'medium', 'low'] },
              background: { type: 'string', values: ['auto', 'opaque', 'transparent'] },
              output_format: { type: 'string', values: ['png', 'jpeg', 'webp'] },
            },
            parameters: {
              prompt: { field: 'prompt' },
              aspectRatio: {
                field: 'size',
                values: { auto: 'auto', '1:1': '1024x1024', '3:2': '1536x1024', '2:3': '1024x1536' },
              },
              size: { field: 'size' },
              quality: { field: 'quality', values: { low: 'low', medium: 'medium', high: 'high' } },
              background: { field: 'background' },
              outputFormat: { field: 'output_format' },
            },
            price: null,
            typicalDurationMs: null,
            evidence: {
              interface: defapiObserved('one client, which refuses reference images for this model'),
              price: defapiPriceUnknown,
              duration: null,
              seenWorking: null,
            },
          },
        ],
      },
    },
  },
  {
    name: 'gpt-image-2',
    aliases: ['openai/gpt-image-2', 'gpt-image-2-text-to-image', 'gpt-image-2-image-to-image'],
    title: 'GPT Image 2 (OpenAI)',
    kind: 'text-to-image',
    providers: {
      kie: {
        natives: [
          gptImage2('gpt-image-2-text-to-image', {
            references: false,
            onlyAt1K: ['5:4', '4:5', '3:1', '1:3', '9:21'],
            durationMs: 55_000,
          }),
          gptImage2('gpt-image-2-image-to-image', { references: true, onlyAt1K: ['5:4', '4:5'], durationMs: 48_000 }),
        ],
      },
      defapi: {
        natives: [
          {
            api: 'gpt-image',
            model: 'openai/gpt-image-2',
            kinds: ['text-to-image', 'image-to-image'],
            fields: {
              prompt: { type: 'string', required: true, minLength: 1 },
              size: {
                type: 'string',
                values: [
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
                ],
                pattern: '^[0-9]{3,4}x[0-9]{3,4}$',
                note: 'sizes that are not listed must keep the rule of the parameter `size`',
              },
              quality: { type: 'string', note: 'high was accepted; the list is not known' },
              images: { type: 'urls', maxItems: 16 },
            },
            parameters: {
              prompt: { field: 'prompt' },
              aspectRatio: {
                field: 'size',
                values: { auto: 'auto', '1:1': '1:1', '3:2': '3:2', '2:3': '2:3', '16:9': '16:9', '9:16': '9:16' },
              },
              resolution: {
                sizes: {
                  '1K': { '1:1': '1024x1024', '3:2': '1536x1024', '2:3': '1024x1536' },
                  '2K': { '1:1': '2048x2048' },
                  '4K': { '16:9': '3840x2160', '9:16': '2160x3840' },
                },
              },
              size: {
                field: 'size',
                rule: { multipleOf: 16, maxSide: 3840, maxRatio: 3, minPixels: 655_360, maxPixels: 8_294_400 },
              },
              quality: { field: 'quality', values: { high: 'high' } },
              referenceImages: { field: 'images' },
            },
            price: null,
            typicalDurationMs: null,
            evidence: {
              interface: defapiObserved(),
              price: defapiPriceUnknown,
              duration: null,
              seenWorking: defapiObserved('a 1536x1024 picture was made'),
            },
          },
        ],
      },
    },
  },
]
