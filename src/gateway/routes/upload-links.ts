// GET /v1/uploads/{sha256}/{token}: an uploaded picture for a provider that has to fetch it. The token is sealed by us for this picture and
// until a time; everything else is the same 404 as everything that does not exist, after one decryption and without a look at the ledger.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Readable } from 'node:stream'
import { z } from 'zod'
import { storedEndings } from '../../storage/result-store.ts'
import type { RouteDeps } from '../gateway-deps.ts'
import { openStored, pictureHeaders } from '../open-stored.ts'
import { ProblemError } from '../problem.ts'
import { problems } from '../schemas.ts'
import { findUpload } from './uploads.ts'

interface Route {
  Params: { sha256: string; token: string }
}

export function registerUploadLinks(app: FastifyInstance, deps: RouteDeps): void {
  const url = '/v1/uploads/:sha256/:token'
  const bytesSchema = z.string().meta({ format: 'binary' })
  app.route<Route>({
    method: 'GET',
    url,
    // Fastify's own HEAD would read the whole picture to throw it away
    exposeHeadRoute: false,
    schema: {
      operationId: 'fetchUpload',
      summary: 'For providers: an uploaded picture, under a link that expires',
      params: z.object({ sha256: z.string(), token: z.string().describe('sealed by this service') }),
      response: {
        200: {
          description: 'The picture, unchanged',
          content: Object.fromEntries([...storedEndings.keys()].map((type) => [type, { schema: bytesSchema }])),
        },
        ...problems(404, 503),
      },
    },
    handler: async (request, reply) => reply.send(await prepare(request, reply)),
  })
  app.route<Route>({
    method: 'HEAD',
    url,
    schema: { hide: true },
    handler: async (request, reply) => {
      const stream = await prepare(request, reply)
      stream.destroy()
      return reply.send()
    },
  })

  async function prepare({ params }: FastifyRequest<Route>, reply: FastifyReply<Route>): Promise<Readable> {
    const { sha256, token } = params
    const nowMs = Date.now()
    const link = deps.uploadTokens.open(token, { sha256, nowMs })
    const upload = link === null ? null : await findUpload(deps, sha256)
    if (link === null || upload === null) throw nothingHere()
    const opened = await openStored(deps, upload)
    if (opened === null) throw nothingHere()
    reply.type(upload.contentType).headers({
      ...pictureHeaders(sha256.slice(0, 12), upload.contentType),
      'content-length': String(opened.sizeBytes),
      // a cache must not outlive the link, and a shared one does not know who may see it
      'cache-control': `private, max-age=${Math.floor((link.expiresAtMs - nowMs) / 1_000)}`,
    })
    return opened.stream
  }
}

function nothingHere(): ProblemError {
  return new ProblemError('not_found', 'There is nothing here.')
}
