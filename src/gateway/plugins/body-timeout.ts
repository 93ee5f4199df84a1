// How long a request may take to arrive. Node has one limit for a whole server, and an upload needs a longer one than everything else.
import type { FastifyInstance } from 'fastify'
import { answerClientError } from '../client-error.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** its body may take as long as the server allows at all */
    hasSlowBody?: boolean
  }
}

export function registerBodyTimeout(app: FastifyInstance, timeoutMs: number): void {
  app.addHook('onRequest', async (request, reply) => {
    const { raw } = request
    // Node knows only afterwards whether there is no body to come.
    if (raw.complete || request.routeOptions.config.hasSlowBody === true) return
    const timer = setTimeout(() => {
      if (raw.complete) return
      // Two answers would be none.
      if (reply.raw.headersSent) raw.socket.destroy()
      else answerClientError(Object.assign(new Error('too slow'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), raw.socket)
    }, timeoutMs)
    // An answer, or a stream that is closed, ends nothing: Node reads on behind it, for as long as the body comes.
    const stop = (): void => {
      if (raw.complete) clearTimeout(timer)
    }
    raw.once('end', stop)
    reply.raw.once('close', stop)
    // Nobody waits for it: what is over by then needs no end.
    timer.unref()
  })
}
