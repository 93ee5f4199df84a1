// A generation as it leaves the gateway: what the ledger says, with the links that only the gateway knows.
import type { Generation, GenerationStatus } from '../contract/index.ts'
import type { NewGeneration } from '../ledger/ledger.ts'
import type { GatewayLinks } from './gateway-deps.ts'

const ends: readonly GenerationStatus[] = ['completed', 'failed', 'cancelled']

export function hasEnded(generation: Generation): boolean {
  return ends.includes(generation.status)
}

export function generationPath(generationId: string): string {
  return `/v1/generations/${encodeURIComponent(generationId)}`
}

export function toAnswer(generation: Generation, links: GatewayLinks): Generation {
  const self = generationPath(generation.id)
  return {
    ...generation,
    images: generation.images.map((image) => ({ ...image, url: `${self}/images/${image.index}` })),
    links: { self, temporal: links.temporal(generation.id) },
  }
}

/** What a generation is in its first moment. For the one answer that must not wait for a second word of the ledger. */
export function newbornGeneration({ id, mode, tenant, request }: NewGeneration, createdAt: Date): Generation {
  return {
    id,
    status: 'planning',
    mode,
    tenant,
    model: request.model,
    prompt: request.prompt ?? '',
    count: request.count ?? 1,
    createdAt: createdAt.toISOString(),
    finishedAt: null,
    servedBy: null,
    attempts: [],
    images: [],
    cost: { usd: null, source: 'none' },
    fidelity: null,
    timings: { untilSubmitMs: null, submitMs: null, providerMs: null, storeMs: null, totalMs: null },
    decisions: [],
    failure: null,
    itemFailures: [],
    metadata: request.metadata ?? {},
    links: { self: generationPath(id), temporal: null },
  }
}
