// darkroom provider: the gate of each provider account.
import type { Command } from 'commander'
import { Argument } from 'commander'
import { providerNames } from '../../contract/word-lists.ts'
import { parseDurationMs } from '../durations.ts'
import type { OperationFlags } from '../operate.ts'
import { addOperationFlags, operate } from '../operate.ts'
import { renderProviders } from '../render/providers.ts'
import type { CommandHost } from './command-host.ts'

interface AccountFlags extends OperationFlags {
  account?: string
}

interface PauseFlags extends AccountFlags {
  for?: number
  reason?: string
}

const providerArgument = (): Argument => new Argument('<provider>', 'which').choices(providerNames)
const accountOption = ['--account <name>', 'one account; without it every account of the provider'] as const

export function addProviderCommand(program: Command, host: CommandHost): void {
  const provider = program.command('provider').description('the provider accounts: pause them, resume them, see their balance')
  addOperationFlags(
    provider.command('list').description('list the accounts: who is paused, how much is at work, what is left'),
  ).action((flags: OperationFlags) =>
    operate(host, flags, async (gateway) => {
      const accounts = await gateway.listProviders()
      const isEmpty = accounts.length === 0
      return {
        json: { accounts },
        lines: (paint) => (isEmpty ? [] : [renderProviders(accounts, paint)]),
        notes: isEmpty ? ['No accounts: no provider has a key (KIE_API_KEY, DEFAPI_KEY).'] : [],
      }
    }),
  )
  addOperationFlags(
    provider
      .command('pause')
      .description('send nothing new there; what is at work there goes on')
      .addArgument(providerArgument())
      .option(...accountOption)
      .option('--for <duration>', '90s, 30m, 24h, 7d; without it until it is resumed', parseDurationMs)
      .option('--reason <text>', 'for people'),
  ).action((name: string, flags: PauseFlags) =>
    operate(host, flags, async (gateway) => {
      const { account, for: forMs, reason } = flags
      const accounts = await gateway.pauseProvider(name, {
        ...(account === undefined ? {} : { account }),
        ...(forMs === undefined ? {} : { forMs }),
        ...(reason === undefined ? {} : { reason }),
      })
      return { json: { accounts }, lines: (paint) => [renderProviders(accounts, paint)] }
    }),
  )
  addOperationFlags(
    provider
      .command('resume')
      .description('end every pause, whoever made it')
      .addArgument(providerArgument())
      .option(...accountOption),
  ).action((name: string, flags: AccountFlags) =>
    operate(host, flags, async (gateway) => {
      const accounts = await gateway.resumeProvider(name, flags.account === undefined ? {} : { account: flags.account })
      return { json: { accounts }, lines: (paint) => [renderProviders(accounts, paint)] }
    }),
  )
}
