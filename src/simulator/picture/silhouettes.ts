// What stands on a ridge: conifers and buildings.
import { between, type Random } from '../random.ts'
import { type Canvas, type Colour, mix } from './canvas.ts'

export function paintTrees(canvas: Canvas, ridge: Float64Array, body: Colour, nearness: number, random: Random): void {
  const { width, height } = canvas
  const tallest = height * (0.02 + 0.09 * nearness ** 3)
  let x = 0
  while (x < width) {
    const size = tallest * between(random, 0.45, 1)
    const foot = ridge[Math.min(width - 1, Math.floor(x))] ?? height
    paintConifer(canvas, x, foot + size * 0.15, size, mix(body, [0, 0, 0], between(random, 0, 0.25)), random)
    // Groups and clearings.
    x += size * (random() < 0.12 ? between(random, 1.5, 5) : between(random, 0.15, 0.5))
  }
}

function paintConifer(canvas: Canvas, x: number, foot: number, size: number, ink: Colour, random: Random): void {
  const tiers = Math.max(3, Math.round(size / 7))
  const lean = between(random, -0.02, 0.02)
  for (let up = 0; up < size; up += 1) {
    const share = up / size
    const within = (share * tiers) % 1
    const half = size * 0.21 * (1 - share) * (1.15 - 0.55 * within) + 0.4
    const centre = x + lean * up
    const y = Math.round(foot - up)
    for (let px = Math.floor(centre - half); px <= centre + half; px += 1) {
      canvas.blend(px, y, ink, Math.min(1, half + 0.5 - Math.abs(px - centre)))
    }
  }
}

const WINDOWS: readonly Colour[] = [
  [255, 214, 140],
  [255, 236, 190],
  [150, 220, 255],
  [255, 140, 190],
]

export function paintCity(canvas: Canvas, ridge: Float64Array, body: Colour, nearness: number, random: Random): void {
  const { width, height } = canvas
  const unit = Math.min(width, height)
  let left = -between(random, 0, 0.04) * unit
  while (left < width) {
    const wide = unit * between(random, 0.035, 0.085) * (0.7 + 0.5 * nearness)
    const tall = unit * (0.05 + 0.3 * random() ** 2) * (1.15 - 0.55 * nearness)
    const ground = ridge[Math.min(width - 1, Math.max(0, Math.floor(left + wide / 2)))] ?? height
    paintBuilding(
      canvas,
      { left: Math.round(left), right: Math.round(left + wide), top: Math.round(ground - tall) },
      body,
      nearness,
      random,
    )
    left += wide + (random() < 0.25 ? wide * 0.4 : 1)
  }
}

function paintBuilding(
  canvas: Canvas,
  box: { left: number; right: number; top: number },
  body: Colour,
  nearness: number,
  random: Random,
): void {
  const face = mix(body, [255, 190, 200], 0.05 * random())
  for (let y = box.top; y < canvas.height; y += 1) {
    for (let x = box.left; x < box.right; x += 1) canvas.blend(x, y, x === box.left ? mix(face, [255, 200, 190], 0.2) : face, 1)
  }
  if (random() < 0.3) {
    const mast = Math.round((box.left + box.right) / 2)
    for (let y = box.top - Math.round((box.right - box.left) * 0.6); y < box.top; y += 1) canvas.blend(mast, y, face, 0.9)
  }
  const cell = Math.max(4, Math.round(Math.min(canvas.width, canvas.height) / 110))
  const lit = between(random, 0.15, 0.5) * (0.4 + 0.6 * nearness)
  for (let y = box.top + cell; y < canvas.height; y += cell * 2) {
    for (let x = box.left + cell; x + cell < box.right; x += cell * 2) {
      if (random() > lit) continue
      const tint = WINDOWS[Math.floor(random() ** 2 * WINDOWS.length)] ?? face
      for (let dy = 0; dy < cell; dy += 1)
        for (let dx = 0; dx < cell - 1; dx += 1) canvas.blend(x + dx, y + dy, tint, 0.35 + 0.5 * nearness)
    }
  }
}
