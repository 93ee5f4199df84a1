// Faults that decide how a task ends, and those of its result links.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Simulator } from '../../src/simulator/simulator.ts'
import {
  at,
  call,
  createDefapiTask,
  createdKieId,
  endedDefapiTask,
  endedKieRecord,
  failureCode,
  finishedLink,
  linksOf,
  queryKieTask,
  textAt,
} from './client.ts'
import { assertCovered, onlyTask, type Row, runRows } from './fault-rows.ts'

const kieEnd = async (simulator: Simulator): Promise<unknown> => endedKieRecord(simulator, await createdKieId(simulator))

const defapiEnd = async (simulator: Simulator, body: Record<string, unknown> = {}, path?: string): Promise<unknown> =>
  endedDefapiTask(simulator, textAt((await createDefapiTask(simulator, body, path)).json, 'data.task_id'))

const PNG_MAGIC = Buffer.from('89504e470d0a1a0a', 'hex')

async function download(
  simulator: Simulator,
  headers: Record<string, string> = {},
): Promise<{ status: number; type: string; bytes: Buffer; text: string }> {
  const reply = await fetch(await finishedLink(simulator), { headers: { connection: 'close', ...headers }, redirect: 'manual' })
  const bytes = Buffer.from(await reply.arrayBuffer())
  return { status: reply.status, type: reply.headers.get('content-type') ?? '', bytes, text: bytes.toString('latin1') }
}

