// The Temporal server of commands that talk to it themselves: found like that of `worker` and `gateway`.
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/config.ts'
import type { TemporalLink } from '../temporal/connect.ts'
import { connectTemporal } from '../temporal/connect.ts'
import type { CliContext } from './context.ts'
import { readTarget } from './standalone-options.ts'

export async function withTemporal<T>(context: CliContext, work: (link: TemporalLink, config: Config) => Promise<T>): Promise<T> {
  const config = loadConfig(context.env)
  const link = await connectTemporal(readTarget(context), { allowPlaintext: config.temporalPlaintext })
  try {
    return await work(link, config)
  } finally {
    await link.close()
  }
}
