// Runs a table of faults: each row adds its rule, checks what a client sees, and must have struck.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FaultRule } from '../../src/simulator/faults/rule.ts'
import { type FaultPoint, faultWords } from '../../src/simulator/faults/words.ts'
import type { LedgerEntry } from '../../src/simulator/ledger.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { startTestSimulator } from '../helpers/simulator.ts'

export interface Row {
  rule: FaultRule
  /** what else tells the row from others */
  note?: string
  check: (simulator: Simulator) => Promise<void>
}

export const onlyTask = (simulator: Simulator): LedgerEntry => {
  const tasks = simulator.ledger()
  assert.equal(tasks.length, 1)
  return tasks[0] ?? assert.fail()
}

export function runRows(rows: readonly Row[]): void {
  for (const { rule, note, check } of rows) {
    test(`${JSON.stringify(rule)}${note === undefined ? '' : ` ${note}`}`, async (t) => {
      const simulator = await startTestSimulator(t)
      const id = simulator.addFault(rule)
      await check(simulator)
      assert.ok((simulator.faultCounts()[id] ?? 0) > 0, 'the fault never fired')
    })
  }
}

/** Every word whose usual place is one of these points has a row, but for those that other files test. */
export function assertCovered(rows: readonly Row[], points: readonly FaultPoint[], elsewhere: readonly string[] = []): void {
  const covered = new Set<string>([...rows.map(({ rule }) => rule.fault), ...elsewhere])
  const here = Object.entries(faultWords).filter(([, { on }]) => points.includes(on[0]))
  assert.ok(here.length > 0)
  assert.deepEqual(
    here.map(([word]) => word).filter((word) => !covered.has(word)),
    [],
  )
}
