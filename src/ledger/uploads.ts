import { type Selectable, sql } from 'kysely'
import { databaseClock } from './attempt-rows.ts'
import type { LedgerTransaction, Run } from './database.ts'
import type { AttemptRef, AttemptRow } from './ledger.ts'
import { mustSelectAttempt, tryMove } from './move-attempt.ts'
import type { UploadsTable } from './schema.ts'
import { toText } from './storable-text.ts'
import type { LinkKey, NewLink, NewUpload, Upload, UploadsPort } from './uploads-port.ts'

export function uploadMethods(run: Run): UploadsPort {
  return {
    addUpload: (upload) => run((trx) => addUpload(trx, upload)),
    readUploads: (sha256s) => (sha256s.length === 0 ? Promise.resolve([]) : run((trx) => readUploads(trx, sha256s))),
    readUploadLink: (key, goodForMs) => run((trx) => readUploadLink(trx, key, goodForMs)),
    keepUploadLink: (link) => run((trx) => keepUploadLink(trx, link)),
    forgetUploadLinks: (provider, sha256s) =>
      run(async (trx) => {
        if (sha256s.length === 0) return
        await trx
          .deleteFrom('upload_links')
          .where('provider', '=', provider)
          .where('sha256', 'in', [...sha256s])
          .execute()
      }),
    failUpload: (ref, why) => run((trx) => failUpload(trx, ref, why)),
  }
}

async function addUpload(trx: LedgerTransaction, upload: NewUpload): Promise<boolean> {
  const added = await trx
    .insertInto('uploads')
    .values({
      sha256: upload.sha256,
      size_bytes: upload.sizeBytes,
      content_type: upload.contentType,
      width: upload.width,
      height: upload.height,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('sha256')
    .executeTakeFirst()
  return added !== undefined
}

async function readUploads(trx: LedgerTransaction, sha256s: readonly string[]): Promise<Upload[]> {
  const rows = await trx
    .selectFrom('uploads')
    .selectAll()
    .where('sha256', 'in', [...sha256s])
    .execute()
  return rows.map((row) => toUpload(row))
}

function toUpload(row: Selectable<UploadsTable>): Upload {
  return {
    sha256: row.sha256,
    sizeBytes: row.size_bytes,
    contentType: row.content_type,
    width: row.width,
    height: row.height,
    createdAt: row.created_at,
  }
}

/** By the clock of the database, as every deadline here. */
const fromNow = (ms: number) => sql<Date>`${databaseClock} + ${ms} * interval '1 millisecond'`

async function readUploadLink(
  trx: LedgerTransaction,
  { sha256, provider, baseUrl }: LinkKey,
  goodForMs: number,
): Promise<string | null> {
  const row = await trx
    .selectFrom('upload_links')
    .select('url')
    .where('sha256', '=', sha256)
    .where('provider', '=', provider)
    .where('base_url', '=', baseUrl)
    .where('expires_at', '>=', fromNow(goodForMs))
    .executeTakeFirst()
  return row?.url ?? null
}

async function keepUploadLink(trx: LedgerTransaction, link: NewLink): Promise<void> {
  // Nobody can use them any more, and a link opens a picture without a key.
  await trx.deleteFrom('upload_links').where('expires_at', '<', databaseClock).execute()
  const values = { account: link.account, url: link.url, expires_at: fromNow(link.livesMs) }
  await trx
    .insertInto('upload_links')
    .values({ sha256: link.sha256, provider: link.provider, base_url: link.baseUrl, ...values })
    .onConflict((conflict) => conflict.columns(['sha256', 'provider', 'base_url']).doUpdateSet(values))
    .execute()
}

async function failUpload(
  trx: LedgerTransaction,
  ref: AttemptRef,
  { reason, message }: Parameters<UploadsPort['failUpload']>[1],
): Promise<AttemptRow> {
  const changes = { reason, message: toText(message), tries: sql<number>`tries + 1` }
  return (await tryMove(trx, ref, 'fail_upload', changes)) ?? mustSelectAttempt(trx, ref)
}
