// What the service is measured against: the same number of activities and the same second of waiting, and nothing else.
import { proxyActivities, proxyLocalActivities, sleep } from '@temporalio/workflow'

interface Nothing {
  nothing(): Promise<void>
}

const { nothing: plan } = proxyLocalActivities<Nothing>({ startToCloseTimeout: 10_000 })
const { nothing: act } = proxyActivities<Nothing>({ startToCloseTimeout: 10_000 })

export async function Bare(pictureMs: number): Promise<void> {
  await plan()
  await act()
  await sleep(pictureMs)
  await act()
  await act()
}
