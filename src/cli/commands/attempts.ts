// darkroom attempts: those that somebody must look after; by default every possible extra charge.
import type { Command } from 'commander'
import { Option } from 'commander'
import { attemptConcerns, type AttemptConcern } from '../../ledger/stats-port.ts'
import { safeText } from '../../observability/safe-text.ts'
import type { OperationFlags } from '../operate.ts'
import { addOperationFlags, operate } from '../operate.ts'
import { renderAttemptList } from '../render/attempt-list.ts'
import { parseInteger } from '../request-options.ts'
import type { CommandHost } from './command-host.ts'

interface AttemptsFlags extends OperationFlags {
  filter: AttemptConcern
  limit: number
  cursor?: string
}

/** What an empty list means. */
const emptyWords: Readonly<Record<AttemptConcern, string>> = {
  possible_extra: 'No attempt may have been paid beside another one.',
  confirmed_extra: 'No attempt was paid beside another one.',
  owing: 'No attempt waits to be looked up.',
  unresolved: 'No attempt is unresolved.',
  task_conflict: 'No attempt got two tasks.',
}

export function addAttemptsCommand(program: Command, host: CommandHost): void {
  addOperationFlags(
    program
      .command('attempts')
      .description('list attempts that somebody must look after, the newest first')
      .addOption(new Option('--filter <what>', 'which').choices(attemptConcerns).default('possible_extra'))
      .option('--limit <number>', 'how many', parseInteger, 20)
      .option('--cursor <cursor>', 'go on where an earlier page ended'),
  ).action((flags: AttemptsFlags) =>
    operate(host, flags, async (gateway) => {
      const { filter, limit, cursor } = flags
      const page = await gateway.listAttempts({ filter, limit, cursor })
      const isEmpty = page.attempts.length === 0
      const more =
        page.nextCursor === null ? [] : [`More: darkroom attempts --filter ${filter} --cursor ${safeText(page.nextCursor, 500)}`]
      return {
        json: page,
        lines: (paint, columns) => (isEmpty ? [] : [renderAttemptList(page.attempts, paint, columns)]),
        notes: [...(isEmpty ? [emptyWords[filter]] : []), ...more],
      }
    }),
  )
}
