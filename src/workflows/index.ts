// The entry of the workflow bundle: one export per workflow type.
export { GenerateImage } from './generate-image.ts'
export { Reconcile } from './reconcile.ts'
export { SettleAttempt } from './settle-attempt.ts'
