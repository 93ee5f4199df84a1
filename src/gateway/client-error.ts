// Answers what Node's parser refuses before there is a request: too slow, headers too large, not HTTP.
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { ulid } from 'ulid'
import { problemContentType, ProblemError, type ProblemCode } from './problem.ts'

const known: Readonly<Record<string, { code: ProblemCode; detail: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request_timeout', detail: 'The request did not arrive in time.' },
  HPE_HEADER_OVERFLOW: { code: 'headers_too_large', detail: 'The request line and headers are too large.' },
}

export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  // the other side has gone, or an answer is on its way already
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return void socket.destroy()
  const { code, detail } = known[error.code ?? ''] ?? { code: 'malformed_request' as const, detail: 'This is not HTTP.' }
  const problem = new ProblemError(code, detail)
  const requestId = `req_${ulid()}`
  const body = JSON.stringify(problem.toProblem(requestId))
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    `content-type: ${problemContentType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'cache-control: no-store',
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  // a client that does not read its answer must not keep the socket
  socket.destroySoon()
}
