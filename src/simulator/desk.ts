// A provider's front desk: finds the route, checks the key, lets the faults of the moment strike, answers.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Accounts, fingerprint } from './accounts.ts'
import type { Callbacks } from './callbacks.ts'
import type { Dialect, PlainRoute, QueryRoute, Route, SubmitRoute, TaskView } from './dialect.ts'
import { fateOf, withoutPictures } from './fates.ts'
import type { FaultBoard, FaultFacts, Strike } from './faults/board.ts'
import { FaultRuleError } from './faults/rule.ts'
import { delayOf, makesTask, shaping, spoil } from './faults/spoil.ts'
import { type Answer, conclude, type Exchange, openExchange, plainAnswer } from './http/exchange.ts'
import { jsonReply, type Reply } from './http/reply.ts'
import type { Files } from './files.ts'
import type { RequestLog } from './ledger.ts'
import type { SimulatorSettings } from './options.ts'
import { isMissing, readReferences } from './references.ts'
import type { Order, Task, Tasks } from './tasks.ts'

export interface DeskParts {
  settings: SimulatorSettings
  dialect: Dialect
  accounts: Accounts
  tasks: Tasks
  files: Files
  board: FaultBoard
  callbacks: Callbacks
  requests: RequestLog
  viewOf: (task: Task) => TaskView
  signal: AbortSignal
}

export class Desk {
  readonly #parts: DeskParts

  constructor(parts: DeskParts) {
    this.#parts = parts
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { dialect, requests, signal } = this.#parts
    const atMs = Date.now()
    const exchange = await openExchange(request, response, signal)
    if (exchange === null) {
      response.destroy()
      return
    }
    const route = dialect.routes.find(({ method, path }) => method === request.method && path === exchange.url.pathname)
    const answer = await this.#answer(exchange, route)
    await conclude(exchange, answer, { requests, provider: dialect.provider, point: route?.point ?? null, atMs })
  }

  async #answer(exchange: Exchange, route: Route | undefined): Promise<Answer> {
    const { dialect, accounts } = this.#parts
    if (route === undefined) return plainAnswer(dialect.unknownRoute(exchange.request.method ?? '', exchange.url.pathname))
    if (!this.#isKnownKey(exchange.key)) return plainAnswer(dialect.unauthorized())
    if (route.point === 'submit' || route.point === 'query') {
      const kind = route.point === 'submit' ? 'create' : 'query'
      const isAdmitted = accounts.admit(kind, dialect.provider, fingerprint(exchange.key), Date.now())
      if (!isAdmitted) return plainAnswer(dialect.rateLimited())
    }
    try {
      if (route.point === 'submit') return await this.#submit(exchange, route)
      return route.point === 'query' ? this.#query(exchange, route) : await this.#plain(exchange, route)
    } catch (error) {
      if (!(error instanceof FaultRuleError)) throw error
      // A marker with a typing error must not pass for a fault that did not strike.
      return plainAnswer(jsonReply({ simulator: `fault marker in the prompt: ${error.message}` }, 400))
    }
  }

