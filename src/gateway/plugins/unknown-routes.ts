// 404 for what does not exist and 405 with `Allow` for what does, before a byte of the body is read.
import type { FastifyInstance } from 'fastify'
import { ProblemError } from '../problem.ts'

interface ServedPath {
  segments: string[]
  methods: Set<string>
}

/** To be called before the routes are registered. */
export function registerUnknownRoutes(app: FastifyInstance): void {
  const served = new Map<string, ServedPath>()
  app.addHook('onRoute', ({ url, method }) => {
    const path = served.get(url) ?? { segments: url.split('/'), methods: new Set<string>() }
    for (const each of [method].flat()) path.methods.add(each)
    served.set(url, path)
  })
  app.addHook('onRequest', async (request) => {
    if (!request.is404) return
    const segments = (request.raw.url ?? '').split(/[?#]/, 1)[0]?.split('/') ?? []
    const methods = [...served.values()].filter((path) => matches(path.segments, segments)).flatMap((path) => [...path.methods])
    if (methods.length === 0) throw new ProblemError('not_found', 'There is nothing here.')
    const allow = methods.sort().join(', ')
    throw new ProblemError('method_not_allowed', `This resource knows ${allow}.`, { headers: { allow } })
  })
}

function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((part, at) => (part.startsWith(':') ? segments[at] !== '' : part === segments[at]))
  )
}
