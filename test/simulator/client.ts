// The smallest client of both providers: it sends what a test says and returns what came, without judging it.
import type { Simulator } from '../../src/simulator/simulator.ts'
import { eventually } from '../helpers/eventually.ts'

export interface Answer {
  status: number
  headers: Headers
  text: string
  /** parsed; undefined where the text is no JSON */
  json: unknown
}

export const KEY = 'test-key'

interface CallOptions {
  /** sent as it is when a string, as JSON otherwise; makes the call a POST */
  body?: unknown
  key?: string
  headers?: Record<string, string>
  timeoutMs?: number
}

export async function call(url: string, options: CallOptions = {}): Promise<Answer> {
  const { body, key = KEY, headers = {}, timeoutMs = 5_000 } = options
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    redirect: 'manual',
    headers: { authorization: `Bearer ${key}`, connection: 'close', 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: parseOrUndefined(text) }
}

/** The error code behind a failed fetch. */
export async function failureCode(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const { cause } = error
    return cause instanceof Error && 'code' in cause ? String(cause.code) : error.name
  }
  return 'none'
}

/** Reads a path such as `data.info.result_urls.0` out of whatever came. */
export function at(value: unknown, path: string): unknown {
  let here = value
  for (const name of path.split('.')) {
    if (typeof here !== 'object' || here === null) return undefined
    here = Object.entries(here).find(([key]) => key === name)?.[1]
  }
  return here
}

export function textAt(value: unknown, path: string): string {
  const found = at(value, path)
  if (typeof found !== 'string') throw new Error(`no text at ${path} in ${JSON.stringify(value)}`)
  return found
}

export function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export interface MarketTask {
  prompt?: string
  model?: string
  input?: Record<string, unknown>
  callBackUrl?: string
}

export function createKieTask(simulator: Simulator, task: MarketTask = {}, options: CallOptions = {}): Promise<Answer> {
  const { prompt = 'a red fox', model = 'google/nano-banana', input, callBackUrl } = task
  const body = { model, input: { prompt, ...input }, ...(callBackUrl === undefined ? {} : { callBackUrl }) }
  return call(`${simulator.kieUrl}/api/v1/jobs/createTask`, { body, ...options })
}

export async function createdKieId(simulator: Simulator, task: MarketTask = {}): Promise<string> {
  return textAt((await createKieTask(simulator, task)).json, 'data.taskId')
}

export function queryKieTask(simulator: Simulator, taskId: string, options: CallOptions = {}): Promise<Answer> {
  return call(`${simulator.kieUrl}/api/v1/jobs/recordInfo?taskId=${taskId}`, options)
}

/** The record once it has ended. */
export function endedKieRecord(simulator: Simulator, taskId: string): Promise<unknown> {
  return eventually(async () => {
    const record = at((await queryKieTask(simulator, taskId)).json, 'data')
    const state = at(record, 'state')
    if (state !== 'success' && state !== 'fail') throw new Error(`not ended: ${JSON.stringify(record)}`)
    return record
  })
}

/** The links inside the JSON inside the record. */
export function linksOf(record: unknown): string[] {
  const links = at(parseOrUndefined(textAt(record, 'resultJson')), 'resultUrls')
  if (!Array.isArray(links)) throw new Error(`no links in ${JSON.stringify(record)}`)
  return links.map(String)
}

export async function finishedLink(simulator: Simulator, task: MarketTask = {}): Promise<string> {
  const link = linksOf(await endedKieRecord(simulator, await createdKieId(simulator, task)))[0]
  if (link === undefined) throw new Error('the task has no picture')
  return link
}

export function createDefapiTask(
  simulator: Simulator,
  body: Record<string, unknown> = {},
  path = '/api/image/gen',
): Promise<Answer> {
  return call(`${simulator.defapiUrl}${path}`, { body: { model: 'google/nano-banana', prompt: 'a red fox', ...body } })
}

export function queryDefapiTask(simulator: Simulator, taskId: string): Promise<Answer> {
  return call(`${simulator.defapiUrl}/api/task/query?task_id=${taskId}`)
}

export function endedDefapiTask(simulator: Simulator, taskId: string): Promise<unknown> {
  return eventually(async () => {
    const task = at((await queryDefapiTask(simulator, taskId)).json, 'data')
    const status = at(task, 'status')
    if (status !== 'success' && status !== 'failed') throw new Error(`not ended: ${JSON.stringify(task)}`)
    return task
  })
}
