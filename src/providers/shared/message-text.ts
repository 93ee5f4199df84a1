// Provider text on its way to us: without our own secrets, and cut. Making it printable is the job of whoever shows it.

/** As the port promises. */
const maxMessageLength = 300

/** Raw text cut to 300 characters. */
export function cutText(text: string): string {
  return text.length <= maxMessageLength ? text : `${text.slice(0, maxMessageLength - 1)}…`
}

/** Text of our own making around foreign words, in one line. */
export function oneLine(text: string): string {
  return cutText(text.replaceAll(/\s+/g, ' ').trim())
}

/** A link with plain, JSON-escaped or percent-encoded slashes: scheme and host, then the rest. */
const link = /(https?)(?::|%3A)(?:\\?\/|%2F){2}([^\s"'<>\\/%?#]+)[^\s"'<>]*/gi

/**
 * What opens a door of ours, of a callback or an upload: `v1.` key id `.` sealed text. Repeated without the link around it, and maybe cut, it
 * is still known by its form.
 */
const sealedToken = /v1(?:\.|%2E)[\w-]{8}(?:\.|%2E)[\w-]{16,}/gi

/** A picture that was sent inside the request. */
const inlinePicture = /(data(?::|%3A)[\w./+-]{1,60};base64,)[A-Za-z0-9+/=%_-]+/gi

/**
 * Providers like to repeat what they were given. Every secret is replaced and every link is cut back to its host, since callback links
 * carry our token and result links may be signed; only then is the text cut: the other order could leave half a secret. // I6
 */
export function createRedactor(secrets: readonly (string | null)[]): (text: string) => string {
  const known = secrets
    .filter((secret): secret is string => secret !== null && secret !== '')
    // Longest first: a secret that is the beginning of another would leave the rest of that one behind.
    .toSorted((a, b) => b.length - a.length)
  return (text) =>
    cutText(
      known
        .reduce((clean, secret) => clean.replaceAll(secret, '[hidden]'), text)
        .replaceAll(inlinePicture, '$1…')
        .replaceAll(sealedToken, '[hidden]')
        .replaceAll(link, '$1://$2/…'),
    )
}

/** The part of a callback link that opens our door; it might be repeated without the link around it. */
export function callbackSecret(callbackUrl: string | null): string | null {
  const token = callbackUrl?.split('/').at(-1) ?? ''
  // A shorter last segment is a route name, not a token, and may be an ordinary word.
  return token.length >= 16 ? token : null
}
