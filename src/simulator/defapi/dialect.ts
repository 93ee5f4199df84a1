// DefAPI: one submit endpoint per family, one query for all. defapi: success is `code` 0 and `message` "ok".
import type { Accounts } from '../accounts.ts'
import { fingerprint } from '../accounts.ts'
import type { Dialect, QueryRoute, SubmitRoute, TaskView } from '../dialect.ts'
import { type FieldFault, findFieldFault, ratioOf, readText } from '../fields.ts'
import { isRecord, type Json, jsonReply, type Reply } from '../http/reply.ts'
import type { SimulatorSettings } from '../options.ts'
import type { Order } from '../tasks.ts'
import { type DefapiEndpoint, type DefapiModel, endpoints } from './models.ts'

const ok = (data: Json): Json => ({ code: 0, message: 'ok', data })

// defapi: one client compares the beginning of this text; the rest is ours.
const EMPTY_RESULT =
  'Request successful, but the official returned empty content. The content may have violated the rules. This request will still be billed.'

interface KnownReply {
  status: number
  code: number
  message: string
}

/** Marked "ours" where no source knows the reply. */
const knownReplies: Record<number, Record<string, KnownReply>> = {
  400: { '': { status: 400, code: 400, message: 'Invalid request parameters' } }, // ours
  401: { '': { status: 401, code: 1007, message: 'Invalid Api Key' } },
  402: {
    '': { status: 402, code: 1001, message: 'Insufficient credit' }, // ours
    in_body: { status: 200, code: 1001, message: 'Insufficient credit' }, // ours
  },
  404: { '': { status: 404, code: 1, message: 'task not found' } },
  429: { '': { status: 429, code: 429, message: 'Too many requests' } }, // ours
  500: {
    '': { status: 500, code: 500, message: 'Internal server error' },
    in_body: { status: 200, code: 500, message: 'Internal server error' },
  },
  1007: { '': { status: 401, code: 1007, message: 'Invalid Api Key' } },
}

function codeReply(
  code: number,
  variety: string | null,
  overrides: { message?: string; code?: number; status?: number } = {},
): Reply {
  const varieties = knownReplies[code]
  const known = varieties?.[variety ?? ''] ?? varieties?.[''] ?? { status: 200, code, message: 'error' }
  return jsonReply(
    { code: overrides.code ?? known.code, message: overrides.message ?? known.message },
    overrides.status ?? known.status,
  )
}

export function defapiDialect(settings: SimulatorSettings, accounts: Accounts): Dialect {
  const describeTask = (view: TaskView): { [key: string]: Json } => record(view, settings.clockSkewMs)
  const query: QueryRoute = {
    point: 'query',
    method: 'GET',
    path: '/api/task/query',
    idParameter: 'task_id',
    apis: ['image', 'gpt-image', 'wan', 'midjourney'],
    describe: (view) => ok(describeTask(view)),
    notFound: () => codeReply(404, null),
    missingId: () => codeReply(400, null, { message: 'task_id is required' }),
  }
  return {
    provider: 'defapi',
    routes: [
      ...endpoints.map(submitRoute),
      query,
      {
        point: 'account',
        method: 'GET',
        path: '/api/user',
        answer: ({ key }) => jsonReply(ok({ credit: accounts.balance('defapi', fingerprint(key)).toFixed(8) })),
      },
    ],
    idField: 'task_id',
    unauthorized: () => codeReply(401, null),
    unknownRoute: (method, path) => jsonReply({ statusCode: 404, message: `Cannot ${method} ${path}`, error: 'Not Found' }, 404),
    badJson: () => codeReply(400, null, { message: 'Unexpected token in JSON' }),
    noCredits: () => codeReply(402, null),
    rateLimited: () => codeReply(429, null),
    codeReply,
    httpErrorBody: (status) => ({ code: status, message: status === 429 ? 'Too many requests' : 'Internal server error' }),
    // Flat: no code, message, data around it.
    callbackBody: describeTask,
    forgedBody: (view, claim) => ({
      ...describeTask({ ...view, stateWord: claim.succeeded ? 'success' : 'failed' }),
      task_id: claim.taskId,
      result: claim.succeeded ? [{ image: claim.url }] : null,
      status_reason: { message: claim.succeeded ? null : 'Internal server error' },
    }),
  }
}

