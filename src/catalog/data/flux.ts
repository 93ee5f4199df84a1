// Flux Kontext: Black Forest Labs' editing model, on an endpoint of its own at Kie.
import type { Model, NativeModel, Offer } from '../model-schema.ts'
import { defapiObserved, kieDocumented, kiePriceList, kieRecorded } from './evidence.ts'

const kontext = (model: 'flux-kontext-pro' | 'flux-kontext-max', credits: number): NativeModel => ({
  api: 'kontext',
  model,
  kinds: ['text-to-image', 'image-to-image'],
  fields: {
    prompt: {
      type: 'string',
      required: true,
      note: 'English, unless enableTranslation is on (it is by default); no limit is documented',
    },
    enableTranslation: { type: 'boolean' },
    uploadCn: { type: 'boolean' },
    inputImage: { type: 'url', note: 'its presence switches to editing' },
    aspectRatio: {
      type: 'string',
      values: ['21:9', '16:9', '4:3', '1:1', '3:4', '9:16'],
      note: 'left out: 16:9, or the ratio of the picture that is edited',
    },
    outputFormat: { type: 'string', values: ['jpeg', 'png'] },
    promptUpsampling: { type: 'boolean' },
    safetyTolerance: { type: 'integer', min: 0, max: 6, note: 'at most 2 when editing' },
    watermark: { type: 'string' },
  },
  parameters: {
    prompt: { field: 'prompt' },
    aspectRatio: { field: 'aspectRatio' },
    outputFormat: { field: 'outputFormat' },
    referenceImages: { field: 'inputImage' },
  },
  price: { unit: 'credits', per: 'image', amount: credits },
  typicalDurationMs: null,
  evidence: {
    interface: kieDocumented('kontext'),
    price: kiePriceList,
    duration: null,
    seenWorking: kieRecorded('kontext', '2026-09', 'a task was made; a finished one was not recorded'),
  },
})

const notAtDefapi: Offer = { absent: 'nothing shows that DefAPI offers Flux Kontext', evidence: defapiObserved() }

export const fluxModels: Model[] = [
  {
    name: 'flux-kontext-pro',
    aliases: ['kontext-pro'],
    title: 'Flux Kontext Pro (Black Forest Labs)',
    providers: { kie: { natives: [kontext('flux-kontext-pro', 5)] }, defapi: notAtDefapi },
  },
  {
    name: 'flux-kontext-max',
    aliases: ['kontext-max'],
    title: 'Flux Kontext Max (Black Forest Labs)',
    providers: { kie: { natives: [kontext('flux-kontext-max', 10)] }, defapi: notAtDefapi },
  },
]
