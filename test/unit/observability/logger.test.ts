import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { createLogger } from '../../../src/observability/logger.ts'
import type { LoggerOptions } from '../../../src/observability/logger.ts'
import { escapeCorpus, unprintableIn } from './escape-corpus.ts'

const token = `v1.AbCdEf12.${'Zx-9_'.repeat(20)}`

function collect(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = []
  const logger = createLogger({
    level: 'trace',
    name: 'tested',
    format: 'json',
    destination: { write: (line) => void lines.push(line) },
    ...options,
  })
  const only = (): Record<string, unknown> => {
    assert.equal(lines.length, 1)
    const entry: Record<string, unknown> = JSON.parse(lines[0] ?? '')
    return entry
  }
  return { logger, lines, only }
}

for (const format of ['json', 'line'] as const) {
  test(`no control byte of the corpus gets into a ${format} log, whether in message, field, key, nested value or error`, () => {
    for (const text of escapeCorpus) {
      const { logger, lines } = collect({ format })
      logger.info(text)
      logger.warn({ text, [text]: 1, deep: { deeper: [text] } }, `message ${text}`)
      logger.error({ err: new Error(text) }, text)
      logger.error(new Error(text))
      logger.child({ bound: text }).debug('child')
      assert.equal(lines.length, 5)
      for (const line of lines) {
        assert.equal(line.at(-1), '\n')
        assert.deepEqual(unprintableIn(line.slice(0, -1)), [], JSON.stringify(text))
      }
    }
  })
}

test('a JSON line carries level, time, name, message and fields, and its message is printable after parsing', () => {
  const { logger, only } = collect()
  logger.child({ generationId: 'gen_1' }).warn({ tries: 2 }, 'came back\u009B31m')
  const { time, pid, ...rest } = only()
  assert.deepEqual(rest, { level: 'warn', name: 'tested', generationId: 'gen_1', tries: 2, msg: 'came back\\u009b31m' })
  assert.ok(typeof time === 'string' && !Number.isNaN(Date.parse(time)))
  assert.equal(pid, process.pid)
})

test('the line format is one short line for a person', () => {
  const { logger, lines } = collect({ format: 'line' })
  logger.info({ generationId: 'gen_1', why: 'two words', err: new TypeError('broke') }, 'stored')
  assert.match(
    lines.join(''),
    /^\d\d:\d\d:\d\d\.\d{3} INFO {2}tested: stored {2}generationId=gen_1 {2}why="two words" {2}err="TypeError: broke"\n$/,
  )
})

test('fields that hold a secret by their name are hidden to the second level, also in children', () => {
  const { logger, lines } = collect()
  const secret = 'planted-canary-value'
  const fields = {
    authorization: secret,
    apiKey: secret,
    token: secret,
    'x-api-key': secret,
    cookie: secret,
    'x-webhook-signature': secret,
  }
  logger.info({ ...fields, headers: fields, req: { headers: fields } }, 'request')
  logger.child({ headers: fields, apiKey: secret }).info('child')
  assert.equal(lines.length, 2)
  assert.equal(lines.join('').includes(secret), false)
  assert.equal(lines.join('').split('[secret]').length - 1, 6 * 3 + 7)
})

test('given secrets are hidden wherever they turn up, in errors and keys too', () => {
  const secret = 'sk-"live"/\\key'
  const { logger, lines } = collect({ secrets: [secret] })
  logger.error({ err: new Error(`bad ${secret}`, { cause: new Error(secret) }), list: [{ [secret]: secret }] }, `said ${secret}`)
  const text = lines.join('')
  assert.doesNotThrow(() => JSON.parse(text) as unknown)
  assert.equal(JSON.stringify(JSON.parse(text)).includes(JSON.stringify(secret).slice(1, -1)), false)
  assert.equal(text.includes('live'), false)
})

test('callback tokens and query strings never get into a line', () => {
  const { logger, lines, only } = collect()
  logger.info(
    {
      req: { method: 'POST', url: `/v1/callbacks/kie/${token}?a=canary` },
      url: '/v1/generations?cursor=canary',
      link: 'https://cdn.example/x.png?sig=canary',
    },
    `calling https://pub.example/v1/callbacks/kie/${token}`,
  )
  assert.equal(lines.join('').includes('canary'), false)
  assert.equal(lines.join('').includes(token), false)
  const { req, url, link, msg } = only()
  assert.deepEqual(
    { req, url, link, msg },
    {
      req: { method: 'POST', url: '/v1/callbacks/kie/[token]' },
      url: '/v1/generations',
      link: 'https://cdn.example/x.png',
      msg: 'calling https://pub.example/v1/callbacks/kie/[token]',
    },
  )
})

test('a level below the chosen one is not written', () => {
  const { logger, lines } = collect({ level: 'warn' })
  logger.info('no')
  logger.warn('yes')
  assert.equal(lines.length, 1)
  const quiet = collect({ level: 'silent' })
  quiet.logger.fatal('no')
  assert.equal(quiet.lines.length, 0)
})

test('by default logs go to stderr as JSON where that is no terminal, and stdout stays empty', async () => {
  const module = new URL('../../../src/observability/logger.ts', import.meta.url).href
  const program = `const { createLogger } = await import(${JSON.stringify(module)})
createLogger({ level: 'info', name: 'child' }).info('last words'); process.exit(3)`
  const failure: unknown = await promisify(execFile)(process.execPath, [
    '--import',
    'tsx',
    '--input-type=module',
    '-e',
    program,
  ]).catch((error: unknown) => error)
  assert.ok(typeof failure === 'object' && failure !== null && 'stdout' in failure && 'stderr' in failure && 'code' in failure)
  assert.equal(failure.code, 3)
  assert.equal(failure.stdout, '')
  assert.match(String(failure.stderr), /"msg":"last words"/)
})
