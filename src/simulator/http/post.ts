// One POST of JSON on a connection of its own, without following redirects.
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'

export interface PostOptions {
  headers: Record<string, string>
  timeoutMs: number
  signal: AbortSignal
}

/** Resolves with the status; rejects when there is none within the time. */
export function postJson(url: string, body: string, options: PostOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const target = new URL(url)
    const send = target.protocol === 'https:' ? requestHttps : requestHttp
    const request = send(target, {
      method: 'POST',
      agent: false,
      headers: { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)), ...options.headers },
      signal: AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]),
    })
    request.once('error', reject)
    request.once('response', (response) => {
      // Only the status counts; the rest is read so that the connection can end.
      response.resume()
      response.once('error', reject)
      response.once('close', () => resolve(response.statusCode ?? 0))
    })
    request.end(body)
  })
}
