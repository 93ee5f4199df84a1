// Tells the caller that a task has ended: once if all is well; never, late, twice, in the wrong order or falsely if a fault says so.
import { createHmac } from 'node:crypto'
import type { Dialect, TaskView } from './dialect.ts'
import type { FaultBoard, Strike } from './faults/board.ts'
import type { FaultRule, ProviderWord } from './faults/rule.ts'
import { postJson } from './http/post.ts'
import { waitFor } from './http/transport.ts'
import type { CallbackRecord } from './ledger.ts'
import type { SimulatorSettings } from './options.ts'
import { hexOf } from './random.ts'
import type { Task } from './tasks.ts'

// kie: a callback that is not answered within 15 s has failed.
const ANSWER_TIMEOUT_MS = 15_000
// Nobody waits longer for a second task just to be told in the wrong order.
const REORDER_LIMIT_MS = 5_000
const FORGED_LINK = 'https://tempfile.aiquickdraw.com/forged/not-your-picture.png'

export interface CallbackParts {
  settings: SimulatorSettings
  board: FaultBoard
  dialectOf: (provider: ProviderWord) => Dialect
  viewOf: (task: Task) => TaskView
  signal: AbortSignal
}

interface Letter {
  task: Task
  body: string
  kind: CallbackRecord['kind']
  signature: 'none' | 'wrong' | 'genuine'
}

export class Callbacks {
  readonly #parts: CallbackParts
  /** tasks whose real callback a forged one replaces */
  readonly #replaced = new WeakSet<Task>()
  readonly #firstDeliveries = new WeakMap<Task, Promise<void>>()
  /** callbacks held back until another is out */
  readonly #held = new Set<() => void>()

  constructor(parts: CallbackParts) {
    this.#parts = parts
  }

  /** Faults that strike when a task is accepted: forged callbacks and the one that overtakes the reply. */
  acceptStrikes(task: Task): Strike[] {
    if (task.order.callbackUrl === null) return []
    return this.#parts.board.strikes(
      'callback',
      factsOf(task),
      (rule) => rule.fault === 'forge_callback' || rule.fault === 'early_callback',
    )
  }

  forge(task: Task, { rule, id }: Strike): void {
    if (rule.replace === true) this.#replaced.add(task)
    const body = rule.body ?? JSON.stringify(this.#forgedBody(task, rule, id))
    void this.#send({ task, body, kind: 'forged', signature: rule.signature ?? 'none' }, rule.delayMs ?? 0)
  }

  /** Called once per task, when it has ended. */
  finished(task: Task): void {
    if (task.order.callbackUrl === null || this.#replaced.has(task)) return
    const ended = (rule: FaultRule): boolean => rule.fault !== 'forge_callback' && rule.fault !== 'early_callback'
    const strikes = this.#parts.board.strikes('callback', factsOf(task), ended)
    if (strikes.some(({ rule }) => rule.fault === 'drop_callback')) return
    this.#firstDeliveries.set(task, this.#deliverAll(task, strikes))
  }

  /** Resolves when the first try to deliver is over. */
  async firstDelivery(task: Task): Promise<void> {
    await this.#firstDeliveries.get(task)
  }

  async #deliverAll(task: Task, strikes: readonly Strike[]): Promise<void> {
    const { dialectOf, viewOf, signal } = this.#parts
    const find = (fault: string): Strike['rule'] | undefined => strikes.find(({ rule }) => rule.fault === fault)?.rule
    const delay = find('delay_callback')
    if (delay !== undefined && !(await waitFor(delay.delayMs ?? 5_000, signal))) return
    const reorder = find('reorder_callback')
    if (reorder !== undefined) await this.#holdUntilAnother(reorder.delayMs ?? REORDER_LIMIT_MS)
    const body = JSON.stringify(dialectOf(task.order.provider).callbackBody(viewOf(task)))
    const duplicate = find('duplicate_callback')
    const copies = duplicate === undefined ? 0 : (duplicate.count ?? 1)
    const first = this.#send({ task, body, kind: 'genuine', signature: 'genuine' }, 0)
    for (let copy = 1; copy <= copies; copy += 1) {
      void this.#send({ task, body, kind: 'duplicate', signature: 'genuine' }, copy * (duplicate?.delayMs ?? 0))
    }
    await first
  }

  /** Sends with retries; resolves after the first delivery, whatever came of it. */
  async #send(letter: Letter, delayMs: number): Promise<void> {
    const { settings, signal } = this.#parts
    if (!(await waitFor(delayMs, signal))) return
    const delivered = await this.#deliver(letter, 1)
    if (letter.kind !== 'genuine') return
    this.#releaseHeld()
    if (!delivered) void this.#retry(letter, settings.callbackRetryMs)
  }

  async #retry(letter: Letter, pausesMs: readonly number[]): Promise<void> {
    for (const [index, pauseMs] of pausesMs.entries()) {
      if (!(await waitFor(pauseMs, this.#parts.signal))) return
      if (await this.#deliver(letter, index + 2)) return
    }
  }

  async #deliver(letter: Letter, delivery: number): Promise<boolean> {
    const { task } = letter
    const record: CallbackRecord = { atMs: Date.now(), kind: letter.kind, delivery, status: null, error: null }
    task.callbacks.push(record)
    try {
      record.status = await postJson(task.order.callbackUrl ?? '', letter.body, {
        headers: this.#signatureHeaders(letter),
        timeoutMs: ANSWER_TIMEOUT_MS,
        signal: this.#parts.signal,
      })
    } catch (error) {
      record.error = error instanceof Error ? error.message : String(error)
    }
    // kie: HTTP 200 is expected. defapi: not known; any 2xx here.
    return task.order.provider === 'kie'
      ? record.status === 200
      : record.status !== null && record.status >= 200 && record.status < 300
  }

  /** kie: base64(HMAC-SHA256(key, taskId + "." + seconds)); the body is not signed. DefAPI signs nothing. */
  #signatureHeaders({ task, signature }: Letter): Record<string, string> {
    const { webhookHmacKey, clockSkewMs } = this.#parts.settings
    if (webhookHmacKey === null || task.order.provider !== 'kie' || signature === 'none') return {}
    const timestamp = String(Math.floor((Date.now() + clockSkewMs) / 1_000))
    const key = signature === 'genuine' ? webhookHmacKey : `not-${webhookHmacKey}`
    const digest = createHmac('sha256', key).update(`${task.id}.${timestamp}`).digest('base64')
    return { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': digest }
  }

  #forgedBody(task: Task, rule: Strike['rule'], strikeId: string): unknown {
    const { dialectOf, viewOf, settings } = this.#parts
    const madeUp = hexOf(settings.seed, 'forged', strikeId, task.id).slice(0, 32)
    const claimedId = rule.taskId === 'same' ? task.id : (rule.taskId ?? madeUp)
    const succeeded = rule.state !== 'failed' && rule.state !== 'fail'
    return dialectOf(task.order.provider).forgedBody(viewOf(task), { taskId: claimedId, succeeded, url: FORGED_LINK })
  }

  async #holdUntilAnother(limitMs: number): Promise<void> {
    const another = new AbortController()
    const release = (): void => another.abort()
    this.#held.add(release)
    await waitFor(limitMs, AbortSignal.any([another.signal, this.#parts.signal]))
    this.#held.delete(release)
  }

  #releaseHeld(): void {
    for (const release of this.#held) release()
  }
}

function factsOf(task: Task): { provider: ProviderWord; prompt: string; model: string } {
  return { provider: task.order.provider, prompt: task.order.prompt, model: task.order.model }
}
