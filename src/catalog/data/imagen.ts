// Imagen 4: Google's models from text alone.
import type { Model, NativeField } from '../model-schema.ts'
import { defapiObserved } from './evidence.ts'
import { choice, credits, integer, market, prompt, text } from './short-hands.ts'

const seedAsText = text({ maxLength: 500, note: 'a number as text' })

const imagen = (name: string, alias: string, title: string, ratio: string, amount: number, seed: NativeField): Model => ({
  name,
  aliases: [alias, alias.replace('google/', '')],
  title,
  kind: 'text-to-image',
  providers: {
    kie: {
      natives: [
        market(alias, {
          kinds: ['text-to-image'],
          fields: {
            prompt: prompt(5000),
            aspect_ratio: choice('1:1 16:9 9:16 3:4 4:3 auto', { default: ratio }),
            negative_prompt: text({ maxLength: 5000 }),
            seed,
          },
          parameters: {
            prompt: { field: 'prompt' },
            aspectRatio: { field: 'aspect_ratio' },
            negativePrompt: { field: 'negative_prompt' },
            seed: { field: 'seed' },
          },
          price: credits(amount),
        }),
      ],
    },
    defapi: { absent: 'nothing shows that DefAPI offers Imagen', evidence: defapiObserved() },
  },
})

export const imagenModels: Model[] = [
  imagen('imagen-4', 'google/imagen4', 'Imagen 4 (Google)', '1:1', 8, seedAsText),
  imagen('imagen-4-fast', 'google/imagen4-fast', 'Imagen 4 Fast (Google)', '16:9', 4, integer()),
  imagen('imagen-4-ultra', 'google/imagen4-ultra', 'Imagen 4 Ultra (Google)', '1:1', 12, seedAsText),
]
