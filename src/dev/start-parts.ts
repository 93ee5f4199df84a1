// Starts parts at the same time and waits for all of them: a part that is still starting when another one fails must not be forgotten.

/** Like `Promise.all`, but settles only when all have settled; rejects with the error that came first. */
export async function startTogether<T extends readonly Promise<unknown>[]>(
  parts: readonly [...T],
): Promise<{ -readonly [Index in keyof T]: Awaited<T[Index]> }> {
  const all = Promise.all(parts)
  // It may reject long before it is returned; nobody would be listening yet, and that ends a process.
  all.catch(() => undefined)
  await Promise.allSettled(parts)
  return all
}
