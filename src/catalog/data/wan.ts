// Wan 2.7: Alibaba's video family makes single pictures too.
import type { Evidence, Model, NativeModel } from '../model-schema.ts'
import { defapiObserved, kieRecorded } from './evidence.ts'
import { choice, credits, defapi, flag, integer, market, pictures, prompt } from './short-hands.ts'

interface Variant {
  model: string
  amount: number
  typicalMs: number
  hasNsfwChecker: boolean
  /** with pictures to start from */
  resolutions: Record<string, string>
}

const duration = (typicalMs: number): { typicalMs: number; evidence: Evidence } => ({
  typicalMs,
  evidence: kieRecorded('durations', '2026-04', 'one picture'),
})

/** One native model, written down twice: with pictures to start from it takes no ratio, and pro no 4K. */
const wan = (references: boolean, { model, amount, typicalMs, hasNsfwChecker, resolutions }: Variant): NativeModel =>
  market(model, {
    kinds: [references ? 'image-to-image' : 'text-to-image'],
    fields: {
      prompt: prompt(5000),
      aspect_ratio: choice('1:1 16:9 4:3 21:9 3:4 9:16 8:1 1:8', { note: 'only without pictures to start from' }),
      bbox_list: {
        type: 'list',
        of: { type: 'list', of: { type: 'list', of: { type: 'integer' }, minItems: 4, maxItems: 4 }, maxItems: 2 },
        note: 'for each picture up to two boxes x1, y1, x2, y2',
      },
      color_palette: {
        type: 'list',
        of: {
          type: 'object',
          members: {
            hex: { type: 'string', pattern: '^#[0-9A-Fa-f]{6}$' },
            ratio: { type: 'string', pattern: '^[0-9]{1,3}\\.[0-9]{2}%$' },
          },
        },
        minItems: 3,
        maxItems: 10,
        note: 'only without enable_sequential',
      },
      enable_sequential: flag({ default: false }),
      input_urls: pictures(9, null),
      n: integer({ min: 1, max: 12, send: 1, note: 'left out: 4, or 12 with enable_sequential; without it at most 4' }),
      ...(hasNsfwChecker ? { nsfw_checker: flag() } : {}),
      resolution: choice('1K 2K 4K', { default: '2K' }),
      seed: integer({ min: 0, max: 2_147_483_647, default: 0 }),
      thinking_mode: flag({ default: false, note: 'only without enable_sequential and pictures' }),
      watermark: flag({ default: false }),
    },
    parameters: {
      prompt: { field: 'prompt' },
      ...(references ? {} : { aspectRatio: { field: 'aspect_ratio' } }),
      resolution: references ? { field: 'resolution', values: resolutions } : { field: 'resolution' },
      seed: { field: 'seed' },
      count: { field: 'n', max: 4 },
      ...(references ? { referenceImages: { field: 'input_urls' } } : {}),
    },
    price: credits(amount),
    // The record does not tell whether there were pictures to start from; the plain way is credited with it.
    ...(references ? {} : { duration: duration(typicalMs), seen: kieRecorded('market-models', '2026-04', 'one picture') }),
  })

const plain: Variant = {
  model: 'wan/2-7-image',
  amount: 4.8,
  typicalMs: 12_000,
  hasNsfwChecker: true,
  resolutions: { '1K': '1K', '2K': '2K', '4K': '4K' },
}
const pro: Variant = {
  model: 'wan/2-7-image-pro',
  amount: 12,
  typicalMs: 28_000,
  hasNsfwChecker: false,
  resolutions: { '1K': '1K', '2K': '2K' },
}

export const wanModels: Model[] = [
  {
    name: 'wan-2.7',
    aliases: ['wan/2-7-image', 'wan-2.7-image'],
    title: 'Wan 2.7 image (Alibaba)',
    kind: 'text-to-image',
    providers: {
      kie: { natives: [wan(false, plain), wan(true, plain)] },
      defapi: {
        natives: [
          defapi('wan', 'wan-2.7-image', {
            kinds: ['text-to-image'],
            fields: { prompt: prompt(undefined, { minLength: 1 }), aspect_ratio: choice('1:1 16:9 4:3 21:9 3:4 9:16 8:1') },
            parameters: { prompt: { field: 'prompt' }, aspectRatio: { field: 'aspect_ratio' } },
            note: 'one client only',
          }),
        ],
      },
    },
  },
  {
    name: 'wan-2.7-pro',
    aliases: ['wan/2-7-image-pro'],
    title: 'Wan 2.7 image Pro (Alibaba)',
    kind: 'text-to-image',
    providers: {
      kie: { natives: [wan(false, pro), wan(true, pro)] },
      defapi: { absent: 'nothing shows that DefAPI offers the pro model', evidence: defapiObserved() },
    },
  },
]
