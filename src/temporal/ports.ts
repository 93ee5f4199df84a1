// Ports for servers that cannot choose one themselves and tell us.
import { createConnection, createServer } from 'node:net'
import { errorCode } from './error-code.ts'

/** A port is taken; the message names it, and the variable or flag that chooses another. */
export class PortInUseError extends Error {
  override readonly name = 'PortInUseError'
  readonly port: number

  constructor(what: string, host: string, port: number, remedy: string) {
    super(`Port ${port} on ${host}, wanted for ${what}, is in use. ${remedy}`)
    this.port = port
  }
}

/** A port that was free a moment ago. Somebody else may take it before it is used: whoever uses it must be ready to ask again. */
export async function findFreePort(host: string): Promise<number> {
  return listenOnce(host, 0)
}

export async function isPortFree(host: string, port: number): Promise<boolean> {
  try {
    await listenOnce(host, port)
    return true
  } catch (error) {
    if (errorCode(error) === 'EADDRINUSE') return false
    throw error
  }
}

function listenOnce(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address()
      const found = typeof address === 'object' && address !== null ? address.port : port
      server.close((error) => (error === undefined ? resolve(found) : reject(error)))
    })
  })
}

/** Null when somebody accepts connections there; else why not. */
export function probe(host: string, port: number, timeoutMs: number): Promise<Error | null> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, timeout: timeoutMs })
    const answer = (error: Error | null): void => {
      socket.destroy()
      resolve(error)
    }
    socket.once('connect', () => answer(null))
    socket.once('error', answer)
    socket.once('timeout', () => answer(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })))
  })
}
