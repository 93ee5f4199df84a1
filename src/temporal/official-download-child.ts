// A process of its own around the SDK's download of the Temporal CLI: the native call can hang for minutes where the download host
// is not reachable and cannot be cancelled, a process can. Started by official-download.ts with the folder and version as arguments.
import { TestWorkflowEnvironment } from '@temporalio/testing'

const [downloadDir, version] = process.argv.slice(2)
if (downloadDir === undefined || version === undefined) throw new Error('usage: official-download-child FOLDER VERSION')

// The SDK downloads only on the way to a server. `--help` makes that server a process that prints and ends, so that nothing stays
// behind when the parent, which needs the file only, kills this process as soon as the file is there.
await TestWorkflowEnvironment.createLocal({
  server: { executable: { type: 'cached-download', downloadDir, version, ttl: '10 years' }, extraArgs: ['--help'] },
}).catch((error: unknown) => {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
})
process.exit(0)
