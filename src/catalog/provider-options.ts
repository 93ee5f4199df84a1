// Native fields that a caller gives: which may not be set, because darkroom itself must know or say them, and which are nearly those that exist.
import { distance } from 'fastest-levenshtein'

/** Compared without case, `_` and `-`, since providers spell the same thing in several ways. */
const reserved = new Map([
  ['model', 'the model is chosen with `model`'],
  ['prompt', 'the prompt is given as `prompt`'],
  ['callback', 'the callback address is ours: a callback to anywhere else would leave this generation waiting'],
  ['callbackurl', 'the callback address is ours: a callback to anywhere else would leave this generation waiting'],
  ['webhook', 'the callback address is ours: a callback to anywhere else would leave this generation waiting'],
  ['webhookurl', 'the callback address is ours: a callback to anywhere else would leave this generation waiting'],
  ['proto', 'it is not a field'],
  // More pictures cost more than the price that was estimated for one.
  ['n', 'the number of pictures is given as `count`'],
  ['numimages', 'the number of pictures is given as `count`'],
  ['maximages', 'the number of pictures is given as `count`'],
  ['nvariants', 'the number of pictures is given as `count`'],
])

const bare = (name: string): string => name.toLowerCase().replaceAll(/[_-]/g, '')

/** One letter in every four may be wrong, two at most: `sede` is not `size`, and a new field of a provider is not an old one. */
const wrongLetters = (name: string): number => Math.min(2, Math.floor(name.length / 4))

/**
 * The known field that this one is most likely meant to be; null where none is that much like it. A field of another model, `elsewhere`,
 * is meant as it is (`speed` is no `seed`), unless it is the same word in another form (`image_urls` for `image_url`).
 */
export function nearestField(name: string, known: readonly string[], elsewhere: readonly string[] = []): string | null {
  // Longer than any field: it cannot become more similar by its tail.
  const wanted = bare(name.slice(0, 64))
  const [nearest] = known.map((field) => ({ field, steps: distance(wanted, bare(field)) })).toSorted((a, b) => a.steps - b.steps)
  if (nearest === undefined || nearest.steps > wrongLetters(bare(nearest.field))) return null
  const isSameWord = wanted.startsWith(bare(nearest.field)) || bare(nearest.field).startsWith(wanted)
  return elsewhere.includes(name) && !isSameWord ? null : nearest.field
}

/** A value as JSON, cut to what one recognises: the list of changes is repeated with every attempt. */
export function shownValue(value: unknown): string {
  const json = JSON.stringify(value) ?? ''
  // No half of a character: it would be another text after the ledger than before.
  return json.length > 60 ? `${json.slice(0, 60).replace(/\p{Surrogate}$/u, '')}…` : json
}

/** Why this native field cannot be set through `providerOptions`, as the end of a sentence that begins with it; null when it can. */
export function reservedFieldProblem(name: string): string | null {
  const because = reserved.get(bare(name))
  return because === undefined ? null : `cannot be set here: ${because}`
}
