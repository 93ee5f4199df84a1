// The pictures that some generations of a run start from: ours, so that it is known what every provider must have been given.
import { createHash } from 'node:crypto'
import { renderPicture } from '../../src/simulator/picture/picture.ts'

/** Generations share them, as callers do: a copy at the provider is used again, and may be sent for two of them at once. */
const prompts = ['a pier in the morning', 'three apples on a table', 'a tin robot'] as const
/** Painting is not what is tested. */
const sidePx = 64

export interface OwnPicture {
  bytes: Buffer
  sha256: string
}

async function paint(prompt: string): Promise<OwnPicture> {
  const bytes = await renderPicture({ taskId: 'upload', index: 0, prompt, subtitle: 'ours', ratio: 1, grid: false, sidePx })
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
}

export const ownPictures: readonly OwnPicture[] = await Promise.all(prompts.map(paint))
