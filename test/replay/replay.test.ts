// Histories that real runs left are replayed against today's workflow code: a change that a running generation would not survive fails here.
import assert from 'node:assert/strict'
import { cp, readFile, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { History } from '@temporalio/common/lib/proto-utils.js'
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js'
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import type { WorkflowBundle } from '@temporalio/worker'
import { DeterminismViolationError } from '@temporalio/workflow'
import { buildWorkflowBundle, loadWorkflowBundle } from '../../src/worker/workflow-bundle.ts'
import { historiesFolder } from '../helpers/histories.ts'
import { tempFolder } from '../helpers/temp-folder.ts'
import { testCacheFolder } from '../helpers/temporal.ts'
import { prolongPlanning } from './prolong-planning.ts'
import type { StoredHistory } from './prolong-planning.ts'

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] })

/** Every path that the product promises to survive; a missing file is a test that was deleted with its history. */
const paths = [
  'both-down',
  'both-overdue',
  'both-overdue-recorded-start',
  'callback-before-reply',
  'callback-path',
  'cancel-between-tries',
  'cancel-in-line',
  'cancel-while-planning',
  'cancel-while-sending',
  'cancel-while-waiting',
  'content-refusal',
  'duplicate-callback',
  'fallback-after-retries',
  'forged-callback',
  'frozen-before-post',
  'frozen-before-send',
  'in-line-by-priority',
  'in-line-too-long',
  'killed-after-post',
  'killed-on-last-try',
  'late-failure-is-booked',
  'late-failure-while-fallback-works',
  'late-success-wins',
  'ledger-away-before-send',
  'ledger-away-while-planning',
  'ledger-lost-after-answer',
  'lost-callback',
  'other-account',
  'overdue',
  'paused-then-rerouted',
  'paused-then-resumed',
  'poll-only',
  'poll-wins',
  'poller-ends-early',
  'queued-then-sent',
  'reconcile-balances',
  'reconcile-everything',
  'reset-during-fallback',
  'reset-when-finished',
  'reset-while-waiting',
  'second-run-waits',
  'settled',
  'settled-as-unresolved',
  'settled-by-late-callback',
  'several-and-none',
  'several-by-items',
  'several-cancelled',
  'several-in-one-task',
  'several-in-part',
  'several-late-success-of-all',
  'several-passed-over',
  'several-split-by-fallback',
  'several-unfetched',
  'several-within-a-limit',
  'superseded-poll-fails',
  'superseded-poll-times-out',
  'temporal-restarted',
  'unknown-adopted',
  'unknown-unheard',
  'unknown-without-callback',
  'waits-on-for-the-first',
  'wake-before-submit-result',
  'wake-during-poll',
  'wake-in-grace',
  'wake-with-poll-result',
  'wake-with-submit-result',
]

const files = (await readdir(historiesFolder)).filter((file) => file.endsWith('.json')).toSorted()

async function stored(file: string): Promise<StoredHistory> {
  const history: StoredHistory = JSON.parse(await readFile(join(historiesFolder, file), 'utf8'))
  return history
}

/** Children and activities carry the id of the workflow in theirs, so it is replayed under its own. */
function replayable(stored: StoredHistory, file: string): { workflowId: string; history: History } {
  const history = historyFromJSON(stored)
  return { workflowId: history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? file, history }
}

async function replay(file: string, workflowBundle: WorkflowBundle, change = (history: StoredHistory) => history): Promise<void> {
  const { workflowId, history } = replayable(change(await stored(file)), file)
  await Worker.runReplayHistory({ workflowBundle }, history, workflowId)
}

/** By one worker, since each evaluates the bundle anew: what is wrong with a history, by its file. */
async function replayAll(): Promise<Map<string, Error | null>> {
  const workflowBundle = await loadWorkflowBundle(testCacheFolder)
  const named = await Promise.all(files.map(async (file) => ({ file, ...replayable(await stored(file), file) })))
  const fileOf = new Map(named.map(({ workflowId, file }) => [workflowId, file]))
  assert.equal(fileOf.size, files.length, 'two histories of one workflow could not be told apart')
  const found = new Map<string, Error | null>()
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, named)) {
    found.set(fileOf.get(workflowId) ?? workflowId, error ?? null)
  }
  return found
}

test('every promised path has a stored history', () => {
  assert.deepEqual(
    paths.filter((path) => !files.includes(`${path}.json`)),
    [],
  )
})

describe('stored histories replay on the current workflow code', () => {
  let found = new Map<string, Error | null>()
  before(async () => {
    found = await replayAll()
  })
  for (const file of files) test(file, () => assert.ifError(found.get(file)))
  test('each of them was replayed', () => assert.deepEqual([...found.keys()].toSorted(), files))
})

test('planning that took longer than one workflow task: a replay counts the deadline from where the run did', async () => {
  const workflowBundle = await loadWorkflowBundle(testCacheFolder)
  const file = 'both-overdue-recorded-start.json'
  // Event 34: the timer that fires at the deadline, after which the clock decides; a replay that sees the deadline over 2 s later polls again.
  const prolonged = (byMs: number, recordsStart: boolean) => (history: StoredHistory) =>
    prolongPlanning(history, { byMs, untilId: '34', recordsStart })
  await replay(file, workflowBundle, prolonged(3_000, true))
  // Plans from before the start was recorded have this defect; that they still show it proves that this test can fail.
  await replay(file, workflowBundle, prolonged(1_000, false))
  await assert.rejects(replay(file, workflowBundle, prolonged(3_000, false)), /Replay failed/)
})

test('the bundle holds no validator, no client and no Node: it is evaluated anew for every workflow', async () => {
  const bundle = await loadWorkflowBundle(testCacheFolder)
  const code = 'code' in bundle ? bundle.code : ''
  assert.ok(code.includes('GenerateImage'), 'this is the bundle')
  for (const foreign of [
    'node_modules/zod',
    'node_modules/undici',
    'node_modules/kysely',
    '@temporalio/client',
    './src/activities',
    './src/catalog',
  ]) {
    assert.ok(!code.includes(foreign), `the bundle contains ${foreign}`)
  }
})

test('an incompatible change does not pass: without its grace timer the workflow no longer fits its history', async (t) => {
  const folder = await tempFolder(t)
  const source = fileURLToPath(new URL('../../src/', import.meta.url))
  for (const part of ['workflows', 'contract']) await cp(join(source, part), join(folder, 'src', part), { recursive: true })
  await symlink(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder, 'node_modules'))
  const wakes = join(folder, 'src/workflows/wakes.ts')
  const code = await readFile(wakes, 'utf8')
  const changed = code.replace('if (!isWoken() && graceMs > 0)', 'if (graceMs < 0)')
  assert.notEqual(changed, code, 'the planted change no longer applies: plant another one')
  await writeFile(wakes, changed)
  const bundle = { code: await buildWorkflowBundle(join(folder, 'src/workflows/index.ts')) }
  await assert.rejects(replay('wake-in-grace.json', bundle), DeterminismViolationError)
})
