// I11: the machinery itself. I13: every fault that was planned has struck.
import { exitCodes } from '../../../src/cli/errors.ts'
import type { Check, Finding } from './records.ts'

/** I11 no failed workflow task, no non-determinism, no unhandled rejection, no 5xx but 503. */
export const checkHealth: Check = (records): Finding => {
  const breaches: string[] = []
  for (const { type, workflowId, failedWorkflowTasks } of records.histories) {
    for (const cause of failedWorkflowTasks) breaches.push(`${type} ${workflowId}: a workflow task failed: ${cause}`)
  }
  for (const error of records.replay.errors) breaches.push(`replay: ${error}`)
  if (records.replay.replayed !== records.histories.length) {
    breaches.push(`${records.histories.length} histories, and ${records.replay.replayed} were replayed`)
  }
  const temporalWasKilled = records.rows.some(({ id, fired }) => id === 'T1' && fired > 0)
  for (const { name, code, signal, row, wasReady, lastWords } of records.exits) {
    // What starts while Temporal is away says so and ends; it is started again.
    if (temporalWasKilled && code === exitCodes.notReachable && !wasReady) continue
    if (row === null) breaches.push(`${name} ended by itself (${signal ?? code}): ${lastWords}`)
  }
  for (const complaint of records.complaints) breaches.push(`log: ${complaint}`)
  for (const fault of records.http.faults) breaches.push(`HTTP ${fault}`)
  const given = records.tasks.flatMap(({ callbacks }) => callbacks.map(({ status }) => status ?? 0))
  for (const status of given) if (status >= 500 && status !== 503) breaches.push(`a callback was answered with ${status}`)
  const answers = Object.values(records.http.byStatus).reduce((sum, times) => sum + times, 0)
  return {
    id: 'I11',
    title: 'no failed task, non-determinism, unhandled rejection or 5xx but 503',
    checked: records.histories.length + answers + given.length,
    breaches,
    note: `${records.replay.replayed} histories replayed, ${answers + given.length} answers`,
    notChecked: null,
  }
}

/** I13 every fault that was planned has struck. */
export const checkRows: Check = (records): Finding => {
  const planned = records.rows.filter((row) => row.planned > 0)
  const breaches = planned
    .filter(({ fired }) => fired === 0)
    .map(({ id, planned: times }) => `${id} was planned ${times} times and never struck`)
  const forced = records.plan.length >= 20 && records.rows.some(({ id, planned: times }) => id === 'F1' && times > 0)
  if (forced) {
    const moved = records.generations.filter(({ attempts }) => new Set(attempts.map(({ provider }) => provider)).size > 1).length
    if (moved < records.plan.length / 10)
      breaches.push(`F1: ${moved} of ${records.plan.length} generations went to a second provider; a tenth must`)
  }
  return {
    id: 'I13',
    title: 'every planned fault has struck',
    checked: planned.length,
    breaches,
    note: `${planned.reduce((sum, { fired }) => sum + fired, 0)} strikes`,
    notChecked: planned.length === 0 ? 'no faults in this run' : null,
  }
}
