// The 4o image API, which has its own endpoints, states and callback.
import type { QueryRoute, SubmitRoute, TaskView } from '../dialect.ts'
import { choice, type Fields, findFieldFault, flag, ratioOf, readText, required, text, url, urls } from '../fields.ts'
import { isRecord, type Json, type Reply } from '../http/reply.ts'
import type { SimulatorSettings } from '../options.ts'
import type { Order } from '../tasks.ts'
import { USD_PER_CREDIT } from '../accounts.ts'
import { type CodeReply, success } from './envelope.ts'

const CREDITS = 6

const fields: Fields = {
  size: required(choice('1:1 3:2 2:3')),
  prompt: text(),
  filesUrl: urls(5),
  fileUrl: url(),
  nVariants: choice('1 2 4'),
  maskUrl: url(),
  isEnhance: flag(),
  uploadCn: flag(),
  enableFallback: flag(),
  fallbackModel: choice('GPT_IMAGE_1 FLUX_MAX'),
}

export function gpt4oRoutes(settings: Pick<SimulatorSettings, 'clockSkewMs'>, codeReply: CodeReply): [SubmitRoute, QueryRoute] {
  return [
    {
      point: 'submit',
      method: 'POST',
      path: '/api/v1/gpt4o-image/generate',
      read: (body) => readOrder(isRecord(body) ? body : {}, codeReply),
      // No recordId here, as recorded.
      accepted: (taskId) => success({ taskId }),
    },
    {
      point: 'query',
      method: 'GET',
      path: '/api/v1/gpt4o-image/record-info',
      idParameter: 'taskId',
      apis: ['gpt4o'],
      describe: (view) => success(record(view, settings.clockSkewMs)),
      notFound: () => codeReply(422, 'no_record'),
      missingId: () => codeReply(400, null),
    },
  ]
}

function readOrder(request: Record<string, unknown>, codeReply: CodeReply): { order: Order } | { refusal: Reply } {
  // The form of the refusal is that of the sibling Suno API, the only one on record.
  const please = (field: string): { refusal: Reply } => ({ refusal: codeReply(422, null, { message: `Please enter ${field}.` }) })
  const fault = findFieldFault(fields, request)
  if (fault?.kind === 'missing') return please(fault.field)
  if (fault !== null)
    return { refusal: codeReply(500, null, { message: `${fault.field} is not within the range of allowed options` }) }
  const hasFiles = Array.isArray(request['filesUrl']) && request['filesUrl'].length > 0
  const prompt = readText(request['prompt'])
  if (prompt === null && !hasFiles && readText(request['fileUrl']) === null) return please('prompt')
  return {
    order: {
      provider: 'kie',
      api: 'gpt4o',
      model: 'gpt4o-image',
      prompt: prompt ?? '',
      callbackUrl: readText(request['callBackUrl']),
      request,
      images: Number(request['nVariants'] ?? 1),
      ratio: ratioOf(request['size']),
      grid: false,
      extension: 'png',
      price: { credits: CREDITS, usd: CREDITS * USD_PER_CREDIT },
      pendingWord: 'GENERATING',
    },
  }
}

function record(view: TaskView, skewMs: number): Json {
  const { task } = view
  const failure = view.state === 'failed' ? task.fate.failure : null
  const words = { running: task.order.pendingWord, succeeded: 'SUCCESS', failed: 'GENERATE_FAILED' }
  const share = Math.min(0.99, (view.nowMs - task.createdAtMs) / Math.max(1, task.dueAtMs - task.createdAtMs))
  return {
    taskId: task.id,
    paramJson: JSON.stringify(task.order.request),
    completeTime: view.state === 'running' ? null : (task.finishedAtMs ?? 0) + skewMs,
    response: view.state === 'succeeded' ? { resultUrls: view.end === 'images' ? view.urls : [] } : null,
    successFlag: { running: 0, succeeded: 1, failed: 2 }[view.state],
    status: view.stateWord ?? words[view.state],
    errorCode: failure?.code ?? null,
    errorMessage: failure?.message ?? null,
    createTime: task.createdAtMs + skewMs,
    progress: view.state === 'running' ? share.toFixed(2) : '1.00',
  }
}

/** snake_case `result_urls` here, against `resultUrls` in the record. */
export function gpt4oCallback(view: TaskView): Json {
  const failure = view.state === 'failed' ? view.task.fate.failure : null
  const taskId = view.task.id
  if (failure !== null) return { code: failure.code, msg: failure.message, data: { taskId, info: null } }
  return { code: 200, msg: 'success', data: { taskId, info: { result_urls: view.end === 'images' ? view.urls : [] } } }
}
