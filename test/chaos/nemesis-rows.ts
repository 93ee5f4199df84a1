// The faults of processes. K rows at named points are given to a process at its start; the others are done from outside while the load runs.
import type { CrashOrder } from './crash-points.ts'

export interface CrashRow {
  id: string
  text: string
  kind: 'gateway' | 'worker'
  point: string
  delayMs: number
  queue: string | null
}

const kieSubmits = 'darkroom-kie-submit'
const defapiSubmits = 'darkroom-defapi-submit'
/** In the middle of a POST: the simulator answers submits after 20 to 80 ms (see `backgroundLatency`). */
const onTheWireMs = 30

export const crashRows: readonly CrashRow[] = [
  worker('K3', 'the attempt is claimed, no right to send', 'submit.claimed'),
  worker('K4', 'the row says sending, no byte is sent', 'submit.sending'),
  worker('K5', 'the POST to Kie is on the wire, no reply read', 'submit.sending', { delayMs: onTheWireMs, queue: kieSubmits }),
  worker('K6', 'the reply is read and not booked', 'submit.posted'),
  worker('K6r', 'the task id is written, the completion not handed in', 'submit.recorded'),
  worker('K3p', 'the plan is recorded, the workflow task not answered', 'plan.recorded'),
  worker('K8', 'in the middle of a poll', 'await.asked'),
  worker('K9', 'the picture is a temporary file', 'store.downloaded'),
  worker('K10', 'the picture is stored, the generation not closed', 'store.adopted'),
  worker('K15', 'the settlement has asked and not written', 'settle.asked'),
  worker('K11', 'the POST to DefAPI is on the wire', 'submit.sending', { delayMs: onTheWireMs, queue: defapiSubmits }),
  gateway('K1', 'the row is written, the workflow not started', 'gateway.starting'),
  gateway('K2', 'the workflow is started, the caller not told', 'gateway.started'),
  gateway('K13', 'the hint is kept, the signal not sent', 'gateway.signalling'),
  gateway('K14', 'the signal is sent, the provider not told', 'gateway.signalled'),
]

export const nemesisRows = {
  KR: 'a worker is killed at any moment',
  KG: 'the gateway is killed at any moment',
  K16: 'both workers are dead for 4 s',
  T1: 'Temporal is killed and started again on its file',
  T2: 'Temporal is frozen for 3 s: callbacks get 503',
  L1: 'the ledger is out of reach for 2 s',
  P1: "Kie's listener is closed for 1.5 s",
  P1d: "DefAPI's listener is closed for 1.5 s",
} as const

export type NemesisRow = keyof typeof nemesisRows

export const nemesisRowIds = ['KR', 'KG', 'K16', 'T1', 'T2', 'L1', 'P1', 'P1d'] as const satisfies readonly NemesisRow[]

export function orderOf({ id, point, delayMs, queue }: CrashRow, nth: number): CrashOrder {
  return { row: id, point, nth, delayMs, queue }
}

function worker(id: string, text: string, point: string, more: Partial<Pick<CrashRow, 'delayMs' | 'queue'>> = {}): CrashRow {
  return { id, text, kind: 'worker', point, delayMs: 0, queue: null, ...more }
}

function gateway(id: string, text: string, point: string): CrashRow {
  return { id, text, kind: 'gateway', point, delayMs: 0, queue: null }
}
