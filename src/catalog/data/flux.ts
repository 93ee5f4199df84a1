// Flux: Black Forest Labs' models. Kontext has an endpoint of its own at Kie, Flux 2 is in the market.
import type { Model, NativeModel, Offer } from '../model-schema.ts'
import { defapiObserved, kieDocumented, kiePriceList, kieRecorded } from './evidence.ts'
import { choice, credits, flag, integer, market, picture, pictures, prompt, requiredChoice, text } from './short-hands.ts'

const kontext = (model: 'flux-kontext-pro' | 'flux-kontext-max', amount: number): NativeModel => ({
  api: 'kontext',
  model,
  kinds: ['text-to-image', 'image-to-image'],
  fields: {
    prompt: prompt(undefined, {
      note: 'English, unless enableTranslation is on (it is by default); no limit is documented',
    }),
    enableTranslation: flag({ default: true }),
    uploadCn: flag(),
    inputImage: picture(null, { note: 'its presence switches to editing' }),
    aspectRatio: choice('21:9 16:9 4:3 1:1 3:4 9:16', {
      default: '16:9',
      assumes: '16:9, or the ratio of the picture that is edited',
    }),
    outputFormat: choice('jpeg png', { default: 'jpeg' }),
    promptUpsampling: flag({ default: false }),
    safetyTolerance: integer({ min: 0, max: 6, default: 2, note: 'at most 2 when editing' }),
    watermark: text(),
  },
  parameters: {
    prompt: { field: 'prompt' },
    aspectRatio: { field: 'aspectRatio' },
    outputFormat: { field: 'outputFormat' },
    referenceImages: { field: 'inputImage' },
  },
  price: credits(amount),
  typicalDurationMs: null,
  evidence: {
    interface: kieDocumented('kontext'),
    price: kiePriceList,
    duration: null,
    seenWorking: kieRecorded('kontext', '2026-09', 'a task was made; a finished one was not recorded'),
  },
})

const notAtDefapi: Offer = { absent: 'nothing shows that DefAPI offers Flux', evidence: defapiObserved() }

/** Kie refuses a body without ratio or resolution, whatever the defaults say. */
const flux2 = (model: string, references: boolean, amounts: Record<string, number>): NativeModel =>
  market(model, {
    kinds: [references ? 'image-to-image' : 'text-to-image'],
    fields: {
      prompt: prompt(5000, { minLength: 3, note: 'the lower limit stands in the description only' }),
      aspect_ratio: requiredChoice(`1:1 4:3 3:4 16:9 9:16 3:2 2:3${references ? ' auto' : ''}`, '1:1'),
      resolution: requiredChoice('1K 2K', '1K'),
      nsfw_checker: flag(),
      ...(references ? { input_urls: pictures(8, 10, { required: true, note: 'jpeg, png or webp' }) } : {}),
    },
    parameters: {
      prompt: { field: 'prompt' },
      aspectRatio: { field: 'aspect_ratio' },
      resolution: { field: 'resolution' },
      ...(references ? { referenceImages: { field: 'input_urls' } } : {}),
    },
    price: credits({ field: 'resolution', whenUnset: '1K', amounts }),
  })

const flux2Model = (variant: 'pro' | 'flex', title: string, amounts: Record<string, number>): Model => ({
  name: `flux-2-${variant}`,
  aliases: [`flux-2/${variant}-text-to-image`, `flux-2/${variant}-image-to-image`],
  title,
  kind: 'text-to-image',
  providers: {
    kie: {
      natives: [
        flux2(`flux-2/${variant}-text-to-image`, false, amounts),
        flux2(`flux-2/${variant}-image-to-image`, true, amounts),
      ],
    },
    defapi: notAtDefapi,
  },
})

export const fluxModels: Model[] = [
  {
    name: 'flux-kontext-pro',
    // Kie's list names both by one name, and makes pro where nothing is said.
    aliases: ['kontext-pro', 'flux1-kontext'],
    title: 'Flux Kontext Pro (Black Forest Labs)',
    kind: 'text-to-image',
    providers: { kie: { natives: [kontext('flux-kontext-pro', 5)] }, defapi: notAtDefapi },
  },
  {
    name: 'flux-kontext-max',
    aliases: ['kontext-max'],
    title: 'Flux Kontext Max (Black Forest Labs)',
    kind: 'text-to-image',
    providers: { kie: { natives: [kontext('flux-kontext-max', 10)] }, defapi: notAtDefapi },
  },
  flux2Model('pro', 'Flux 2 Pro (Black Forest Labs)', { '1K': 5, '2K': 7 }),
  flux2Model('flex', 'Flux 2 Flex (Black Forest Labs)', { '1K': 14, '2K': 24 }),
]
