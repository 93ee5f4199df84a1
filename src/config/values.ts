// How the text of one environment variable becomes a value. Messages are the end of a sentence that begins with the variable, say what
// would help, and never repeat a secret.
import { z } from 'zod'
import { Secret } from './secret.ts'

/** Short and printable, for a value that is not secret. */
const shown = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)

/** A value of zod's whose messages are ours. `read` returns the value, or a problem. */
function parsed<T>(read: (text: string) => { value: T } | { problem: string }): z.ZodType<T, string> {
  return z.string().transform((text, context) => {
    const outcome = read(text)
    if ('value' in outcome) return outcome.value
    context.addIssue({ code: 'custom', message: outcome.problem })
    return z.NEVER
  })
}

/** Only `true`, `false`, `1` and `0`: a `yes` that quietly means `false` would be a trap. */
export const booleanValue = parsed<boolean>((text) => {
  if (text === 'true' || text === '1') return { value: true }
  if (text === 'false' || text === '0') return { value: false }
  return { problem: `must be true or false (or 1 or 0), not ${shown(text)}` }
})

export const choiceValue = <const Choice extends string>(choices: readonly Choice[]): z.ZodType<Choice, string> =>
  parsed<Choice>((text) => {
    const choice = choices.find((candidate) => candidate === text)
    return choice === undefined ? { problem: `must be one of ${choices.join(', ')}, not ${shown(text)}` } : { value: choice }
  })

export const wholeNumberValue = (limits: { min: number; max: number; unit?: string }): z.ZodType<number, string> =>
  parsed<number>((text) => {
    const unit = limits.unit === undefined ? '' : ` ${limits.unit}`
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    return number >= limits.min && number <= limits.max
      ? { value: number }
      : { problem: `must be a whole number from ${limits.min} to ${limits.max}${unit}, not ${shown(text)}` }
  })

