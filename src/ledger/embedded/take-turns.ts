// PGlite is one session for everybody. Its socket server lets clients take turns message by message, and keeps the turn only inside
// a transaction. That is not enough: a statement with parameters is several messages (Parse, Bind, Describe, Execute, Sync), and
// between them another client's Parse may replace the statement (tried: "unnamed prepared statement does not exist", and the wrong
// statement may be run as well). So here a turn also lasts until the Sync that ends the batch.
import type { PGlite } from '@electric-sql/pglite'

/** Messages that leave a batch open until Sync: Parse, Bind, Describe, Execute, Close, Flush. */
const batchTypes = new Set(['P', 'B', 'D', 'E', 'C', 'H'].map((letter) => letter.charCodeAt(0)))
const syncType = 'S'.charCodeAt(0)
/** A start-up message has no type: it begins with its length, whose first byte is 0. */
const startupType = 0
const syncMessage = Uint8Array.of(syncType, 0, 0, 0, 4)

/** The same database for the socket server, with longer turns. `onBroken`: the database itself failed, nothing more can be served. */
export function takeTurns(database: PGlite, onBroken: (error: unknown) => void): PGlite {
  let isBatchOpen = false

  const own = {
    isInTransaction: (): boolean => isBatchOpen || database.isInTransaction(),

    async execProtocolRawStream(message: Uint8Array, options: Parameters<PGlite['execProtocolRawStream']>[1]): Promise<void> {
      const type = message[0] ?? startupType
      if (batchTypes.has(type)) isBatchOpen = true
      else if (type !== startupType) isBatchOpen = false
      try {
        await database.execProtocolRawStream(message, options)
      } catch (error) {
        // Thrown on, it would leave the server's queue standing still for ever. Nonsense instead of a start-up message is a client's
        // fault: that client gets no answer. Anything else is the end.
        if (type !== startupType) onBroken(error)
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
