// The recorded and documented replies, and a local server that gives them.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { Server } from 'node:net'
import type { TestContext } from 'node:test'
import { z } from 'zod'

const fixtures = new URL('../../fixtures/', import.meta.url)

const evidence = z.enum(['recorded', 'reported', 'documented', 'inferred', 'chosen'])
const where = z.string().regex(/^#[a-z0-9-]+$/)
const replySchema = z.strictObject({
  id: z.string(),
  evidence,
  where,
  api: z.string(),
  httpStatus: z.int(),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.unknown().optional(),
  text: z.string().optional(),
})
const callbackSchema = z.strictObject({ id: z.string(), evidence, where, body: z.unknown() })

export type ReplyFixture = z.infer<typeof replySchema>
export type CallbackFixture = z.infer<typeof callbackSchema>

function readFixture(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, fixtures), 'utf8'))
}

export function readReplies(path: string): ReplyFixture[] {
  return z.array(replySchema).parse(readFixture(path))
}

export function readCallbacks(path: string): CallbackFixture[] {
  return z.array(callbackSchema).parse(readFixture(path))
}

export function readEvidencePage(provider: 'kie' | 'defapi'): string {
  return readFileSync(new URL(`${provider}/README.md`, fixtures), 'utf8')
}

export function bodyText(fixture: ReplyFixture): string {
  return fixture.text ?? JSON.stringify(fixture.body)
}

export interface SeenRequest {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: string
}

export function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on a port')
  return address.port
}

/** A server on a free port that answers with whatever `reply` is set to, and remembers what it was asked. */
export async function startReplyServer(t: Pick<TestContext, 'after'>) {
  const seen: SeenRequest[] = []
  const state: { reply: { status: number; headers?: Record<string, string>; body: string | Buffer } } = {
    reply: { status: 500, body: 'no reply was set' },
  }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8')
      seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body })
      response.writeHead(state.reply.status, { 'content-type': 'application/json;charset=UTF-8', ...state.reply.headers })
      response.end(state.reply.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return {
    baseUrl: `http://127.0.0.1:${portOf(server)}`,
    seen,
    answerWith(fixture: ReplyFixture) {
      state.reply = { status: fixture.httpStatus, headers: fixture.headers ?? {}, body: bodyText(fixture) }
    },
    answer(status: number, body: string | Buffer, headers: Record<string, string> = {}) {
      state.reply = { status, body, headers }
    },
  }
}

export const submitOptions = { account: 'default', callbackUrl: null, timeoutMs: 5_000, mayStillSend: () => true }