  #isKnownKey(key: string): boolean {
    const { settings, dialect } = this.#parts
    const known = dialect.provider === 'kie' ? settings.kieApiKeys : settings.defapiKeys
    return key !== '' && (known === null || known.includes(key))
  }

  async #submit(exchange: Exchange, route: SubmitRoute): Promise<Answer> {
    const { dialect, accounts, board } = this.#parts
    if (exchange.body === undefined) return plainAnswer(dialect.badJson())
    const read = route.read(exchange.body)
    const facts: FaultFacts = { provider: dialect.provider, prompt: '', model: '' }
    if ('order' in read) Object.assign(facts, { prompt: read.order.prompt, model: read.order.model })
    const strikes = board.strikes('submit', facts)
    const strike = shaping(strikes)
    if (strike !== null && !makesTask(strike)) return this.#struck(strikes, null, null)
    if ('refusal' in read) return this.#struck(strikes, read.refusal, null)
    if (!accounts.canPay(dialect.provider, fingerprint(exchange.key), read.order.price)) {
      return this.#struck(strikes, dialect.noCredits(), null)
    }
    const { task, namedId, delayMs } = await this.#accept(read.order, fingerprint(exchange.key), strike, facts)
    const answer = this.#struck(strikes, jsonReply(route.accepted(namedId)), task)
    return { ...answer, delayMs: answer.delayMs + delayMs }
  }

  /** Makes the task, or two, and says which id the reply is to name. */
  async #accept(
    order: Order,
    key: string,
    strike: Strike | null,
    facts: FaultFacts,
  ): Promise<{ task: Task; namedId: string; delayMs: number }> {
    const { tasks, board, callbacks, files } = this.#parts
    const references = await readReferences(order, files)
    const makeOne = (): Task => {
      const fate = fateOf(order, board.strikes('task', facts))
      const isHindered = fate.end === 'images' && references.some(isMissing)
      return tasks.make(order, key, { fate: isHindered ? withoutPictures(order, fate) : fate, references }, Date.now())
    }
    if (strike?.rule.fault === 'two_task_ids') makeOne().reply = 'two_task_ids'
    const task = makeOne()
    let delayMs = 0
    for (const accepted of callbacks.acceptStrikes(task)) {
      if (accepted.rule.fault === 'forge_callback') callbacks.forge(task, accepted)
      if (accepted.rule.fault !== 'early_callback') continue
      tasks.finish(task)
      await callbacks.firstDelivery(task)
      delayMs += accepted.rule.delayMs ?? 0
    }
    if (strike?.rule.fault === 'wrong_task_id')
      return { task, namedId: tasks.taskId(order.provider, `ghost of ${task.number}`), delayMs }
    return { task, namedId: strike?.rule.fault === 'same_task_id' ? this.#idBefore(task) : task.id, delayMs }
  }

  /** The id of the task the same provider made before this one; its own when it is the first. */
  #idBefore(task: Task): string {
    const earlier = this.#parts.tasks
      .all()
      .findLast(({ number, order }) => number < task.number && order.provider === task.order.provider)
    return earlier?.id ?? task.id
  }

  #query(exchange: Exchange, route: QueryRoute): Answer {
    const { dialect, board, tasks, settings } = this.#parts
    const id = exchange.url.searchParams.get(route.idParameter) ?? ''
    if (id === '') return plainAnswer(route.missingId())
    const found = tasks.find(id)
    const isOurs =
      found !== undefined && route.apis.includes(found.order.api) && found.keyFingerprint === fingerprint(exchange.key)
    const task = isOurs ? found : null
    if (task !== null) task.queries += 1
    const facts = { provider: dialect.provider, prompt: task?.order.prompt ?? '', model: task?.order.model ?? '' }
    const ageMs = task === null ? Number.POSITIVE_INFINITY : Date.now() - task.createdAtMs
    const strikes = board.strikes(
      'query',
      facts,
      (rule) => rule.fault !== 'not_found' || ageMs < (rule.durationMs ?? Number.POSITIVE_INFINITY),
    )
    // defapi: a task is not found for the first seconds (three clients saw it).
    const notIndexed = dialect.provider === 'defapi' && ageMs < settings.defapiNotFoundMs
    const isLost = task === null || task.fate.end === 'lost' || notIndexed || shaping(strikes)?.rule.fault === 'not_found'
    const reply = isLost ? route.notFound() : jsonReply(route.describe(this.#shownView(task, shaping(strikes))))
    return { ...this.#struck(strikes, reply, null), taskId: id }
  }

  #shownView(task: Task, strike: Strike | null): TaskView {
    const view = this.#parts.viewOf(task)
    switch (strike?.rule.fault) {
      case 'unknown_state':
        return { ...view, state: 'running', stateWord: strike.rule.state ?? 'reviewing' }
      case 'still_pending':
        return { ...view, state: 'running' }
      case 'success_without_image':
        return {
          ...view,
          state: 'succeeded',
          end: 'no_image',
          task: { ...task, fate: { ...task.fate, variety: strike.rule.variety ?? 'list' } },
        }
      case 'other_task':
        return { ...view, task: { ...task, id: this.#parts.tasks.taskId(task.order.provider, `other than ${task.number}`) } }
      default:
        return view
    }
  }

  async #plain(exchange: Exchange, route: PlainRoute): Promise<Answer> {
    const { dialect, board } = this.#parts
    const strikes = board.strikes(route.point, { provider: dialect.provider, prompt: '', model: '' })
    const strike = shaping(strikes)
    if (strike !== null && !makesTask(strike)) return this.#struck(strikes, null, null)
    const { key, rawBody, body } = exchange
    return this.#struck(strikes, await route.answer({ key, rawBody, body, headers: exchange.request.headers }), null)
  }

  #struck(strikes: readonly Strike[], original: Reply | null, task: Task | null): Answer {
    const strike = shaping(strikes)
    const outcome = strike === null ? null : spoil(strike, original, this.#parts.dialect)
    const spoiltName = strike !== null && ['wrong_task_id', 'same_task_id'].includes(strike.rule.fault) ? strike.rule.fault : null
    return {
      ...plainAnswer(original ?? jsonReply(null)),
      ...outcome,
      label: outcome?.label ?? spoiltName,
      delayMs: delayOf(strikes),
      faults: strikes.map(({ id }) => id),
      taskId: task?.id ?? null,
      onDelivered: (label) => {
        if (task !== null) task.reply = label
      },
    }
  }
}
