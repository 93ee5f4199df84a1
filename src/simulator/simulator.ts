// Stands for Kie and DefAPI: their paths, envelopes, callbacks, files and failures, with a ledger of what they would charge.
// Written from the wire contracts, not from our clients, so that it can disagree with them.
// Five listeners, because each must be able to go away alone: control, kie, kie uploads, defapi, files.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type AccountEntry, Accounts, type CreditChange } from './accounts.ts'
import { Callbacks } from './callbacks.ts'
import { serveControl } from './control.ts'
import { crash, report } from './crash.ts'
import { defapiDialect } from './defapi/dialect.ts'
import { Desk } from './desk.ts'
import type { Dialect, TaskView } from './dialect.ts'
import { FaultBoard } from './faults/board.ts'
import { type FaultRule, FaultRuleError, type ProviderWord } from './faults/rule.ts'
import { serveFile } from './file-desk.ts'
import { Files } from './files.ts'
import { Listener } from './http/listener.ts'
import { kieDialect, kieUploadDialect } from './kie/dialect.ts'
import { type LedgerEntry, ledgerEntry, type RequestEntry, RequestLog } from './ledger.ts'
import { faultyListeners, type ListenerName, listenerPoints } from './listeners.ts'
import { resolveOptions, type SimulatorOptions, type SimulatorSettings } from './options.ts'
import { type Task, Tasks } from './tasks.ts'

export interface Simulator {
  readonly seed: number
  /** control endpoints, under /__simulator/ */
  readonly url: string
  readonly kieUrl: string
  readonly kieUploadUrl: string
  readonly defapiUrl: string
  /** where result links point */
  readonly filesUrl: string
  /** every task made, oldest first */
  ledger(): LedgerEntry[]
  /** every request to a provider or to the files, oldest first */
  requests(): RequestEntry[]
  /** Takes effect before the next request; returns the rule's id. Throws FaultRuleError. */
  addFault(rule: FaultRule): string
  /** Resolves to false for an unknown id, else when listeners it held down are up again. */
  removeFault(id: string): Promise<boolean>
  /** Keeps the counts. Resolves when all listeners are up again. */
  clearFaults(): Promise<void>
  faults(): FaultRule[]
  /** how often each rule has struck, by id; rules from prompts count as `marker:WORD` */
  faultCounts(): Record<string, number>
  /** Ends a running task now (also one that is stuck); false when there is none. */
  finish(taskId: string): boolean
  /** Ends the life of every upload now; returns how many were still good. */
  expireUploads(): number
  /** every account that was used or is among the known keys, with what is left on it */
  accounts(): AccountEntry[]
  /** Tops up or empties an account, or all of a provider. */
  setCredits(change: CreditChange): void
  /** As freshly started, on the same ports. */
  reset(): Promise<void>
  close(): Promise<void>
}

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const settings = resolveOptions(options)
  const running = new RunningSimulator(settings)
  await running.open()
  const habits = Object.values(settings.temperaments ?? {}).flatMap(({ faults }) => faults)
  for (const rule of [...habits, ...settings.faults]) running.addFault(rule)
  return running
}

class RunningSimulator implements Simulator {
  readonly #settings: SimulatorSettings
  readonly #stop = new AbortController()
  readonly #board: FaultBoard
  readonly #accounts: Accounts
  readonly #tasks: Tasks
  readonly #files: Files
  readonly #callbacks: Callbacks
  readonly #requests = new RequestLog()
  readonly #dialects: Record<ProviderWord, Dialect>
  readonly #desks: Record<'kie' | 'kieUpload' | 'defapi', Desk>
  readonly #listeners = new Map<ListenerName, Listener>()
  readonly #downTimers = new Map<string, NodeJS.Timeout>()

