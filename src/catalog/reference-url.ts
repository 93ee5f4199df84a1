// What a reference image's address may look like. The provider fetches it, we do not: this refuses what could never work there
// or what carries a credential to somebody else. Addresses that we fetch ourselves are guarded in storage, on the connection.
import { looksLikeUploadName, uploadNameProblem } from './upload-name.ts'

/** Longest address that is passed on; longer ones are refused by common servers on the way. */
export const maxReferenceUrlLength = 2048

/** Why this is not a public https address, as the end of a sentence; null when it is one. */
function publicHttpsUrlProblem(value: string): string | null {
  if (value.length > maxReferenceUrlLength) return `must be at most ${maxReferenceUrlLength} characters`
  // URL parsers drop tabs and line breaks silently, so that two readers could see two addresses.
  if (/[\s\p{C}]/u.test(value)) return 'must not contain white space or control characters'
  let url: URL
  try {
    url = new URL(value)
  } catch {
    return 'must be a full https address, e.g. https://example.com/fox.png'
  }
  if (url.protocol !== 'https:') return 'must be an https address'
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or password'
  return hostProblem(url.hostname)
}

/** Why this names no picture, neither by an address nor as an upload, as the end of a sentence; null when it does. */
export function pictureProblem(value: string): string | null {
  return looksLikeUploadName(value) ? uploadNameProblem(value) : publicHttpsUrlProblem(value)
}

function hostProblem(hostname: string): string | null {
  const host = hostname.replace(/\.$/, '').toLowerCase()
  // The parser has already turned every spelling of an IPv4 address (hex, octal, one number) into four decimal parts.
  if (host.startsWith('[') || /^\d+\.\d+\.\d+\.\d+$/.test(host)) return 'must name its host, not an IP address'
  if (host === 'localhost' || host.endsWith('.localhost')) return 'must be reachable by the provider, not localhost'
  if (!host.includes('.')) return 'must be on a public host'
  return null
}
