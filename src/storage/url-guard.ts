// URLs come from providers and users, and deserve the same trust: none. A guard that only looks at the text of a URL, or only at what its name
// resolves to, is no guard: Node never looks up a literal address, and a name may answer differently the next time it is asked. So
//   G1 the text is judged after the URL parser has normalised it (decimal, hex, octal, full-width … all become plain addresses);
//   G2 each connection judges a literal address itself, and all addresses that a name resolves to: one private address refuses the name;
//   G3 the address that was really reached is judged again before a byte of the request is sent.
// An egress filter in the network belongs besides.
import { lookup as systemLookup } from 'node:dns/promises'
import { Socket, isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { callbackify } from 'node:util'
import ipaddr from 'ipaddr.js'
import { buildConnector } from 'undici'
import { DownloadError, showUrl } from './download-error.ts'

/** `host` or `host:port` that may be fetched although it is private, plain http or on another port: a simulator, an object store of one's own. */
export type AllowedHost = string

/** All addresses of a name. */
export type LookupAddresses = (hostname: string) => Promise<{ address: string; family: number }[]>

/** Longer links are not seen in the wild (a signed link has about 1,500 characters), and every hop repeats them. */
const maxUrlLength = 2_048

/** Azure's platform address: outside every private range, and yet it hands out machine credentials. */
const deniedAddresses: ReadonlySet<string> = new Set(['168.63.129.16'])

/** The only part of IPv6 that is assigned for public use; `[::127.0.0.1]` would otherwise count as unicast. */
const publicIpv6 = ipaddr.IPv6.parseCIDR('2000::/3')

/** True only for an address anybody on the internet may have. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0) return false
  const parsed = ipaddr.process(address) // unwraps ::ffff:a.b.c.d
  if (parsed.kind() === 'ipv6' && !parsed.match(publicIpv6)) return false
  return parsed.range() === 'unicast' && !deniedAddresses.has(parsed.toString())
}

/** Names that never lead to the internet, and the well-known services that resolve to the address written into the name. */
const localNames =
  /(?:^|\.)(?:localhost|localdomain|local|internal|intranet|private|corp|home|lan|home\.arpa|nip\.io|sslip\.io|xip\.io|localtest\.me|lvh\.me)$/

/** Null when a fetch may be tried; else why not, as the end of a sentence. */
function refusalOf(url: URL, { isPortFree }: { isPortFree: boolean }): string | null {
  if (url.protocol !== 'https:') return 'is not https'
  if (url.port !== '' && !isPortFree) return 'is not on port 443'
  const host = bareHost(url.hostname)
  if (isIP(host) !== 0) return isPublicAddress(host) ? null : 'is a private or reserved address'
  if (!host.includes('.') || localNames.test(host)) return 'is a local name'
  return null
}

/** Without the brackets of IPv6 and the dot of an absolute name. */
function bareHost(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.+$/, '')
}

function parseUrl(text: string): URL | string {
  if (text.length > maxUrlLength) return `has more than ${maxUrlLength} characters`
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || url.hostname === '') return 'is not a complete URL'
  if (url.username !== '' || url.password !== '') return 'carries credentials'
  return url
}

/**
 * For a reference image that somebody gives us and the provider will fetch: https, no credentials, no private address, no local name.
 * Nothing is looked up and nothing is fetched. `message` ends a sentence that begins with the field's name.
 */
export function checkPublicUrl(
  text: string,
  allow: readonly AllowedHost[] = [],
): { ok: true; url: URL } | { ok: false; message: string } {
  const url = parseUrl(text)
  if (typeof url === 'string') return { ok: false, message: url }
  const message = isAllowed(url, parseAllowedHosts(allow)) ? null : refusalOf(url, { isPortFree: true })
  return message === null ? { ok: true, url } : { ok: false, message }
}

export interface AllowedPlace {
  host: string
  /** null: any port */
  port: number | null
}

