// Cloudflare's own statuses, which say how far its edge got towards the server behind it. No other software uses these numbers.

/** 521 refused, 523 no route, 525 and 526 TLS to the origin failed: the request was never written to the origin. */
const beforeOrigin = new Set([521, 523, 525, 526])

/**
 * 522 has two meanings: no answer to the handshake (after 15 to 19 s), or, after a connection, no acknowledgement of the request within
 * 90 s. Only the first proves that nothing was delivered, so a 522 that took this long does not count.
 */
const unacknowledgedAfterMs = 85_000

/** True when the edge gave up before any byte of the request reached the provider's server. 520, 524 and 530 are not in the list. */
export function originWasNeverReached(status: number, elapsedMs: number): boolean {
  return beforeOrigin.has(status) || (status === 522 && elapsedMs < unacknowledgedAfterMs)
}
