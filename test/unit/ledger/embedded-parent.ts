// A process of its own that starts an embedded ledger, says so in one line, and stays. For tests that kill it.
import { startEmbeddedLedger } from '../../../src/ledger/embedded/start-embedded-ledger.ts'

const [dataFolder = '', templateFolder = ''] = process.argv.slice(2)
const { pid, connection } = await startEmbeddedLedger({ dataFolder, templateFolder })
process.stdout.write(`${JSON.stringify({ pid, connection })}\n`)
setInterval(() => {}, 60_000)
