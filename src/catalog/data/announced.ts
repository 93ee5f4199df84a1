// Models that Kie's catalogue of October 2026 lists and whose fields nobody has published. They are named here so that a request for
// one is told so, with what is known, rather than that there is no such model.
import type { Model, TaskKind } from '../model-schema.ts'
import { defapiObserved, kieAnnounced } from './evidence.ts'

const announced = (name: string, aliases: string[], title: string, price: string, kind: TaskKind = 'text-to-image'): Model => ({
  name,
  aliases,
  title,
  kind,
  providers: {
    kie: { absent: 'it is listed since October 2026, and its fields are not known', evidence: kieAnnounced(price) },
    defapi: { absent: 'nothing shows that DefAPI offers it', evidence: defapiObserved() },
  },
})

const likeGptImage2 = '6 credits (1K), 10 (2K), 16 (4K)'

export const announcedModels: Model[] = [
  announced(
    'gpt-image-2.5-flare',
    ['gpt-image-2-5-flare-text-to-image', 'gpt-image-2-5-flare-image-to-image'],
    'GPT Image 2.5 Flare (OpenAI)',
    `${likeGptImage2}; one 1K picture was recorded, in 66 s`,
  ),
  announced(
    'gpt-image-2.5-sunburst',
    ['gpt-image-2-5-sunburst-text-to-image', 'gpt-image-2-5-sunburst-image-to-image'],
    'GPT Image 2.5 Sunburst (OpenAI)',
    likeGptImage2,
  ),
  announced(
    'qwen-image-2.1',
    ['qwen2-1/text-to-image', 'qwen2-1/image-to-image'],
    'Qwen Image 2.1 (Alibaba)',
    '4 or 8 credits; by what is not said',
  ),
  announced(
    'seedream-5-flash',
    ['seedream/5-flash-text-to-image', 'seedream/5-flash-image-to-image'],
    'Seedream 5 Flash (ByteDance)',
    '3.24 credits',
  ),
  announced(
    'seedream-5-flash-layers',
    ['seedream/5-flash-layer-decomposition'],
    'Seedream 5 Flash, layers of a picture (ByteDance)',
    '3.24 credits',
    'layer-decomposition',
  ),
  announced(
    'grok-imagine-2-segment-edit',
    ['grok-imagine-image-2-0/segment-edit'],
    'Grok Imagine 2.0, edit of segments (xAI)',
    'no price given',
    'edit',
  ),
]
