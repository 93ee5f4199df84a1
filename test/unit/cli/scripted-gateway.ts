// A gateway for the CLI to talk to: real HTTP, answers from a script, and it remembers what it was asked.
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import assert from 'node:assert/strict'
import { atEnd } from '../../helpers/at-end.ts'

export interface SeenRequest {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: string
}

export interface ScriptedAnswer {
  status?: number
  json?: unknown
  text?: string
}

export async function scriptedGateway(
  t: Parameters<typeof atEnd>[0],
  answer: (request: SeenRequest, count: number) => ScriptedAnswer,
): Promise<{ url: string; seen: SeenRequest[] }> {
  const seen: SeenRequest[] = []
  const server = createServer((incoming, response) => {
    void text(incoming).then((body) => {
      const request = { method: incoming.method ?? '', url: incoming.url ?? '', headers: incoming.headers, body }
      seen.push(request)
      const { status = 200, json, text: plain } = answer(request, seen.length)
      response.statusCode = status
      response.end(plain ?? JSON.stringify(json))
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  atEnd(t, () => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return { url: `http://127.0.0.1:${address.port}`, seen }
}
