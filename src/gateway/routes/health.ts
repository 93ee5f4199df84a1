// GET /healthz: this process answers. GET /readyz: and so does what it needs; false as soon as it begins to close.
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { RouteDeps } from '../gateway-deps.ts'
import { ProblemError, type FieldError } from '../problem.ts'
import { json, problems } from '../schemas.ts'

export function registerHealth(app: FastifyInstance, { ledger, temporal, limits, closing, logger }: RouteDeps): void {
  app.route({
    method: 'GET',
    url: '/healthz',
    schema: {
      operationId: 'health',
      summary: 'The process answers',
      response: { 200: json('Alive', z.object({ status: z.literal('alive') })) },
    },
    handler: async () => ({ status: 'alive' }),
  })

  app.route({
    method: 'GET',
    url: '/readyz',
    schema: {
      operationId: 'readiness',
      summary: 'Ledger and Temporal answer too',
      response: { 200: json('Ready', z.object({ status: z.literal('ready') })), ...problems(503) },
    },
    handler: async () => {
      if (closing.aborted) throw new ProblemError('not_ready', 'The gateway is closing.')
      const checks = [
        probe('ledger', () => ledger.ping(), limits.readinessTimeoutMs),
        probe('temporal', () => temporal.ping(), limits.readinessTimeoutMs),
      ]
      const errors = (await Promise.all(checks)).filter((error) => error !== null)
      if (errors.length === 0) return { status: 'ready' }
      const names = errors.map(({ field }) => field).join(' and ')
      logger.warn({ unreachable: names }, 'not ready')
      throw new ProblemError('not_ready', `No answer from ${names}.`, { errors })
    },
  })
}

/** The why stays in the log of whoever pings: addresses and credentials are in such messages. */
async function probe(field: string, ping: () => Promise<void>, timeoutMs: number): Promise<FieldError | null> {
  const timer = new AbortController()
  const timeout = sleep(timeoutMs, { field, message: `did not answer within ${timeoutMs} ms` }, { signal: timer.signal })
  const answer = ping().then(
    () => null,
    () => ({ field, message: 'cannot be reached' }),
  )
  return Promise.race([answer, timeout]).finally(() => {
    timeout.catch(() => undefined)
    timer.abort()
  })
}
