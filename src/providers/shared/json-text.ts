// Reads JSON that strangers wrote. Bytes must be UTF-8 (a byte order mark is tolerated), nesting is bounded before anything walks
// the value, and nothing is ever merged into another object, so `__proto__` stays an ordinary key.

/** The deepest reply on record has 4 levels. */
const maxDepth = 64

/** Not JSON, not UTF-8, or nested too deep. JSON has no `undefined`, so the answer is unambiguous. */
export function readJson(source: Uint8Array | string): unknown {
  try {
    const text = typeof source === 'string' ? source : new TextDecoder('utf-8', { fatal: true }).decode(source)
    return isTooDeep(text) ? undefined : (JSON.parse(text) as unknown)
  } catch {
    return undefined
  }
}

/** For fields that hold an object, or an object as JSON text, up to `layers` deep. Anything else is returned as it is. */
export function unwrapJson(value: unknown, layers = 3): unknown {
  let current = value
  for (let layer = 0; layer < layers && typeof current === 'string'; layer += 1) {
    const parsed = readJson(current)
    if (parsed === undefined) return current
    current = parsed
  }
  return current
}

export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Own members only: `field(x, 'constructor')` of an empty object is undefined. */
export function field(value: unknown, name: string): unknown {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

export function textField(value: unknown, name: string): string | null {
  const found = field(value, name)
  return typeof found === 'string' && found !== '' ? found : null
}

function isTooDeep(text: string): boolean {
  let depth = 0
  let isInString = false
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index]
    if (isInString) {
      if (character === '\\') index += 1
      else if (character === '"') isInString = false
    } else if (character === '"') isInString = true
    else if (character === '{' || character === '[') {
      depth += 1
      if (depth > maxDepth) return true
    } else if (character === '}' || character === ']') depth -= 1
  }
  return false
}
