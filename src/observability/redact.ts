// What is secret by its place or by its value is taken out of text before it is written anywhere (I6).

/** Shorter values would blank out ordinary words; no real key is that short. */
const shortestSecretLength = 4

/** Replaces each secret, as it is and as URLs and JSON would spell it, by `[secret]`. */
export function redactSecrets(text: string, secrets: readonly string[]): string {
  const spellings = new Set<string>()
  for (const secret of secrets) {
    if (secret.length < shortestSecretLength) continue
    spellings.add(secret)
    // through a Buffer, because a lone surrogate would make it throw
    spellings.add(encodeURIComponent(Buffer.from(secret).toString()))
    spellings.add(JSON.stringify(secret).slice(1, -1))
  }
  // longest first, so that a secret that contains another leaves nothing behind
  const ordered = [...spellings].sort((a, b) => b.length - a.length)
  return ordered.reduce((rest, spelling) => rest.replaceAll(spelling, '[secret]'), text)
}

/**
 * `/v1/callbacks/{provider}/{token}` and `/v1/uploads/{sha256}/{token}`, also percent-encoded inside another URL: whoever knows the token may
 * wake an attempt, or fetch an uploaded picture.
 */
const sealedPath = /(\/v1\/(?:callbacks|uploads)\/[^/\s"'?#]+\/|%2Fv1%2F(?:callbacks|uploads)%2F[^%\s"'/?#]+%2F)[^/\s"'?#%\\]+/gi

/** A sealed token by its own look (see `src/tokens/sealed-text.ts`), wherever it stands. */
const bareToken = /(?<![\w-])v1\.[\w-]{8}\.[\w-]{40,}/g

/** One URL, absolute or only a path: token as `[token]`, no query string (signed links carry their secret there), no fragment, no credentials. */
export function redactUrl(url: string): string {
  const end = url.search(/[?#]/)
  const kept = end === -1 ? url : url.slice(0, end)
  return redactTokens(kept.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/\s]*@/i, '$1'))
}

function redactTokens(text: string): string {
  return text.replaceAll(sealedPath, '$1[token]').replaceAll(bareToken, '[token]')
}

/** Each URL inside a text or a line of JSON as `redactUrl` does it. */
export function redactUrls(text: string): string {
  return redactTokens(text.replaceAll(/[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>\\]+/gi, redactUrl))
}
