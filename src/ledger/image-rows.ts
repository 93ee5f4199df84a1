// Rows of the images table as the port's `NewImage`, and back.
import type { Insertable, Selectable } from 'kysely'
import type { LedgerTransaction } from './database.ts'
import type { AttemptRef, NewImage, UnnumberedImage } from './ledger.ts'
import { lockGeneration } from './lock-generation.ts'
import type { ImagesTable } from './schema.ts'

export function toNewImage(row: Selectable<ImagesTable>): NewImage {
  return {
    generationId: row.generation_id,
    index: row.image_index,
    item: row.item,
    attempt: row.attempt,
    sha256: row.sha256,
    sizeBytes: row.size_bytes,
    contentType: row.content_type,
    width: row.width,
    height: row.height,
    provenance: row.provenance,
    spare: row.spare,
  }
}

function toImageValues(image: NewImage): Insertable<ImagesTable> {
  return {
    generation_id: image.generationId,
    image_index: image.index,
    item: image.item,
    attempt: image.attempt,
    sha256: image.sha256,
    size_bytes: image.sizeBytes,
    content_type: image.contentType,
    width: image.width,
    height: image.height,
    provenance: image.provenance,
    spare: image.spare,
  }
}

/** Behind those that are there already. The generation must be locked, so that two do not take the same number. */
export async function insertImages(
  trx: LedgerTransaction,
  generationId: string,
  images: UnnumberedImage[],
  { spare }: { spare: boolean },
): Promise<void> {
  if (images.length === 0) return
  const last = await trx
    .selectFrom('images')
    .select((eb) => eb.fn.max('image_index').as('index'))
    .where('generation_id', '=', generationId)
    .executeTakeFirst()
  const first = (last?.index ?? -1) + 1
  await trx
    .insertInto('images')
    .values(images.map((image, place) => toImageValues({ ...image, generationId, index: first + place, spare })))
    .execute()
}

export async function hasImagesOf(trx: LedgerTransaction, { generationId, item, attempt }: AttemptRef): Promise<boolean> {
  const found = await trx
    .selectFrom('images')
    .select('image_index')
    .where('generation_id', '=', generationId)
    .where('item', '=', item)
    .where('attempt', '=', attempt)
    .limit(1)
    .executeTakeFirst()
  return found !== undefined
}

export async function addItemImages(trx: LedgerTransaction, ref: AttemptRef, images: UnnumberedImage[]): Promise<void> {
  const { isOpen } = await lockGeneration(trx, ref.generationId)
  if (!isOpen || (await hasImagesOf(trx, ref))) return
  await insertImages(trx, ref.generationId, images, { spare: false })
}
