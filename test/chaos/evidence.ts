// What a run leaves for whoever looks for the cause of a red one: the records, the logs, and the histories as `npm test` replays them.
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import type { ChaosRecords } from './checker/records.ts'
import type { FetchedHistory } from './histories.ts'

export interface Evidence {
  records: ChaosRecords
  logFiles: readonly string[]
  histories: readonly FetchedHistory[]
}

/** Where it goes when nobody has named a folder. Not in memory: it must outlive the run, and is looked at by hand. */
export const evidenceFolder = (seed: number): string => join(tmpdir(), `darkroom-chaos-${seed}-${process.pid}`)

export async function keepEvidence(folder: string, { records, logFiles, histories }: Evidence): Promise<void> {
  const historyFolder = join(folder, 'histories')
  await mkdir(historyFolder, { recursive: true })
  await writeFile(join(folder, 'records.json'), JSON.stringify(records, null, 1))
  for (const file of logFiles) await copyFile(file, join(folder, basename(file)))
  for (const { record, history } of histories) {
    // an id of another service may hold what a file name cannot
    const name = `${record.workflowId}-${record.runId}`.replaceAll(/[^\w-]/g, '_')
    await writeFile(join(historyFolder, `${name}.json`), historyToJSON(history))
  }
}
