// What is wrong with a request, told so that the caller can mend it.

export interface RequestError {
  /** dotted path in the request, e.g. `route.deadlineMs`; empty for the request as a whole */
  field: string
  /** one sentence: what is wrong, with the allowed values, the limit or the nearest names */
  message: string
  /** what would be accepted, where that is a short list */
  allowed?: string[]
}

/** A caller's own text in a message: printable, on one line, and short. */
export function quote(text: string): string {
  // 60: enough to recognise one's own input, short enough for a line of a log.
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text
  return `"${short.replaceAll(/[\p{C}\p{Zl}\p{Zp}"\\]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)}"`
}

/** `20000` → `20,000`: the same on every machine, whatever its language. */
export const thousands = (value: number): string => String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',')

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`
}

/** Path of a field; a name that the caller made up is cut and made printable like any other text of theirs. */
export function dottedPath(path: readonly PropertyKey[]): string {
  return path.map((name) => (/^[\w-]{1,64}$/.test(String(name)) ? String(name) : quote(String(name)))).join('.')
}
