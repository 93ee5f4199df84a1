// What every run started from: shown where it was a file of ours, named where it was an address or an upload.
import { readUploadName } from '../../../catalog/upload-name.ts'
import { describeSize } from '../../render/units.ts'
import type { StartPicture } from '../describe-request.ts'
import { startPicturesOf } from '../describe-request.ts'
import type { ComparisonReport } from '../summarise.ts'
import type { Markup } from './markup.ts'
import { markup, verbatim } from './markup.ts'
import type { EmbeddedPictures } from './pictures.ts'

export function startOf(report: ComparisonReport, embedded: EmbeddedPictures): Markup | null {
  const pictures = startPicturesOf(report)
  if (pictures.length === 0) return null
  const word = pictures.length === 1 ? 'picture' : 'pictures'
  return markup`<h2>Started from</h2>
<p class="under">Every run was given ${pictures.length === 1 ? 'this' : 'these'} ${word} beside its prompt.</p>
<div class="pictures start">${pictures.map((picture) => figureOf(picture, report, embedded))}</div>`
}

function figureOf({ value, role, name }: StartPicture, { pictures }: ComparisonReport, { references }: EmbeddedPictures): Markup {
  const sha256 = readUploadName(value)
  const file = pictures.find((picture) => picture.sha256 === sha256)
  const url = references.get(sha256 ?? '')
  const shown =
    url === undefined || file === undefined
      ? markup`<div class="gap">${whyNot(sha256 !== null, file?.sizeBytes)}</div>`
      : markup`<img src="${verbatim(url)}" width="${file.width}" height="${file.height}" loading="lazy" alt="${`${role}: ${name}`}">`
  const facts = file === undefined ? '' : ` · ${file.width} × ${file.height} · ${describeSize(file.sizeBytes)}`
  return markup`<figure>${shown}<figcaption><span class="name">${role}</span> <span class="words">${name}</span>${facts}</figcaption></figure>`
}

function whyNot(isUpload: boolean, sizeBytes: number | undefined): string {
  if (sizeBytes !== undefined) return `not in this file (${describeSize(sizeBytes)})`
  return isUpload
    ? 'was at the service already, and is not in this file'
    : 'an address: not fetched, so that this page shows the same tomorrow'
}
