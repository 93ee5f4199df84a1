// Fetches a finished picture from a link that we do not trust, into a temporary file, and lets only a whole picture through.
// Everything is bounded: hops, connection, headers, silence, total time, bytes, pixels. Nothing of a failed download is left behind.
import { Agent, errors, request } from 'undici'
import type { Dispatcher } from 'undici'
import { DownloadError, showUrl } from './download-error.ts'
import { maxImageBytes, maxImagePixels } from './image-check.ts'
import { checkIncoming, incomingPath, removeIncoming, writeIncoming } from './incoming-file.ts'
import type { CheckedImage } from './result-store.ts'
import { createGuardedConnector, parseAllowedHosts, parseFetchUrl } from './url-guard.ts'
import type { AllowedHost, AllowedPlace, LookupAddresses } from './url-guard.ts'

export interface DownloadLimits {
  maxBytes: number
  maxPixels: number
  maxRedirects: number
  connectTimeoutMs: number
  headersTimeoutMs: number
  /** longest silence inside the body */
  idleTimeoutMs: number
  /** of everything together, redirects too */
  totalTimeoutMs: number
}

const defaultLimits: DownloadLimits = {
  maxBytes: maxImageBytes,
  maxPixels: maxImagePixels,
  maxRedirects: 2, // a link service and a bucket's region; more is a chain that leads astray
  connectTimeoutMs: 5_000, // a host that needs longer is down
  headersTimeoutMs: 15_000, // object stores answer in under one second
  idleTimeoutMs: 15_000,
  totalTimeoutMs: 120_000, // 32 MiB at 2.2 Mbit/s; also ends a drip of single bytes, which is never silent
}

export interface DownloadOptions {
  /** in the file system of the store, see `ResultStore.tempFolder`; made when it is missing */
  tempFolder: string
  allow: readonly AllowedHost[]
  limits?: Partial<DownloadLimits>
  /** when it aborts, the download rejects with its reason */
  signal?: AbortSignal
  userAgent?: string
  /** default: the system's resolver */
  lookup?: LookupAddresses
}

export interface DownloadedImage extends CheckedImage {
  /** what the server said it is, for the log where it differs; null where it said nothing readable */
  declaredType: string | null
  /** bytes behind the end of the picture, kept */
  trailingBytes: number
}

/** The providers' CDNs answer 403 ("error code: 1010") to the names of HTTP libraries. */
const browserUserAgent = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36'

/** Rejects with a DownloadError, with the reason of `signal`, or with a RangeError when the list of allowed hosts is malformed. */
export async function downloadImage(url: string, options: DownloadOptions): Promise<DownloadedImage> {
  const limits = { ...defaultLimits, ...options.limits }
  const allowed = parseAllowedHosts(options.allow)
  options.signal?.throwIfAborted()
  const end = createEnd(limits.totalTimeoutMs, options.signal)
  const tempPath = incomingPath(options.tempFolder)
  try {
    return await fetchHops(url, { ...options, limits, allowed, tempPath, signal: end.signal })
  } catch (error) {
    await removeIncoming(tempPath)
    options.signal?.throwIfAborted()
    if (end.signal.aborted) throw new DownloadError('timeout', `The download took more than ${limits.totalTimeoutMs} ms.`)
    throw error
  } finally {
    end.dispose()
  }
}

interface Task extends Omit<DownloadOptions, 'allow' | 'limits' | 'signal'> {
  limits: DownloadLimits
  allowed: readonly AllowedPlace[]
  tempPath: string
  signal: AbortSignal
}

/** One signal for "too late" and "no longer wanted", with nothing left running afterwards. */
function createEnd(totalTimeoutMs: number, outer: AbortSignal | undefined): { signal: AbortSignal; dispose: () => void } {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  const timer = setTimeout(abort, totalTimeoutMs)
  outer?.addEventListener('abort', abort, { once: true })
  return {
    signal: controller.signal,
    dispose: () => {
      clearTimeout(timer)
      outer?.removeEventListener('abort', abort)
    },
  }
}

async function fetchHops(start: string, task: Task): Promise<DownloadedImage> {
  let url = parseFetchUrl(start, task.allowed)
  for (let redirects = 0; ; redirects += 1) {
    const result = await fetchHop(url, task)
    if (!(result instanceof URL)) return result
    if (redirects >= task.limits.maxRedirects) {
      throw new DownloadError('redirect_refused', `${showUrl(url)} redirects once more after ${redirects} redirects.`)
    }
    url = result
  }
}

