// Messages of the running workflow. A callback only wakes (I12): the signal carries a summary, never the provider's body.
import { defineQuery, defineSignal } from '@temporalio/workflow'
import type { AttemptReport, DecisionReport } from './generation.ts'
import type { GenerationStatus } from './words.ts'

/** What the gateway tells the workflow about a callback. Nothing in it is believed. */
export interface Wake {
  item: number
  attempt: number
  /** as claimed in the body; null when it carried none that is well formed */
  claimedTaskId: string | null
  claimedState: string | null
  receivedAt: string
  /** hex SHA-256 of the raw body */
  bodySha256: string
}

/** Live view of a running generation, for people who look at one workflow. HTTP reads come from the ledger. */
export interface LiveView {
  status: GenerationStatus
  attempts: Pick<AttemptReport, 'item' | 'number' | 'provider' | 'outcome' | 'reason' | 'message' | 'providerTaskId'>[]
  decisions: DecisionReport[]
  wakes: number
}

export const wakeSignal = defineSignal<[Wake]>('wake')
export const statusQuery = defineQuery<LiveView>('status')
