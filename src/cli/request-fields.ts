// Which field of a request a flag sets. The request is built by this table, and a refusal that names a field finds the flag in it that was typed.
import type { Command, Option } from 'commander'
import type { RequestFlags } from './request-options.ts'

/** By commander's name of the flag. */
export const fieldsOfFlags = {
  model: 'model',
  reference: 'referenceImages',
  aspectRatio: 'aspectRatio',
  resolution: 'resolution',
  size: 'size',
  count: 'count',
  seed: 'seed',
  outputFormat: 'outputFormat',
  mask: 'mask',
  quality: 'quality',
  background: 'background',
  strength: 'strength',
  negativePrompt: 'negativePrompt',
  tenant: 'tenant',
  metadata: 'metadata',
  providerOption: 'providerOptions',
  minimumFidelity: 'route.minimumFidelity',
  standIn: 'route.models',
  provider: 'route.providers',
  prefer: 'route.prefer',
  fallback: 'route.fallback',
  onUnknown: 'route.onUnknown',
  onOverdue: 'route.onOverdue',
  onRefusal: 'route.onRefusal',
  deadline: 'route.deadlineMs',
  maxPaidAttempts: 'route.maxPaidAttempts',
  maxCost: 'route.maxCostUsd',
  maxQueue: 'route.maxQueueMs',
  priority: 'route.priority',
  keepSpares: 'route.keepSpares',
} as const satisfies Record<Exclude<keyof RequestFlags, 'request'>, string>

/** Flags of other commands whose field has another name than they. */
const otherFields: Readonly<Record<string, string>> = { ...fieldsOfFlags, providers: 'route.providers', for: 'forMs' }

/**
 * The flag to look at for a field of a refusal, as it is typed; null where the command has none, or where the field came from the file of
 * `--request` and not from a flag.
 */
export function flagOfField(command: Command, field: string): string | null {
  const option = command.options.find((each) => isOrHolds(otherFields[each.attributeName()] ?? each.attributeName(), field))
  if (option === undefined || (wasTyped(command, 'request') && !wasTyped(command, option.attributeName()))) return null
  const name = option.long ?? option.flags
  return field.endsWith('Ms') && takesSeconds(option) ? `${name} (in seconds)` : name
}

/** `referenceImages` for `referenceImages.0`. */
const isOrHolds = (own: string, field: string): boolean => field === own || field.startsWith(`${own}.`)

const wasTyped = (command: Command, name: string): boolean => command.getOptionValueSource(name) === 'cli'

const takesSeconds = ({ flags }: Option): boolean => flags.includes('<seconds>')
