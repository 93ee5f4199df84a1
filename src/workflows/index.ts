// The entry of the workflow bundle: one export per workflow type.
export { GenerateImage } from './generate-image.ts'
