// `t.after` runs first things first: a server would be gone before the worker that still talks to it. These run last things first.
type Cleanup = () => unknown

/** A test, a suite or a whole file: anything that says when it is over. */
export interface Ends {
  after: (cleanup: Cleanup) => void
}

const stacks = new WeakMap<object, Cleanup[]>()

/** Runs `cleanup` when the test ends, after everything that is registered here later. All run, also when one of them fails. */
export function atEnd(t: Ends, cleanup: Cleanup): void {
  const known = stacks.get(t)
  if (known !== undefined) {
    known.push(cleanup)
    return
  }
  const stack = [cleanup]
  stacks.set(t, stack)
  t.after(async () => {
    const errors: unknown[] = []
    for (const next of stack.toReversed()) {
      try {
        await next()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'clean-up failed')
  })
}
