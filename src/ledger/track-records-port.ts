// What the newest attempts at a provider with one of its models have shown: for routes that prefer the fastest, steadiest or cheapest.
import type { ProviderName, SpendMode } from '../contract/index.ts'

/** One provider with one of its models, as its attempts are called in the ledger. */
export interface Track {
  provider: ProviderName
  model: string
}

export interface TrackRecord extends Track {
  /**
   * Attempts whose end says something about the provider: that succeeded, failed, were refused, gave no answer or missed their deadline.
   * Not those that were cancelled, are still open, never had a turn, or were refused because of the request (content, input, source
   * picture) or of the account (key, credits, quota).
   */
  judged: number
  succeeded: number
  /**
   * succeeded attempts for one picture, shortest first: from their newest POST until the provider's word that it had finished was recorded.
   * Both by the ledger's clock: one provider tells when it finished by a clock of its own, another does not tell. At most 200
   */
  timesToPictureMs: number[]
  /** succeeded attempts with a cost that is the provider's own word, and the middle one, per picture; null where there are none */
  measured: number
  costP50Usd: number | null
}

export interface TrackRecordsPort {
  /** One record per track, in their order; counts are 0 where nothing was tried. Asks nothing for an empty list. */
  readTrackRecords(mode: SpendMode, tracks: readonly Track[]): Promise<TrackRecord[]>
}
