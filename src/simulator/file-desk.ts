// The desk of the file host: result links and uploads, with the faults of downloads.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Dialect } from './dialect.ts'
import type { FaultBoard } from './faults/board.ts'
import type { ProviderWord } from './faults/rule.ts'
import { delayOf, makesTask, shaping, spoil } from './faults/spoil.ts'
import type { Files } from './files.ts'
import { conclude, openExchange, plainAnswer } from './http/exchange.ts'
import { jsonReply } from './http/reply.ts'
import type { RequestLog } from './ledger.ts'

export interface FileDeskParts {
  files: Files
  board: FaultBoard
  requests: RequestLog
  dialectOf: (provider: ProviderWord) => Dialect
  signal: AbortSignal
}

export async function serveFile(parts: FileDeskParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { files, board, requests, dialectOf, signal } = parts
  const atMs = Date.now()
  const exchange = await openExchange(request, response, signal)
  if (exchange === null) return
  const task = files.locate(exchange.url.pathname)?.task ?? null
  const provider = task?.order.provider ?? 'kie'
  if (task !== null) task.downloads += 1
  const log = { requests, provider, point: 'download', atMs } as const
  if (request.method !== 'GET') {
    await conclude(exchange, plainAnswer(jsonReply({ error: 'Method Not Allowed' }, 405)), log)
    return
  }
  const facts = { provider, prompt: task?.order.prompt ?? '', model: task?.order.model ?? '' }
  // The CDN's bot rule lets browsers pass.
  const isBrowser = request.headers['user-agent']?.startsWith('Mozilla/5.0 ') === true
  const strikes = board.strikes('download', facts, (rule) => rule.fault !== 'error_1010' || !isBrowser || rule.anyAgent === true)
  const strike = shaping(strikes)
  const original = strike !== null && !makesTask(strike) ? null : await files.answer(exchange.url, atMs)
  const outcome = strike === null ? null : spoil(strike, original, dialectOf(provider))
  await conclude(
    exchange,
    {
      ...plainAnswer(original ?? jsonReply(null)),
      ...outcome,
      delayMs: delayOf(strikes),
      faults: strikes.map(({ id }) => id),
      taskId: task?.id ?? null,
    },
    log,
  )
}
