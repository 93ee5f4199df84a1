// The listeners of the simulator, and whose faults reach which of them.
import type { ProviderWord } from './faults/rule.ts'
import type { FaultPoint } from './faults/words.ts'

export const faultyListeners = ['kie', 'kieUpload', 'defapi', 'files'] as const
export type FaultyListener = (typeof faultyListeners)[number]
export type ListenerName = 'control' | FaultyListener

export const listenerPoints: Record<FaultyListener, { providers: readonly ProviderWord[]; points: readonly FaultPoint[] }> = {
  kie: { providers: ['kie'], points: ['submit', 'query', 'account'] },
  kieUpload: { providers: ['kie'], points: ['upload'] },
  defapi: { providers: ['defapi'], points: ['submit', 'query', 'account'] },
  files: { providers: ['kie', 'defapi'], points: ['download'] },
}
