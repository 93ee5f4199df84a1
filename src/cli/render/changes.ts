// How what is sent differs from what was asked, as facts for a list.
import { isUnchecked } from '../../catalog/native-draft.ts'
import type { FidelityChange } from '../../contract/index.ts'
import { safeText } from '../../observability/safe-text.ts'

/** `who`: stands before it, where there are several. */
export function describeChange(change: FidelityChange, who = ''): [name: string, value: string] {
  const { field, asked, sent, why } = change
  if (isUnchecked(change)) return ['Unchecked', safeText(`${who}${field} ${asked}: ${why}`)]
  return ['Change', safeText(`${who}${field} ${asked} → ${sent ?? 'not sent'}: ${why}`)]
}
