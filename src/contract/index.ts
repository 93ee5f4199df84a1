// PUBLIC entry `darkroom/contract`: what another service needs to ask for a picture. No zod, no Node.
export * from './generation.ts'
export * from './messages.ts'
export * from './names.ts'
export * from './plan-preview.ts'
export * from './word-lists.ts'
export * from './words.ts'
