// Postgres refuses NUL in text and both NUL and lone surrogates in jsonb. Provider text may hold them, and a row that can never be
// written would jam its attempt, so they are replaced here. Making text fit to be read is the job of whoever writes it out.

const replacement = '\uFFFD'

/** JSON for a json or jsonb column. Arrays too: pg would turn a bare array into a Postgres array. */
export function toJsonText(value: unknown): string {
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined) throw new TypeError('ledger: a value without a JSON form cannot be kept')
  // JSON.stringify writes NUL and lone surrogates as escapes. Each match is one whole escape, so that an escaped backslash before
  // a "u0000" that is ordinary text is passed over.
  return text.replace(/\\(?:u([0-9a-f]{4})|.)/g, (escape: string, code: string | undefined) =>
    code === '0000' || /^d[89a-f]/.test(code ?? '') ? replacement : escape,
  )
}

/** Text for a text column. */
export function toText(value: string): string {
  return value.replaceAll('\0', replacement)
}
