import type { RouteDeps } from './gateway-deps.ts'

/** A request that was accepted under this id is answered again, whatever could be asked or is still here today. */
export async function wasAccepted(ledger: RouteDeps['ledger'], earlierId: string | null): Promise<boolean> {
  return earlierId !== null && (await ledger.readGeneration(earlierId)) !== null
}
