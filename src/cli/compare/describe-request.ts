// What every run was asked for beside its prompt, in words: for the terminal and the page.
import { listed } from '../../catalog/request-error.ts'
import { safeText } from '../../observability/safe-text.ts'
import type { Comparison } from './comparison.ts'
import { describePicture } from './reference-pictures.ts'

type Wanted = Pick<Comparison, 'request' | 'pictures'>

export interface StartPicture {
  /** as the request has it */
  value: string
  role: 'reference' | 'mask'
  /** in words */
  name: string
}

export function startPicturesOf({ request, pictures }: Wanted): StartPicture[] {
  const { referenceImages, mask } = request
  const toPicture = (value: unknown, role: StartPicture['role']): StartPicture[] =>
    typeof value === 'string' ? [{ value, role, name: describePicture(value, pictures) }] : []
  const references = Array.isArray(referenceImages) ? referenceImages : []
  return [...references.flatMap((value: unknown) => toPicture(value, 'reference')), ...toPicture(mask, 'mask')]
}

/** The end of a sentence: `fox.png (upload:85cbb0ce56e5…) and https://…, with the mask m.png (…)`; null where it starts from words alone. */
export function describeStart(wanted: Wanted): string | null {
  const named = (role: StartPicture['role']): string[] =>
    startPicturesOf(wanted).flatMap((picture) => (picture.role === role ? [safeText(picture.name, 120)] : []))
  const [references, masks] = [listed(named('reference')), listed(named('mask'))]
  if (references === '' && masks === '') return null
  return masks === '' ? references : `${references === '' ? 'words' : references}, with the mask ${masks}`
}

/** Addresses in it lose what stands behind `?`, which may be a key: a report is shown to others. */
export const withoutQueries = (text: string): string => text.replaceAll(/(https?:\/\/[^\s"?]*\?)[^\s"]+/gi, '$1…')

/** Everything but the pictures: `model nano-banana`, `aspectRatio 16:9`. */
export function describeParameters({ request }: Pick<Comparison, 'request'>): string[] {
  const { referenceImages: _references, mask: _mask, ...rest } = request
  return Object.entries(rest).map(([name, value]) =>
    withoutQueries(`${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`),
  )
}
