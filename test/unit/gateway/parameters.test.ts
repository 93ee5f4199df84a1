// Queries, paths and small bodies are refused in the words that a request for a picture gets: which one, what is wrong, what would be right.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Problem } from '../../../src/gateway/problem.ts'
import { startGateway } from './start-gateway.ts'

interface Refusal {
  ask: string
  method?: string
  body?: object
  field: string
  message: string | RegExp
}

const refusals: Refusal[] = [
  { ask: '/v1/generations?limit=abc', field: 'limit', message: 'limit must be a number' },
  { ask: '/v1/generations?limit=1.5', field: 'limit', message: 'limit must be a whole number' },
  { ask: '/v1/generations?limit=0', field: 'limit', message: 'limit must be at least 1' },
  { ask: '/v1/generations?limit=100000', field: 'limit', message: 'limit must be at most 100' },
  { ask: '/v1/generations?limit=1&limit=2', field: 'limit', message: 'limit must be a number' },
  {
    ask: '/v1/generations?status=complete',
    field: 'status',
    message: /^status must be one of planning, .*; did you mean completed\?$/,
  },
  { ask: '/v1/generations?cursor=%20', field: 'cursor', message: 'cursor is not a cursor of ours' },
  { ask: '/v1/generations?limt=5', field: 'limt', message: 'unknown parameter "limt"; did you mean limit?' },
  {
    ask: '/v1/generations?tenant=x',
    field: 'tenant',
    message: 'unknown parameter "tenant"; known parameters are status, limit, cursor',
  },
  { ask: '/v1/models?kind=remix', field: 'kind', message: /^kind must be one of text-to-image, / },
  { ask: '/v1/models?provider=acme', field: 'provider', message: 'provider must be one of kie, defapi' },
  { ask: '/v1/models?maxPriceUsd=cheap', field: 'maxPriceUsd', message: 'maxPriceUsd must be a number' },
  { ask: '/v1/models?maxPriceUsd=0', field: 'maxPriceUsd', message: 'maxPriceUsd must be more than 0' },
  { ask: '/v1/stats?from=yesterday', field: 'from', message: 'from must be a time such as 2026-11-22T00:00:00Z' },
  {
    ask: '/v1/stats?from=2026-11-22T00:00:00Z&to=2026-11-21T00:00:00Z',
    field: 'from',
    message: 'from must be before 2026-11-21T00:00:00.000Z',
  },
  { ask: '/v1/attempts?filter=x', field: 'filter', message: /^filter must be one of possible_extra, / },
  { ask: '/v1/budgets/~/day', method: 'DELETE', field: 'tenant', message: /^tenant must be 1 to 64 letters/ },
  {
    ask: '/v1/budgets/a/year',
    method: 'DELETE',
    field: 'period',
    message: 'period must be one of hour, day, month',
  },
  {
    ask: '/v1/budgets/a/day',
    method: 'PUT',
    body: { limitUsd: 'much' },
    field: 'limitUsd',
    message: 'limitUsd must be a number',
  },
  { ask: '/v1/budgets/a/day', method: 'PUT', body: { limitUsd: -1 }, field: 'limitUsd', message: 'limitUsd must be at least 0' },
  {
    ask: '/v1/budgets/a/day',
    method: 'PUT',
    body: { limitUSD: 1 },
    field: 'limitUSD',
    message: 'unknown field "limitUSD"; did you mean limitUsd?',
  },
  { ask: '/v1/providers/kie/pause', method: 'POST', body: { forMs: 1 }, field: 'forMs', message: 'forMs must be at least 1,000' },
  {
    ask: '/v1/providers/kie/pause',
    method: 'POST',
    body: { fro: 1 },
    field: 'fro',
    message: 'unknown field "fro"; known fields are account, forMs, reason',
  },
  {
    ask: '/v1/plans?uploadSizes=x',
    method: 'POST',
    body: {},
    field: 'uploadSizes',
    message: 'uploadSizes must be SHA-256:bytes or SHA-256:bytes:WIDTHxHEIGHT, with commas between',
  },
]

test('a parameter that is not acceptable is named, with what would be', async (t) => {
  const { url } = await (await startGateway(t)).listen()
  for (const { ask, method = 'GET', body, field, message } of refusals) {
    const init =
      body === undefined ? { method } : { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    const response = await fetch(`${url}${ask}`, init)
    const problem: Problem = JSON.parse(await response.text())
    const error = problem.errors?.find((each) => each.field === field)
    assert.equal(response.status, 400, `${method} ${ask}`)
    assert.equal(problem.type, 'urn:darkroom:problem:malformed_request', ask)
    if (typeof message === 'string') assert.equal(error?.message, message, ask)
    else assert.match(error?.message ?? '', message, ask)
    assert.doesNotMatch(JSON.stringify(problem), /expected|Invalid|Too (small|big)/, 'words of a library')
  }
})

test('what would be right is a list for programs, too', async (t) => {
  const { url } = await (await startGateway(t)).listen()
  const problem: Problem = JSON.parse(await (await fetch(`${url}/v1/models?provider=acme&kind=text-to-image`)).text())
  assert.deepEqual(problem.errors, [
    { field: 'provider', message: 'provider must be one of kie, defapi', allowed: ['kie', 'defapi'] },
  ])
})