function submitRoute(endpoint: DefapiEndpoint): SubmitRoute {
  return {
    point: 'submit',
    method: 'POST',
    path: endpoint.path,
    read: (body) => readOrder(endpoint, isRecord(body) ? body : {}),
    accepted: (taskId) => ok({ task_id: taskId }),
  }
}

function readOrder(endpoint: DefapiEndpoint, request: Record<string, unknown>): { order: Order } | { refusal: Reply } {
  const model = endpoint.hasModelField
    ? endpoint.models.find((candidate) => candidate.model === request['model'])
    : endpoint.models[0]
  if (model === undefined) return { refusal: invalid('model', `model ${JSON.stringify(request['model'])} is not supported`) }
  const fault = findFieldFault(model.fields, request)
  if (fault !== null) return { refusal: invalid(fault.field, explanations[fault.kind](fault.field)) }
  const refused = model.refuses?.(request) ?? null
  if (refused !== null) return { refusal: invalid(refused, explanations.range(refused)) }
  return { order: orderOf(endpoint, model, request) }
}

const explanations: Record<FieldFault['kind'], (field: string) => string> = {
  missing: (field) => `${field} is required`,
  range: (field) => `${field} is not one of the allowed values`,
  length: (field) => `${field} is too long`,
}

/** The shape of validation errors is inferred from clients that read `detail`. */
function invalid(field: string, detail: string): Reply {
  return jsonReply({ code: 400, message: `Invalid parameter: ${field}`, detail }, 400)
}

function orderOf(endpoint: DefapiEndpoint, model: DefapiModel, request: Record<string, unknown>): Order {
  const prompt = readText(request['prompt']) ?? ''
  // Midjourney takes its flags inside the prompt.
  const inPrompt = endpoint.api === 'midjourney' ? /--ar (\d+:\d+)/.exec(prompt)?.[1] : undefined
  return {
    provider: 'defapi',
    api: endpoint.api,
    model: model.model,
    prompt,
    callbackUrl: readText(request['callback_url']),
    request,
    images: 1,
    ratio: ratioOf(inPrompt ?? request['aspect_ratio'] ?? request['size']),
    grid: endpoint.api === 'midjourney',
    extension: readText(request['output_format']) ?? 'png',
    price: { credits: null, usd: model.usd },
    pendingWord: 'pending',
  }
}

/** One shape per product: a list for Google and GPT, an object for Wan and Midjourney. */
function result(view: TaskView): Json {
  if (view.state !== 'succeeded') return null
  const { api } = view.task.order
  if (view.end === 'text') return [{ text: view.task.fate.text }]
  if (view.end !== 'images') return []
  if (api === 'midjourney') return { big_image_url: view.urls[0] ?? '' }
  if (api === 'wan') return { image: view.urls[0] ?? '' }
  return view.urls.map((image) => ({ image }))
}

function statusWord(view: TaskView): string {
  if (view.stateWord !== null) return view.stateWord
  if (view.state !== 'running') return view.state === 'succeeded' ? 'success' : 'failed'
  const { createdAtMs, dueAtMs, order } = view.task
  // `pending` for the first half, as most clients see it; then `in_progress`.
  return view.nowMs < (createdAtMs + dueAtMs) / 2 ? order.pendingWord : 'in_progress'
}

function record(view: TaskView, skewMs: number): { [key: string]: Json } {
  const { task } = view
  const failure = view.state === 'failed' ? task.fate.failure : null
  const emptySuccess = view.state === 'succeeded' && view.end === 'no_image'
  // Whether failures are refunded is not known; here they are, unless the fault says otherwise.
  const consumed = view.state === 'failed' && task.refunded ? 0 : task.order.price.usd
  return {
    task_id: task.id,
    status: statusWord(view),
    result: result(view),
    status_reason: { message: failure?.message ?? (emptySuccess ? EMPTY_RESULT : null) },
    consumed: view.state === 'running' ? '0' : consumed.toFixed(4),
    created_at: new Date(task.createdAtMs + skewMs).toISOString(),
  }
}
