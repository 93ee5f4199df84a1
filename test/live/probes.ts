// What is asked of each provider, cheapest first. A free probe is one whose refusal stands in the provider's table of refusals as "no task
// made" (src/providers/*/refusals.ts); what is not there is not tried. Even so, money is set aside for it: a provider that has drifted might take it.
import { createHash } from 'node:crypto'
import { models, nativesOf } from '../../src/catalog/models.ts'
import { priceRangeUsd } from '../../src/catalog/price.ts'
import type { Provider, ProviderName, ProviderRequest, QueryOutcome, SubmitOutcome } from '../../src/providers/provider.ts'
import type { Question } from './known-replies.ts'

/** names of the two accounts that the client is made with */
export const rightAccount = 'live'
export const wrongAccount = 'wrong-key'

export interface Probe {
  id: string
  title: string
  question: Question
  api: string
  /** what darkroom may make of the answer */
  expected: readonly string[]
  /** what it could cost if the provider no longer does as it says; null: nothing can be billed */
  riskUsd: number | null
  ask: (provider: Provider) => Promise<Answer>
}

export type Answer =
  | { question: 'balance'; outcome: Awaited<ReturnType<Provider['balance']>> }
  | { question: 'submit'; outcome: SubmitOutcome }
  | { question: 'query'; outcome: QueryOutcome }

/** Both providers answer in under a second; a first call was seen to take 7 s. */
const timeoutMs = 30_000

export const prompt = 'a red fox in the snow'

/** Nobody's task: made from a word, in the form of each provider's ids. */
const noTask = createHash('sha256').update('no such task').digest('hex').slice(0, 32)
const noTaskIds: Readonly<Record<ProviderName, string>> = {
  kie: noTask,
  defapi: `ta${noTask.slice(2, 8)}-${noTask.slice(8, 12)}-${noTask.slice(12, 16)}-${noTask.slice(16, 20)}-${noTask.slice(20)}`,
}

/** The cheapest picture on the list, 0.8 credits: what a refused body of that model would cost if it were taken. kie: src/catalog/data/SOURCES.md#kie-prices */
const cheapestKieUsd = 0.004
const cheapestKie = 'z-image'
/** Nobody knows what would be made of a model that does not exist: at most the dearest that is on the list. */
const dearestKieUsd = Math.max(
  ...models.flatMap((model) => nativesOf(model, 'kie').map(({ price }) => priceRangeUsd(price)?.upTo ?? 0)),
)

const requests = {
  kie: { api: 'market', model: cheapestKie, input: { prompt, aspect_ratio: '1:1' } },
  defapi: { api: 'image', model: 'google/nano-banana', input: { prompt } },
} as const satisfies Record<ProviderName, ProviderRequest>

export function freeProbes(provider: ProviderName): Probe[] {
  const balance = (account: string): Probe['ask'] => {
    return async (client) => ({ question: 'balance', outcome: await client.balance({ account, timeoutMs }) })
  }
  const money = provider === 'kie' ? 'credit' : 'user'
  const apis = provider === 'kie' ? ['market', 'gpt4o', 'kontext'] : ['image']
  const { api } = requests[provider]
  return [
    {
      id: 'balance',
      title: 'balance',
      question: 'balance',
      api: money,
      expected: ['balance'],
      riskUsd: null,
      ask: balance(rightAccount),
    },
    {
      id: 'balance-wrong-key',
      title: 'balance with a wrong key',
      question: 'balance',
      api: money,
      expected: ['unreadable'],
      riskUsd: null,
      ask: balance(wrongAccount),
    },
    ...apis.map((name): Probe =>
      queryProbe(`no-such-task-${name}`, `task that does not exist (${name})`, name, noTaskIds[provider]),
    ),
    submitProbe('submit-wrong-key', 'submit with a wrong key', requests[provider], ['refused_final auth'], null, wrongAccount),
    ...(provider === 'kie' ? kieRefusals(api) : []),
  ]
}

function kieRefusals(api: string): Probe[] {
  const refused = (
    id: string,
    title: string,
    request: Omit<ProviderRequest, 'api'>,
    expected: string,
    riskUsd = cheapestKieUsd,
  ): Probe => submitProbe(id, title, { api, ...request }, [expected], riskUsd, rightAccount)
  return [
    refused(
      'submit-missing-field',
      'submit without the prompt',
      { model: cheapestKie, input: { aspect_ratio: '1:1' } },
      'refused_final invalid_input',
    ),
    refused(
      'submit-other-value',
      'submit with a ratio that does not exist',
      { model: cheapestKie, input: { prompt, aspect_ratio: '7:5' } },
      'refused_final invalid_input',
    ),
    refused(
      'submit-unknown-model',
      'submit for a model that does not exist',
      { model: 'no-such-model', input: { prompt } },
      'refused_final model_unavailable',
      dearestKieUsd,
    ),
  ]
}

function submitProbe(
  id: string,
  title: string,
  request: ProviderRequest,
  expected: readonly string[],
  riskUsd: number | null,
  account: string,
): Probe {
  const options = { account, callbackUrl: null, timeoutMs, mayStillSend: () => true }
  return {
    id,
    title,
    question: 'submit',
    api: request.api,
    expected,
    riskUsd,
    ask: async (client) => ({ question: 'submit', outcome: await client.submit(request, options) }),
  }
}

export function paidProbe(request: ProviderRequest, priceUsd: number): Probe {
  return submitProbe('submit', `submit of ${request.model ?? request.api}`, request, ['accepted'], priceUsd, rightAccount)
}

export function queryProbe(
  id: string,
  title: string,
  api: string,
  taskId: string,
  expected: readonly string[] = ['not_found'],
): Probe {
  return {
    id,
    title,
    question: 'query',
    api,
    expected,
    riskUsd: null,
    ask: async (client) => ({
      question: 'query',
      outcome: await client.query(api, taskId, { account: rightAccount, timeoutMs }),
    }),
  }
}

/** What darkroom made of it, in two words. */
export function meaningOf({ outcome }: Answer): string {
  if (outcome.kind === 'snapshot') return `snapshot ${outcome.snapshot.state}`
  return 'reason' in outcome ? `${outcome.kind} ${outcome.reason}` : outcome.kind
}
