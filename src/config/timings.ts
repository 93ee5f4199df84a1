// Every time limit and pace that can be set, with its reason. Tests make them short; production should need none of them.

interface TimingDefinition {
  default: number
  min: number
  max: number
  /** what it is, and why it is that long */
  description: string
}

/** Counts have no unit of their own; everything else is in ms. */
const day = 24 * 60 * 60 * 1000
const ms = (value: number, description: string): TimingDefinition => ({ default: value, min: 1, max: day, description })
const count = (value: number, max: number, description: string): TimingDefinition => ({
  default: value,
  min: 1,
  max,
  description,
})

export const timingDefinitions = {
  submitTimeoutMs: ms(
    60_000,
    'Total time for one paid POST. Providers answer in under a second; after a minute nobody will, and the outcome is unknown.',
  ),
  uploadTimeoutMs: ms(
    60_000,
    'All pictures that a submit has to send to the provider before its POST: 20 MiB at 3 Mbit/s. What arrived by then is not sent again by the next try.',
  ),
  submitFreshnessMs: ms(
    5_000,
    'A POST begins at most this long after its row was claimed. A process that was frozen for longer must not pay any more.',
  ),
  submitStartToCloseMs: ms(
    150_000,
    'One run of the submit activity: the pictures before the POST, the freshness, the POST, and writing the task id after it.',
  ),
  submitHeartbeatTimeoutMs: ms(
    10_000,
    'A submit whose worker is silent for this long counts as dead and is looked up in the ledger.',
  ),
  recordTaskIdForMs: ms(
    20_000,
    'How long a task id that was just paid for is tried to be written before the workflow is told to write it later.',
  ),
  submitMaxTries: count(
    5,
    20,
    'Tries of one attempt while nothing is sent or the provider says "later"; then the next provider is asked.',
  ),
  submitRetryInitialMs: ms(1_000, 'Pause before the second try; each further one is twice as long.'),
  submitRetryMaxMs: ms(30_000, 'Longest pause between tries. Kie counts requests over 10 s, so three windows have passed.'),
  retryAfterCapMs: ms(60_000, 'A provider that says to come back later than this is as good as exhausted now.'),
  attemptDeadlineMs: ms(
    600_000,
    'From accept to giving up on one provider. Pictures that took 420 s are on record; less would pay twice for healthy ones.',
  ),
  generationDeadlineMs: ms(1_800_000, 'The whole generation, where the request names no deadline: two attempts and a queue.'),
  callbackGraceMs: ms(60_000, 'Head start of the callback before polling. It normally wins, and a poll costs an activity.'),
  pollFirstMs: ms(5_000, 'First poll where no callback can come: no picture is ready sooner.'),
  pollMinMs: ms(
    3_000,
    'Pause between the first polls. Kie allows 10 queries a second: enough for 30 running tasks at this pace.',
  ),
  pollMaxMs: ms(15_000, 'Pause between later polls: a picture that takes minutes is seen at most this late.'),
  queryTimeoutMs: ms(
    15_000,
    'One query to a provider. They answer in under half a second; cold starts of several seconds are on record.',
  ),
  queryStartToCloseMs: ms(30_000, 'One run of the query activity: the query and the ledger write after it.'),
  unknownListenMs: ms(180_000, 'After a submit without readable answer, how long its callback is awaited: twice a slow picture.'),
  listenPollMs: ms(
    5_000,
    'Pause between two looks at row and hints while listening. A callback wakes the workflow anyway; this is for a lost signal.',
  ),
  storeStartToCloseMs: ms(
    180_000,
    'One run of storing: a query for fresh links, the download, the ledger. Runs are repeated until the deadline.',
  ),
  downloadTimeoutMs: ms(120_000, 'One download in all, redirects included: 32 MiB at 2.2 Mbit/s.'),
  wakesPerAttempt: count(
    10,
    1000,
    'Callbacks that may cause a query, per attempt. An honest one needs one; the rest bounds what forged ones can cost.',
  ),
  wakeSpacingMs: ms(1_000, 'Least time between two queries that callbacks cause.'),
  queueForMs: ms(
    120_000,
    'Waiting in line at one provider before the next one is asked: 240 places at the pace of one Kie account, or one slow picture.',
  ),
  turnHoldMs: ms(
    15_000,
    'How long a place that was given out in the line is kept for its attempt: a busy worker needs a second. Then the next one gets it.',
  ),
  rateLimitPauseMs: ms(
    10_000,
    'After a 429 that does not say for how long, nothing is sent from that account: one whole window of Kie has passed then.',
  ),
  maintenancePauseMs: ms(
    60_000,
    'Pause of an account whose provider speaks of maintenance: it takes minutes, and asking costs a try of every waiting request.',
  ),
  breakerFailures: count(
    5,
    100,
    'Submits in a row without connection or readable answer after which an account is paused. Fewer happen by chance; of more, each may be paid for.',
  ),
  breakerPauseMs: ms(
    30_000,
    'First pause of the circuit breaker, then one submit at a time until one is accepted. Shorter outages end by themselves.',
  ),
  settleForMs: ms(
    86_400_000,
    'How long an attempt that was left open is looked after. A day: no picture takes that long and few outages do; what is still open then is reported as unresolved.',
  ),
  settlePollMinMs: ms(15_000, 'Pause between the first queries of settling: nobody waits for the picture any more.'),
  settlePollMaxMs: ms(
    600_000,
    'Pause between its later queries: some 150 a day and row, so that a thousand open rows cost two queries a second.',
  ),
  balanceCheckEveryMs: ms(
    300_000,
    "Pause between two looks at an account's balance: a top-up ends its pause within minutes, and one query costs nothing.",
  ),
  reconcileEveryMs: ms(
    3_600_000,
    'Pause between two comparisons of ledger, Temporal and balances: what it finds is money that moves by the hour, not by the minute.',
  ),
} as const satisfies Record<string, TimingDefinition>

