// A simulator of the test's own, quick and small, and a place for it to call back to.
import { createHash } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { SimulatorOptions } from '../../src/simulator/options.ts'
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts'

/** Closed after the test. The seed comes from the test's name: another for each test, the same in each run. */
export async function startTestSimulator(
  t: Pick<TestContext, 'after' | 'name'>,
  options: SimulatorOptions = {},
): Promise<Simulator> {
  const seed = Number.parseInt(createHash('sha256').update(t.name).digest('hex').slice(0, 7), 16)
  const simulator = await startSimulator({
    seed,
    pictureMs: 20,
    // Painting costs most of the time of a test that does not look at pictures.
    pictureSidePx: 64,
    callbackRetryMs: [20, 20, 20],
    defapiNotFoundMs: 0,
    ...options,
  })
  t.after(() => simulator.close())
  return simulator
}

export interface ReceivedCallback {
  atMs: number
  path: string
  headers: IncomingHttpHeaders
  text: string
  /** parsed; undefined where the text is no JSON */
  json: unknown
}

/** Takes callbacks in; answers with what `respond` says, when it says it; 200 without it. */
export async function startCallbackSink(
  t: Pick<TestContext, 'after'>,
  respond: (received: ReceivedCallback, count: number) => number | Promise<number> = () => 200,
): Promise<{ url: string; received: ReceivedCallback[] }> {
  const received: ReceivedCallback[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const text = Buffer.concat(parts).toString('utf8')
      const callback = { atMs: Date.now(), path: request.url ?? '', headers: request.headers, text, json: parseOrUndefined(text) }
      received.push(callback)
      void Promise.resolve(respond(callback, received.length)).then((status) => response.writeHead(status).end())
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  t.after(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return { url: `http://127.0.0.1:${portOf(server.address())}/callback`, received }
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
