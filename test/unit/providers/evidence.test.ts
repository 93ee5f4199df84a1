import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { refusalRows as defapiRows } from '../../../src/providers/defapi/refusals.ts'
import { refusalRows as kieRows } from '../../../src/providers/kie/refusals.ts'
import { readCallbacks, readEvidencePage, readReplies } from './reply-fixtures.ts'

const source = new URL('../../../src/providers/', import.meta.url)

/** As GitHub makes them. */
function anchorsOf(page: string): Set<string> {
  const headings = [...page.matchAll(/^#{1,4} (.+)$/gm)].map((match) => match[1] ?? '')
  return new Set(
    headings.map(
      (heading) =>
        `#${heading
          .toLowerCase()
          .replaceAll(/[^a-z0-9 -]/g, '')
          .replaceAll(' ', '-')}`,
    ),
  )
}

for (const [provider, rows] of [
  ['kie', kieRows],
  ['defapi', defapiRows],
] as const) {
  const anchors = anchorsOf(readEvidencePage(provider))

  test(`every refusal row of ${provider} points to evidence that exists`, () => {
    assert.ok(rows.length > 0, 'the table is empty')
    for (const row of rows) assert.ok(anchors.has(row.evidence), `${row.code} → ${row.evidence}`)
  })

  test(`every reply on file of ${provider} points to evidence that exists, and has an id of its own`, () => {
    const files = ['submit-replies', 'query-replies', 'balance-replies', 'callbacks']
    for (const file of provider === 'kie' ? [...files, 'upload-replies'] : files) {
      const path = `${provider}/${file}.json`
      const fixtures = file === 'callbacks' ? readCallbacks(path) : readReplies(path)
      assert.ok(fixtures.length > 0, `${path} is empty`)
      assert.equal(new Set(fixtures.map((fixture) => fixture.id)).size, fixtures.length, path)
      for (const fixture of fixtures) assert.ok(anchors.has(fixture.where), `${path} ${fixture.id} → ${fixture.where}`)
    }
  })

  test(`every heading of ${provider}'s evidence that the code cites exists`, () => {
    const folder = new URL(`${provider}/`, source)
    const text = readdirSync(folder)
      .map((name) => readFileSync(new URL(name, folder), 'utf8'))
      .join('\n')
    const cited = [...text.matchAll(/(?:README\.md|and|-) ?(#[a-z][a-z0-9-]*)/g)].map((match) => match[1] ?? '')
    assert.ok(cited.length > 5, 'no citations found')
    for (const anchor of cited) assert.ok(anchors.has(anchor), anchor)
  })

  test(`nothing that looks like a key is among ${provider}'s files`, () => {
    const folder = new URL(`../../fixtures/${provider}/`, import.meta.url)
    for (const name of readdirSync(folder)) {
      const text = readFileSync(new URL(name, folder), 'utf8')
      assert.doesNotMatch(text, /\bdk-[0-9a-f]{8,}|Bearer [0-9a-zA-Z]{16,}/, name)
    }
  })
}
