// What the simulator answers, apart from how it is put on the wire.

export interface Reply {
  status: number
  headers: Record<string, string>
  body: Buffer
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined }

// kie: content type and Cloudflare headers as recorded; neither Retry-After nor any rate-limit header was ever seen.
const CLOUDFLARE = { server: 'cloudflare', 'cf-cache-status': 'DYNAMIC' }

export function jsonReply(body: unknown, status = 200, headers: Record<string, string> = {}): Reply {
  return textReply(JSON.stringify(body), 'application/json;charset=UTF-8', status, headers)
}

export function textReply(text: string, contentType: string, status: number, headers: Record<string, string> = {}): Reply {
  return { status, headers: { ...CLOUDFLARE, 'content-type': contentType, ...headers }, body: Buffer.from(text) }
}

export function bytesReply(body: Buffer, contentType: string): Reply {
  return { status: 200, headers: { ...CLOUDFLARE, 'content-type': contentType, 'cache-control': 'public, max-age=14400' }, body }
}

/** The page a CDN shows when what is behind it does not answer. */
export function htmlPage(status: number, title: string): Reply {
  const page = `<!DOCTYPE html>\n<html lang="en-US">\n<head><title>api | ${status}: ${title}</title></head>\n<body><h1>${title}</h1><p>Error code ${status}</p></body>\n</html>\n`
  return textReply(page, 'text/html; charset=UTF-8', status)
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
