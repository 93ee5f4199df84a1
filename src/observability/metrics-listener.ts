// `/metrics` on a port of its own: whoever may send pictures need not see what they cost.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from './logger.ts'
import type { Metrics } from './metrics.ts'

export interface MetricsListenerOptions {
  metrics: Metrics
  host: string
  /** 0: any free one */
  port: number
  logger: Pick<Logger, 'warn'>
  /** a scrape that has no answer by then gets a 503. Default 5 s: Prometheus itself waits 10 s */
  timeoutMs?: number
}

export interface MetricsListener {
  port: number
  close(): Promise<void>
}

/** Rejects when the port cannot be opened. */
export async function createMetricsListener(options: MetricsListenerOptions): Promise<MetricsListener> {
  const { host, port } = options
  // a few scrapers with small requests; whoever drips one is cut
  const server = createServer(
    { requestTimeout: 5_000, headersTimeout: 5_000, connectionsCheckingInterval: 1_000 },
    (request, response) => {
      void answer(request, response, options)
    },
  )
  server.maxConnections = 50
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return { port: portOf(server), close: () => closeServer(server) }
}

async function answer(request: IncomingMessage, response: ServerResponse, options: MetricsListenerOptions): Promise<void> {
  const { metrics, logger, timeoutMs = 5_000 } = options
  if (request.url?.split('?', 1)[0] !== '/metrics') return end(response, 404, 'There is nothing here but /metrics.\n')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    return end(response, 405, 'This resource knows GET, HEAD.\n')
  }
  const timer = new AbortController()
  try {
    const tooLate = sleep(timeoutMs, undefined, { signal: timer.signal }).then(() => {
      throw new Error(`no answer within ${timeoutMs} ms`)
    })
    const text = await Promise.race([metrics.render(), tooLate])
    response.setHeader('content-type', metrics.contentType)
    end(response, 200, text)
  } catch (error) {
    logger.warn({ err: error }, 'metrics cannot be collected')
    // the why may name the database and its user
    end(response, 503, 'The ledger does not answer.\n')
  } finally {
    timer.abort()
  }
  return undefined
}

function end(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status
  response.setHeader('cache-control', 'no-store')
  if (!response.hasHeader('content-type')) response.setHeader('content-type', 'text/plain; charset=utf-8')
  response.end(text)
}

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('metrics: the server does not listen on a port')
  return address.port
}

async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    // a scrape that is cut is repeated
    server.closeAllConnections()
  })
}
