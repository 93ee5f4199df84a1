// Sends one file as multipart/form-data, streaming: an upload that costs nothing, so that whatever goes wrong it is simply sent again. A fresh
// connection each time, no redirects, the reply capped like every other.
import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { Client } from 'undici'
import { addressAttemptTimeoutMs, commonHeaders, connectTimeoutMs, freeExchange } from './http.ts'
import type { GetResult } from './http.ts'

export interface FormInput {
  url: string
  headers: Record<string, string>
  /** names and values are ours: printable ASCII without quotes or line breaks */
  fields: Record<string, string>
  file: { field: string; fileName: string; contentType: string; sizeBytes: number; bytes: AsyncIterable<Uint8Array> }
  /** from the call to the last byte of the reply */
  timeoutMs: number
  signal: AbortSignal
}

export async function postForm({ url: target, headers, fields, file, timeoutMs, signal }: FormInput): Promise<GetResult> {
  const url = new URL(target)
  const { head, tail, contentType } = frame(fields, file)
  const client = new Client(url.origin, {
    pipelining: 0,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      timeout: Math.min(connectTimeoutMs, timeoutMs),
      autoSelectFamilyAttemptTimeout: addressAttemptTimeoutMs,
    },
  })
  try {
    return await freeExchange({ timeoutMs, signal }, (ends) =>
      client.request({
        method: 'POST',
        path: url.pathname + url.search,
        headers: {
          ...commonHeaders,
          ...headers,
          'content-type': contentType,
          'content-length': String(head.length + file.sizeBytes + tail.length),
        },
        body: Readable.from(chunksOf(head, file.bytes, tail), { objectMode: false }),
        signal: ends,
      }),
    )
  } finally {
    client.destroy().catch(() => undefined)
  }
}

async function* chunksOf(head: Buffer, bytes: AsyncIterable<Uint8Array>, tail: Buffer): AsyncGenerator<Uint8Array> {
  yield head
  yield* bytes
  yield tail
}

function frame(fields: FormInput['fields'], file: FormInput['file']): { head: Buffer; tail: Buffer; contentType: string } {
  // Random, so that no picture can contain it.
  const boundary = `darkroom-${randomUUID()}`
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const filePart = [
    `--${boundary}`,
    `content-disposition: form-data; name="${file.field}"; filename="${file.fileName}"`,
    `content-type: ${file.contentType}`,
  ]
  return {
    head: Buffer.from(`${parts.join('')}${filePart.join('\r\n')}\r\n\r\n`),
    tail: Buffer.from(`\r\n--${boundary}--\r\n`),
    contentType: `multipart/form-data; boundary=${boundary}`,
  }
}
