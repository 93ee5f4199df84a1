// How many bytes of pictures one process may hold at once for requests that carry them inside.
import { waitWithin } from './wait-within.ts'

/**
 * A picture inside a request is in memory some three times: as base64 in the body, in its JSON, and on its way into the socket. Measured with
 * 40 requests of 20 MiB at once: 400 MiB above rest, garbage of those before included; without a bound each adds 65. A worker that runs out
 * of memory would leave every POST on the wire with an unknown outcome. Room for three of the largest requests, or for 30 usual ones.
 */
export const maxDataBytesAtOnce = 64 * 1024 * 1024

export interface DataRoom {
  /**
   * First come, first served. Resolves with what gives the room back, or with null where there was none within `timeoutMs`. More than there
   * is at all gets all of it. Rejects once `signal` is aborted.
   */
  enter(sizeBytes: number, options: { timeoutMs: number; signal: AbortSignal }): Promise<(() => void) | null>
}

interface Visitor {
  sizeBytes: number
  admit: () => void
}

export function createDataRoom(totalBytes: number = maxDataBytesAtOnce): DataRoom {
  let freeBytes = totalBytes
  const line: Visitor[] = []

  function admitNext(): void {
    for (let [first] = line; first !== undefined && first.sizeBytes <= freeBytes; [first] = line) {
      line.shift()
      freeBytes -= first.sizeBytes
      first.admit()
    }
  }

  /** Out of the line, or out of the room. */
  function leave(visitor: Visitor): void {
    const place = line.indexOf(visitor)
    if (place === -1) freeBytes += visitor.sizeBytes
    else line.splice(place, 1)
    admitNext()
  }

  return {
    async enter(sizeBytes, options) {
      const visitor = { sizeBytes: Math.min(sizeBytes, totalBytes), admit: (): void => undefined }
      const admitted = new Promise<true>((resolve) => (visitor.admit = () => resolve(true)))
      line.push(visitor)
      admitNext()
      let isIn: true | null = null
      try {
        isIn = await waitWithin(admitted, options)
      } finally {
        if (isIn === null) leave(visitor)
      }
      return isIn === null ? null : () => leave(visitor)
    },
  }
}
