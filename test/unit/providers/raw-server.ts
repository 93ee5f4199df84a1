// A TCP server that misbehaves on purpose, and knows how many bytes of a request reached it.
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { portOf } from './reply-fixtures.ts'

export interface RawServer {
  port: number
  url: string
  connections: number
  /** everything any connection sent */
  received: string
}

export async function startRawServer(
  t: Pick<TestContext, 'after'>,
  onConnection: (socket: Socket) => void,
  onData: (socket: Socket, received: string) => void = () => undefined,
): Promise<RawServer> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    state.connections += 1
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk) => {
      state.received += chunk.toString('latin1')
      onData(socket, state.received)
    })
    onConnection(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const port = portOf(server)
  const state: RawServer = { port, url: `http://127.0.0.1:${port}/api`, connections: 0, received: '' }
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  })
  return state
}

export const isWholeRequest = (received: string): boolean => received.includes('{"the":"body"}')

export function httpReply(body: string, extraHeaders = ''): string {
  return `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${extraHeaders}\r\n${body}`
}
