// A service that has lost a part is no service: when one ends by itself, the others are ended, and whoever waits is told which it was.
import type { Logger } from '../observability/logger.ts'
import type { Teardown } from './teardown.ts'

export type ServiceEnd =
  | { kind: 'stopped' }
  /** one part ended by itself; the others were stopped */
  | { kind: 'part_ended'; part: string; why: string }

export interface WatchedPart {
  name: string
  /** resolves with how it ended; undefined: not ours to watch */
  ended: Promise<string> | undefined
}

export async function watchParts(parts: readonly WatchedPart[], teardown: Teardown, logger: Logger): Promise<ServiceEnd> {
  const ends = parts.flatMap(({ name, ended }) =>
    ended === undefined ? [] : [ended.then((why): ServiceEnd => ({ kind: 'part_ended', part: name, why }))],
  )
  const end = await Promise.race([...ends, teardown.begun.then((): ServiceEnd => ({ kind: 'stopped' }))])
  if (end.kind === 'part_ended')
    logger.error({ part: end.part, why: end.why }, 'a part of the service ended by itself; stopping the others')
  await teardown.run()
  return end
}
