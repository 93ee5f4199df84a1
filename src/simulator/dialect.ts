// What a provider's dialect has to say to the rest of the simulator: its routes, and the words for what can go wrong.
import type { IncomingHttpHeaders } from 'node:http'
import type { ProviderWord } from './faults/rule.ts'
import type { Json, Reply } from './http/reply.ts'
import type { Order, Task } from './tasks.ts'

/** A task as one reply shows it; faults may show another than the true one. */
export interface TaskView {
  task: Task
  state: 'running' | 'succeeded' | 'failed'
  /** replaces the provider's word for the state */
  stateWord: string | null
  end: 'images' | 'no_image' | 'text' | 'failed'
  urls: readonly string[]
  nowMs: number
}

export interface SubmitRoute {
  point: 'submit'
  method: 'POST'
  path: string
  read: (body: unknown) => { order: Order } | { refusal: Reply }
  accepted: (taskId: string) => Json
}

export interface QueryRoute {
  point: 'query'
  method: 'GET'
  path: string
  idParameter: string
  /** endpoint families whose tasks this route knows */
  apis: readonly string[]
  describe: (view: TaskView) => Json
  notFound: () => Reply
  missingId: () => Reply
}

export interface PlainRequest {
  key: string
  headers: IncomingHttpHeaders
  rawBody: Buffer
  /** parsed where it is JSON, else undefined */
  body: unknown
}

export interface PlainRoute {
  point: 'account' | 'upload'
  method: 'GET' | 'POST'
  path: string
  answer: (request: PlainRequest) => Reply | Promise<Reply>
}

export type Route = SubmitRoute | QueryRoute | PlainRoute

export interface Dialect {
  provider: ProviderWord
  routes: readonly Route[]
  /** name of the task id in replies and callbacks */
  idField: string
  unauthorized: () => Reply
  unknownRoute: (method: string, path: string) => Reply
  badJson: () => Reply
  noCredits: () => Reply
  rateLimited: () => Reply
  /** the provider's reply for a body code and variety; `overrides` come from the fault rule */
  codeReply: (code: number, variety: string | null, overrides: { message?: string; code?: number; status?: number }) => Reply
  /** an HTTP error from the application itself (CDN pages are made elsewhere) */
  httpErrorBody: (status: number) => Json
  callbackBody: (view: TaskView) => Json
  /** a callback nobody at the provider has sent */
  forgedBody: (view: TaskView, claim: { taskId: string; succeeded: boolean; url: string }) => Json
}
