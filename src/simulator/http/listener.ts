// One listening port that can really go away and come back: `down` means that the kernel refuses the connection.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

// Below the range from which kernels take the local ports of outgoing connections (Linux from 32768), so that none of those can
// sit on our port while the listener is down.
const PORT_RANGE = [20_000, 32_767] as const
const PORT_TRIES = 50
// A process that takes the port while we are down is not gone in a moment; say so instead of hanging.
const REOPEN_TRIES = 50
const REOPEN_PAUSE_MS = 100

export interface ListenerOptions {
  host: string
  /** 0: any free one */
  port: number
  onRequest: (request: IncomingMessage, response: ServerResponse) => void
  onConnection: (socket: Socket) => void
}

export class Listener {
  readonly #options: ListenerOptions
  readonly #server: Server
  #port = 0
  #wanted: 'open' | 'closed' = 'closed'
  #change: Promise<void> = Promise.resolve()

  private constructor(options: ListenerOptions) {
    this.#options = options
    // Requests may be dripped or held on purpose, on both sides: no timeouts of ours.
    this.#server = createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 5_000 }, options.onRequest)
    this.#server.on('connection', options.onConnection)
  }

  static async open(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options)
    listener.#port = await listener.#firstPort()
    listener.#wanted = 'open'
    return listener
  }

  get url(): string {
    return `http://${this.#options.host.includes(':') ? `[${this.#options.host}]` : this.#options.host}:${this.#port}`
  }

  get isOpen(): boolean {
    return this.#server.listening
  }

  /** Closes at once; connections that exist are cut as when a process dies. */
  down(): void {
    this.#wanted = 'closed'
    if (!this.#server.listening) return
    this.#server.close()
    this.#server.closeAllConnections()
  }

  /** Resolves when connections are accepted again on the same port. */
  up(): Promise<void> {
    this.#wanted = 'open'
    // An earlier failure was its caller's to see; this is a new try.
    this.#change = this.#change.catch(() => undefined).then(() => this.#reopen())
    return this.#change
  }

  async close(): Promise<void> {
    this.#wanted = 'closed'
    await this.#change.catch(() => undefined)
    if (!this.#server.listening) return
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async #firstPort(): Promise<number> {
    if (this.#options.port !== 0) {
      await this.#listen(this.#options.port)
      return this.#options.port
    }
    for (let tries = 1; ; tries += 1) {
      const port = randomInt(PORT_RANGE[0], PORT_RANGE[1] + 1)
      try {
        await this.#listen(port)
        return port
      } catch (error) {
        if (!isBusy(error) || tries >= PORT_TRIES) throw error
      }
    }
  }

  async #reopen(): Promise<void> {
    for (let tries = 1; this.#wanted === 'open' && !this.#server.listening; tries += 1) {
      try {
        await this.#listen(this.#port)
      } catch (error) {
        if (!isBusy(error) || tries >= REOPEN_TRIES) throw error
        await sleep(REOPEN_PAUSE_MS)
      }
    }
  }

  #listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, this.#options.host, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
  }
}

function isBusy(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null
  // EACCES: Windows keeps some ports for itself.
  return code === 'EADDRINUSE' || code === 'EACCES'
}
