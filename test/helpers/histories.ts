// Stored histories: each path of the workflow leaves one, and `test/replay` replays them against today's code.
// `DARKROOM_KEEP_HISTORIES=1 npm test` writes them anew; do that only together with a deliberate change of the workflow.
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { WorkflowHandle } from '@temporalio/client'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'

export const historiesFolder = fileURLToPath(new URL('../replay/histories/', import.meta.url))

/** Writes the history of a finished workflow under `name` when asked to; answers its number of events and size either way. */
export async function keepHistory(handle: WorkflowHandle, name: string): Promise<{ events: number; sizeBytes: number }> {
  const history = await handle.fetchHistory()
  // Host name, process id and source paths of whoever ran it say nothing about the workflow.
  const json = JSON.stringify(
    JSON.parse(historyToJSON(history)),
    (key, value: unknown) => (key === 'identity' || key === 'stackTrace' ? 'test' : value),
    1,
  )
  if (process.env['DARKROOM_KEEP_HISTORIES'] === '1') {
    await mkdir(historiesFolder, { recursive: true })
    await writeFile(`${historiesFolder}${name}.json`, `${json}\n`)
  }
  return { events: history.events?.length ?? 0, sizeBytes: json.length }
}

/** Names of the events of a workflow, in order: `WorkflowExecutionStarted`, `TimerStarted` … */
export async function eventNames(handle: WorkflowHandle): Promise<string[]> {
  const history = await handle.fetchHistory()
  return (history.events ?? []).map((event) => {
    const attributes = Object.keys(event).find((key) => key.endsWith('EventAttributes') && Reflect.get(event, key) !== null)
    return attributes === undefined
      ? 'unknown'
      : `${attributes.charAt(0).toUpperCase()}${attributes.slice(1, -'EventAttributes'.length)}`
  })
}
