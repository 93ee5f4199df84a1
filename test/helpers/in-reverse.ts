import type { TestContext } from 'node:test'

/** Node runs `after` hooks in the order they were given; what was started last must be stopped first. */
export function inReverse(t: Pick<TestContext, 'after'>): Pick<TestContext, 'after'> {
  const steps: (() => unknown)[] = []
  t.after(async () => {
    for (const step of steps.toReversed()) await step()
  })
  return {
    after: (step?: unknown) => {
      if (typeof step === 'function') steps.push(() => Reflect.apply(step, undefined, []) as unknown)
    },
  }
}
