// The same job on Temporal alone, as one would write it first: submit, then poll, both with the default retry policy.
import { proxyActivities } from '@temporalio/workflow'
import type { BareActivities } from './kill-bare-worker.ts'

const { submit, poll } = proxyActivities<BareActivities>({ startToCloseTimeout: 10_000 })

export async function BarePicture(prompt: string): Promise<string> {
  return poll(await submit(prompt))
}
