// The pictures that a request starts from, fetched as the provider would: what cannot be had makes the task fail.
import { createHash } from 'node:crypto'
import type { Files } from './files.ts'
import type { Order } from './tasks.ts'

export interface SeenReference {
  /** `copy`: on the file host · `link`: fetched on this machine · `data`: inside the request · `foreign`: elsewhere, believed */
  kind: 'copy' | 'link' | 'data' | 'foreign'
  /** of the bytes; null: foreign, or not to be had */
  sha256: string | null
}

/** A provider on the same machine as its client has its picture in milliseconds. */
const FETCH_TIMEOUT_MS = 5_000

/** Fields that hold addresses and are no pictures. */
const notPictures = /prompt|callback/i

/** In the order of the request; nothing is fetched beyond this machine. */
export async function readReferences(order: Order, files: Files): Promise<SeenReference[]> {
  return Promise.all(addressesIn(order.request).map((address) => look(address, files)))
}

export function isMissing({ kind, sha256 }: SeenReference): boolean {
  return kind !== 'foreign' && sha256 === null
}

function addressesIn(request: Record<string, unknown>): string[] {
  return Object.entries(request)
    .filter(([name]) => !notPictures.test(name))
    .flatMap(([, value]) => [value].flat())
    .filter((value): value is string => typeof value === 'string' && /^(https?:\/\/|data:image\/)/.test(value))
}

async function look(address: string, files: Files): Promise<SeenReference> {
  if (address.startsWith('data:')) {
    const [, base64 = ''] = address.split(';base64,')
    return { kind: 'data', sha256: pictureHash(Buffer.from(base64, 'base64')) }
  }
  const url = URL.canParse(address) ? new URL(address) : null
  if (url === null) return { kind: 'link', sha256: null }
  if (files.isOurs(url)) {
    const { status, body } = await files.answer(url, Date.now())
    return { kind: 'copy', sha256: pictureHash(status === 200 ? body : null) }
  }
  const isHere = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)
  return isHere ? { kind: 'link', sha256: pictureHash(await fetchBytes(url)) } : { kind: 'foreign', sha256: null }
}

async function fetchBytes(url: URL): Promise<Buffer | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS), redirect: 'error' })
    return response.ok ? Buffer.from(await response.arrayBuffer()) : null
  } catch {
    return null
  }
}

/** Null for what does not begin like a PNG, JPEG or WebP. */
function pictureHash(bytes: Buffer | null): string | null {
  const start = bytes?.subarray(0, 12).toString('latin1') ?? ''
  const isPicture = start.startsWith('\u0089PNG') || start.startsWith('\u00ff\u00d8\u00ff') || /^RIFF[^]{4}WEBP/.test(start)
  return bytes !== null && isPicture ? createHash('sha256').update(bytes).digest('hex') : null
}
