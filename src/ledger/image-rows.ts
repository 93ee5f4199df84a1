// Rows of the images table as the port's `NewImage`, and back.
import type { Insertable, Selectable } from 'kysely'
import type { NewImage } from './ledger.ts'
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

export function toImageValues(image: NewImage): Insertable<ImagesTable> {
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
