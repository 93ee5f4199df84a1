// Generations at a running gateway: asked for, read, listed, cancelled.
import type { Generation, GenerationRequest, PlanPreview } from '../contract/index.ts'
import { callGateway, callGatewayFor, isRecord, jsonContent, notDarkroom, readJson } from './gateway-http.ts'
import type { Answer, Content } from './gateway-http.ts'
import type { LocalPicture } from './local-pictures.ts'

export interface GatewayClient {
  readonly url: string
  create(request: GenerationRequest, idempotencyKey: string | null): Promise<Generation>
  /** What `create` would do. `pictures`: those that the request names and that were not sent, since their sizes count */
  preview(
    request: GenerationRequest,
    pictures: readonly Pick<LocalPicture, 'sha256' | 'sizeBytes' | 'width' | 'height'>[],
  ): Promise<PlanPreview>
  read(id: string): Promise<Generation>
  /** null where the ledger has no such generation */
  readIfKnown(id: string): Promise<Generation | null>
  list(filter: {
    status?: string
    limit?: number
    cursor?: string
  }): Promise<{ generations: Generation[]; nextCursor: string | null }>
  cancel(id: string): Promise<Generation>
  /** bytes of a stored picture */
  readImage(id: string, index: number): Promise<Uint8Array>
}

export function createGatewayClient(url: string): GatewayClient {
  const call = (method: 'GET' | 'POST', path: string, content: Content = {}): Promise<Answer> =>
    callGateway(url, method, path, content)
  const path = (id: string): string => `/v1/generations/${encodeURIComponent(id)}`
  return {
    url,
    async create(request, idempotencyKey) {
      const { headers, body } = jsonContent(request)
      const key = idempotencyKey === null ? {} : { 'idempotency-key': idempotencyKey }
      return readGeneration(url, await call('POST', '/v1/generations', { headers: { ...headers, ...key }, body }))
    },
    async preview(request, pictures) {
      const sizes = pictures.map(({ sha256, sizeBytes, width, height }) => `${sha256}:${sizeBytes}:${width}x${height}`).join(',')
      const query = sizes === '' ? '' : `?uploadSizes=${sizes}`
      const body = await readJson(url, await call('POST', `/v1/plans${query}`, jsonContent(request)))
      if (!isRecord(body) || !isPlan(body['plan'])) throw notDarkroom(url)
      return body['plan']
    },
    read: async (id) => readGeneration(url, await call('GET', path(id))),
    async readIfKnown(id) {
      const answer = await callGatewayFor(url, 'GET', path(id), {}, [404])
      if (answer.statusCode !== 404) return readGeneration(url, answer)
      const body: unknown = await answer.body.json().catch(() => null)
      // Anything may answer 404; what does not say it as we do has not been asked.
      if (isRecord(body) && body['type'] === 'urn:darkroom:problem:not_found') return null
      throw notDarkroom(url, answer.statusCode)
    },
    async list(filter) {
      const query = new URLSearchParams()
      for (const [name, value] of Object.entries(filter)) if (value !== undefined) query.set(name, String(value))
      const body = await readJson(url, await call('GET', `/v1/generations?${query.toString()}`))
      if (!isRecord(body) || !Array.isArray(body['generations'])) throw notDarkroom(url)
      const nextCursor = typeof body['nextCursor'] === 'string' ? body['nextCursor'] : null
      return { generations: body['generations'].map((each) => toGeneration(url, each)), nextCursor }
    },
    cancel: async (id) => readGeneration(url, await call('POST', `${path(id)}/cancel`)),
    readImage: async (id, index) => new Uint8Array(await (await call('GET', `${path(id)}/images/${index}`)).body.arrayBuffer()),
  }
}

async function readGeneration(url: string, answer: Answer): Promise<Generation> {
  return toGeneration(url, await readJson(url, answer))
}

function toGeneration(url: string, body: unknown): Generation {
  if (!isGeneration(body)) throw notDarkroom(url)
  return body
}

/** The fields by which anything else is told from a generation; rendering escapes whatever text is in the rest. */
function isGeneration(body: unknown): body is Generation {
  if (!isRecord(body) || typeof body['id'] !== 'string' || typeof body['status'] !== 'string') return false
  return Array.isArray(body['attempts']) && Array.isArray(body['images']) && isRecord(body['timings']) && isRecord(body['links'])
}

function isPlan(plan: unknown): plan is PlanPreview {
  if (!isRecord(plan) || !Array.isArray(plan['route']) || !Array.isArray(plan['decisions'])) return false
  return isRecord(plan['policy']) && Array.isArray(plan['budgets'])
}
