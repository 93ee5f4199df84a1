// darkroom setup: what a Temporal server of one's own needs once. Every worker sees to the schedules itself; this says what was done.
import type { Command } from 'commander'
import { safeText } from '../../observability/safe-text.ts'
import type { CliContext } from '../context.ts'
import { writeLine } from '../context.ts'
import type { ExitCode } from '../errors.ts'
import { exitCodes } from '../errors.ts'
import type { CommandHost } from './command-host.ts'

export function addSetupCommand(program: Command, host: CommandHost): void {
  program
    .command('setup')
    .description('register search attributes and schedules on the Temporal server (TEMPORAL_ADDRESS); can be repeated')
    .action(() => host.run(setup))
}

async function setup(context: CliContext): Promise<ExitCode> {
  const [{ withTemporal }, { registerSearchAttributes, searchAttributeNames }, { ensureSchedules, scheduleIds }] =
    await Promise.all([
      import('../standalone-temporal.ts'),
      import('../../temporal/search-attributes.ts'),
      import('../../temporal/schedules.ts'),
    ])
  return withTemporal(context, async (link, { timings }) => {
    const say = (line: string): void => writeLine(context.stdout, line)
    say(`Temporal at ${safeText(link.address)}, namespace ${safeText(link.namespace)}`)
    let hasFailed = false
    // One may be allowed without the other.
    const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
      try {
        await work()
      } catch (error) {
        hasFailed = true
        writeLine(context.stderr, safeText(`${what}: ${error instanceof Error ? error.message : String(error)}`))
      }
    }
    await attempt('search attributes', async () => {
      const registered = await registerSearchAttributes(link)
      for (const name of searchAttributeNames) {
        say(`search attribute ${name}: ${registered.includes(name) ? 'registered' : 'was there'}`)
      }
    })
    await attempt('schedules', async () => {
      const changes = await ensureSchedules(link.client, timings)
      const everyMs = { reconcile: timings.reconcileEveryMs, balances: timings.balanceCheckEveryMs }
      for (const name of ['reconcile', 'balances'] as const) {
        say(`schedule ${scheduleIds[name]}, every ${everyMs[name] / 1_000} s: ${changes[name]}`)
      }
    })
    return hasFailed ? exitCodes.notReachable : exitCodes.done
  })
}