const rows: Row[] = [
  // the fate of a task
  {
    rule: { fault: 'success_without_image' },
    check: async (simulator) => assert.deepEqual(linksOf(await kieEnd(simulator)), []),
  },
  {
    rule: { fault: 'success_without_image', provider: 'defapi' },
    note: 'is charged',
    check: async (simulator) => {
      const ended = await defapiEnd(simulator)
      assert.equal(at(ended, 'status'), 'success')
      assert.deepEqual(at(ended, 'result'), [])
      assert.match(textAt(ended, 'status_reason.message'), /official returned empty content/)
      assert.equal(at(ended, 'consumed'), '0.0200')
    },
  },
  {
    rule: { fault: 'text_only' },
    check: async (simulator) => {
      assert.equal(typeof at(await defapiEnd(simulator), 'result.0.text'), 'string')
      assert.match(textAt(await kieEnd(simulator), 'resultJson'), /resultObject/)
    },
  },
  {
    rule: { fault: 'content_refusal' },
    check: async (simulator) => {
      const record = await kieEnd(simulator)
      assert.equal(at(record, 'state'), 'fail')
      assert.equal(at(record, 'failCode'), '400')
      assert.match(textAt(record, 'failMsg'), /content policies/)
      assert.equal(at(record, 'resultJson'), '')
      assert.equal(onlyTask(simulator).refunded, true)
      // The Google models at DefAPI refuse by an empty success that is charged; the others fail.
      assert.equal(at(await defapiEnd(simulator), 'status'), 'success')
      const failed = await defapiEnd(simulator, { model: 'openai/gpt-image-2' }, '/api/gpt-image/gen')
      assert.equal(at(failed, 'status'), 'failed')
      assert.equal(at(failed, 'consumed'), '0.0000')
    },
  },
  {
    rule: { fault: 'task_failed', code: 501, message: 'Generation failed', refunded: false },
    check: async (simulator) => {
      const record = await kieEnd(simulator)
      assert.equal(at(record, 'failCode'), '501')
      assert.equal(at(record, 'creditsConsumed'), 4)
      assert.deepEqual([onlyTask(simulator).state, onlyTask(simulator).refunded], ['failed', false])
    },
  },
  {
    rule: { fault: 'generate_timeout' },
    check: async (simulator) => assert.equal(at(await kieEnd(simulator), 'failCode'), '524'),
  },
  {
    rule: { fault: 'stuck' },
    check: async (simulator) => {
      const taskId = await createdKieId(simulator)
      const other = await createdKieId(simulator)
      assert.equal(simulator.finish(other), true)
      assert.equal(at((await queryKieTask(simulator, other)).json, 'data.state'), 'success')
      assert.equal(at((await queryKieTask(simulator, taskId)).json, 'data.state'), 'waiting')
    },
  },
  {
    rule: { fault: 'slow_task', delayMs: 150 },
    check: async (simulator) => {
      await kieEnd(simulator)
      const { createdAtMs, finishedAtMs } = onlyTask(simulator)
      assert.ok((finishedAtMs ?? 0) - createdAtMs >= 150)
    },
  },
  {
    rule: { fault: 'extra_images', count: 3 },
    check: async (simulator) => assert.equal(linksOf(await kieEnd(simulator)).length, 4),
  },
  {
    rule: { fault: 'lost_task' },
    check: async (simulator) => {
      assert.equal(at((await queryKieTask(simulator, await createdKieId(simulator))).json, 'msg'), 'recordInfo is null')
      assert.equal(onlyTask(simulator).refunded, false)
    },
  },
  // result links
  ...[403, 404].map((status): Row => ({
    rule: { fault: `http_${status}`, on: 'download' },
    check: async (simulator) => assert.equal((await download(simulator)).status, status),
  })),
  {
    rule: { fault: 'error_1010' },
    check: async (simulator) => {
      const { status, text } = await download(simulator, { 'user-agent': 'node' })
      assert.deepEqual([status, text], [403, 'error code: 1010'])
      assert.equal((await download(simulator, { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)' })).status, 200)
    },
  },
  {
    rule: { fault: 'truncated_body' },
    check: async (simulator) => {
      const { status, text } = await download(simulator)
      assert.equal(status, 200)
      assert.ok(text.startsWith(PNG_MAGIC.toString('latin1')) && !text.includes('IEND'))
    },
  },
  {
    rule: { fault: 'limit_data', on: 'download' },
    check: async (simulator) =>
      assert.match(await failureCode(download(simulator)), /UND_ERR_SOCKET|UND_ERR_RES_CONTENT_LENGTH_MISMATCH/),
  },
  {
    rule: { fault: 'reset_peer', on: 'download', when: 'reply' },
    check: async (simulator) => assert.match(await failureCode(download(simulator)), /ECONNRESET|UND_ERR_SOCKET/),
  },
  {
    rule: { fault: 'html_page', on: 'download' },
    check: async (simulator) => assert.match((await download(simulator)).text, /^<!DOCTYPE html>/),
  },
  {
    rule: { fault: 'wrong_type', variety: 'bytes' },
    check: async (simulator) => {
      const { type, text } = await download(simulator)
      assert.equal(type, 'image/png')
      assert.match(text, /^this is not a picture/)
    },
  },
  {
    rule: { fault: 'wrong_type', variety: 'header' },
    check: async (simulator) => {
      const { type, bytes } = await download(simulator)
      assert.equal(type, 'text/plain')
      assert.deepEqual(bytes.subarray(0, 8), PNG_MAGIC)
    },
  },
  {
    rule: { fault: 'flip_byte', times: 1 },
    check: async (simulator) => {
      const link = await finishedLink(simulator)
      const [spoilt, good] = [await fetch(link), await fetch(link)]
      const [first, second] = [new Uint8Array(await spoilt.arrayBuffer()), new Uint8Array(await good.arrayBuffer())]
      assert.equal(first.filter((byte, index) => byte !== second[index]).length, 1)
    },
  },
  {
    rule: { fault: 'bandwidth', on: 'download', bytesPerSecond: 40_000 },
    check: async (simulator) => assert.equal((await download(simulator)).status, 200),
  },
  // the other points
  {
    rule: { fault: 'http_503', on: 'account' },
    check: async (simulator) => assert.equal((await call(`${simulator.kieUrl}/api/v1/chat/credit`)).status, 503),
  },
  {
    rule: { fault: 'http_500', on: 'upload' },
    check: async (simulator) => {
      assert.equal(
        (await call(`${simulator.kieUploadUrl}/api/file-base64-upload`, { body: { base64Data: 'AAAA', uploadPath: 'a' } }))
          .status,
        500,
      )
    },
  },
]

runRows(rows)

test('every word for tasks and downloads has a row', () => assertCovered(rows, ['task', 'download']))
