// The providers' side of a task: made and charged when accepted, ended by a timer, refunded when it fails. Nothing here knows
// what a reply looks like.
import type { ProviderWord } from './faults/rule.ts'
import type { Accounts, Price } from './accounts.ts'
import type { CallbackRecord } from './ledger.ts'
import type { SeenReference } from './references.ts'
import { between, hexOf, randomOf } from './random.ts'
import type { SimulatorSettings } from './options.ts'
import { drawDurationMs } from './temperament.ts'

/** What a submit asks for, already checked by the dialect of its endpoint. */
export interface Order {
  provider: ProviderWord
  /** endpoint family: kie market, gpt4o, kontext; defapi image, gpt-image, wan, midjourney */
  api: string
  model: string
  prompt: string
  callbackUrl: string | null
  /** the request as it came, for echoes */
  request: Record<string, unknown>
  images: number
  /** width : height */
  ratio: number
  grid: boolean
  /** of the link; the bytes are PNG whatever it says */
  extension: string
  price: Price
  /** the provider's word for "not ended yet" */
  pendingWord: string
}

/** How a task ends, decided when it is made. */
export interface Fate {
  end: 'images' | 'no_image' | 'text' | 'failed' | 'never' | 'lost'
  /** how a missing image looks, where there is more than one way */
  variety: string
  failure: { code: number; message: string; moderation: boolean } | null
  text: string
  /** failures give the money back */
  refunded: boolean
  extraMs: number
  extraImages: number
}

export const plainFate: Fate = {
  end: 'images',
  variety: 'list',
  failure: null,
  text: '',
  refunded: true,
  extraMs: 0,
  extraImages: 0,
}

export interface Task {
  readonly id: string
  /** counts the tasks of one simulator, from 1 */
  readonly number: number
  readonly order: Order
  readonly fate: Fate
  readonly references: readonly SeenReference[]
  readonly keyFingerprint: string
  readonly createdAtMs: number
  readonly dueAtMs: number
  state: 'running' | 'succeeded' | 'failed'
  finishedAtMs: number | null
  refunded: boolean
  /** how the submit was answered; `pending` until it was */
  reply: string
  readonly callbacks: CallbackRecord[]
  queries: number
  downloads: number
}

export class Tasks {
  readonly #settings: SimulatorSettings
  readonly #accounts: Accounts
  readonly #onFinish: (task: Task) => void
  readonly #tasks = new Map<string, Task>()
  readonly #timers = new Map<string, NodeJS.Timeout>()
  #made = 0

  constructor(settings: SimulatorSettings, accounts: Accounts, onFinish: (task: Task) => void) {
    this.#settings = settings
    this.#accounts = accounts
    this.#onFinish = onFinish
  }

  /** Makes and charges a task. */
  make(order: Order, keyFingerprint: string, { fate, references }: Pick<Task, 'fate' | 'references'>, nowMs: number): Task {
    this.#made += 1
    const task: Task = {
      id: this.taskId(order.provider, this.#made),
      number: this.#made,
      order,
      fate,
      references,
      keyFingerprint,
      createdAtMs: nowMs,
      dueAtMs: nowMs + this.#durationMs(order.provider, this.#made) + fate.extraMs,
      state: 'running',
      finishedAtMs: null,
      refunded: false,
      reply: 'pending',
      callbacks: [],
      queries: 0,
      downloads: 0,
    }
    this.#accounts.charge(order.provider, keyFingerprint, order.price)
    this.#tasks.set(task.id, task)
    if (fate.end !== 'never' && fate.end !== 'lost') {
      this.#timers.set(
        task.id,
        setTimeout(() => this.finish(task), task.dueAtMs - nowMs),
      )
    }
    return task
  }

  /** Ends a task now, as its fate says; one that would never end succeeds. */
  finish(task: Task): void {
    if (task.state !== 'running') return
    clearTimeout(this.#timers.get(task.id))
    this.#timers.delete(task.id)
    task.finishedAtMs = Date.now()
    task.state = task.fate.end === 'failed' ? 'failed' : 'succeeded'
    if (task.state === 'failed' && task.fate.refunded) {
      task.refunded = true
      this.#accounts.refund(task.order.provider, task.keyFingerprint, task.order.price)
    }
    this.#onFinish(task)
  }

  find(id: string): Task | undefined {
    return this.#tasks.get(id)
  }

  all(): Task[] {
    return [...this.#tasks.values()]
  }

  /** Kie: 32 hex digits. DefAPI: a UUID that begins with "ta". */
  taskId(provider: ProviderWord, number: number | string): string {
    const hex = hexOf(this.#settings.seed, 'task', provider, number)
    if (provider === 'kie') return hex.slice(0, 32)
    return `ta${hex.slice(0, 6)}-${hex.slice(6, 10)}-${hex.slice(10, 14)}-${hex.slice(14, 18)}-${hex.slice(18, 30)}`
  }

  /** Forgets all tasks; those that run end silently. */
  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
    this.#tasks.clear()
  }

  #durationMs(provider: ProviderWord, number: number): number {
    const { pictureMs, seed, temperaments } = this.#settings
    if (temperaments !== null) {
      // By the provider's own count: the same whatever the other one is asked meanwhile.
      const ofProvider = this.all().filter(({ order }) => order.provider === provider).length + 1
      return drawDurationMs(temperaments[provider], randomOf(seed, 'duration', provider, ofProvider))
    }
    if (typeof pictureMs === 'number') return pictureMs
    return Math.round(between(randomOf(seed, 'duration', number), pictureMs.minMs, pictureMs.maxMs))
  }
}
