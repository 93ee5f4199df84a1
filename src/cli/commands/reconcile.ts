// darkroom reconcile: does the ledger agree with Temporal and with the providers' balances? A worker looks; this asks it and prints.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { WorkflowHandle } from '@temporalio/client'
import type { ReconcileResult } from '../../activities/reconcile-types.ts'
import { mainTaskQueue, reconcileWorkflowName } from '../../contract/index.ts'
import { safeText } from '../../observability/safe-text.ts'
import type { TemporalLink } from '../../temporal/connect.ts'
import type { CliContext } from '../context.ts'
import { hasColours, writeLine } from '../context.ts'
import type { ExitCode } from '../errors.ts'
import { CliError, exitCodes } from '../errors.ts'
import { createPaint } from '../render/colours.ts'
import { renderJson } from '../render/json.ts'
import { renderReconciliation } from '../render/reconciliation.ts'
import { parseInteger } from '../request-options.ts'
import type { CommandHost } from './command-host.ts'

interface ReconcileFlags {
  repair?: boolean
  json?: boolean
  workerTimeout: number
}

/** A worker that is up takes a workflow task within milliseconds; one that is just starting needs some seconds. */
const workerTimeoutSeconds = 15

export function addReconcileCommand(program: Command, host: CommandHost): void {
  program
    .command('reconcile')
    .description('compare the ledger with Temporal and with the balances; exit code 1 when they differ')
    .option('--repair', 'close generations whose workflow is gone, look after attempts that are owing')
    .option('--worker-timeout <seconds>', 'how long to wait for a worker that answers', parseInteger, workerTimeoutSeconds)
    .option('--json', 'print the result as JSON')
    .action((flags: ReconcileFlags) => host.run((context) => reconcile(context, flags)))
}

async function reconcile(context: CliContext, flags: ReconcileFlags): Promise<ExitCode> {
  const { withTemporal } = await import('../standalone-temporal.ts')
  const result = await withTemporal(context, (link) => askWorker(link, flags.repair === true, flags.workerTimeout * 1_000))
  const paint = createPaint(hasColours(context.stdout, context.env))
  writeLine(context.stdout, flags.json === true ? renderJson(result) : renderReconciliation(result, paint))
  return result.report?.differences === 0 ? exitCodes.done : exitCodes.failed
}

async function askWorker({ client, address }: TemporalLink, repair: boolean, timeoutMs: number): Promise<ReconcileResult> {
  const [{ reconcileIds, reconcileInput }, { WorkflowFailedError }] = await Promise.all([
    import('../../temporal/schedules.ts'),
    import('@temporalio/client'),
  ])
  const input = reconcileInput('everything', repair)
  const handle: WorkflowHandle = await client.workflow.start(reconcileWorkflowName, {
    workflowId: reconcileIds.byHand(randomUUID()),
    taskQueue: mainTaskQueue,
    args: [input],
    // Two steps, each with all of its tries; nobody waits at this command for longer.
    workflowExecutionTimeout: 2 * input.limits.scheduleToCloseMs,
    staticSummary: repair ? 'by hand, with repairs' : 'by hand',
  })
  const result: Promise<ReconcileResult> = handle.result()
  const answered = new AbortController()
  const untaken = isUntakenAfter(handle, timeoutMs, answered.signal)
  try {
    const first = await Promise.race([result, untaken.then((isUntaken) => (isUntaken ? null : result))])
    if (first !== null) return first
    // Or the next worker would do something that nobody waits for.
    await handle.terminate('no worker took it in time')
    await result.catch(() => undefined)
    throw new CliError(
      `No worker answers on Temporal at ${safeText(address)}: start \`darkroom dev\` or \`darkroom worker\`, or set TEMPORAL_ADDRESS to theirs.`,
      exitCodes.notReachable,
    )
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error
    const why = error.cause instanceof Error ? error.cause.message : error.message
    throw new CliError(safeText(`It could not be compared: ${why}`), exitCodes.notReachable, { cause: error })
  } finally {
    answered.abort()
    // A question that is still on its way must not meet a closed connection.
    await untaken.catch(() => undefined)
  }
}

/** What the history of a workflow holds that no worker has looked at: its start, and its first task. */
const untakenHistoryLength = 2

/** False as soon as there is an answer. */
async function isUntakenAfter(handle: WorkflowHandle, timeoutMs: number, answered: AbortSignal): Promise<boolean> {
  try {
    await sleep(timeoutMs, undefined, { signal: answered })
  } catch {
    return false
  }
  return (await handle.describe()).historyLength <= untakenHistoryLength
}