/** Throws a sentence for the person who wrote the list. */
export function parseAllowedHosts(allow: readonly AllowedHost[]): AllowedPlace[] {
  return allow.map((entry) => {
    const [, host, port] = /^(\[[^\]]+\]|[^:/?#@\s[\]]+)(?::(\d{1,5}))?$/.exec(entry) ?? []
    const origin = `http://${host}/`
    if (host === undefined || !URL.canParse(origin) || Number(port ?? 1) > 65_535) {
      throw new RangeError(`"${entry}" is not host or host:port; an IPv6 address goes in brackets`)
    }
    return { host: bareHost(new URL(origin).hostname), port: port === undefined ? null : Number(port) }
  })
}

interface Place {
  protocol: string
  hostname: string
  port: string
}

function isAllowed({ protocol, hostname, port }: Place, allowed: readonly AllowedPlace[]): boolean {
  const isHttp = protocol === 'http:'
  if (!isHttp && protocol !== 'https:') return false
  const number = port === '' ? (isHttp ? 80 : 443) : Number(port)
  const host = bareHost(hostname)
  return allowed.some((place) => place.host === host && (place.port === null || place.port === number))
}

/** For a URL that we fetch ourselves. Throws a DownloadError `url_refused`. The guarded connector must be used besides. */
export function parseFetchUrl(text: string, allowed: readonly AllowedPlace[]): URL {
  const url = parseUrl(text)
  if (typeof url === 'string') throw new DownloadError('url_refused', `The link ${url}.`)
  const refusal = isAllowed(url, allowed) ? null : refusalOf(url, { isPortFree: false })
  if (refusal !== null) throw new DownloadError('url_refused', `The link ${showUrl(url)} ${refusal}.`)
  return url
}

export interface GuardOptions {
  allowed: readonly AllowedPlace[]
  connectTimeoutMs: number
  /** ends look-ups and connections that are under way */
  signal?: AbortSignal
  /** default: the system's resolver */
  lookup?: LookupAddresses
  /** default: undici's own connector */
  buildBase?: typeof buildConnector
}

/** How undici opens sockets for untrusted URLs (G2, G3). */
export function createGuardedConnector(options: GuardOptions): buildConnector.connector {
  const { allowed, connectTimeoutMs, signal, lookup = lookupAll, buildBase = buildConnector } = options
  // a slow first address gets a second before the next one is tried; Node's 250 ms is too little for a far-away host
  const common = { timeout: connectTimeoutMs, autoSelectFamilyAttemptTimeout: 1_000 }
  const connectAllowed = untilAborted(signal, buildBase({ ...common, lookup: createLookup(lookup, () => true) }))
  const connectPublic = untilAborted(signal, buildBase({ ...common, lookup: createLookup(lookup, isPublicAddress) }))
  return (place, callback) => {
    if (isAllowed(place, allowed)) return connectAllowed(place, callback)
    const host = bareHost(place.hostname)
    if (isIP(host) !== 0 && !isPublicAddress(host)) return callback(refused(host), null)
    connectPublic(place, (...[error, socket]) => {
      if (error !== null) return callback(error, null)
      if (isPublicAddress(socket.remoteAddress ?? '')) return callback(null, socket)
      socket.destroy()
      callback(refused(host), null)
    })
  }
}

/**
 * Gives up a connection under way when the signal aborts; undici would let it run until its timeout. Not by the `signal` option of sockets: with
 * a signal that has aborted already Node reports an error and connects all the same, and the socket stays open for ever.
 */
function untilAborted(signal: AbortSignal | undefined, connect: buildConnector.connector): buildConnector.connector {
  if (signal === undefined) return connect
  return (place, callback) => {
    const givenUp = new DownloadError('timeout', 'The connection was given up.')
    if (signal.aborted) return callback(givenUp, null)
    let attempt: unknown = null
    const giveUp = (): void => {
      if (attempt instanceof Socket) attempt.destroy(givenUp)
    }
    signal.addEventListener('abort', giveUp, { once: true })
    // undici's connector returns its socket, though its type does not say so
    attempt = connect(place, (...outcome) => {
      signal.removeEventListener('abort', giveUp)
      callback(...outcome)
    })
  }
}

function refused(host: string): DownloadError {
  return new DownloadError('url_refused', `${host} leads to a private or reserved address.`)
}

async function lookupAll(hostname: string): Promise<{ address: string; family: number }[]> {
  return await systemLookup(hostname, { all: true })
}

/** In the shape that `net.connect` wants. What was judged is what gets connected to: nothing is looked up again. */
function createLookup(lookup: LookupAddresses, isGood: (address: string) => boolean): LookupFunction {
  const lookupGood = callbackify(async (hostname: string) => {
    const found = await lookup(hostname)
    const [first] = found
    if (first === undefined) throw new DownloadError('network', `${hostname} has no address.`)
    if (!found.every(({ address }) => isGood(address))) throw refused(hostname)
    return { first, found }
  })
  return (hostname, options, callback) => {
    lookupGood(hostname, (error, result) => {
      if (error !== null) callback(error, '', 0)
      else if (options.all === true) callback(null, result.found)
      else callback(null, result.first.address, result.first.family)
    })
  }
}
