// JSON for programs, on stdout. Written so that no terminal is moved by it either: what is not plainly visible is an escape of JSON's own.
import { safeJson } from '../../observability/safe-text.ts'

/** Line breaks of the layout stay; those inside strings are escapes already. */
export function renderJson(value: unknown): string {
  return JSON.stringify(value, null, 2).split('\n').map(safeJson).join('\n')
}
