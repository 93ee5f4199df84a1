// darkroom stats: what a period cost and brought, by provider and model.
import type { Command } from 'commander'
import { CliError, exitCodes } from '../errors.ts'
import { parseDurationMs, parseMoment } from '../durations.ts'
import type { OperationFlags } from '../operate.ts'
import { addOperationFlags, operate } from '../operate.ts'
import { renderStats } from '../render/stats.ts'
import type { CommandHost } from './command-host.ts'

interface StatsFlags extends OperationFlags {
  since?: number
  from?: Date
  to?: Date
  tenant?: string
}

const defaultSinceMs = parseDurationMs('24h')

export function addStatsCommand(program: Command, host: CommandHost): void {
  addOperationFlags(
    program
      .command('stats')
      .description('what a period cost and brought, by provider and model')
      .option('--since <duration>', 'up to now: 30m, 24h, 7d (default: 24h)', parseDurationMs)
      .option('--from <time>', 'a day or a time in UTC, such as 2026-11-22 or 2026-11-22T08:00', parseMoment)
      .option('--to <time>', 'the same; default: now', parseMoment)
      .option('--tenant <name>', 'only of this one'),
  ).action((flags: StatsFlags) =>
    operate(host, flags, async (gateway) => {
      const stats = await gateway.readStats({ ...periodOf(flags), tenant: flags.tenant })
      const isEmpty = stats.providers.length === 0
      return {
        json: stats,
        lines: (paint) => [renderStats(stats, paint)],
        ...(isEmpty ? { notes: ['No attempts in this period.'] } : {}),
      }
    }),
  )
}

function periodOf({ since, from, to }: StatsFlags): { from: Date; to: Date } {
  if (since !== undefined && from !== undefined)
    throw new CliError('--since and --from both say where the period begins: leave one out.', exitCodes.usage)
  const end = to ?? new Date()
  const begin = from ?? new Date(end.getTime() - (since ?? defaultSinceMs))
  if (begin >= end) throw new CliError('The period ends before it begins: --from must be before --to.', exitCodes.usage)
  return { from: begin, to: end }
}
