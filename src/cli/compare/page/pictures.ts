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

export interface PictureSources {
  readImage: GatewayClient['readImage']
  /** a file that the comparison starts from, by its SHA-256; null: it is gone */
  readReference: (sha256: string) => Promise<Uint8Array | null>
}

export interface EmbeddedPictures {
  /** data URL of what the runs start from, by SHA-256 */
  references: ReadonlyMap<string, string>
  /** data URL by generation id */
  urls: ReadonlyMap<string, string>
  /** pictures that are not in the page because it would be too large */
  leftOut: number
  /** pictures that could not be read from the gateway */
  unreadable: number
}

/** What the runs start from, then whole pairs, one of each prompt before a second one of any: runs go round the prompts. */
export async function embedPictures(
  report: ComparisonReport,
  sources: PictureSources,
  maxBytes: number = defaultMaxBytes,
): Promise<EmbeddedPictures> {
  const references = await embedReferences(report, sources, maxBytes * mostForReferences)
  const urls = new Map<string, string>()
  const counts = { leftOut: 0, unreadable: 0 }
  let sizeBytes = references.sizeBytes
  const numbers = [...new Set(report.runs.map(({ run }) => run))].toSorted((one, other) => one - other)
  for (const number of numbers) {
    const pair = report.runs.filter(({ run, image }) => run === number && image !== null)
    const pairBytes = pair.reduce((sum, { image }) => sum + (image?.sizeBytes ?? 0), 0)
    if (sizeBytes + pairBytes > maxBytes) {
      counts.leftOut += pair.length
      continue
    }
    for (const run of pair) {
      const url = await readAsDataUrl(run, sources)
      if (url === null) counts.unreadable += 1
      else urls.set(run.generationId, url)
    }
    sizeBytes += pairBytes
  }
  return { references: references.urls, urls, ...counts }
}

/** The page is about what came of them. */
const mostForReferences = 0.5

async function embedReferences(
  { pictures }: ComparisonReport,
  { readReference }: PictureSources,
  maxBytes: number,
): Promise<{ urls: Map<string, string>; sizeBytes: number }> {
  const urls = new Map<string, string>()
  let sumBytes = 0
  for (const { sha256, sizeBytes, contentType } of pictures) {
    if (sumBytes + sizeBytes > maxBytes || !embeddable.includes(contentType)) continue
    const bytes = await readReference(sha256)
    if (bytes === null) continue
    urls.set(sha256, dataUrl(contentType, bytes))
    sumBytes += sizeBytes
  }
  return { urls, sizeBytes: sumBytes }
}

async function readAsDataUrl({ generationId, image }: MeasuredRun, { readImage }: PictureSources): Promise<string | null> {
  if (image === null || !embeddable.includes(image.contentType)) return null
  // One that is gone from the store, or breaks off on its way, leaves a gap and no report without the rest.
  const bytes = await readImage(generationId, image.index).catch(() => null)
  return bytes === null ? null : dataUrl(image.contentType, bytes)
}

function dataUrl(contentType: string, bytes: Uint8Array): string {
  return `data:${contentType};base64,${Buffer.from(bytes).toString('base64')}`
}
