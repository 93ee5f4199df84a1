// The endpoints under /__simulator/, so that a test in another process, or a person with curl, can drive the simulator.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CreditChange } from './accounts.ts'
import { FaultRuleError, parseFaultPlan, parseFaultRule } from './faults/rule.ts'
import { openExchange } from './http/exchange.ts'
import { isRecord, jsonReply, type Json, type Reply } from './http/reply.ts'
import { deliver } from './http/transport.ts'
import type { Simulator } from './simulator.ts'

const PREFIX = '/__simulator/'

type Action = (simulator: Simulator, input: { id: string; body: unknown }) => Promise<Reply> | Reply

const actions: Record<string, Action> = {
  'GET health': (simulator) => {
    const { url, kieUrl, kieUploadUrl, defapiUrl, filesUrl, seed } = simulator
    return jsonReply({ ok: true, seed, url, kieUrl, kieUploadUrl, defapiUrl, filesUrl })
  },
  'GET ledger': (simulator) => listReply('entries', simulator.ledger()),
  'GET requests': (simulator) => listReply('requests', simulator.requests()),
  'GET faults': (simulator) => listReply('rules', simulator.faults(), { counts: simulator.faultCounts() }),
  'POST faults': (simulator, { body }) => {
    const rules = Array.isArray(body) ? parseFaultPlan(body) : [parseFaultRule(body)]
    return jsonReply({ ids: rules.map((rule) => simulator.addFault(rule)) }, 201)
  },
  'DELETE faults': async (simulator, { id }) => {
    if (id === '') await simulator.clearFaults()
    else if (!(await simulator.removeFault(id))) return jsonReply({ error: `no fault ${id}` }, 404)
    return jsonReply({ ok: true })
  },
  'DELETE uploads': (simulator) => jsonReply({ expired: simulator.expireUploads() }),
  'GET accounts': (simulator) => listReply('accounts', simulator.accounts()),
  'POST credits': (simulator, { body }) => {
    const change = readCreditChange(body)
    if (change === null) return jsonReply({ error: creditChangeForm }, 400)
    simulator.setCredits(change)
    return listReply('accounts', simulator.accounts())
  },
  'POST reset': async (simulator) => {
    await simulator.reset()
    return jsonReply({ ok: true })
  },
  'POST finish': (simulator, { id }) =>
    simulator.finish(id) ? jsonReply({ ok: true }) : jsonReply({ error: `no running task ${id}` }, 404),
}

const creditChangeForm =
  'wanted: {"provider":"kie" or "defapi","amount":credits at Kie or USD at DefAPI,"keyFingerprint":12 hex digits as in GET accounts, or "all"}'

/** Null for any other form: a change that quietly did nothing would spoil the run that asked for it. */
function readCreditChange(body: unknown): CreditChange | null {
  if (!isRecord(body)) return null
  const { provider, amount, keyFingerprint = 'all', ...others } = body
  if (provider !== 'kie' && provider !== 'defapi') return null
  if (typeof amount !== 'number' || amount < 0 || amount > 1e9 || Object.keys(others).length > 0) return null
  if (keyFingerprint === 'all') return { provider, amount }
  return typeof keyFingerprint === 'string' && /^[0-9a-f]{12}$/.test(keyFingerprint) ? { provider, amount, keyFingerprint } : null
}

export async function serveControl(
  simulator: Simulator,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const exchange = await openExchange(request, response, signal)
  if (exchange === null) return
  const [name = '', id = ''] = exchange.url.pathname.startsWith(PREFIX)
    ? exchange.url.pathname.slice(PREFIX.length).split('/')
    : []
  const action = Object.entries(actions).find(([key]) => key === `${request.method} ${name}`)?.[1]
  const reply =
    action === undefined ? unknownAction() : await run(action, simulator, { id: decodeURIComponent(id), body: exchange.body })
  await deliver({ request, response, signal }, reply, { kind: 'whole' }, 0)
}

async function run(action: Action, simulator: Simulator, input: { id: string; body: unknown }): Promise<Reply> {
  try {
    return await action(simulator, input)
  } catch (error) {
    if (error instanceof FaultRuleError) return jsonReply({ error: error.message }, 400)
    throw error
  }
}

function listReply(name: string, list: readonly object[], more: Record<string, Json> = {}): Reply {
  return jsonReply({ [name]: list, ...more })
}

function unknownAction(): Reply {
  return jsonReply({ error: `this is the control port; it knows ${Object.keys(actions).join(', ')} under ${PREFIX}` }, 404)
}
