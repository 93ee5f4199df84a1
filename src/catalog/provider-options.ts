// Which native fields a caller may not set, because darkroom itself must know or say them.

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

/** Why this native field cannot be set through `providerOptions`, as the end of a sentence that begins with it; null when it can. */
export function reservedFieldProblem(name: string): string | null {
  const because = reserved.get(name.toLowerCase().replaceAll(/[_-]/g, ''))
  return because === undefined ? null : `cannot be set here: ${because}`
}
