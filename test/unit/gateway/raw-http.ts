// Bytes on a socket, for what no HTTP client would send.
import { connect } from 'node:net'
import type { TestContext } from 'node:test'

export interface RawConnection {
  write(bytes: string | Buffer): void
  /** everything that came back, when the other side has closed */
  closed: Promise<{ text: string; afterMs: number }>
  /** what came back so far */
  received(): string
  destroy(): void
}

export async function openRaw(t: Pick<TestContext, 'after'>, port: number): Promise<RawConnection> {
  const socket = connect({ host: '127.0.0.1', port })
  t.after(() => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject)
  })
  const begunMs = performance.now()
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += String(chunk)
  })
  // a reset after the answer is an end like any other
  socket.on('error', () => {})
  const closed = new Promise<{ text: string; afterMs: number }>((resolve) => {
    socket.once('close', () => resolve({ text, afterMs: performance.now() - begunMs }))
  })
  return { write: (bytes) => void socket.write(bytes), closed, received: () => text, destroy: () => void socket.destroy() }
}

/** Status line of the first answer. */
export function statusOf(text: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1])
}

/** One chunk of a chunked body. */
export function chunkOf(bytes: string): string {
  return `${Buffer.byteLength(bytes).toString(16)}\r\n${bytes}\r\n`
}
