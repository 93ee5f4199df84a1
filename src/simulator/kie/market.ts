// The market API: createTask, recordInfo, callback. kie: both dialects of the record were recorded, April and September 2026.
import type { QueryRoute, SubmitRoute, TaskView } from '../dialect.ts'
import { findFieldFault, ratioOf, readText } from '../fields.ts'
import { isRecord, type Json, type Reply } from '../http/reply.ts'
import { randomOf } from '../random.ts'
import type { SimulatorSettings } from '../options.ts'
import type { Order } from '../tasks.ts'
import { USD_PER_CREDIT } from '../accounts.ts'
import { type CodeReply, success } from './envelope.ts'
import { creditsOf, imagesOf, type MarketModel, marketModels } from './models.ts'

type Settings = Pick<SimulatorSettings, 'recordDialect' | 'clockSkewMs'>

export function marketRoutes(settings: Settings, codeReply: CodeReply): [SubmitRoute, QueryRoute] {
  return [
    {
      point: 'submit',
      method: 'POST',
      path: '/api/v1/jobs/createTask',
      read: (body) => readOrder(body, codeReply),
      accepted: (taskId) => success({ taskId, recordId: taskId }),
    },
    {
      point: 'query',
      method: 'GET',
      path: '/api/v1/jobs/recordInfo',
      idParameter: 'taskId',
      apis: ['market'],
      describe: (view) => success(record(view, settings)),
      notFound: () => codeReply(422, 'record_null'),
      missingId: () => codeReply(400, null),
    },
  ]
}

function readOrder(body: unknown, codeReply: CodeReply): { order: Order } | { refusal: Reply } {
  const request = isRecord(body) ? body : {}
  const model = marketModels.find((candidate) => candidate.model === request['model'])
  if (model === undefined) return { refusal: codeReply(422, null) }
  if (!isRecord(request['input'])) return { refusal: codeReply(500, 'field') }
  const input = request['input']
  const fault = findFieldFault(model.fields, input)
  if (fault?.kind === 'missing') return { refusal: codeReply(500, null, { message: `${fault.field} is required` }) }
  const outOfRange = fault?.field ?? model.refuses?.(input) ?? null
  if (outOfRange !== null) {
    return { refusal: codeReply(500, null, { message: `${outOfRange} is not within the range of allowed options` }) }
  }
  return { order: orderOf(model, input, request) }
}

function orderOf(model: MarketModel, input: Record<string, unknown>, request: Record<string, unknown>): Order {
  const credits = creditsOf(model, input)
  const format = readText(input['output_format']) ?? (model.model === 'nano-banana-2' ? 'jpg' : 'png')
  return {
    provider: 'kie',
    api: 'market',
    model: model.model,
    prompt: readText(input['prompt']) ?? '',
    callbackUrl: readText(request['callBackUrl']),
    request: input,
    images: imagesOf(model, input),
    ratio: ratioOf(input['aspect_ratio'] ?? input['image_size']),
    grid: false,
    extension: format,
    price: { credits, usd: credits * USD_PER_CREDIT },
    pendingWord: model.pendingWord,
  }
}

/** JSON inside JSON inside JSON, with the keys in another order than they were sent. */
function param(view: TaskView): string {
  const { order } = view.task
  const input = JSON.stringify(Object.fromEntries(Object.entries(order.request).toReversed()))
  return JSON.stringify({ ...(order.callbackUrl === null ? {} : { callBackUrl: order.callbackUrl }), input, model: order.model })
}

function resultJson(view: TaskView): string {
  if (view.state !== 'succeeded') return ''
  if (view.end === 'text') return JSON.stringify({ resultObject: { text: view.task.fate.text } })
  if (view.end === 'images') return JSON.stringify({ resultUrls: view.urls })
  const variety = view.task.fate.variety
  if (variety === 'string') return ''
  return JSON.stringify(variety === 'missing' ? {} : { resultUrls: [] })
}

function stateWord(view: TaskView): string {
  if (view.stateWord !== null) return view.stateWord
  if (view.state === 'running') return view.task.order.pendingWord
  return view.state === 'succeeded' ? 'success' : 'fail'
}

/** kie: whole seconds; of 24 records 18 were rounded down, 4 one less, 2 one more. */
function costTime(view: TaskView): number {
  const { task } = view
  const elapsed = Math.floor(((task.finishedAtMs ?? task.createdAtMs) - task.createdAtMs) / 1_000)
  const dice = randomOf('costTime', task.id)() * 24
  if (dice < 18) return elapsed
  return Math.max(0, dice < 22 ? elapsed - 1 : elapsed + 1)
}

function record(view: TaskView, settings: Settings): Json {
  const { task } = view
  const ended = view.state !== 'running'
  const failure = view.state === 'failed' ? task.fate.failure : null
  const april = {
    taskId: task.id,
    model: task.order.model,
    state: stateWord(view),
    param: param(view),
    resultJson: resultJson(view),
    failCode: failure === null ? null : String(failure.code),
    failMsg: failure?.message ?? null,
    costTime: ended ? costTime(view) : null,
    completeTime: ended ? (task.finishedAtMs ?? 0) + settings.clockSkewMs : null,
    createTime: task.createdAtMs + settings.clockSkewMs,
  }
  if (settings.recordDialect === 'april') return april
  const flags = { running: 0, succeeded: 1, failed: 3 } // 3 as in the sibling APIs; no failed picture is on record
  return {
    ...april,
    // Present while generating, as recorded: it is what was taken, not what was earned.
    creditsConsumed: failure !== null && task.refunded ? 0 : task.order.price.credits,
    operationType: task.order.model,
    successFlag: flags[view.state],
    paramJson: april.param,
    ...(view.state === 'succeeded' && view.end === 'images' ? { response: { resultUrls: view.urls } } : {}),
  }
}

/** kie: (nearly) the record again, ms times rounded to seconds; its failed code is 501 whatever the failure was. */
export function marketCallback(view: TaskView, settings: Settings): Json {
  const { task } = view
  const failure = view.state === 'failed' ? task.fate.failure : null
  const toSecond = (ms: number): number => Math.round((ms + settings.clockSkewMs) / 1_000) * 1_000
  const finished = toSecond(task.finishedAtMs ?? view.nowMs)
  const shared = {
    completeTime: finished,
    costTime: failure === null ? costTime(view) : 0,
    createTime: toSecond(task.createdAtMs),
    model: task.order.model,
    param: param(view),
    state: stateWord(view),
    taskId: task.id,
    updateTime: finished,
  }
  if (failure !== null) {
    const data = { ...shared, resultJson: null, failCode: String(failure.code), failMsg: failure.message }
    return { code: 501, msg: 'Playground task failed.', data }
  }
  const data = {
    ...shared,
    creditsConsumed: task.order.price.credits,
    resultJson: resultJson(view),
    failCode: null,
    failMsg: null,
  }
  return { code: 200, msg: 'Playground task completed successfully.', data }
}
