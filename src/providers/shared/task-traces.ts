import { field, isJsonObject } from './json-text.ts'

/** Names under which either provider, or a changed version of it, could put an id beside `data`. */
const idNames = ['taskId', 'task_id', 'recordId', 'record_id']

/**
 * Whether a reply to a submit could name a provider task in a form that we do not read. Refusals on record have `data` null or missing;
 * with anything in it, or an id beside it, a reply must not be taken for a refusal. // I3
 */
export function mayNameTask(json: unknown): boolean {
  if (!isJsonObject(json)) return false
  if (idNames.some((name) => Object.hasOwn(json, name))) return true
  const data = field(json, 'data')
  if (data === undefined || data === null || data === '') return false
  return typeof data !== 'object' || Object.keys(data).length > 0
}

/** A redirect or a 5xx tells what some machine in between did, not what the application decided. */
export function isApplicationStatus(status: number): boolean {
  return (status >= 200 && status < 300) || (status >= 400 && status < 500)
}
