// Looks after one attempt that its generation left open: until the provider says what became of it, or for a day. Its end is a row that is
// settled; `unresolved` is an honest end.
import { isCancellation, setHandler, workflowInfo } from '@temporalio/workflow'
import type { Settlement, SettlementInput } from '../activities/types.ts'
import { wakeSignal } from '../contract/index.ts'
import { bookkeeping, keepingSpares, settling } from './activity-options.ts'
import { generationFailed, sentenceOf } from './failures.ts'
import { createWakes } from './wakes.ts'

/** Late callbacks reach it as wakes: they only make it ask now (I12). */
export async function SettleAttempt(input: SettlementInput): Promise<Settlement> {
  const wakes = createWakes()
  // Before the first await: the callback may come while it is being started.
  setHandler(wakeSignal, wakes.receive)
  const endsAtMs = workflowInfo().runStartTime.getTime() + input.limits.settleForMs
  const ask = async (): Promise<Settlement> => settling(input, Math.max(1, endsAtMs - Date.now())).settleAttempt(input)
  let settlement: Settlement
  try {
    settlement = await wakes.wakeOrPoll(input.ref, 0, '', ask, input.limits)
  } catch (error) {
    if (isCancellation(error)) throw error
    // Nobody could say within the time: the row says so, and the sum of such rows is counted.
    settlement = await bookkeeping('nobody could say what became of the attempt').giveUpSettling(input)
  }
  if (settlement.hasSpares) await storeSpares(input)
  return settlement
}

async function storeSpares(input: SettlementInput): Promise<void> {
  try {
    await keepingSpares(input).storeSpares(input)
  } catch (error) {
    if (isCancellation(error)) throw error
    throw generationFailed({ type: 'ResultUnavailable', message: sentenceOf(error) }, null)
  }
}
