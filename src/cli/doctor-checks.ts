// What `doctor` looks at. Every check ends within seconds, says what it found in one sentence, and leaves nothing behind.
import { prepareDataFolder } from '../dev/data-folder.ts'
import { openLedger, providerOptions } from '../dev/compose-service.ts'
import type { Config } from '../config/config.ts'
import type { Provider } from '../providers/provider.ts'
import { createProviders } from '../providers/registry.ts'
import { connectTemporal, readTemporalTarget } from '../temporal/connect.ts'
import { lookForTemporalCli } from '../temporal/find-cli.ts'
import { chooseGatewayUrl } from './gateway-http.ts'
import { request } from 'undici'

export interface Check {
  name: string
  result: 'ok' | 'failed' | 'skipped'
  detail: string
}

type Finding = Omit<Check, 'name'>

/** A provider or gateway that needs longer is as good as down. */
const answerTimeoutMs = 5_000

const ok = (detail: string): Finding => ({ result: 'ok', detail })
const failed = (detail: string): Finding => ({ result: 'failed', detail })
const skipped = (detail: string): Finding => ({ result: 'skipped', detail })

export async function runChecks(config: Config, env: NodeJS.ProcessEnv): Promise<Check[]> {
  const checks: [name: string, run: () => Promise<Finding>][] = [
    ['data folder', () => checkDataFolder(config)],
    ['ledger', () => checkLedger(config)],
    ['Temporal', () => checkTemporal(config, env)],
    ['gateway', () => checkGateway(env)],
    ['kie', () => checkProvider(config, 'kie')],
    ['defapi', () => checkProvider(config, 'defapi')],
  ]
  return Promise.all(
    checks.map(async ([name, run]) => ({
      name,
      ...(await run().catch((error: unknown) => failed(error instanceof Error ? error.message : String(error)))),
    })),
  )
}

async function checkDataFolder({ dataFolder }: Config): Promise<Finding> {
  const { path } = await prepareDataFolder(dataFolder)
  return ok(`${path} can be written`)
}

async function checkLedger({ databaseUrl }: Config): Promise<Finding> {
  if (databaseUrl === null)
    return skipped('DATABASE_URL is not set: `dev` and `demo` start an embedded ledger in the data folder')
  const ledger = openLedger({ connectionString: databaseUrl.reveal() }, null)
  const { host } = new URL(databaseUrl.reveal())
  try {
    await ledger.ping()
    return ok(`the database at ${host} answers`)
  } catch {
    // The driver's own words may name the user and more.
    return failed(`the database at ${host} (DATABASE_URL) does not answer or does not let us in`)
  } finally {
    await ledger.close()
  }
}

async function checkTemporal(config: Config, env: NodeJS.ProcessEnv): Promise<Finding> {
  const target = readTemporalTarget(env)
  if (target === null) return checkTemporalCli(config, env)
  const link = await connectTemporal(target, { allowPlaintext: config.temporalPlaintext })
  await link.close()
  return ok(`${target.address} answers, namespace ${target.namespace}`)
}

async function checkTemporalCli({ temporalCliPath, dataFolder }: Config, env: NodeJS.ProcessEnv): Promise<Finding> {
  const { path: folder, cacheFolder } = await prepareDataFolder(dataFolder)
  const { found, passedOver } = await lookForTemporalCli({ cliPath: temporalCliPath, cacheFolder, env })
  if (found !== null) return ok(`TEMPORAL_ADDRESS is not set: \`dev\` and \`demo\` start ${found.path} (${found.source})`)
  const places = passedOver.map(({ place, why }) => `${place}: ${why}`)
  return skipped([`no Temporal CLI yet: \`dev\` and \`demo\` fetch one into ${folder}`, ...places].join('\n'))
}

async function checkGateway(env: NodeJS.ProcessEnv): Promise<Finding> {
  const url = chooseGatewayUrl(undefined, env)
  const answer = await request(`${url}/readyz`, { signal: AbortSignal.timeout(answerTimeoutMs) }).catch(() => null)
  if (answer === null) return skipped(`nothing answers at ${url}: start it with \`darkroom dev\` or \`darkroom gateway\``)
  await answer.body.dump()
  return answer.statusCode === 200
    ? ok(`${url} is ready`)
    : failed(`${url} answers, but is not ready (HTTP ${answer.statusCode})`)
}

async function checkProvider(config: Config, name: 'kie' | 'defapi'): Promise<Finding> {
  if (config.mockAi) return skipped('MOCK_AI=true: the simulator stands for it')
  const provider = createProviders(providerOptions(config)).get(name)
  if (provider === undefined) return skipped('not built in')
  if (provider.accounts.length === 0) {
    const unset = name === 'kie' ? 'KIE_API_KEY nor KIE_ACCOUNTS' : 'DEFAPI_KEY nor DEFAPI_ACCOUNTS'
    return skipped(`neither ${unset} is set: it is in no route`)
  }
  const findings = await Promise.all(provider.accounts.map((account) => checkBalance(config, provider, account)))
  const details = findings.map(({ detail }) => detail)
  return findings.some(({ result }) => result === 'failed') ? failed(details.join('\n')) : ok(details.join('\n'))
}

async function checkBalance({ lowBalanceUsd }: Config, provider: Provider, account: string): Promise<Finding> {
  const answer = await provider.balance({ account, timeoutMs: answerTimeoutMs })
  // With one account there is nothing to tell apart.
  const where = provider.accounts.length === 1 ? provider.baseUrl : `account ${account}: ${provider.baseUrl}`
  if (answer.kind === 'unreadable') return failed(`${where} gives no readable balance: ${answer.message}`)
  const { credits, usd } = answer.balance
  const amounts = [credits === null ? null : `${credits} credits`, usd === null ? null : `$${usd}`].filter(
    (amount) => amount !== null,
  )
  const isLow = usd !== null && usd < lowBalanceUsd
  const warning = isLow ? `: less than $${lowBalanceUsd} (DARKROOM_LOW_BALANCE_USD), top it up` : ''
  return ok(`${where} answers; balance ${amounts.join(', ')}${warning}`)
}