/** An amount of money. */
export const usdValue = (limits: { max: number }): z.ZodType<number, string> =>
  parsed<number>((text) => {
    const number = /^\d{1,9}(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN
    return number <= limits.max
      ? { value: number }
      : { problem: `must be an amount such as 5 or 0.50, at most ${limits.max} USD, not ${shown(text)}` }
  })

/** Anything that is one line. */
export const textValue = parsed<string>((text) =>
  /\p{C}/u.test(text) ? { problem: 'must not contain control characters or line breaks' } : { value: text },
)

/** A key, password or signing secret: printable ASCII without blanks, since every one of them may travel in a header. */
const secretProblem = (text: string, minLength: number): string | null => {
  if (!/^[\u0021-\u007e]+$/.test(text)) return 'must be printable ASCII without blanks; a line break is easily copied along'
  return text.length < minLength ? `must have at least ${minLength} characters; make one with: openssl rand -hex 32` : null
}

export const secretValue = (options: { minLength?: number } = {}): z.ZodType<Secret, string> =>
  parsed<Secret>((text) => {
    const problem = secretProblem(text, options.minLength ?? 1)
    return problem === null ? { value: new Secret(text) } : { problem }
  })

/** Several, separated by commas, so that an old key still counts while a new one is being introduced. */
export const secretListValue = parsed<Secret[]>((text) => {
  const parts = text.split(',').map((part) => part.trim())
  if (parts.includes('')) return { problem: 'must be one key, or several with a comma between them' }
  for (const part of parts) {
    const problem = secretProblem(part, 1)
    if (problem !== null) return { problem }
  }
  return { value: parts.map((part) => new Secret(part)) }
})

/** One account of a provider: a key with a name that may be shown. */
export interface Account {
  readonly name: string
  readonly apiKey: Secret
}

/** What the account of a provider is called whose key stands in a variable of its own. */
export const defaultAccount = 'default'

/** In task queues, rows, labels and addresses as it is. */
const accountNamePattern = /^[a-z][a-z0-9-]{0,31}$/

/** `name=key` pairs. Messages count the entries: whoever mixes up the sides must not find the key in an error. */
export const accountListValue = parsed<Account[]>((text) => {
  const accounts: Account[] = []
  for (const [index, part] of text.split(',').entries()) {
    const which = `entry ${index + 1}`
    const [, name = '', key = ''] = /^([^=]*)=(.*)$/s.exec(part.trim()) ?? []
    if (name === '' || key === '') return { problem: `must be name=key, or several with commas between them; ${which} is not` }
    if (!accountNamePattern.test(name)) {
      return {
        problem: `has a wrong name in ${which}: up to 32 lower case letters, digits and hyphens, beginning with a letter`,
      }
    }
    const problem = secretProblem(key, 1)
    if (problem !== null) return { problem: `has a wrong key in ${which}: it ${problem}` }
    if (accounts.some((earlier) => earlier.name === name)) return { problem: `has the name of ${which} twice` }
    if (accounts.some((earlier) => earlier.apiKey.reveal() === key))
      return { problem: `has the key of ${which} twice; ${oneKey}` }
    accounts.push({ name, apiKey: new Secret(key) })
  }
  return { value: accounts }
})

/** Two names for one key would send twice what it allows. // I8 */
export const oneKey = 'limits and balance belong to the key, so each key is one account'

/** True for this machine itself: nothing sent there leaves it. */
export function isLoopbackHost(hostname: string): boolean {
  const host = hostname.replace(/\.$/, '')
  // The URL parser has brought every spelling of an IPv4 address into four decimal parts.
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** Scheme, host, port and an optional path, without a slash at the end. */
export const baseUrlValue = parsed<string>((text) => {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.hostname === '') {
    return { problem: 'must be an https address such as https://images.example.com' }
  }
  // It is shown by `doctor` and written to logs and rows, so it must not be able to carry a secret.
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    return { problem: 'must be an address without user name, password, query or fragment' }
  }
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    return {
      problem: `must be https: http is allowed on this machine only (localhost, 127.0.0.1, [::1]), not ${shown(url.host)}`,
    }
  }
  return { value: url.origin + url.pathname.replace(/\/+$/, '') }
})

/** Like a base URL, but http is allowed anywhere: for links that people follow and gateways in a private network. */
export const linkValue = parsed<string>((text) => {
  const url = URL.canParse(text) ? new URL(text) : null
  const isHttp = url !== null && ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.password === ''
  return isHttp
    ? { value: text.replace(/\/+$/, '') }
    : { problem: 'must be an http(s) address such as http://127.0.0.1:8233, without credentials' }
})

/** The password inside makes all of it a secret. */
export const databaseUrlValue = parsed<Secret>((text) => {
  const url = URL.canParse(text) ? new URL(text) : null
  return url !== null && ['postgres:', 'postgresql:'].includes(url.protocol) && url.hostname !== ''
    ? { value: new Secret(text) }
    : { problem: 'must be postgres://user:password@host:5432/database; special characters in the password are percent-encoded' }
})

/** A name or address to listen on. */
export const listenHostValue = parsed<string>((text) =>
  /^[A-Za-z0-9.:_-]{1,253}$/.test(text)
    ? { value: text }
    : { problem: `must be an address to listen on, such as 127.0.0.1, ::1 or 0.0.0.0, not ${shown(text)}` },
)

/** `host` or `host:port`, an IPv6 address in brackets; as the safe download takes them. */
export const hostListValue = parsed<string[]>((text) => {
  const entries = text.split(',').map((part) => part.trim())
  for (const entry of entries) {
    const [, host, port] = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/.exec(entry) ?? []
    if (host === undefined || !URL.canParse(`http://${host}/`) || Number(port ?? 1) > 65_535 || Number(port ?? 1) === 0) {
      return { problem: `must be a list like 127.0.0.1:9000,files.internal; ${shown(entry)} is neither host nor host:port` }
    }
  }
  return { value: entries.map((entry) => entry.toLowerCase()) }
})
