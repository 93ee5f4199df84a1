// The K rows: a process ends itself by SIGKILL at a named point. `CRASH_AT=ROW:point:nth[:delayMs[:queue]]`, several separated by commas:
// `K5:submit.sending:3:25:darkroom-kie-submit` dies 25 ms after the third POST to Kie has begun.

import { setTimeout as sleep } from 'node:timers/promises'

/** Enough for an answer that does not wait for the point to leave. */
const heldMs = 15

export interface CrashOrder {
  /** of the table of rows */
  row: string
  point: string
  /** dies when the point is reached for the nth time */
  nth: number
  /** so long after the point, while the process goes on */
  delayMs: number
  /** only on this task queue; null: on any */
  queue: string | null
}

export function formatCrashOrders(orders: readonly CrashOrder[]): string {
  return orders.map(({ row, point, nth, delayMs, queue }) => `${row}:${point}:${nth}:${delayMs}:${queue ?? ''}`).join(',')
}

export function parseCrashOrders(text: string | undefined): CrashOrder[] {
  return (text ?? '')
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const [row = '', point = '', nth = '1', delayMs = '0', queue = ''] = part.split(':')
      if (row === '' || point === '' || !/^\d+$/.test(nth) || !/^\d+$/.test(delayMs)) throw new Error(`CRASH_AT: ${part}`)
      return { row, point, nth: Number(nth), delayMs: Number(delayMs), queue: queue === '' ? null : queue }
    })
}

/** Counts points and kills this very process when one of the orders says so. The parent is told first which row it was. */
export function createCrasher(text: string | undefined): (point: string, queue: string | null) => Promise<void> {
  const orders = parseCrashOrders(text).map((order) => ({ ...order, reached: 0 }))
  return async (point, queue) => {
    for (const order of orders) {
      if (order.point !== point || (order.queue !== null && order.queue !== queue)) continue
      order.reached += 1
      if (order.reached !== order.nth) continue
      if (order.delayMs === 0) await crash(order)
      else setTimeout(() => void crash(order), Math.max(0, order.delayMs - heldMs))
    }
  }
}

async function crash({ row }: CrashOrder): Promise<void> {
  // Out of the door before the process is gone.
  await new Promise<void>((resolve) => {
    if (process.send === undefined) resolve()
    else process.send({ crashed: row }, () => resolve())
  })
  // Whoever reached the point is held here, while what was wrongly let go before it gets out of the door.
  await sleep(heldMs)
  process.kill(process.pid, 'SIGKILL')
}