/** One request on a connection of its own: where it leads next, or the picture. */
async function fetchHop(url: URL, task: Task): Promise<URL | DownloadedImage> {
  const { limits, allowed, signal } = task
  const { connectTimeoutMs } = limits
  const dispatcher = new Agent({
    connect: createGuardedConnector({ allowed, connectTimeoutMs, signal, ...(task.lookup && { lookup: task.lookup }) }),
    headersTimeout: limits.headersTimeoutMs,
    bodyTimeout: limits.idleTimeoutMs,
    allowH2: false, // one response, one connection: nothing else may ride on it
  })
  try {
    const response = await request(url, {
      dispatcher,
      signal,
      headers: {
        'user-agent': task.userAgent ?? browserUserAgent,
        accept: 'image/png,image/jpeg,image/webp,image/*;q=0.8',
        'accept-encoding': 'identity',
      },
    }).catch((error: unknown) => {
      throw toDownloadError(error, url, 'network')
    })
    // an aborted or abandoned body reports that as an event nobody waits for
    response.body.on('error', () => undefined)
    return readRedirect(response, url, task) ?? (await readPicture(response, url, task))
  } finally {
    await dispatcher.destroy()
  }
}

const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

function readRedirect({ statusCode, headers }: Dispatcher.ResponseData, url: URL, task: Task): URL | null {
  if (!redirectStatuses.has(statusCode)) return null
  const location = headers['location']
  if (typeof location !== 'string' || !URL.canParse(location, url.href)) {
    throw new DownloadError('redirect_refused', `${showUrl(url)} redirects to nowhere (HTTP ${statusCode}).`)
  }
  return parseFetchUrl(new URL(location, url).href, task.allowed)
}

async function readPicture(response: Dispatcher.ResponseData, url: URL, task: Task): Promise<DownloadedImage> {
  const { limits, tempPath } = task
  const place = showUrl(url)
  checkHeaders(response, place, limits.maxBytes)
  const sha256 = await writeIncoming(chunksOf(response, url), { path: tempPath, maxBytes: limits.maxBytes, place })
  const verdict = await checkIncoming(tempPath, limits)
  if (!verdict.ok) throw new DownloadError(verdict.defect, `${place}: ${verdict.message}.`)
  const { ok: _, ...picture } = verdict
  return { tempPath, sha256, ...picture, declaredType: readMediaType(response.headers['content-type']) }
}

/** What can be refused before the body is read. That as many bytes come as were promised is seen to by the HTTP parser. */
function checkHeaders({ statusCode, headers }: Dispatcher.ResponseData, place: string, maxBytes: number): void {
  if (statusCode !== 200)
    throw new DownloadError('http_status', `${place} answered HTTP ${statusCode}.`, { httpStatus: statusCode })
  const encoding = headers['content-encoding']
  if (encoding !== undefined && String(encoding).toLowerCase() !== 'identity') {
    throw new DownloadError('content_encoded', `${place} sent compressed bytes.`)
  }
  const length = Number(headers['content-length'] ?? 0)
  if (length > maxBytes) throw new DownloadError('too_large', `${place} has ${length} bytes, ${maxBytes} are allowed.`)
}

async function* chunksOf(response: Dispatcher.ResponseData, url: URL): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response.body) yield chunk
  } catch (error) {
    throw toDownloadError(error, url, 'truncated') // the answer had begun
  }
}

function toDownloadError(error: unknown, url: URL, fallback: 'network' | 'truncated'): DownloadError {
  if (error instanceof DownloadError) return error
  const isTimeout =
    error instanceof errors.ConnectTimeoutError ||
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError
  const why = error instanceof Error && error.message !== '' ? error.message : codeOf(error)
  return new DownloadError(isTimeout ? 'timeout' : fallback, `${showUrl(url)}: ${why}`, { cause: error })
}

/** When every address of a name refuses, Node's error has a code and no message. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'no reason given'
}

function readMediaType(header: string | string[] | undefined): string | null {
  return typeof header === 'string' ? (/^[\w.+-]{1,40}\/[\w.+-]{1,60}/.exec(header)?.[0].toLowerCase() ?? null) : null
}
