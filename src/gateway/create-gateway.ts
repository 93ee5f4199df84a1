// Builds the HTTP gateway. Listening and closing are the caller's: `await app.listen({ host, port })`, `await app.close()`.
import Fastify, { type FastifyInstance } from 'fastify'
import { ulid } from 'ulid'
import { answerClientError } from './client-error.ts'
import type { GatewayDeps, RouteDeps } from './gateway-deps.ts'
import { defaultGatewayLimits, type GatewayLimits } from './limits.ts'
import { answerFrameworkError, registerAnswers } from './plugins/answers.ts'
import { registerBodyTimeout } from './plugins/body-timeout.ts'
import { registerJsonBody } from './plugins/json-body.ts'
import { parameterCompiler } from './plugins/parameters.ts'
import { registerUnknownRoutes } from './plugins/unknown-routes.ts'
import { registerBudgets } from './routes/budgets.ts'
import { registerCallbacks } from './routes/callbacks.ts'
import { registerCancelGeneration } from './routes/cancel-generation.ts'
import { registerCreateGeneration } from './routes/create-generation.ts'
import { registerHealth } from './routes/health.ts'
import { registerListAttempts } from './routes/list-attempts.ts'
import { registerListGenerations } from './routes/list-generations.ts'
import { registerListModels } from './routes/list-models.ts'
import { registerOpenApi } from './routes/openapi.ts'
import { registerPreviewPlan } from './routes/preview-plan.ts'
import { registerProviders } from './routes/providers.ts'
import { registerReadGeneration } from './routes/read-generation.ts'
import { registerReadImage } from './routes/read-image.ts'
import { registerStats } from './routes/stats.ts'
import { registerUploads } from './routes/uploads.ts'
import { registerUploadLinks } from './routes/upload-links.ts'
import { createWakeGate } from './wake-gate.ts'

export async function createGateway(deps: GatewayDeps): Promise<FastifyInstance> {
  const limits: GatewayLimits = { ...defaultGatewayLimits, ...deps.limits }
  const app = buildServer(deps, limits)
  const routeDeps: RouteDeps = {
    ...deps,
    limits,
    links: deps.links ?? { temporal: () => null },
    wakes: createWakeGate({ temporal: deps.temporal, ...limits }),
    closing: drainOnClose(app, limits.drainTimeoutMs),
  }
  app.setValidatorCompiler(parameterCompiler)
  // The schemas of answers are for the document; see schemas.ts.
  app.setSerializerCompiler(() => JSON.stringify)

  registerAnswers(app, deps.logger)
  registerBodyTimeout(app, limits.requestTimeoutMs)
  registerUnknownRoutes(app)
  registerJsonBody(app)
  await registerOpenApi(app)
  registerCreateGeneration(app, routeDeps)
  registerPreviewPlan(app, routeDeps)
  registerListGenerations(app, routeDeps)
  registerReadGeneration(app, routeDeps)
  registerCancelGeneration(app, routeDeps)
  registerReadImage(app, routeDeps)
  registerUploadLinks(app, routeDeps)
  registerListModels(app)
  registerListAttempts(app, routeDeps)
  registerStats(app, routeDeps)
  registerBudgets(app, routeDeps)
  registerProviders(app, routeDeps)
  registerHealth(app, routeDeps)
  // in contexts of their own, because they read bodies as bytes
  await app.register(async (scope) => registerUploads(scope, routeDeps))
  await app.register(async (scope) => registerCallbacks(scope, routeDeps))
  // A caller that left has not taken its call to Temporal along, and our own caller closes that connection next.
  app.addHook('onClose', () => deps.temporal.settled())
  return app
}

function buildServer({ logger }: GatewayDeps, limits: GatewayLimits): FastifyInstance {
  const app = Fastify({
    // Fastify's own lines carry URLs, and the URL of a callback is a secret; see plugins/answers.ts
    logger: false,
    // never the caller's own: it would be written to our log
    requestIdHeader: false,
    genReqId: () => `req_${ulid()}`,
    bodyLimit: limits.apiBodyBytes,
    // Node knows one for all routes, so the longest; see plugins/body-timeout.ts
    requestTimeout: Math.max(limits.requestTimeoutMs, limits.uploadTimeoutMs),
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionTimeout: limits.idleSocketMs,
    maxRequestsPerSocket: limits.maxRequestsPerSocket,
    routerOptions: { maxParamLength: limits.maxParamLength },
    // While closing, what still comes in on an open connection is answered like anything else, with `Connection: close`.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => answerFrameworkError(error, request, reply, logger),
    clientErrorHandler: answerClientError,
    http: {
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.connectionsCheckingIntervalMs,
      maxHeaderSize: limits.maxHeaderBytes,
    },
  })
  app.server.maxConnections = limits.maxConnections
  return app
}

/** Aborted as soon as `close()` is called. What is in flight may end by itself; what does not in time is cut. */
function drainOnClose(app: FastifyInstance, drainTimeoutMs: number): AbortSignal {
  const closing = new AbortController()
  let cut: NodeJS.Timeout | undefined
  app.addHook('preClose', async () => {
    closing.abort()
    cut = setTimeout(() => app.server.closeAllConnections(), drainTimeoutMs)
  })
  app.server.once('close', () => clearTimeout(cut))
  // Node closes the connections that are idle when it begins to close; those that become idle later are ours to close.
  app.addHook('onSend', async (_request, reply) => {
    if (closing.signal.aborted) reply.header('connection', 'close')
  })
  app.addHook('onResponse', async () => {
    if (closing.signal.aborted) setImmediate(() => app.server.closeIdleConnections())
  })
  return closing.signal
}
