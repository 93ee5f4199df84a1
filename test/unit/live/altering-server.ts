// A server of its own in front of a simulator, which answers as the simulator does, but for what a test changes: a provider that has drifted.
import { createServer } from 'node:http'
import type { TestContext } from 'node:test'
import { isJsonObject } from '../../../src/providers/shared/json-text.ts'
import { portOf } from '../providers/reply-fixtures.ts'

export interface AlteredReply {
  status: number
  headers: Record<string, string>
  body: Record<string, unknown>
}

export interface Passing {
  method: string
  /** with its query */
  path: string
  authorization: string
}

/** `alter` changes the reply in place; true: it is not sent at all, and the connection ends. */
export async function startAlteringServer(
  t: Pick<TestContext, 'after'>,
  behind: string,
  alter: (passing: Passing, reply: AlteredReply) => boolean | void,
): Promise<{ baseUrl: string; passed: Passing[] }> {
  const passed: Passing[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const passing = {
        method: request.method ?? '',
        path: request.url ?? '',
        authorization: String(request.headers.authorization),
      }
      passed.push(passing)
      void forward(behind, passing, Buffer.concat(chunks)).then((reply) => {
        if (alter(passing, reply) === true) return response.destroy()
        response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers })
        return response.end(JSON.stringify(reply.body))
      })
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  t.after(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return { baseUrl: `http://127.0.0.1:${portOf(server)}`, passed }
}

async function forward(behind: string, { method, path, authorization }: Passing, body: Buffer): Promise<AlteredReply> {
  const response = await fetch(behind + path, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    ...(method === 'POST' ? { body } : {}),
  })
  const json: unknown = await response.json()
  if (!isJsonObject(json)) throw new Error(`the simulator answered ${JSON.stringify(json)}`)
  return { status: response.status, headers: {}, body: json }
}
