import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import type { NewLink, NewUpload } from '../../../src/ledger/uploads-port.ts'
import { ledgerBackends, suiteLedger } from '../../helpers/ledger.ts'
import { anyOffer, claimed, execute, sending } from './fixtures.ts'

const hourMs = 3_600_000

function newUpload(): NewUpload {
  const sha256 = createHash('sha256').update(randomUUID()).digest('hex')
  return { sha256, sizeBytes: 345_818, contentType: 'image/png', width: 1024, height: 576 }
}

for (const backend of ledgerBackends) {
  describe(`uploads (${backend})`, () => {
    const own = suiteLedger({ backend })
    const added = async (): Promise<NewUpload> => {
      const upload = newUpload()
      await own().ledger.addUpload(upload)
      return upload
    }
    const linkTo = ({ sha256 }: NewUpload, more: Partial<NewLink> = {}): NewLink => ({
      sha256,
      provider: 'kie',
      baseUrl: 'https://upload.example',
      account: 'default',
      url: `https://files.example/${sha256.slice(0, 8)}.png`,
      livesMs: 3 * hourMs,
      ...more,
    })

    test('the same bytes are one row, also when they come twice at once', async () => {
      const { ledger } = own()
      const upload = newUpload()
      const answers = await Promise.all([ledger.addUpload(upload), ledger.addUpload(upload)])
      assert.deepEqual(answers.toSorted(), [false, true])
      const [row, ...others] = await ledger.readUploads([upload.sha256, 'f'.repeat(64)])
      assert.deepEqual(others, [])
      assert.ok(row?.createdAt instanceof Date)
      assert.deepEqual({ ...row, createdAt: undefined }, { ...upload, createdAt: undefined })
      assert.deepEqual(await ledger.readUploads([]), [])
    })

    test('what is no SHA-256 never becomes a row', async () => {
      await assert.rejects(own().ledger.addUpload({ ...newUpload(), sha256: '../../etc/passwd' }))
    })

    test('a link is given out only while it is good for long enough', async () => {
      const { ledger } = own()
      const link = linkTo(await added())
      assert.equal(await ledger.readUploadLink(link, hourMs), null)
      await ledger.keepUploadLink(link)
      assert.equal(await ledger.readUploadLink(link, hourMs), link.url)
      assert.equal(await ledger.readUploadLink(link, 4 * hourMs), null)
    })

    test('a link is of one provider at one host', async () => {
      const { ledger } = own()
      const link = linkTo(await added())
      await ledger.keepUploadLink(link)
      assert.equal(await ledger.readUploadLink({ ...link, provider: 'defapi' }, 0), null)
      assert.equal(await ledger.readUploadLink({ ...link, baseUrl: 'http://127.0.0.1:9' }, 0), null)
      assert.equal(await ledger.readUploadLink(linkTo(await added()), 0), null)
    })

    test('a newer link takes the place of an older one', async () => {
      const { ledger } = own()
      const link = linkTo(await added())
      await ledger.keepUploadLink(link)
      await ledger.keepUploadLink({ ...link, account: 'second', url: 'https://files.example/newer.png' })
      assert.equal(await ledger.readUploadLink(link, hourMs), 'https://files.example/newer.png')
    })

    test('expired links are removed when the next one is kept: nothing piles up', async () => {
      const { ledger, connection } = own()
      const [old, fresh] = [linkTo(await added()), linkTo(await added())]
      await ledger.keepUploadLink(old)
      await execute(connection, "update upload_links set expires_at = now() - interval '1 second' where sha256 = $1", [
        old.sha256,
      ])
      assert.equal(await ledger.readUploadLink(old, 0), null)
      await ledger.keepUploadLink(fresh)
      const rows = await execute(connection, 'select sha256 from upload_links where sha256 = any($1)', [
        [old.sha256, fresh.sha256],
      ])
      assert.deepEqual(rows, [{ sha256: fresh.sha256 }])
    })

    test('forgotten links are sent anew; those of other pictures and providers stay', async () => {
      const { ledger } = own()
      const [gone, kept] = [linkTo(await added()), linkTo(await added())]
      await Promise.all([gone, kept, { ...gone, provider: 'defapi' as const }].map((link) => ledger.keepUploadLink(link)))
      await ledger.forgetUploadLinks('kie', [gone.sha256])
      await ledger.forgetUploadLinks('kie', [])
      assert.equal(await ledger.readUploadLink(gone, 0), null)
      assert.equal(await ledger.readUploadLink(kept, 0), kept.url)
      assert.equal(await ledger.readUploadLink({ ...gone, provider: 'defapi' }, 0), gone.url)
    })

    test('a failed upload uses up a try of a claimed attempt, which stays free and may be sent', async () => {
      const { ledger } = own()
      const ref = await claimed(ledger)
      const why = { reason: 'unreachable', message: 'no connection' } as const
      await ledger.failUpload(ref, why)
      const row = await ledger.failUpload(ref, why)
      assert.deepEqual(
        {
          state: row.state,
          tries: row.tries,
          reason: row.reason,
          message: row.message,
          sendId: row.sendId,
          cost: row.cost.source,
        },
        { state: 'claimed', tries: 2, reason: 'unreachable', message: 'no connection', sendId: null, cost: 'none' },
      )
      const begun = await ledger.beginSend(ref, anyOffer())
      assert.equal(begun.kind, 'send')
      assert.equal(begun.row.tries, 3)
    })

    test('a failed upload touches nothing once a send has begun', async () => {
      const { ledger } = own()
      const ref = await sending(ledger)
      const before = await ledger.readAttempt(ref)
      assert.deepEqual(await ledger.failUpload(ref, { reason: 'unreachable', message: 'late' }), before)
    })
  })
}
