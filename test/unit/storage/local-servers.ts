// Real listeners on the loopback for the download tests.
import { createServer as createHttpServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { TestContext } from 'node:test'

type Cleanup = Pick<TestContext, 'after'>

/** The port. The server and its sockets are closed after the test. */
export async function listen(t: Cleanup, server: Server, host: string, port = 0): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  if (!isAddressInfo(address)) throw new Error('the server has no port')
  return address.port
}

function isAddressInfo(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null
}

export interface Trap {
  port: number
  connections: number
  bytes: number
  /** before the end of the test: nobody listens there any more */
  close: () => Promise<unknown>
}

/** Listens on one port of the whole IPv4 loopback, and of the IPv6 one where there is one, and counts who comes. */
export async function startTrap(t: Cleanup): Promise<Trap> {
  const servers: Server[] = []
  const trap: Trap = {
    port: 0,
    connections: 0,
    bytes: 0,
    close: () => Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve)))),
  }
  const createTrapServer = (): Server => {
    const server = createTcpServer((socket) => {
      trap.connections += 1
      socket.on('data', (chunk) => (trap.bytes += chunk.length))
    })
    servers.push(server)
    return server
  }
  trap.port = await listen(t, createTrapServer(), '0.0.0.0')
  await listen(t, createTrapServer(), '::1', trap.port).catch(() => undefined)
  return trap
}

export interface WebServer {
  /** `127.0.0.1:port`, as it goes into the list of allowed hosts */
  host: string
  /** without a slash at the end */
  origin: string
  requests: number
  openSockets: () => number
}

function describe(server: Server): WebServer {
  const open = new Set<Socket>()
  server.on('connection', (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  return { host: '', origin: '', requests: 0, openSockets: () => open.size }
}

export async function startWeb(t: Cleanup, onRequest: RequestListener): Promise<WebServer> {
  const server = createHttpServer((request, response) => {
    web.requests += 1
    onRequest(request, response)
  })
  const web = describe(server)
  web.host = `127.0.0.1:${await listen(t, server, '127.0.0.1')}`
  web.origin = `http://${web.host}`
  return web
}

/** Does with each connection what it is told, once the request has begun to arrive. */
export async function startRaw(t: Cleanup, answer: (socket: Socket) => void): Promise<WebServer> {
  const server = createTcpServer((socket) => {
    socket.once('data', () => {
      raw.requests += 1
      answer(socket)
    })
  })
  const raw = describe(server)
  raw.host = `127.0.0.1:${await listen(t, server, '127.0.0.1')}`
  raw.origin = `http://${raw.host}`
  return raw
}
