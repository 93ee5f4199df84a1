// A process that starts a dev server and then only waits to be killed: the test looks at what is left of it.
// Prints one JSON line: its server's address and process id.
import { startDevServer } from '../../../src/temporal/dev-server.ts'

const [cliPath, logFile] = process.argv.slice(2)
if (cliPath === undefined || logFile === undefined) throw new Error('usage: dev-server-owner CLI LOGFILE')
const { address, pid } = await startDevServer({
  cliPath,
  dbFilename: null,
  host: '127.0.0.1',
  port: 0,
  uiPort: null,
  namespace: 'default',
  searchAttributes: [],
  logFile,
})
process.stdout.write(`${JSON.stringify({ address, pid })}\n`)
