// Ten mistakes that people really make around paid submits, as edits of our own sources, each with the check that must catch it.
import type { InvariantId } from './checker/records.ts'

export interface Edit {
  file: string
  /** must be there exactly once */
  find: string
  replace: string
}

export type Proof =
  /** a short chaos run with these rows only */
  | { by: 'chaos'; check: InvariantId; rows: readonly string[]; generations: number; lanes: number }
  /** a test file of the project, where a run of minutes would not get there */
  | { by: 'test'; file: string }

export interface PlantedBug {
  id: string
  what: string
  edits: readonly Edit[]
  proof: Proof
}

const chaos = (check: InvariantId, rows: readonly string[]): Proof => ({ by: 'chaos', check, rows, generations: 12, lanes: 6 })

/** Every row that a bug below is looked for with: without a bug all of them are green. */
const control: PlantedBug = {
  id: 'none',
  what: 'nothing is planted: everything must be green',
  edits: [],
  proof: {
    by: 'chaos',
    check: 'I1',
    rows: ['K5', 'K6', 'K13', 'P5', 'P6', 'P13b', 'P19b', 'C1l', 'C12', 'C13', 'C4'],
    generations: 16,
    lanes: 6,
  },
}

export const plantedBugs: readonly PlantedBug[] = [
  control,
  {
    id: 'no-claim',
    what: 'a run may send although another one may be sending',
    edits: [
      {
        file: 'src/ledger/attempt-states.ts',
        find: "begin_send: { claimed: 'sending' },",
        replace: "begin_send: { claimed: 'sending', sending: 'sending', unknown: 'sending' },",
      },
      {
        file: 'src/ledger/attempts.ts',
        find: "  if (found.state === 'sending') return { kind: 'sending_elsewhere', row: found }\n  if (found.state !== 'claimed') return",
        replace: "  if (!['claimed', 'sending', 'unknown'].includes(found.state)) return",
      },
    ],
    proof: chaos('I3', ['K5', 'K6']),
  },
  {
    id: 'retry-on-unknown',
    what: 'no readable answer is taken for a refusal, and sent again',
    edits: [
      {
        file: 'src/activities/submit-task.ts',
        find: 'return standingOf(await ledger.loseSend(ref, sendId, { message: outcome.message }))',
        replace: `await ledger.releaseSend(ref, sendId, { reason: 'no_answer', message: outcome.message, wasSent: true })
      throw submitRefusedForNow('no_answer', outcome.message, { retryAfterMs: null, isExhausted: false })`,
      },
    ],
    proof: chaos('I3', ['P5', 'P6']),
  },
  {
    id: 'acknowledge-first',
    what: 'a callback is answered with 200 before Temporal has the signal',
    edits: [
      {
        file: 'src/gateway/routes/callbacks.ts',
        find: 'const outcome = await wakes.wake(ref, wake)',
        replace: "const outcome = 'signalled'\n  void wakes.wake(ref, wake).catch(() => undefined)",
      },
    ],
    proof: chaos('I12', ['K13']),
  },
  {
    id: 'cost-only-on-success',
    what: 'a failed task that was charged is booked as nothing',
    edits: [
      {
        file: 'src/activities/await-task.ts',
        find: 'const cost: Cost | null = snapshot.cost === null ?',
        replace: "const cost: Cost | null = snapshot.cost === null || snapshot.state !== 'succeeded' ?",
      },
      {
        file: 'src/ledger/task-ids.ts',
        find: 'accepted_at: firstAcceptance(), ...estimateAsCost }',
        replace: 'accepted_at: firstAcceptance() }',
      },
    ],
    proof: chaos('I4', ['P19b']),
  },
  {
    id: 'permit-released-twice',
    what: 'the end of one attempt gives back the permits of two',
    edits: [
      {
        file: 'src/ledger/permits.ts',
        find: "  await permitsOf(trx, ref).set({ released_at: databaseClock }).where('released_at', 'is', null).execute()\n",
        replace: `  await permitsOf(trx, ref).set({ released_at: databaseClock }).where('released_at', 'is', null).execute()
  await sql\`update permits set released_at = now() where id in (select id from permits where released_at is null limit 1)\`.execute(trx)
`,
      },
    ],
    proof: { by: 'test', file: 'test/unit/ledger/permits.slow.test.ts' },
  },
  {
    id: 'result-from-callback',
    what: 'what a callback says of the task is booked without asking the provider',
    edits: [
      {
        file: 'src/activities/await-task.ts',
        find: '      const { info, cancellationSignal } = Context.current()\n',
        replace: `      const { info, cancellationSignal } = Context.current()
      const said = (await deps.ledger.readHints(ref)).find(({ claimedState }) => claimedState === 'success' || claimedState === 'fail')
      if (said !== undefined) {
        const state = said.claimedState === 'success' ? 'succeeded' : 'failed'
        const verdict = { state, reason: null, message: null, cost: null, provenFree: false, finishedAt: null } as const
        return standingOf(await deps.ledger.recordVerdict(ref, verdict))
      }
`,
      },
    ],
    proof: chaos('I12', ['C12', 'C13']),
  },
  {
    id: 'lookup-only-url-guard',
    what: 'only what a name resolves to is judged: literal addresses are not looked up',
    edits: [
      {
        file: 'src/storage/url-guard.ts',
        find: "  if (isIP(host) !== 0) return isPublicAddress(host) ? null : 'is a private or reserved address'\n",
        replace: '  if (isIP(host) !== 0) return null\n',
      },
      {
        file: 'src/storage/url-guard.ts',
        find: '    if (isIP(host) !== 0 && !isPublicAddress(host)) return callback(refused(host), null)\n',
        replace: '',
      },
    ],
    proof: { by: 'test', file: 'test/unit/storage/url-guard.test.ts' },
  },
  {
    id: 'one-sided-window',
    what: 'a signature from the future is fresh for ever',
    edits: [
      {
        file: 'src/providers/kie/callback.ts',
        find: 'if (!(Math.abs(input.nowMs - Number(timestamp) * 1000) <= toleranceMs)) return false',
        replace: 'if (!(input.nowMs - Number(timestamp) * 1000 <= toleranceMs)) return false',
      },
    ],
    proof: { by: 'test', file: 'test/unit/providers/kie-callback.test.ts' },
  },
  {
    id: 'adopt-without-ownership',
    what: 'the first task id that a callback names is taken for our own',
    edits: [
      {
        file: 'src/activities/ownership.ts',
        find: "  if (await deps.ledger.isTaskIdHeldElsewhere(row.provider, row.account, claimedTaskId, row)) {\n    return { kind: 'not_ours', why: 'another attempt holds this id' }\n  }\n",
        replace: '',
      },
      {
        file: 'src/activities/ownership.ts',
        find: "return why === null ? { kind: 'ours', snapshot: answer.snapshot } : { kind: 'not_ours', why }",
        replace: "return { kind: 'ours', snapshot: answer.snapshot }",
      },
      {
        file: 'src/ledger/task-ids.ts',
        find: '  if (await isTaskIdHeldElsewhere(trx, row.provider, row.account, providerTaskId, ref)) return null\n',
        replace: '',
      },
    ],
    proof: chaos('I12', ['C1l', 'C4']),
  },
  {
    id: 'timeout-is-failure',
    what: 'a POST that got no answer in time is taken for one that was never sent',
    edits: [
      {
        file: 'src/providers/shared/http.ts',
        find: "if (verdict.kind === 'sent') return { kind: 'no_reply', message: describeError(error), httpStatus }",
        replace: "if (verdict.kind === 'sent') return { kind: 'not_sent', reason: 'unreachable', message: describeError(error) }",
      },
    ],
    proof: chaos('I3', ['P5', 'P13b']),
  },
]
