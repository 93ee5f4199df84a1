// GET /v1/providers, POST /v1/providers/{provider}/pause and /resume: the gate of each provider account.
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { pauseAuthors } from '../../contract/index.ts'
import type { AccountGate, AccountRef } from '../../ledger/accounts-port.ts'
import { safeText } from '../../observability/safe-text.ts'
import type { RouteDeps } from '../gateway-deps.ts'
import { ProblemError } from '../problem.ts'
import { json, modeSchema, problems, providerSchema, timeSchema } from '../schemas.ts'

/** A month; longer means "until somebody resumes it". */
const maxPauseMs = 31 * 24 * 60 * 60 * 1_000

const gateSchema = z
  .object({
    provider: providerSchema,
    account: z.string(),
    mode: modeSchema,
    pause: z
      .object({
        by: z.enum(pauseAuthors),
        reason: z.string(),
        message: z.string(),
        since: timeSchema,
        until: timeSchema.nullable().describe('null: until somebody resumes it, or its reason is seen to be gone'),
      })
      .nullable(),
    failures: z.int().describe('faults in a row'),
    breaker: z.enum(['closed', 'open', 'half_open']).describe('half_open: one send at a time until one is accepted'),
    inWindow: z.int().describe('new tasks that count in the rate window now'),
    inFlight: z.int().describe('tasks at work now'),
    inLine: z.int().describe('attempts in line for the provider'),
    balance: z.object({ credits: z.number().nullable(), usd: z.number().nullable(), at: timeSchema }).nullable(),
  })
  .meta({ id: 'ProviderAccount' })
export type ProviderAccount = z.infer<typeof gateSchema>
export const gateListSchema = z.object({ accounts: z.array(gateSchema) })

const paramsSchema = z.object({ provider: z.string().describe('`kie` or `defapi`') })
const accountSchema = z.string().min(1).max(64).exactOptional().describe('default: every account of the provider')
const pauseSchema = z
  .strictObject({
    account: accountSchema,
    forMs: z.int().min(1_000).max(maxPauseMs).exactOptional().describe('default: until somebody resumes it'),
    reason: z.string().min(1).max(300).exactOptional().describe('for people'),
  })
  .nullish()
const resumeSchema = z.strictObject({ account: accountSchema }).nullish()

export function registerProviders(app: FastifyInstance, deps: RouteDeps): void {
  const { ledger } = deps
  const typed = app.withTypeProvider<ZodTypeProvider>()
  typed.route({
    method: 'GET',
    url: '/v1/providers',
    schema: {
      operationId: 'listProviders',
      summary: 'The provider accounts: who is paused, how much is at work, what is left on the account',
      response: { 200: json('Every account that is configured or was ever used', gateListSchema), ...problems(503) },
    },
    handler: async () => ({ accounts: (await listGates(deps)).map(toAnswer) }),
  })
  typed.route({
    method: 'POST',
    url: '/v1/providers/:provider/pause',
    schema: {
      operationId: 'pauseProvider',
      summary: 'Nothing new is sent there; what is at work there goes on',
      params: paramsSchema,
      body: pauseSchema,
      response: { 200: json('The accounts of the provider', gateListSchema), ...problems(400, 404, 413, 415, 503) },
    },
    handler: async (request) => {
      const { account, forMs, reason } = request.body ?? {}
      const until = forMs === undefined ? null : new Date(Date.now() + forMs)
      const message = safeText(reason ?? 'paused by hand')
      for (const ref of await chosenAccounts(deps, request.params.provider, account)) {
        await ledger.pauseAccount(ref, { by: 'operator', reason: 'operator', message, until })
        deps.logger.warn({ ...ref, until, why: message }, 'an account was paused by hand')
      }
      return { accounts: await accountsOf(deps, request.params.provider) }
    },
  })
  typed.route({
    method: 'POST',
    url: '/v1/providers/:provider/resume',
    schema: {
      operationId: 'resumeProvider',
      summary: 'Ends every pause, whoever made it, and closes the circuit breaker',
      params: paramsSchema,
      body: resumeSchema,
      response: { 200: json('The accounts of the provider', gateListSchema), ...problems(400, 404, 413, 415, 503) },
    },
    handler: async (request) => {
      for (const ref of await chosenAccounts(deps, request.params.provider, request.body?.account)) {
        const wasPaused = await ledger.resumeAccount(ref)
        if (wasPaused) deps.logger.warn({ ...ref }, 'an account was resumed by hand')
      }
      return { accounts: await accountsOf(deps, request.params.provider) }
    },
  })
}

/** Those of the other mode are nobody's business here: mock and live never share anything. */
async function listGates({ ledger, accounts, mode }: RouteDeps): Promise<AccountGate[]> {
  return (await ledger.listAccounts(accounts)).filter((gate) => gate.mode === mode)
}

async function accountsOf(deps: RouteDeps, provider: string): Promise<ProviderAccount[]> {
  return (await listGates(deps)).filter((gate) => gate.provider === provider).map(toAnswer)
}

/** The ledger is asked, too: a gateway need not have the keys of the workers. */
async function chosenAccounts(deps: RouteDeps, name: string, wanted: string | undefined): Promise<AccountRef[]> {
  const provider = [...deps.providers.keys()].find((each) => each === name)
  if (provider === undefined) throw new ProblemError('not_found', `There is no provider of this name; known are ${known(deps)}.`)
  const all = (await listGates(deps)).filter((gate) => gate.provider === provider)
  const chosen = all.filter(({ account }) => wanted === undefined || account === wanted)
  if (chosen.length > 0) return chosen.map(({ account, mode }) => ({ mode, provider, account }))
  const names = all.map(({ account }) => safeText(account, 64)).join(', ')
  throw new ProblemError(
    'not_found',
    names === '' ? `${provider} has no account.` : `${provider} has no account of this name; known are ${names}.`,
  )
}

function known({ providers }: RouteDeps): string {
  return [...providers.keys()].join(', ')
}

function toAnswer(gate: AccountGate): ProviderAccount {
  const { pause, balance, ...rest } = gate
  return {
    ...rest,
    pause: pause === null ? null : { ...pause, since: pause.since.toISOString(), until: pause.until?.toISOString() ?? null },
    balance: balance === null ? null : { ...balance, at: balance.at.toISOString() },
  }
}
