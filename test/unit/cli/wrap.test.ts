import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wrapLine } from '../../../src/cli/render/wrap.ts'

const words = 'one two three four five six seven eight nine ten eleven twelve'

test('a line that fits stays as it is, with its blanks', () => {
  assert.equal(wrapLine('Name    a  b', 12, 8), 'Name    a  b')
  assert.equal(wrapLine(words, Infinity), words)
})

test('a longer one is broken between words, and the rest hangs under the first one', () => {
  assert.deepEqual(wrapLine(`Name  ${words}`, 40, 6).split('\n'), [
    'Name  one two three four five six seven',
    '      eight nine ten eleven twelve',
  ])
})

test('no line is wider than the terminal, unless one word is, which stays whole', () => {
  const path = `/${'x'.repeat(60)}`
  const lines = wrapLine(`Report ${path} of ${words}`, 40, 4).split('\n')
  assert.deepEqual(
    lines.filter((line) => line.length > 40),
    [`    ${path}`],
  )
  assert.equal(lines.join(' ').replaceAll(/ +/g, ' '), `Report ${path} of ${words}`)
})

test('a terminal that is too narrow to hang in gets its whole width', () => {
  for (const line of wrapLine(words, 20, 12).split('\n')) assert.ok(/^\S/.test(line) && line.length <= 20, line)
})

test('colours take no room', () => {
  assert.equal(wrapLine('\u001B[33mone two\u001B[39m', 7), '\u001B[33mone two\u001B[39m')
})
