// The pictures inside the report, so that it is one file that can be sent to somebody and shows the same tomorrow.
import type { GatewayClient } from '../../gateway-client.ts'
import type { ComparisonReport } from '../summarise.ts'
import type { MeasuredRun } from '../measure-run.ts'

/**
 * Of the stored bytes, which are a third more as text in the page: still opened without waiting by a browser and taken by most mail servers.
 * There is no scaling: that would need an image library, and a comparison of pictures should show what the provider made.
 */
const defaultMaxBytes = 16_000_000

/** What a browser shows in an `<img>` without running anything. The check on download has found these types from the bytes. */
const embeddable: readonly string[] = ['image/png', 'image/jpeg', 'image/webp']

export interface EmbeddedPictures {
  /** data URL by generation id */
  urls: ReadonlyMap<string, string>
  /** pictures that are not in the page because it would be too large */
  leftOut: number
  /** pictures that could not be read from the gateway */
  unreadable: number
}

/** Whole pairs, one of each prompt before a second one of any: runs go round the prompts. */
export async function embedPictures(
  report: ComparisonReport,
  gateway: Pick<GatewayClient, 'readImage'>,
  maxBytes: number = defaultMaxBytes,
): Promise<EmbeddedPictures> {
  const urls = new Map<string, string>()
  const counts = { leftOut: 0, unreadable: 0 }
  let sizeBytes = 0
  const numbers = [...new Set(report.runs.map(({ run }) => run))].toSorted((one, other) => one - other)
  for (const number of numbers) {
    const pair = report.runs.filter(({ run, image }) => run === number && image !== null)
    const pairBytes = pair.reduce((sum, { image }) => sum + (image?.sizeBytes ?? 0), 0)
    if (sizeBytes + pairBytes > maxBytes) {
      counts.leftOut += pair.length
      continue
    }
    for (const run of pair) {
      const url = await readAsDataUrl(run, gateway)
      if (url === null) counts.unreadable += 1
      else urls.set(run.generationId, url)
    }
    sizeBytes += pairBytes
  }
  return { urls, ...counts }
}

async function readAsDataUrl(
  { generationId, image }: MeasuredRun,
  gateway: Pick<GatewayClient, 'readImage'>,
): Promise<string | null> {
  if (image === null || !embeddable.includes(image.contentType)) return null
  // One that is gone from the store, or breaks off on its way, leaves a gap and no report without the rest.
  const bytes = await gateway.readImage(generationId, image.index).catch(() => null)
  return bytes === null ? null : `data:${image.contentType};base64,${Buffer.from(bytes).toString('base64')}`
}
