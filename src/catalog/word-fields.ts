// Native fields that carry the caller's words. Whatever they look like, they are no picture; any other field, documented or not, may name one.
import { documentedNativesOf, models, providerNames } from './models.ts'
import { carriersOf } from './native-draft.ts'

const wordFields: ReadonlySet<string> = new Set(
  models.flatMap((model) =>
    providerNames
      .flatMap((provider) => documentedNativesOf(model, provider))
      .flatMap((native) => [...carriersOf(native, 'prompt'), ...carriersOf(native, 'negativePrompt')]),
  ),
)

/** The fields of a native body, or of `providerOptions` of one provider, that may carry pictures. */
export function withoutWords(body: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !wordFields.has(name)))
}
