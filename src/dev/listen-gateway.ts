// Opens the gateway's port, and says in words what may be in the way.
import type { FastifyInstance } from 'fastify'
import { PortInUseError } from '../temporal/ports.ts'
import { MissingSettingError } from './mock-providers.ts'

/** Resolves with the address for people and for callbacks on this machine. */
export async function listenGateway(app: FastifyInstance, { host, port }: { host: string; port: number }): Promise<string> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    throw toListenError(error, { what: 'the gateway', variable: 'DARKROOM_HTTP_PORT', host, port })
  }
  const address = app.server.address()
  const actualPort = typeof address === 'object' && address !== null ? address.port : port
  return `http://${reachableHost(host)}:${actualPort}`
}

interface WantedPort {
  /** for whom */
  what: string
  /** where another one can be named */
  variable: string
  host: string
  port: number
}

export function toListenError(error: unknown, { what, variable, host, port }: WantedPort): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return new PortInUseError(what, host, port, `Choose another with ${variable}.`)
  if (code === 'EACCES') {
    return new MissingSettingError(`Port ${port} needs rights that this process has not. Choose another with ${variable}.`)
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new MissingSettingError(`DARKROOM_HTTP_HOST=${host} is no address of this machine.`)
  }
  return error
}

/** "All addresses" is no address to go to. */
export function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
