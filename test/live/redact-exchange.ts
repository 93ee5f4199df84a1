// Makes an exchange fit to be written to disk and shown to others. Deny by default: headers are let through by name, links by host and plain
// words of their path, and whatever else looks like an id, a token, an address of a person or a machine is replaced. The same id becomes
// the same stand-in everywhere, of the same form, so that a recording can still be followed and its forms still be checked.
import { isUtf8 } from 'node:buffer'
import { isIP } from 'node:net'
import { documentedNativesOf, models, providerNames } from '../../src/catalog/models.ts'
import { isJsonObject, readJson } from '../../src/providers/shared/json-text.ts'
import type { RawExchange } from './record-exchanges.ts'

export interface RecordedExchange {
  probe: string
  method: string
  /** scheme, host and path; values of the query replaced */
  url: string
  requestBody: unknown
  /** null: no reply began */
  status: number | null
  headers: Record<string, string>
  /** what else came, by name alone */
  otherHeaders: string[]
  /** JSON as it is; other text, or how many bytes of something else */
  body: unknown
  elapsedMs: number
}

export interface Redactor {
  exchange: (probe: string, raw: RawExchange, options?: { isAccount?: boolean }) => RecordedExchange
  /** foreign text: messages, reasons */
  text: (text: string) => string
  /** False when one of the secrets or of the ids seen is in what is about to be written: then it must not be. */
  isClean: (written: string) => boolean
}

/** Headers that tell how a provider answers and nothing of whom. */
const shownHeaders = new Set(
  `content-type content-length content-encoding transfer-encoding retry-after server cf-cache-status cf-mitigated cache-control
  expires age last-modified accept-ranges access-control-allow-origin access-control-allow-methods access-control-allow-headers
  x-ratelimit-limit x-ratelimit-remaining x-ratelimit-reset ratelimit-limit ratelimit-remaining ratelimit-reset ratelimit-policy`.split(
    /\s+/,
  ),
)

const idNames = /^(?:task|record|job|request|trace|parent)_?ids?$/i
const personNames =
  /^(?:user|account|owner|customer|team|org|organization|member)_?(?:id|name|no)?$|^(?:uid|e?mail|phone|mobile|nick_?name|user_?name|avatar|ip)$/i
const amountNames = /^(?:credits?|balance|remained_?credits|quota|consume_?credits_total)$/i

const email = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g
const bearer = /\b(bearer|basic|token)(\s+|%20)[\w.~+/=-]{4,}/gi
const keyLike = /\b(?:sk|dk|pk|ak|key|api|whsec)[-_](?=[\w-]*\d)[\w-]{8,}/gi
const maybeIpAddress = /[0-9a-f:.]*[.:][0-9a-f:.]*[0-9a-f:]/gi
/** In brackets, so that `split` keeps it. */
const link = /([a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>\\]+)/gi
/** 32 hex digits, a UUID and DefAPI's UUID that begins with `ta` */
const idLike = /(?<![\w-])(?:[0-9a-f]{32}|[0-9a-z]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?![\w-])/gi
/** What is left of tokens: long, and letters and digits mixed. */
const tokenLike = /(?<![\w-])(?=[\w.-]*\d)(?=[\w.-]*[a-z])[\w-]+(?:\.[\w-]+)*(?![\w-])/gi
const shortestToken = 20
/** A shorter one is a counter, and would be found in half of all words. */
const shortestId = 8

const modelNames = new Set(
  models
    .flatMap((model) => [
      model.name,
      ...model.aliases,
      ...providerNames.flatMap((provider) => documentedNativesOf(model, provider).flatMap(({ model: name }) => name ?? [])),
    ])
    .flatMap((name) => [name, ...name.split('/')]),
)

