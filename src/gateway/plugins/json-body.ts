// Reads JSON bodies strictly: UTF-8, no content encoding, no `__proto__`. Every other media type is refused.
import type { FastifyInstance } from 'fastify'
import { ProblemError } from '../problem.ts'

export function registerJsonBody(app: FastifyInstance): void {
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  const parseJson = app.getDefaultJsonParser('error', 'error')

  app.addHook('onRequest', async (request) => {
    // A body that unpacks to a thousand times its size is not worth the trouble, and pictures are compressed as they are.
    const encoding = request.headers['content-encoding']
    if (encoding === undefined || encoding === 'identity') return
    throw new ProblemError('unsupported_media_type', 'Send the body without content encoding.', {
      headers: { 'accept-encoding': 'identity' },
    })
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    // many clients set the type on a POST without a body
    if (body.length === 0) return done(null, undefined)
    let text: string
    try {
      text = utf8.decode(body)
    } catch {
      return done(new ProblemError('malformed_request', 'The body is not UTF-8.'))
    }
    void parseJson(request, text, done)
    return undefined
  })
}