  constructor(settings: SimulatorSettings) {
    this.#settings = settings
    this.#board = new FaultBoard(settings.seed)
    this.#accounts = new Accounts(settings)
    this.#tasks = new Tasks(settings, this.#accounts, (task) => this.#callbacks.finished(task))
    this.#files = new Files(settings, this.#tasks, () => this.filesUrl)
    const parts = { settings, accounts: this.#accounts, files: this.#files, tasks: this.#tasks }
    this.#dialects = { kie: kieDialect(parts), defapi: defapiDialect(settings, this.#accounts) }
    this.#callbacks = new Callbacks({
      settings,
      board: this.#board,
      dialectOf: (provider) => this.#dialects[provider],
      viewOf: (task) => this.#viewOf(task),
      signal: this.#stop.signal,
    })
    this.#desks = {
      kie: this.#deskFor(this.#dialects.kie),
      kieUpload: this.#deskFor(kieUploadDialect(this.#dialects.kie, this.#files)),
      defapi: this.#deskFor(this.#dialects.defapi),
    }
  }

  async open(): Promise<void> {
    const { host, port } = this.#settings
    const serve: Record<ListenerName, (request: IncomingMessage, response: ServerResponse) => Promise<void>> = {
      control: (request, response) => serveControl(this, request, response, this.#stop.signal),
      kie: (request, response) => this.#desks.kie.serve(request, response),
      kieUpload: (request, response) => this.#desks.kieUpload.serve(request, response),
      defapi: (request, response) => this.#desks.defapi.serve(request, response),
      files: (request, response) => serveFile(this.#fileDesk(), request, response),
    }
    try {
      for (const [index, name] of (['control', ...faultyListeners] as const).entries()) {
        const listener = await Listener.open({
          host,
          port: port === 0 ? 0 : port + index,
          // A bug in a handler must not hang the client nor take the process down.
          onRequest: (request, response) => void serve[name](request, response).catch((error: unknown) => crash(response, error)),
          onConnection: (socket) => this.#onConnection(name, socket),
        })
        this.#listeners.set(name, listener)
      }
    } catch (error) {
      await this.close()
      throw error
    }
  }

  get seed(): number {
    return this.#settings.seed
  }
  get url(): string {
    return this.#urlOf('control')
  }
  get kieUrl(): string {
    return this.#urlOf('kie')
  }
  get kieUploadUrl(): string {
    return this.#urlOf('kieUpload')
  }
  get defapiUrl(): string {
    return this.#urlOf('defapi')
  }
  get filesUrl(): string {
    return this.#urlOf('files')
  }

  ledger(): LedgerEntry[] {
    return this.#tasks.all().map(ledgerEntry)
  }

  requests(): RequestEntry[] {
    return this.#requests.all()
  }

  addFault(rule: FaultRule): string {
    if (rule.fault === 'down' && this.#listenersOf(rule).length === 0) throw new FaultRuleError('down closes no listener there')
    const id = this.#board.add(rule)
    if (rule.fault === 'down') {
      this.#board.count(id)
      for (const name of this.#listenersOf({ ...rule, on: rule.on ?? 'submit' })) this.#listeners.get(name)?.down()
      if (rule.durationMs !== undefined)
        this.#downTimers.set(
          id,
          setTimeout(() => void this.removeFault(id).catch(report), rule.durationMs),
        )
    }
    return id
  }

  async removeFault(id: string): Promise<boolean> {
    clearTimeout(this.#downTimers.get(id))
    this.#downTimers.delete(id)
    const known = this.#board.remove(id)
    await this.#reopen()
    return known
  }

  async clearFaults(): Promise<void> {
    for (const timer of this.#downTimers.values()) clearTimeout(timer)
    this.#downTimers.clear()
    this.#board.clear()
    await this.#reopen()
  }

  faults(): FaultRule[] {
    return this.#board.list()
  }

  faultCounts(): Record<string, number> {
    return this.#board.counts()
  }

  finish(taskId: string): boolean {
    const task = this.#tasks.find(taskId)
    if (task === undefined || task.state !== 'running') return false
    this.#tasks.finish(task)
    return true
  }

  expireUploads(): number {
    return this.#files.expireUploads(Date.now())
  }

  accounts(): AccountEntry[] {
    return this.#accounts.list()
  }

  setCredits(change: CreditChange): void {
    this.#accounts.setBalance(change)
  }

  async reset(): Promise<void> {
    await this.clearFaults()
    this.#board.reset()
    this.#tasks.clear()
    this.#accounts.clear()
    this.#files.clear()
    this.#requests.clear()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    for (const timer of this.#downTimers.values()) clearTimeout(timer)
    this.#tasks.clear()
    await Promise.all([...this.#listeners.values()].map((listener) => listener.close()))
  }

  #deskFor(dialect: Dialect): Desk {
    return new Desk({
      settings: this.#settings,
      dialect,
      accounts: this.#accounts,
      tasks: this.#tasks,
      files: this.#files,
      board: this.#board,
      callbacks: this.#callbacks,
      requests: this.#requests,
      viewOf: (task) => this.#viewOf(task),
      signal: this.#stop.signal,
    })
  }

  #fileDesk(): Parameters<typeof serveFile>[0] {
    return {
      files: this.#files,
      board: this.#board,
      requests: this.#requests,
      dialectOf: (provider) => this.#dialects[provider],
      signal: this.#stop.signal,
    }
  }

  #viewOf(task: Task): TaskView {
    const { end } = task.fate
    return {
      task,
      state: task.state,
      stateWord: null,
      // A stuck or lost task that was ended by hand has its pictures after all.
      end: end === 'never' || end === 'lost' ? 'images' : end,
      urls: this.#files.linksOf(task),
      nowMs: Date.now(),
    }
  }

  #urlOf(name: ListenerName): string {
    return this.#listeners.get(name)?.url ?? ''
  }

  #listenersOf(rule: FaultRule): ListenerName[] {
    const point = rule.on ?? 'submit'
    return faultyListeners.filter((name) => {
      const { providers, points } = listenerPoints[name]
      return points.includes(point) && (rule.provider === undefined || providers.includes(rule.provider))
    })
  }

  /** Brings up every listener that no rule holds down any more. */
  async #reopen(): Promise<void> {
    if (this.#stop.signal.aborted) return
    const held = new Set(this.#board.downRules().flatMap(({ rule }) => this.#listenersOf(rule)))
    await Promise.all([...this.#listeners].filter(([name]) => !held.has(name)).map(([, listener]) => listener.up()))
  }

  #onConnection(name: ListenerName, socket: Socket): void {
    // Clients may vanish at any moment; that is no error of ours.
    socket.on('error', () => undefined)
    if (name === 'control') return
    const { providers, points } = listenerPoints[name]
    if (providers.some((provider) => this.#board.connectStrike(provider, points) !== null)) socket.resetAndDestroy()
  }
}