export function createExchangeRedactor(secrets: readonly string[]): Redactor {
  const spellings = spellingsOf(secrets)
  const standIns = new Map<string, string>()

  function standInFor(id: string): string {
    const known = standIns.get(id) ?? [...standIns.values()].find((standIn) => standIn === id)
    if (known !== undefined) return known
    const made = sameForm(id, standIns.size + 1)
    standIns.set(id, made)
    return made
  }

  function text(given: string): string {
    let rest = spellings.reduce((clean, spelling) => clean.replaceAll(spelling, '[key]'), given)
    for (const [id, standIn] of standIns) if (id.length >= shortestId) rest = rest.replaceAll(id, standIn)
    // Every second part is a link.
    return rest
      .split(link)
      .map((part, at) => (at % 2 === 1 ? cleanLink(part, standInFor) : words(part)))
      .join('')
  }

  const words = (part: string): string =>
    part
      .replaceAll(bearer, '$1 [hidden]')
      .replaceAll(keyLike, '[key]')
      .replaceAll(email, 'someone@example.invalid')
      .replaceAll(maybeIpAddress, (address) => (isIP(address) === 0 ? address : '[ip]'))
      .replaceAll(idLike, standInFor)
      .replaceAll(tokenLike, (token) => (isHarmless(token, standIns) ? token : `[token of ${token.length}]`))

  function value(given: unknown, name: string, isAccount: boolean): unknown {
    if (Array.isArray(given)) return given.map((item) => value(item, name, isAccount))
    if (isJsonObject(given)) {
      return Object.fromEntries(Object.entries(given).map(([key, member]) => [text(key), value(member, key, isAccount)]))
    }
    if (given === null || given === '' || typeof given === 'boolean') return given
    if (isAccount || personNames.test(name) || amountNames.test(name)) return sameType(given)
    if (idNames.test(name) && (typeof given === 'string' || typeof given === 'number')) {
      return typeof given === 'string' ? standInFor(given) : 0
    }
    if (typeof given !== 'string') return given
    const opened = readJson(given)
    // JSON as text inside JSON stays text, and its own members are looked at one by one.
    return typeof opened === 'object' && opened !== null ? JSON.stringify(value(opened, name, isAccount)) : text(given)
  }

  /** Ids first, so that they are known in text that comes before them. */
  function learnIds(given: unknown): void {
    if (Array.isArray(given)) given.forEach(learnIds)
    else if (isJsonObject(given)) {
      for (const [name, member] of Object.entries(given)) {
        if (idNames.test(name) && typeof member === 'string' && member !== '') standInFor(member)
        else learnIds(member)
      }
    } else if (typeof given === 'string') {
      const opened = readJson(given)
      if (typeof opened === 'object') learnIds(opened)
    }
  }

  function body(bytes: Buffer, isAccount: boolean): unknown {
    const json = readJson(bytes)
    if (json === undefined) return isText(bytes) ? text(bytes.toString('utf8')) : `[${bytes.length} bytes]`
    learnIds(json)
    if (!isAccount || !isJsonObject(json)) return value(json, '', isAccount)
    // The account itself is in `data`; what is said around it is of general use.
    return Object.fromEntries(Object.entries(json).map(([name, member]) => [text(name), value(member, name, name === 'data')]))
  }

  return {
    text,
    exchange(probe, raw, { isAccount = false } = {}) {
      const names = Object.keys(raw.headers)
      const headers: Record<string, string> = {}
      for (const name of names) if (shownHeaders.has(name)) headers[name] = text(raw.headers[name] ?? '')
      const replyBody = body(raw.body, isAccount)
      return {
        probe,
        method: raw.method,
        url: cleanRequestUrl(raw.url, standInFor, text),
        requestBody: raw.requestBody === null ? null : body(Buffer.from(raw.requestBody), false),
        status: raw.status,
        headers,
        otherHeaders: names
          .filter((name) => !shownHeaders.has(name))
          .map(text)
          .toSorted(),
        body: replyBody,
        elapsedMs: raw.elapsedMs,
      }
    },
    isClean(written) {
      const ids = [...standIns.keys()].filter((id) => id.length >= shortestId && !isStandIn(id, standIns))
      return ![...spellings, ...ids].some((secret) => written.includes(secret))
    },
  }
}

/** As a secret may stand in text: plain, in a URL, in JSON, in base64. Longest first. */
function spellingsOf(secrets: readonly string[]): string[] {
  const all = secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      Buffer.from(secret).toString('base64').replace(/=+$/, ''),
      Buffer.from(secret).toString('base64url'),
    ])
  return [...new Set(all)].toSorted((a, b) => b.length - a.length)
}

/** A stand-in that every pattern for the id still takes. */
function sameForm(id: string, number: number): string {
  if (/^[0-9a-f]{32}$/i.test(id)) return String(number).padStart(32, '0')
  const uuid = /^(ta)?[0-9a-z]{6,8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.exec(id)
  if (uuid !== null) return `${uuid[1] ?? '00'}000000-0000-4000-8000-${String(number).padStart(12, '0')}`
  return `id-${number}`
}

const isStandIn = (text: string, standIns: ReadonlyMap<string, string>): boolean => [...standIns.values()].includes(text)

function sameType(given: unknown): unknown {
  if (typeof given === 'number') return Number.isInteger(given) ? 1234 : 1234.5
  if (typeof given !== 'string') return given
  return /^-?\d+(?:\.\d+)?$/.test(given) ? given.replaceAll(/\d/g, '1') : '[hidden]'
}

function isHarmless(token: string, standIns: ReadonlyMap<string, string>): boolean {
  return token.length < shortestToken || modelNames.has(token) || isStandIn(token, standIns)
}

/** Of a foreign link only its host, plain words of its path and its extension are kept. */
function cleanLink(address: string, standInFor: (id: string) => string): string {
  if (!URL.canParse(address)) return '[link]'
  const url = new URL(address)
  const path = url.pathname.split('/').map((segment) => cleanSegment(segment, standInFor))
  const query = [...url.searchParams.keys()].map((name) => `${cleanSegment(name, standInFor)}=[hidden]`)
  return `${url.protocol}//${url.host}${path.join('/')}${query.length === 0 ? '' : `?${query.join('&')}`}`
}

const plainWord = /^[a-z]{1,20}(?:-[a-z]{1,20}){0,3}$/

function cleanSegment(segment: string, standInFor: (id: string) => string): string {
  if (segment === '' || plainWord.test(segment)) return segment
  const [, stem = segment, extension = ''] = /^(.*?)(\.[a-z]{2,5})?$/i.exec(segment) ?? []
  if (/^[0-9a-f]{32}$|^[0-9a-z]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(stem)) return standInFor(stem) + extension
  return `[hidden]${extension}`
}

/** Of our own requests: the path is ours, what is asked by may be an id. */
function cleanRequestUrl(address: string, standInFor: (id: string) => string, text: (text: string) => string): string {
  const url = new URL(address)
  const query = [...url.searchParams].map(
    ([name, value]) => `${text(name)}=${idNames.test(name) ? standInFor(value) : '[hidden]'}`,
  )
  const isOurs = url.pathname.startsWith('/api/')
  const place = isOurs ? url.origin + url.pathname : cleanLink(url.origin + url.pathname, standInFor)
  return place + (query.length === 0 ? '' : `?${query.join('&')}`)
}

/** UTF-8 without a zero byte, which no text has and nearly every picture. */
const isText = (bytes: Buffer): boolean => isUtf8(bytes) && !bytes.includes(0)
