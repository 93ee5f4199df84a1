// POST /v1/uploads: a picture as the raw body, into the store under the SHA-256 of its bytes. The same bytes are the same upload, so asking
// twice is harmless, and the answer's `upload` is how a request names it. GET /v1/uploads/{sha256}: what is known of it.
//
// Checks, in this order: content type → promised size → size while streaming → type by the bytes → whole to the last byte → pixels. A body that
// is refused or breaks off leaves nothing behind.
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { uploadName } from '../../catalog/upload-name.ts'
import type { Upload } from '../../ledger/uploads-port.ts'
import { safeText } from '../../observability/safe-text.ts'
import { DownloadError } from '../../storage/download-error.ts'
import { maxImagePixels } from '../../storage/image-check.ts'
import { receiveImage } from '../../storage/receive-image.ts'
import type { ReceivedImage } from '../../storage/receive-image.ts'
import { storedEndings } from '../../storage/result-store.ts'
import type { RouteDeps } from '../gateway-deps.ts'
import { ProblemError } from '../problem.ts'
import { json, problems, timeSchema } from '../schemas.ts'

const answerSchema = z
  .object({
    upload: z.string().describe('its name in `referenceImages` and `mask`'),
    sha256: z.string(),
    sizeBytes: z.int(),
    contentType: z.string().describe('by the bytes'),
    width: z.int(),
    height: z.int(),
  })
  .meta({ id: 'Upload' })
const knownSchema = answerSchema.extend({ createdAt: timeSchema }).meta({ id: 'KnownUpload' })

const contentTypes = [...storedEndings.keys(), 'application/octet-stream']
/** A caller who is told that too many come in at once. */
const comeBackAfterSeconds = 2

export async function registerUploads(app: FastifyInstance, deps: RouteDeps): Promise<void> {
  const { limits } = deps
  let running = 0

  // As it comes: what it really is, its bytes say.
  app.removeAllContentTypeParsers()
  for (const type of [/^image\//, 'application/octet-stream']) {
    app.addContentTypeParser(type, (_request, body, done) => done(null, body))
  }

  app.route({
    method: 'POST',
    url: '/v1/uploads',
    config: { hasSlowBody: true },
    onRequest: async ({ headers }, reply) => {
      if (!isPicture(headers['content-type'])) {
        const allowed = 'image/png, image/jpeg, image/webp or application/octet-stream'
        throw new ProblemError('unsupported_media_type', `Send the picture itself as the body, with the content type ${allowed}.`)
      }
      const promised = Number(headers['content-length'] ?? 0)
      if (promised > limits.uploadBytes) throw tooLarge(limits.uploadBytes, promised)
      if (running >= limits.maxUploads) throw tooMany(limits.maxUploads)
      running += 1
      reply.raw.once('close', () => (running -= 1))
    },
    schema: {
      operationId: 'upload',
      summary: 'Send a picture to start from',
      description: 'A PNG, JPEG or WebP of at most 32 MiB and 100 megapixels. Kept until somebody removes it from the store.',
      consumes: contentTypes,
      body: z.string().meta({ format: 'binary' }),
      response: {
        200: json('These bytes were here already', answerSchema),
        201: json('Stored', answerSchema),
        ...problems(400, 413, 415, 422, 429, 503),
      },
    },
    validatorCompiler: () => (value: unknown) => ({ value }),
    handler: async (request, reply) => {
      const received = await receive(deps, request.body)
      if (!received.ok) throw refusal(received, limits.uploadBytes)
      const { provenance: _provenance, ...upload } = received.image
      const isNew = await deps.ledger.addUpload(upload)
      deps.logger.info({ requestId: request.id, ...upload, isNew }, 'a picture was uploaded')
      reply.code(isNew ? 201 : 200).header('location', `/v1/uploads/${upload.sha256}`)
      return { upload: uploadName(upload.sha256), ...upload }
    },
  })

  app.route<{ Params: { sha256: string } }>({
    method: 'GET',
    url: '/v1/uploads/:sha256',
    schema: {
      operationId: 'readUpload',
      summary: 'What is known of an uploaded picture',
      params: z.object({ sha256: z.string() }),
      response: { 200: json('The upload', knownSchema), ...problems(404, 503) },
    },
    handler: async ({ params }) => {
      const upload = await findUpload(deps, params.sha256)
      if (upload === null) throw new ProblemError('not_found', 'There is no such upload.')
      return { upload: uploadName(upload.sha256), ...upload, createdAt: upload.createdAt.toISOString() }
    },
  })
}

export async function findUpload({ ledger }: RouteDeps, sha256: string): Promise<Upload | null> {
  const [upload] = /^[0-9a-f]{64}$/.test(sha256) ? await ledger.readUploads([sha256]) : []
  return upload ?? null
}

async function receive({ store, limits, logger }: RouteDeps, body: unknown): Promise<ReceivedImage> {
  if (!(body instanceof Readable)) throw new ProblemError('malformed_request', 'There is no picture: the body is empty.')
  // Where it is not read to its end its connection must still carry the answer.
  const chunks: AsyncIterable<Uint8Array> = body.iterator({ destroyOnReturn: false })
  try {
    return await receiveImage(chunks, store, { maxBytes: limits.uploadBytes, maxPixels: maxImagePixels })
  } catch (error) {
    if (error instanceof DownloadError) {
      logger.warn({ err: error }, 'an upload cannot be stored')
      throw new ProblemError('storage_unavailable', 'The picture cannot be stored just now. Ask again later.', { cause: error })
    }
    // Nobody is left to be told, but the log should not speak of a bug. (One that was read to its end is destroyed, too.)
    if (body.readableAborted || body.errored !== null)
      throw new ProblemError('malformed_request', 'The picture broke off.', { cause: error })
    throw error
  }
}

function refusal({ defect, message }: Extract<ReceivedImage, { ok: false }>, maxBytes: number): ProblemError {
  if (defect === 'too_large') return tooLarge(maxBytes)
  const detail = safeText(`Nothing was stored: ${message}.`)
  return new ProblemError(defect === 'wrong_type' ? 'unsupported_media_type' : 'invalid_request', detail)
}

function tooMany(maxUploads: number): ProblemError {
  return new ProblemError('too_many_requests', `${maxUploads} uploads are coming in already. Try again in a moment.`, {
    headers: { 'retry-after': String(comeBackAfterSeconds) },
  })
}

function tooLarge(maxBytes: number, sizeBytes?: number): ProblemError {
  const has = sizeBytes === undefined ? 'more' : `${sizeBytes}`
  return new ProblemError(
    'body_too_large',
    `A picture may have at most ${maxBytes} bytes (${maxBytes / 2 ** 20} MiB); this one has ${has}.`,
  )
}

function isPicture(contentType: string | undefined): boolean {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return type.startsWith('image/') || type === 'application/octet-stream'
}
