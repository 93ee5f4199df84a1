// The live script against a simulator, or against one that has drifted.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { ProviderName } from '../../../src/providers/provider.ts'
import type { Simulator } from '../../../src/simulator/simulator.ts'
import { startTestSimulator } from '../../helpers/simulator.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { readOptions, simulatorKey } from '../../live/options.ts'
import { runLive } from '../../live/run-live.ts'
import type { LiveReport } from '../../live/run-live.ts'
import { startAlteringServer } from './altering-server.ts'
import type { AlteredReply, Passing } from './altering-server.ts'

type Context = Pick<TestContext, 'after' | 'name'>

export interface LiveTrial {
  report: LiveReport
  /** everything that was written to disk */
  written: string
  /** what went to the terminal besides */
  said: string[]
  simulator: Simulator
  passed: Passing[]
}

export async function tryLive(
  t: Context,
  provider: ProviderName,
  args: readonly string[],
  alter: (passing: Passing, reply: AlteredReply) => boolean | void = () => false,
): Promise<LiveTrial> {
  // Long enough for a first poll that finds the task at work, also on a busy machine.
  const pictureMs = { minMs: 1_000, maxMs: 1_000 }
  const simulator = await startTestSimulator(t, { kieApiKeys: [simulatorKey], defapiKeys: [simulatorKey], pictureMs })
  const behind = provider === 'kie' ? simulator.kieUrl : simulator.defapiUrl
  const { baseUrl, passed } = await startAlteringServer(t, behind, alter)
  const outFolder = await tempFolder(t)
  const options = readOptions(['--provider', provider, '--base-url', baseUrl, '--out', outFolder, '--yes', ...args], {})
  const said: string[] = []
  const report = await runLive(options, (line) => void said.push(line), { pollMs: 10 })
  const files = await readdir(report.recording)
  const texts = await Promise.all(files.map((name) => readFile(join(report.recording, name), 'utf8')))
  return { report, written: texts.join('\n'), said, simulator, passed }
}

/** `kind where` of each, for short comparisons. */
export const driftsOf = ({ report }: LiveTrial): string[] => report.drifts.map(({ kind, where }) => `${kind} ${where}`)
