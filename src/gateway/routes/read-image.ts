// GET /v1/generations/{id}/images/{n}: the bytes as they were stored. The type is the one that was found in the bytes at that time, the name is
// ours, and the sandbox keeps whatever they may hold from running in our origin.
import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { generationIdPattern } from '../../contract/index.ts'
import type { NewImage } from '../../ledger/ledger.ts'
import { storedEndings } from '../../storage/result-store.ts'
import type { RouteDeps } from '../gateway-deps.ts'
import { openStored, pictureHeaders } from '../open-stored.ts'
import { ProblemError } from '../problem.ts'
import { problems } from '../schemas.ts'

const paramsSchema = z.object({ id: z.string(), n: z.string().describe('from 0') })
/** No sign, no leading zero, no exponent: each picture has one address. */
const indexPattern = /^(0|[1-9]\d{0,3})$/
const bytesSchema = z.string().meta({ format: 'binary' })

interface Route {
  Params: { id: string; n: string }
}

export function registerReadImage(app: FastifyInstance, deps: RouteDeps): void {
  const url = '/v1/generations/:id/images/:n'
  app.route<Route>({
    method: 'GET',
    url,
    // Fastify's own HEAD would read the whole picture to throw it away
    exposeHeadRoute: false,
    schema: {
      operationId: 'readImage',
      summary: 'The bytes of a picture',
      params: paramsSchema,
      response: {
        200: {
          description: 'The picture, unchanged',
          content: Object.fromEntries([...storedEndings.keys()].map((type) => [type, { schema: bytesSchema }])),
        },
        304: z.null().describe('You have it already'),
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
      stream?.destroy()
      return reply.send()
    },
  })

  async function prepare(request: FastifyRequest<Route>, reply: FastifyReply<Route>): Promise<Readable | undefined> {
    const image = await readImageRow(deps, request.params.id, request.params.n)
    const headers = {
      ...pictureHeaders(fileName(image), image.contentType),
      etag: `"${image.sha256}"`,
      // content-addressed: these bytes never change. Private: a shared cache does not know who may see them
      'cache-control': 'private, max-age=31536000, immutable',
    }
    if (holdsTag(request.headers['if-none-match'], image.sha256)) {
      reply.code(304).headers(headers)
      return undefined
    }
    const { generationId, index } = image
    const opened = await openStored(deps, image, { generationId, index })
    if (opened === null) throw noSuchPicture()
    const { sizeBytes, stream } = opened
    reply.headers({ ...headers, 'content-length': String(sizeBytes) }).type(image.contentType)
    return stream
  }
}

async function readImageRow({ ledger }: RouteDeps, generationId: string, index: string): Promise<NewImage> {
  const isPossible = generationIdPattern.test(generationId) && indexPattern.test(index)
  const image = isPossible ? await ledger.readImage(generationId, Number(index)) : null
  if (image === null) throw noSuchPicture()
  return image
}

/** RFC 9110: a list of tags, weak or not, or `*`. */
function holdsTag(ifNoneMatch: string | undefined, sha256: string): boolean {
  const tags = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? []
  return tags.includes('*') || tags.includes(`"${sha256}"`)
}

/** Ids of other services may hold a colon, which some file systems do not. */
function fileName({ generationId, index }: NewImage): string {
  return `${generationId.replaceAll(':', '-')}-${index}`
}

function noSuchPicture(): ProblemError {
  return new ProblemError('not_found', 'There is no such picture.')
}
