// Bugs are planted by text. A text that is not there any more would be a bug that is never planted; better to hear of it here than in a run of minutes.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { repositoryRoot } from '../../chaos/options.ts'
import { makePlan } from '../../chaos/plan.ts'
import { plantedBugs } from '../../chaos/planted-bugs.ts'
import { chaosRows, forcedFallback } from '../../chaos/rows.ts'
import { parseFaultRule } from '../../../src/simulator/faults/rule.ts'

for (const { id, what, edits } of plantedBugs.filter((bug) => bug.edits.length > 0)) {
  test(`${id} can be planted: ${what}`, async () => {
    for (const { file, find, replace } of edits) {
      const text = await readFile(join(repositoryRoot, file), 'utf8')
      assert.equal(text.split(find).length - 1, 1, `in ${file}: ${find}`)
      assert.notEqual(find, replace)
    }
  })
}

test('a plan is the same for the same seed, gives every row its turn, and forces a tenth to the next provider', () => {
  const plan = makePlan({ generations: 200, seed: 5, rows: null })
  assert.deepEqual(makePlan({ generations: 200, seed: 5, rows: null }), plan)
  assert.notDeepEqual(makePlan({ generations: 200, seed: 6, rows: null }), plan)
  const planned = new Set(plan.flatMap(({ rows }) => rows))
  assert.deepEqual(
    chaosRows.map(({ id }) => id).filter((id) => !planned.has(id)),
    [],
  )
  assert.ok(plan.filter(({ rows }) => rows.includes(forcedFallback.id)).length >= 20, 'a tenth of 200 is forced')
  assert.equal(new Set(plan.map(({ nonce }) => nonce)).size, 200)
})

test('every rule of every row is one that the simulator takes', () => {
  for (const row of [...chaosRows, forcedFallback]) for (const rule of row.rules) parseFaultRule(rule)
})
