// Ctrl-C in the middle of a paid task: nothing more is sent, and what was asked is on the disk.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isJsonObject } from '../../../src/providers/shared/json-text.ts'
import { startTestSimulator } from '../../helpers/simulator.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { simulatorKey } from '../../live/options.ts'
import { startAlteringServer } from './altering-server.ts'

const script = fileURLToPath(new URL('../../live/run.ts', import.meta.url))

for (const [where, path] of [
  ['while a submit is on the wire', '/createTask'],
  ['while its task is polled', '/recordInfo?'],
] as const) {
  test(`interrupted ${where}, it waits for that answer, sends nothing more, and writes down what there is`, async (t) => {
    const simulator = await startTestSimulator(t, { kieApiKeys: [simulatorKey], pictureMs: { minMs: 60_000, maxMs: 60_000 } })
    const passedAfterwards: string[] = []
    let isStopped = false
    const { baseUrl } = await startAlteringServer(t, simulator.kieUrl, (passing, { body: { data } }) => {
      if (isStopped) passedAfterwards.push(passing.path)
      if (isStopped || !passing.path.includes(path) || !isJsonObject(data) || data['taskId'] === undefined) return
      isStopped = true
      child.kill('SIGINT')
    })
    const out = await tempFolder(t)
    const args = `--provider kie --model nano-banana --max-cost 0.20 --yes --base-url ${baseUrl}`.split(' ')
    const { PATH = '', HOME = '' } = process.env
    const child = spawn(process.execPath, ['--import', 'tsx', script, ...args, '--out', out], {
      env: { PATH, HOME },
      stdio: 'ignore',
    })
    await once(child, 'exit')
    assert.equal(child.exitCode, 130)
    // The reply may overtake the signal: one look at the task may be on its way then, and nothing that costs.
    assert.ok(
      passedAfterwards.length <= 1 && passedAfterwards.every((each) => each.includes('/recordInfo?')),
      passedAfterwards.join(),
    )
    const [folder = ''] = await readdir(out)
    assert.match(await readFile(join(out, folder, 'exchanges.json'), 'utf8'), /"probe": "submit",\s+"method": "POST"/)
    const report = await readFile(join(out, folder, 'report.json'), 'utf8')
    assert.match(report, /"verdict": "interrupted"/)
    assert.match(report, /"spentUsd": 0\.02,/)
    assert.match(report, /"id": "submit",[^}]*"meaning": "accepted"/)
  })
}
