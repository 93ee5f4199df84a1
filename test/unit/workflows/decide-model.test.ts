// The model of `npm run model` in small: fast-check looks for a story that breaks an invariant, and shortens it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { tapeChoices } from '../../model/choices.ts'
import { playSequence } from '../../model/world.ts'

/** Enough for the longest stories seen; past its end a tape says the mildest thing. */
const tape = fc.array(fc.nat({ max: 59 }), { maxLength: 80, size: 'max' })

test('whatever happens, a story ends once, in time, and pays no attempt that is not allowed or not listed', () => {
  fc.assert(
    fc.property(tape, (choices) => {
      const story: string[] = []
      const { breach } = playSequence(tapeChoices(choices), story)
      assert.ok(breach === null, `${breach ?? ''}\n${story.join('\n')}`)
    }),
    { numRuns: 5_000, includeErrorInReport: true },
  )
})
