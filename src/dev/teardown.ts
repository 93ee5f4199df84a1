// One shutdown path. What is started is registered with the step that ends it; the steps run once, in reverse order of their stages,
// whether the start failed half-way, somebody pressed Ctrl-C, or a part ended by itself.
import type { Logger } from '../observability/logger.ts'

/** In the order of ending: nobody may still need what ends later. */
export const stages = ['front', 'workers', 'links', 'servers'] as const
/** `front`: takes no new work. `workers`: finish what runs. `links`: connections. `servers`: Temporal, ledger, simulator. */
export type Stage = (typeof stages)[number]

interface Step {
  stage: Stage
  name: string
  end: () => Promise<void>
}

export class Teardown {
  readonly #logger: Logger
  readonly #stepTimeoutMs: number
  readonly #steps: Step[] = []
  #ending: Promise<void> | null = null
  #tellBegun: () => void = () => undefined
  /** resolves when somebody has asked for the end */
  readonly begun: Promise<void>

  constructor(logger: Logger, stepTimeoutMs: number) {
    this.begun = new Promise((resolve) => {
      this.#tellBegun = resolve
    })
    this.#logger = logger
    this.#stepTimeoutMs = stepTimeoutMs
  }

  get hasBegun(): boolean {
    return this.#ending !== null
  }

  /** A step that comes too late, because the end has begun while its part was starting, runs at once. */
  async add(stage: Stage, name: string, end: () => Promise<void>): Promise<void> {
    const step = { stage, name, end }
    if (this.hasBegun) await this.#run(step)
    else this.#steps.push(step)
  }

  /** Ends everything. Called twice, it is the same end. Never rejects: what cannot be ended is said in the log. */
  run(): Promise<void> {
    this.#tellBegun()
    this.#ending ??= this.#runStages()
    return this.#ending
  }

  async #runStages(): Promise<void> {
    for (const stage of stages) {
      await Promise.all(this.#steps.filter((step) => step.stage === stage).map((step) => this.#run(step)))
    }
  }

  /** A part that does not end must not keep the others from ending; whatever is left of it ends with this process. */
  async #run({ name, end }: Step): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`did not end within ${this.#stepTimeoutMs} ms`)), this.#stepTimeoutMs)
    })
    try {
      await Promise.race([end(), timeout])
    } catch (error) {
      this.#logger.warn({ part: name, err: error }, 'a part could not be ended in order')
    } finally {
      clearTimeout(timer)
    }
  }
}
