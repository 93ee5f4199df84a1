import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { planRuns } from '../../../../src/cli/compare/comparison.ts'
import { markup } from '../../../../src/cli/compare/page/markup.ts'
import { renderPage } from '../../../../src/cli/compare/page/page.ts'
import { embedPictures } from '../../../../src/cli/compare/page/pictures.ts'
import { renderComparison } from '../../../../src/cli/compare/render-table.ts'
import type { ComparisonReport } from '../../../../src/cli/compare/summarise.ts'
import { summarise } from '../../../../src/cli/compare/summarise.ts'
import { CliError, exitCodes } from '../../../../src/cli/errors.ts'
import { createPaint } from '../../../../src/cli/render/colours.ts'
import type { Generation } from '../../../../src/contract/index.ts'
import { sampleAttempt, sampleGeneration } from '../sample-generation.ts'
import { generationOf, sampleComparison } from './sample-comparison.ts'

const attack = '"><script>alert(1)</script><img src=http://evil.example/x onerror=alert(1)>\u202E\u001B[2J'

function reportOf(
  change: (generation: Generation) => Generation = (generation) => generation,
  prompts = ['a red fox', 'a green door'],
): ComparisonReport {
  const comparison = sampleComparison({ prompts })
  const generations = new Map(
    planRuns(comparison).map((run) => [run.generationId, change(generationOf(comparison, run, { failed: run.run === 2 }))]),
  )
  return summarise(comparison, { generations, stopped: null }, new Date('2026-11-01T11:00:00.000Z'))
}

const noPictures = { references: new Map<string, string>(), urls: new Map<string, string>(), leftOut: 0, unreadable: 0 }
const pngBytes = new Uint8Array([0x89, 0x50, 0x4e, 0x47])
const sources = { readImage: async () => pngBytes, readReference: async () => pngBytes }

suite('markup', () => {
  test('everything that is put in is text, unless it is markup already', () => {
    assert.equal(
      markup`<b title="${'"&\''}">${'<i>'}${markup`<u>${1}</u>`}${null}${['<', markup`<br>`]}</b>`.text,
      '<b title="&quot;&amp;&#39;">&lt;i&gt;<u>1</u>&lt;<br></b>',
    )
  })

  test('what only looks like markup, as an answer of a gateway may where a number belongs, is text', () => {
    const image = sampleGeneration().images[0]
    const answered: unknown = { text: '<img src=x onerror=alert(1)>' }
    assert.ok(image !== undefined)
    Object.assign(image, { width: answered })
    assert.equal(
      markup`<img width="${image.width}">`.text,
      '<img width="{&quot;text&quot;:&quot;&lt;img src=x onerror=alert(1)&gt;&quot;}">',
    )
    Object.assign(image, { width: true })
    assert.equal(markup`${image.width}`.text, 'true')
  })

  test('what is invisible or turns the direction of writing does not get through', () => {
    assert.doesNotMatch(markup`${attack}`.text, /[\p{Cc}\p{Cf}]/u)
  })
})

suite('the page', () => {
  test('says what was changed for a provider, and what nobody could check', () => {
    const native = { field: 'providerOptions.kie.style', asked: '"ink"', sent: '"ink"', why: 'Kie documents no such field' }
    const change = { field: 'seed', asked: '7', sent: null, why: 'takes no seed' }
    const report = reportOf((generation) => ({ ...generation, fidelity: { level: 'degraded', changes: [native, change] } }))
    const page = renderPage(report, noPictures)
    assert.match(page, /degraded: kie\.style (&quot;|")ink(&quot;|") unchecked; seed 7 → not sent/u)
  })

  test('prompts and words of providers are text, wherever they stand', () => {
    const report = reportOf(
      (generation) => ({
        ...generation,
        attempts: generation.attempts.map((attempt) => ({
          ...attempt,
          model: attack,
          message: attempt.message === null ? null : attack,
        })),
      }),
      [attack, 'a green door'],
    )
    const page = renderPage(report, noPictures)
    assert.doesNotMatch(page, /<script|onerror=alert\(1\)>|<img src=http/)
    assert.match(page, /&lt;script&gt;/)
    assert.doesNotMatch(page.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u)
  })

  test('fetches nothing, runs nothing, and says so to the browser', async () => {
    const report = reportOf()
    const page = renderPage(report, await embedPictures(report, sources))
    assert.doesNotMatch(page, /https?:|\/\/[a-z]|<link|<script|@import|url\(/i)
    assert.match(page, /Content-Security-Policy" content="default-src 'none'; img-src data:/)
    assert.equal(page.match(/src="data:image\/png;base64,iVBORw==" width="768" height="768"/g)?.length, 6)
  })

  test('every chart has a title, a description and its figures as a table', () => {
    const page = renderPage(reportOf(), noPictures)
    const charts = page.match(/<svg[^>]*role="img"/g)?.length
    assert.equal(charts, 5)
    assert.equal(page.match(/<title id="/g)?.length, charts)
    assert.equal(page.match(/<desc id="/g)?.length, charts)
    assert.equal(page.match(/<summary>The figures<\/summary>/g)?.length, charts)
    assert.doesNotMatch(page, /NaN|undefined|Infinity|\[object/)
  })

  test('a report without any run is a page, too', () => {
    const empty = summarise(sampleComparison(), { generations: new Map(), stopped: null }, new Date())
    const page = renderPage(empty, noPictures)
    assert.match(page, /8 of 8 runs were not started/)
    assert.doesNotMatch(page, /NaN|undefined|Infinity/)
  })
})

suite('embedded pictures', () => {
  test('come in whole pairs, one of each prompt first, up to a size; the rest is counted', async () => {
    const report = reportOf()
    // Four pictures of 412,345 bytes each are two pairs.
    const { urls, leftOut } = await embedPictures(report, sources, 1_700_000)
    const embedded = report.runs.filter(({ generationId }) => urls.has(generationId))
    const numbers = embedded.map(({ run }) => run).toSorted((one, other) => one - other)
    assert.deepEqual(numbers, [1, 1, 3, 3])
    assert.equal(leftOut, 2)
    assert.match(renderPage(report, { ...noPictures, urls, leftOut }), /2 more would make this file too large/)
  })

  test('one that the gateway has no more leaves a gap, and a type that could run something is not embedded', async () => {
    const gone = await embedPictures(reportOf(), {
      ...sources,
      readImage: () => Promise.reject(new CliError('gone', exitCodes.usage)),
    })
    assert.deepEqual([gone.urls.size, gone.unreadable], [0, 6])
    const svg = reportOf((generation) => ({
      ...generation,
      images: generation.images.map((image) => ({ ...image, contentType: 'image/svg+xml' })),
    }))
    assert.equal((await embedPictures(svg, sources)).urls.size, 0)
  })
})

test('everything fits a terminal of 80 columns and says that simulated providers prove nothing', () => {
  const text = renderComparison(reportOf(), createPaint(false), 80)
  const table = text.split('\n').filter((line) => /^[│┌├└]/.test(line))
  assert.ok(table.length > 15, text)
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line)
  assert.match(text, /say nothing about the real ones/)
})

test('a sample is what the gateway gives', () => {
  // Keeps the two samples of this folder from drifting apart.
  assert.deepEqual(
    Object.keys(generationOf(sampleComparison(), planRuns(sampleComparison())[0] ?? assert.fail())).toSorted(),
    Object.keys(sampleGeneration()).toSorted(),
  )
  assert.ok('calledBackAt' in sampleAttempt(), 'an attempt says when it was called back')
})
