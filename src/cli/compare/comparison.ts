// What a comparison is: written down before the first picture is asked for, so that the same one can be gone on with and reported on.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { GenerationRequest, ProviderName } from '../../contract/index.ts'
import { providerNames, spendModes } from '../../contract/index.ts'
import { generationIdOfKey } from '../../gateway/idempotency.ts'

/** `cmp_` and a ULID. It becomes a file name. */
export const comparisonIdPattern = /^cmp_[0-9A-HJKMNP-TV-Z]{26}$/

const priceSchema = z.object({
  /** worst case of one run; null: nobody knows one, and nothing is capped */
  usd: z.number().nonnegative().nullable(),
  /** `borrowed`: of the dearest other provider, as budgets do it; only where the money is not real */
  source: z.enum(['list', 'assumed', 'borrowed', 'none']),
})
export type RunPrice = z.infer<typeof priceSchema>

/** A file that was given as a reference image or mask, as it was then. The request names it by its bytes, so nothing else can take its place. */
const pictureSchema = z.object({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** of the file, without its folder: for people */
  name: z.string(),
  sizeBytes: z.int(),
  contentType: z.string(),
  width: z.int(),
  height: z.int(),
})
export type ComparisonPicture = z.infer<typeof pictureSchema>

export const comparisonSchema = z.object({
  format: z.literal(1),
  id: z.string().regex(comparisonIdPattern),
  createdAt: z.iso.datetime(),
  mode: z.enum(spendModes),
  /** where it was begun; for people */
  gatewayUrl: z.string(),
  /** what every run asks for, without prompt, route and metadata */
  request: z.looseObject({ model: z.string() }),
  /** those of `request` that came from files; `comparisons/pictures/` has a copy of each */
  pictures: z.array(pictureSchema).default([]),
  /** the whole generation of one run; null: the service's own */
  deadlineMs: z.int().nullable(),
  providers: z.array(z.enum(providerNames)).min(1),
  prompts: z.array(z.string().min(1)).min(1),
  /** at each provider */
  runs: z.int().min(1),
  seed: z.int().min(0),
  /** at once at each provider */
  concurrency: z.int().min(1),
  capUsd: z.number().positive().nullable(),
  prices: z.partialRecord(z.enum(providerNames), priceSchema),
  /** the first generation that a gateway accepted: another ledger does not know it, and would pay for everything again */
  anchorId: z.string().nullable(),
})
export type Comparison = z.infer<typeof comparisonSchema>

export interface PlannedRun {
  provider: ProviderName
  /** from 1, the same number at every provider: the same prompt */
  run: number
  /** index in `prompts` */
  prompt: number
  generationId: string
}

/**
 * Every run, in the order of starting. Run n of all providers stand together, so that the same hour serves them all; which n is next and who
 * of them is first is drawn from the seed, so that nobody always goes second.
 */
export function planRuns(comparison: Comparison): PlannedRun[] {
  const { seed, providers, runs, prompts } = comparison
  const numbers = Array.from({ length: runs }, (_, at) => at + 1)
  return shuffled(numbers, (run) => `${seed}/${run}`).flatMap((run) =>
    shuffled(providers, (provider) => `${seed}/${run}/${provider}`).map((provider) => ({
      provider,
      run,
      prompt: (run - 1) % prompts.length,
      generationId: generationIdOfKey(idempotencyKeyOf(comparison, provider, run)),
    })),
  )
}

/** Sorted by a digest: the same on every machine and in every version of Node. */
function shuffled<T>(values: readonly T[], nameOf: (value: T) => string): T[] {
  return values
    .map((value) => ({ value, digest: createHash('sha256').update(nameOf(value)).digest('hex') }))
    .toSorted((one, other) => (one.digest < other.digest ? -1 : 1))
    .map(({ value }) => value)
}

/** The same run of the same comparison is the same generation, whoever asks for it and how often. */
export function idempotencyKeyOf({ id }: Pick<Comparison, 'id'>, provider: ProviderName, run: number): string {
  return `compare/${id}/${provider}/${run}`
}

/**
 * One provider, one paid attempt, nothing instead of it. `maxCostUsd` has the gateway keep the price that the cap counts with: it has a
 * catalogue of its own. A provider without a list price would be left out by it.
 */
export function requestOf(
  comparison: Comparison,
  { provider, run, prompt }: Omit<PlannedRun, 'generationId'>,
): GenerationRequest {
  const price = comparison.prices[provider]
  return {
    ...comparison.request,
    prompt: comparison.prompts[prompt] ?? '',
    route: {
      providers: [provider],
      fallback: false,
      maxPaidAttempts: 1,
      onUnknown: 'fail',
      ...(comparison.deadlineMs === null ? {} : { deadlineMs: comparison.deadlineMs }),
      ...(price?.source === 'list' && price.usd !== null && price.usd > 0 ? { maxCostUsd: price.usd } : {}),
    },
    metadata: { comparison: comparison.id, run: String(run), prompt: String(prompt + 1) },
  }
}
