// Every number of the gateway, with its reason. A composition root may change any of them; tests make the long ones short.

export interface GatewayLimits {
  /** body of an API request */
  apiBodyBytes: number
  /** body of a callback, counted while it streams */
  callbackBodyBytes: number
  /** from the first byte of a request to the last byte of its body; of an upload there is another limit */
  requestTimeoutMs: number
  /** the same for an upload */
  uploadTimeoutMs: number
  /** bytes of one picture that is uploaded, counted while it streams */
  uploadBytes: number
  /** uploads that may come in at the same time; the next one is told to come back */
  maxUploads: number
  /** from the first byte of a request to the end of its headers */
  headersTimeoutMs: number
  /** how often Node looks for connections that are over the two timeouts above */
  connectionsCheckingIntervalMs: number
  /** how long an idle connection is kept for its next request */
  keepAliveTimeoutMs: number
  /** a socket on which nothing moves in either direction is closed */
  idleSocketMs: number
  maxRequestsPerSocket: number
  maxConnections: number
  /** request line and headers */
  maxHeaderBytes: number
  /** one path parameter, as sent */
  maxParamLength: number
  /** `Prefer: wait=N` is cut to this */
  maxWaitMs: number
  /** first and longest pause between two reads of the ledger while a caller waits */
  waitPollFirstMs: number
  waitPollMaxMs: number
  /** callers that may wait at the same time; the next one gets its 202 at once */
  maxWaiters: number
  /** pictures of one page of the list */
  maxPageSize: number
  defaultPageSize: number
  /** signals that callbacks may cause per attempt, and the least time between two of them */
  wakesPerAttempt: number
  wakeIntervalMs: number
  /** attempts whose wakes are counted; the longest unused one is forgotten first */
  trackedAttempts: number
  /** callbacks with an unknown token that one address may send per minute before they are refused unread */
  unknownTokensPerMinute: number
  /** what `/readyz` gives each dependency */
  readinessTimeoutMs: number
  /** how long `close()` waits for requests in flight before it cuts them */
  drainTimeoutMs: number
}

export const defaultGatewayLimits: GatewayLimits = {
  // a prompt, 16 labels and a dozen links; pictures are passed by URL or uploaded before
  apiBodyBytes: 1024 * 1024,
  // a terminal callback of either provider is below 20 kB; Kie repeats the request inside it
  callbackBodyBytes: 256 * 1024,
  // Fastify's default is none at all: a client that drips a body would live for ever
  requestTimeoutMs: 10_000,
  // the largest picture at 2.2 Mbit/s, as for a download
  uploadTimeoutMs: 120_000,
  // as for a download: a 4K picture as PNG is about 25 MB
  uploadBytes: 32 * 1024 * 1024,
  // each is read into memory once, to be checked: 512 MiB at worst
  maxUploads: 16,
  headersTimeoutMs: 5_000,
  // Node's default of 30 s would let a dripping client live that much longer than the timeouts say
  connectionsCheckingIntervalMs: 1_000,
  // longer than the 60 s of common load balancers, else they send into a connection that we are closing
  keepAliveTimeoutMs: 65_000,
  // longer than the longest wait and than keep-alive; bounds a reader that stops in the middle of a picture
  idleSocketMs: 75_000,
  // spreads long-lived connections over the instances behind a balancer
  maxRequestsPerSocket: 1_000,
  // about 20 kB each: 100 MB at worst, and below common limits of file descriptors
  maxConnections: 4_000,
  // Node's own default, written down so that it does not change under us
  maxHeaderBytes: 16 * 1024,
  // a sealed token of the longest generation id (200 characters) stays below this
  maxParamLength: 600,
  // below the idle timeouts of common proxies
  maxWaitMs: 60_000,
  // a mock picture takes a second, a real one ten or more
  waitPollFirstMs: 200,
  waitPollMaxMs: 1_000,
  // at one read a second each, far below what the ledger can answer
  maxWaiters: 200,
  maxPageSize: 100,
  defaultPageSize: 20,
  // a genuine attempt needs one; the rest is room for the provider's retries. Bounds what a forged flood can cost
  wakesPerAttempt: 10,
  wakeIntervalMs: 1_000,
  // about 1 kB each; more than ever run at once on one account (100) by far
  trackedAttempts: 10_000,
  // nobody honest sends any
  unknownTokensPerMinute: 60,
  // a probe that waits longer is asked again anyway
  readinessTimeoutMs: 2_000,
  // below the 30 s that orchestrators commonly give between SIGTERM and SIGKILL
  drainTimeoutMs: 25_000,
}
