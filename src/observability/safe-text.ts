// Text from outside (prompts, provider messages, URLs) is hostile to terminals and logs: one ESC or U+009B moves the cursor, one U+202E turns
// a line around, tag characters hide instructions. Everything that is not plainly visible becomes a visible escape.

/**
 * What must never be written raw: controls, format characters, surrogates, private use, unassigned (`\p{C}`), the two separators that some
 * readers take for line ends, and everything that is drawn as nothing (fillers, variation selectors).
 */
const unprintable = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

/** A sentence in a table or log; longer text is a body, and bodies do not belong there. */
const defaultMaxLength = 300

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escapeVisibly(character: string): string {
  const name = named[character]
  if (name !== undefined) return name
  const code = character.codePointAt(0) ?? 0
  return code > 0xff_ff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`
}

/** Printable on any terminal, on one line, at most `maxLength` UTF-16 units long; what was cut off is marked by `…`. */
export function safeText(text: string, maxLength = defaultMaxLength): string {
  // Cut first, so that the work is bounded for a text of any size; a pair cut in half shows as an escape at the very end, and is cut again.
  const escaped = text.slice(0, maxLength + 1).replaceAll(unprintable, escapeVisibly)
  if (escaped.length <= maxLength) return escaped
  let kept = ''
  for (const character of escaped) {
    if (kept.length + character.length > maxLength - 1) break
    kept += character
  }
  return `${kept}…`
}

/** The same characters as JSON escapes: for a whole line of JSON, whose meaning stays the same. */
export function safeJson(json: string): string {
  return json.replaceAll(unprintable, (character) =>
    Array.from({ length: character.length }, (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  )
}
