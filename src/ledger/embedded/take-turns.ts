// PGlite is one session for everybody. Its socket server lets clients take turns message by message, and keeps the turn only inside
// a transaction. That is not enough: a statement with parameters is several messages (Parse, Bind, Describe, Execute, Sync), and
// between them another client's Parse may replace the statement (tried: "unnamed prepared statement does not exist", and the wrong
// statement may be run as well). So here a turn also lasts until the Sync that ends the batch.
import type { PGlite } from '@electric-sql/pglite'

const codesOf = (letters: string) => new Set(Array.from(letters, (letter) => letter.charCodeAt(0)))
/** Messages that leave a batch open until Sync: Parse, Bind, Describe, Execute, Close, Flush. */
const batchTypes = codesOf('PBDECH')
/** Sync, Query, Terminate, function call, copy: whatever else a client may say. Any other type never returns from PGlite (tried: z, p). */
const otherTypes = codesOf('SQXFdcf')
const syncMessage = Uint8Array.of('S'.charCodeAt(0), 0, 0, 0, 4)
/** A start-up message has no type: it begins with its length, whose first byte is 0, and its version follows. */
const startupType = 0
const protocolVersion = 196_608

function isStartup(message: Uint8Array): boolean {
  return message.length >= 8 && new DataView(message.buffer, message.byteOffset).getInt32(4) === protocolVersion
}

/**
 * Who a client says it is makes no difference to PGlite, and one that says it badly spoils the next one's start (tried). So everybody
 * gets the same start-up: length, version, pairs of name and value, and a NUL at the end.
 */
const startupMessage = (() => {
  const content = new TextEncoder().encode('user\0postgres\0database\0postgres\0\0')
  const message = new Uint8Array(8 + content.length)
  const head = new DataView(message.buffer)
  head.setInt32(0, message.length)
  head.setInt32(4, protocolVersion)
  message.set(content, 8)
  return message
})()

/** The same database for the socket server, with longer turns. `onBroken`: the database itself failed, nothing more can be served. */
export function takeTurns(database: PGlite, onBroken: (error: unknown) => void): PGlite {
  let isBatchOpen = false

  const own = {
    isInTransaction: (): boolean => isBatchOpen || database.isInTransaction(),

    async execProtocolRawStream(message: Uint8Array, options: Parameters<PGlite['execProtocolRawStream']>[1]): Promise<void> {
      const type = message[0] ?? startupType
      if (batchTypes.has(type)) isBatchOpen = true
      else if (otherTypes.has(type)) isBatchOpen = false
      // Nonsense: its sender gets no answer.
      else if (type !== startupType || !isStartup(message)) return
      try {
        await database.execProtocolRawStream(type === startupType ? startupMessage : message, options)
      } catch (error) {
        // Thrown on, it would leave the server's queue standing still for ever.
        onBroken(error)
      }
    },

    /** What the server does for a client that is gone: ROLLBACK. Its open batch is ended first, else that would be skipped. */
    async exec(...parameters: Parameters<PGlite['exec']>): ReturnType<PGlite['exec']> {
      if (isBatchOpen) await database.execProtocolRaw(syncMessage)
      isBatchOpen = false
      return database.exec(...parameters)
    },
  }

  return new Proxy(database, {
    get(target, name) {
      const isOwn = Object.hasOwn(own, name)
      const value: unknown = isOwn ? Reflect.get(own, name) : Reflect.get(target, name, target)
      return typeof value === 'function' && !isOwn ? value.bind(target) : value
    },
  })
}
