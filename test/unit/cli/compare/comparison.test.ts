import assert from 'node:assert/strict'
import { lstat, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { suite, test } from 'node:test'
import { comparisonSchema, planRuns, requestOf } from '../../../../src/cli/compare/comparison.ts'
import { readComparison, saveComparison, writeDurably } from '../../../../src/cli/compare/comparison-file.ts'
import { estimate } from '../../../../src/cli/compare/estimate.ts'
import { parsePrompts } from '../../../../src/cli/compare/prompts.ts'
import { parseGenerationRequest } from '../../../../src/catalog/parse-request.ts'
import { tempFolder } from '../../../helpers/temp-folder.ts'
import { sampleComparison } from './sample-comparison.ts'

suite('the plan of a comparison', () => {
  test('every provider gets every run once, with the same prompt for the same number', () => {
    const runs = planRuns(sampleComparison({ runs: 7 }))
    assert.equal(runs.length, 14)
    assert.equal(new Set(runs.map(({ generationId }) => generationId)).size, 14)
    for (const { run, prompt } of runs) assert.equal(prompt, (run - 1) % 2)
  })

  test('the two runs of a pair stand side by side, and each provider is sometimes first', () => {
    const runs = planRuns(sampleComparison({ runs: 20 }))
    const first = runs.filter((_, at) => at % 2 === 0)
    for (const [at, { run }] of first.entries()) assert.equal(runs[at * 2 + 1]?.run, run)
    assert.deepEqual([...new Set(first.map(({ provider }) => provider))].toSorted(), ['defapi', 'kie'])
  })

  test('the same seed gives the same order, another seed another one', () => {
    const orderOf = (seed: number): string[] =>
      planRuns(sampleComparison({ seed })).map(({ provider, run }) => `${provider} ${run}`)
    assert.deepEqual(orderOf(7), orderOf(7))
    assert.notDeepEqual(orderOf(7), orderOf(8))
    assert.deepEqual(orderOf(7).toSorted(), orderOf(8).toSorted())
  })

  test('ids depend on comparison, provider and run alone: order, cap and prompts make no second generation', () => {
    const idsOf = (changes: Parameters<typeof sampleComparison>[0]): string[] =>
      planRuns(sampleComparison(changes))
        .map(({ generationId }) => generationId)
        .toSorted()
    assert.deepEqual(idsOf({}), idsOf({ seed: 99, capUsd: 5, concurrency: 9 }))
    assert.notDeepEqual(idsOf({}), idsOf({ id: 'cmp_01M8GZD3HWQAV2TF4WPCRNDZ56' }))
  })

  test('a run asks one provider, pays once, falls back to nobody, and has the gateway keep the list price', () => {
    const comparison = sampleComparison({ deadlineMs: 120_000 })
    const kie = requestOf(comparison, { provider: 'kie', run: 3, prompt: 0 })
    assert.deepEqual(kie, {
      model: 'nano-banana',
      prompt: 'a red fox',
      route: {
        providers: ['kie'],
        fallback: false,
        maxPaidAttempts: 1,
        onUnknown: 'fail',
        deadlineMs: 120_000,
        maxCostUsd: 0.02,
      },
      metadata: { comparison: comparison.id, run: '3', prompt: '1' },
    })
    assert.equal(parseGenerationRequest(kie).ok, true)
    // A limit would leave out a provider without a list price.
    assert.equal(requestOf(comparison, { provider: 'defapi', run: 3, prompt: 0 }).route?.maxCostUsd, undefined)
  })

  test('the estimate says how many runs the cap is enough for', () => {
    assert.deepEqual(estimate(sampleComparison({ capUsd: 0.05 })), { worstCaseUsd: 0.16, fits: 2, planned: 8 })
  })
})

test('a prompt file has one prompt a line; # begins a comment, blank lines count for nothing', () => {
  assert.deepEqual(parsePrompts('\uFEFF# animals\r\na red fox\r\n\r\n  a door #2  \n#a blue one\n'), ['a red fox', 'a door #2'])
})

suite('the file of a comparison', () => {
  test('is read as it was written, and only its owner can', async (t) => {
    const folder = await tempFolder(t)
    const comparison = sampleComparison()
    await saveComparison(folder, comparison)
    assert.deepEqual(await readComparison(folder, comparison.id), comparison)
    const { mode } = await stat(join(folder, 'comparisons', `${comparison.id}.json`))
    assert.equal(mode & 0o077, 0)
  })

  test('keeps the anchor that another process has noted meanwhile, and says it', async (t) => {
    const folder = await tempFolder(t)
    const comparison = sampleComparison()
    await saveComparison(folder, comparison)
    const [first, second] = [await readComparison(folder, comparison.id), await readComparison(folder, comparison.id)]
    await saveComparison(folder, { ...first, anchorId: 'gen_1' })
    assert.deepEqual(await saveComparison(folder, { ...second, capUsd: 2 }), { ...second, capUsd: 2, anchorId: 'gen_1' })
    assert.equal((await readComparison(folder, comparison.id)).anchorId, 'gen_1')
  })

  test('a write that was killed leaves nothing for ever, and one through a link leaves the link', async (t) => {
    const folder = await tempFolder(t)
    const [file, link] = [join(folder, 'report.html'), join(folder, 'link.html')]
    const aside = (word: string): string => join(folder, `report.html.${word}-2222-4333-8444-555555555555`)
    const [left, young, other] = [aside('11111111'), aside('22222222'), join(folder, 'report.html.mine')]
    for (const path of [file, left, young, other]) await writeFile(path, 'before')
    const longAgo = new Date(Date.now() - 2 * 60 * 60 * 1_000)
    for (const path of [left, other]) await utimes(path, longAgo, longAgo)
    await symlink(file, link)
    await writeDurably(link, 'after')
    assert.equal(await readFile(file, 'utf8'), 'after')
    assert.ok((await lstat(link)).isSymbolicLink())
    const names = [file, link, young, other].map((path) => basename(path))
    assert.deepEqual((await readdir(folder)).toSorted(), names.toSorted())
  })

  test('an id that is a path, an unknown one and a damaged file are told apart', async (t) => {
    const folder = await tempFolder(t)
    const comparison = sampleComparison()
    await assert.rejects(readComparison(folder, '../../etc/passwd'), /is named cmp_ and 26/)
    await assert.rejects(readComparison(folder, comparison.id), /There is no comparison/)
    await saveComparison(folder, comparison)
    const path = join(folder, 'comparisons', `${comparison.id}.json`)
    await writeFile(path, (await readFile(path, 'utf8')).slice(0, 40))
    await assert.rejects(readComparison(folder, comparison.id), /is damaged/)
  })

  test('a word that is no provider of ours is not read', () => {
    assert.equal(comparisonSchema.safeParse({ ...sampleComparison(), providers: ['acme'] }).success, false)
  })
})
