// A comparison over the whole service, killed in the middle: every run is paid for once, and the report has all of them.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { ComparisonReport } from '../../../../src/cli/compare/summarise.ts'
import { tempFolder } from '../../../helpers/temp-folder.ts'
import { prepareTemporalCli } from '../../../helpers/temporal.ts'
import { makePng } from '../../storage/samples.ts'
import { startCliProcess } from '../cli-process.ts'

interface SimulatedTask {
  provider: string
  prompt: string
}

test('killed in the middle and gone on with, each run is one paid task, and the page holds everything itself', async (t) => {
  const dataFolder = await tempFolder({ after })
  const env = { DARKROOM_DATA_DIR: dataFolder, TEMPORAL_CLI_PATH: await prepareTemporalCli(), DARKROOM_HTTP_PORT: '0' }
  const dev = startCliProcess(t, ['dev', '--json'], {
    ...env,
    MOCK_AI: 'true',
    DARKROOM_MOCK_TEMPERAMENT: 'drawn',
    DARKROOM_MOCK_SEED: '7',
  })
  const { urls } = await dev.until(() => JSON.parse(dev.stdout()))
  const prompts = ['one fox', 'two foxes', 'three foxes', 'four foxes', 'five foxes', 'six foxes']
  await writeFile(join(dataFolder, 'prompts.txt'), prompts.join('\n'))
  const gateway = ['--url', String(urls.gateway)]
  const start = join(dataFolder, 'start.png')
  await writeFile(start, makePng({ width: 64, height: 48 }))
  const wanted = [
    '--reference',
    start,
    '--runs',
    '6',
    '--prompts',
    join(dataFolder, 'prompts.txt'),
    '--max-cost',
    '0.30',
    '--seed',
    '3',
  ]

  const first = startCliProcess(t, ['compare', ...gateway, ...wanted], env)
  await first.until(() => assert.match(first.stderr(), /^[3-6] of 12 ended, .*[1-4] at work/m))
  first.kill('SIGKILL')
  assert.equal(await first.ended, 'SIGKILL')
  // From its copy: what stands under the name now is another picture.
  await writeFile(start, makePng({ width: 10, height: 10 }))
  const [id = ''] = /cmp_[0-9A-Z]{26}/.exec(first.stderr()) ?? []

  const second = startCliProcess(t, ['compare', ...gateway, '--resume', id, '--json'], env)
  assert.equal(await second.ended, 0, second.stderr())
  const report: ComparisonReport = JSON.parse(second.stdout())
  assert.deepEqual([report.planned, report.started, report.ended, report.stopped], [12, 12, 12, null])

  const ledger: { entries: SimulatedTask[] } = JSON.parse(await (await fetch(`${urls.simulator}/__simulator/ledger`)).text())
  const paid = ledger.entries.map(({ provider, prompt }) => `${provider}: ${prompt}`)
  const planned = ['kie', 'defapi'].flatMap((provider) => prompts.map((prompt) => `${provider}: ${prompt}`))
  assert.deepEqual(paid.toSorted(), planned.toSorted())

  for (const run of report.runs.filter(({ end }) => end === 'picture')) {
    const { parts, timeToPictureMs, queueMs } = run
    assert.ok(parts !== null && timeToPictureMs !== null && queueMs !== null, `${run.provider} ${run.run} was measured`)
    const sum = parts.submitMs + parts.providerMs + (parts.newsMs ?? 0) + parts.storeMs
    assert.ok(Math.abs(sum - timeToPictureMs) <= 1, `${sum} of ${timeToPictureMs} ms`)
  }
  const kie = report.providers.find(({ provider }) => provider === 'kie')
  assert.equal(kie?.callbackDelayMs.n, kie?.pictures)

  const page = await readFile(join(dataFolder, 'comparisons', `${id}.html`), 'utf8')
  assert.doesNotMatch(page, /https?:\/\//)
  const pictures = report.runs.filter(({ end }) => end === 'picture').length
  assert.equal(page.match(/src="data:image\/png;base64,/g)?.length, pictures + 1)
  assert.match(page, /width="64" height="48" loading="lazy" alt="reference: start\.png/)

  // Again, from the ledger: the same figures, and nothing is started.
  const again = startCliProcess(t, ['compare', ...gateway, '--report', id, '--json'], env)
  assert.equal(await again.ended, 0, again.stderr())
  assert.deepEqual({ ...JSON.parse(again.stdout()), reportedAt: '' }, { ...report, reportedAt: '' })
})