export type TimingName = keyof typeof timingDefinitions

/** All in ms but the counts. A plain record of numbers. */
export type Timings = Readonly<Record<TimingName, number>>

/** `submitTimeoutMs` → `DARKROOM_SUBMIT_TIMEOUT_MS`. */
export const timingVariable = (name: TimingName): string =>
  `DARKROOM_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`

export const timingNames = Object.keys(timingDefinitions).filter((name): name is TimingName => name in timingDefinitions)

/** What cannot work together, whatever the single values are. */
export function timingProblems(timings: Timings): { variable: string; message: string }[] {
  const problems: { variable: string; message: string }[] = []
  const notAbove = (low: TimingName, high: TimingName): void => {
    if (timings[low] <= timings[high]) return
    problems.push({
      variable: timingVariable(low),
      message: `${timingVariable(low)} (${timings[low]}) must not be more than ${timingVariable(high)} (${timings[high]})`,
    })
  }
  notAbove('pollMinMs', 'pollMaxMs')
  notAbove('submitRetryInitialMs', 'submitRetryMaxMs')
  notAbove('queryTimeoutMs', 'queryStartToCloseMs')
  notAbove('downloadTimeoutMs', 'storeStartToCloseMs')
  notAbove('settlePollMinMs', 'settlePollMaxMs')
  const steps = ['uploadTimeoutMs', 'submitTimeoutMs', 'submitFreshnessMs', 'recordTaskIdForMs'] as const
  const needed = steps.reduce((sum, name) => sum + timings[name], 0)
  if (needed > timings.submitStartToCloseMs) {
    const variable = timingVariable('submitStartToCloseMs')
    const parts = steps.map(timingVariable).join(' + ')
    // A POST that Temporal gives up on while it still runs would have to be looked up each time.
    problems.push({ variable, message: `${variable} (${timings.submitStartToCloseMs}) must be at least ${parts} (${needed})` })
  }
  return problems
}
