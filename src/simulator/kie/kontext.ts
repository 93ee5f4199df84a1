// The Flux Kontext API.
import type { QueryRoute, SubmitRoute, TaskView } from '../dialect.ts'
import { choice, type Fields, findFieldFault, flag, number, ratioOf, readText, required, text, url } from '../fields.ts'
import { isRecord, type Json, type Reply } from '../http/reply.ts'
import type { SimulatorSettings } from '../options.ts'
import type { Order } from '../tasks.ts'
import { USD_PER_CREDIT } from '../accounts.ts'
import { type CodeReply, success } from './envelope.ts'

const credits: Record<string, number> = { 'flux-kontext-pro': 5, 'flux-kontext-max': 10 }
const SAFETY_MOST = 6
const SAFETY_MOST_EDIT = 2

const fields: Fields = {
  prompt: required(text()),
  inputImage: url(),
  aspectRatio: choice('21:9 16:9 4:3 1:1 3:4 9:16'),
  outputFormat: choice('jpeg png'),
  model: choice('flux-kontext-pro flux-kontext-max'),
  safetyTolerance: number(0, SAFETY_MOST),
  enableTranslation: flag(),
  promptUpsampling: flag(),
  uploadCn: flag(),
  watermark: text(),
}

type Settings = Pick<SimulatorSettings, 'clockSkewMs' | 'recordDialect'>

export function kontextRoutes(settings: Settings, codeReply: CodeReply): [SubmitRoute, QueryRoute] {
  return [
    {
      point: 'submit',
      method: 'POST',
      path: '/api/v1/flux/kontext/generate',
      read: (body) => readOrder(isRecord(body) ? body : {}, codeReply),
      accepted: (taskId) => success({ taskId }),
    },
    {
      point: 'query',
      method: 'GET',
      path: '/api/v1/flux/kontext/record-info',
      idParameter: 'taskId',
      apis: ['kontext'],
      describe: (view) => success(record(view, settings)),
      notFound: () => codeReply(422, 'no_record'),
      missingId: () => codeReply(400, null),
    },
  ]
}

function readOrder(request: Record<string, unknown>, codeReply: CodeReply): { order: Order } | { refusal: Reply } {
  const editing = readText(request['inputImage']) !== null
  const schema = editing ? { ...fields, safetyTolerance: number(0, SAFETY_MOST_EDIT) } : fields
  const fault = findFieldFault(schema, request)
  if (fault?.kind === 'missing') return { refusal: codeReply(422, null, { message: `Please enter ${fault.field}.` }) }
  if (fault !== null)
    return { refusal: codeReply(500, null, { message: `${fault.field} is not within the range of allowed options` }) }
  const model = readText(request['model']) ?? 'flux-kontext-pro'
  const price = credits[model] ?? 0
  return {
    order: {
      provider: 'kie',
      api: 'kontext',
      model,
      prompt: readText(request['prompt']) ?? '',
      callbackUrl: readText(request['callBackUrl']),
      request,
      images: 1,
      ratio: ratioOf(request['aspectRatio'] ?? (editing ? '1:1' : '16:9')),
      grid: false,
      extension: readText(request['outputFormat']) ?? 'jpeg',
      price: { credits: price, usd: price * USD_PER_CREDIT },
      pendingWord: 'GENERATING',
    },
  }
}

function links(view: TaskView, empty: string | null): { originImageUrl: string | null; resultImageUrl: string | null } {
  const link = view.state === 'succeeded' && view.end === 'images' ? (view.urls[0] ?? empty) : empty
  return { originImageUrl: link, resultImageUrl: link }
}

function record(view: TaskView, settings: Settings): Json {
  const { task } = view
  const failure = view.state === 'failed' ? task.fate.failure : null
  // Docs show ISO times, the sibling Aleph API answers with ms: one dialect each.
  const time = (ms: number): string | number => {
    const shown = ms + settings.clockSkewMs
    return settings.recordDialect === 'april' ? new Date(shown).toISOString() : shown
  }
  return {
    taskId: task.id,
    paramJson: JSON.stringify(task.order.request),
    completeTime: view.state === 'running' ? null : time(task.finishedAtMs ?? 0),
    createTime: time(task.createdAtMs),
    response: view.state === 'succeeded' ? links(view, null) : null,
    // An unknown word has no string to be in here; 9 is a flag nobody has documented.
    successFlag: view.stateWord === null ? { running: 0, succeeded: 1, failed: 3 }[view.state] : 9,
    errorCode: failure?.code ?? null,
    errorMessage: failure?.message ?? null,
  }
}

export function kontextCallback(view: TaskView): Json {
  const failure = view.state === 'failed' ? view.task.fate.failure : null
  const data = { taskId: view.task.id, info: links(view, '') }
  return failure === null
    ? { code: 200, msg: 'BFL image generated successfully.', data }
    : { code: failure.code, msg: failure.message, data }
}
