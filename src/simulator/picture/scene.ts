// Paints a layered landscape: sky, light, clouds, ridges from far to near, then what lies in front.
import { between, type Random } from '../random.ts'
import { type Canvas, type Colour, lineNoise, mix, planeNoise } from './canvas.ts'
import { paintCity, paintTrees } from './silhouettes.ts'
import type { Theme } from './themes.ts'

interface Light {
  x: number
  y: number
  radius: number
}

const WHITE: Colour = [255, 255, 255]

export function paintScene(canvas: Canvas, theme: Theme, random: Random): void {
  const { width, height } = canvas
  const side = Math.min(width, height)
  // Low suns look best; the middle is left to the ridges.
  const light: Light = {
    x: width * between(random, 0.2, 0.8),
    y: height * between(random, 0.18, 0.4),
    radius: side * between(random, 0.045, 0.075),
  }
  paintSky(canvas, theme, light)
  if (theme.stars) paintStars(canvas, random)
  if (theme.aurora) paintAurora(canvas, random)
  paintLight(canvas, theme, light)
  paintClouds(canvas, theme, random)
  const horizon = theme.water ? height * between(random, 0.6, 0.66) : height
  paintRidges(canvas, theme, random, horizon)
  if (theme.water) paintWater(canvas, theme, light, Math.floor(horizon), random)
  if (theme.birds) paintBirds(canvas, theme, random)
  if (theme.flakes) paintFlakes(canvas, random)
}

function paintSky(canvas: Canvas, theme: Theme, light: Light): void {
  const { width, height } = canvas
  const [zenith, middle, low] = theme.sky
  // The horizon colour is reached at 70 %: below that the ridges cover the sky.
  const horizon = height * 0.7
  const reach = (Math.min(width, height) * 0.22) ** 2
  for (let y = 0; y < height; y += 1) {
    const share = Math.min(1, y / horizon)
    const base = share < 0.55 ? mix(zenith, middle, share / 0.55) : mix(middle, low, (share - 0.55) / 0.45)
    for (let x = 0; x < width; x += 1) {
      const glow = 0.75 / (1 + ((x - light.x) ** 2 + (y - light.y) ** 2) / reach)
      canvas.set(
        x,
        y,
        base[0] + (theme.glow[0] - base[0]) * glow,
        base[1] + (theme.glow[1] - base[1]) * glow,
        base[2] + (theme.glow[2] - base[2]) * glow,
      )
    }
  }
}

function paintStars(canvas: Canvas, random: Random): void {
  const { width, height } = canvas
  const count = Math.round((width * height) / 2200)
  for (let i = 0; i < count; i += 1) {
    const x = Math.floor(random() * width)
    const y = Math.floor(random() ** 1.6 * height * 0.6)
    const strength = (0.25 + 0.75 * random() ** 3) * (1 - y / (height * 0.62))
    canvas.blend(x, y, WHITE, strength)
    if (strength < 0.55) continue
    for (const [dx, dy] of [
      [-1, 0],
      [1, 0],
      [0, -1],
      [0, 1],
    ] as const)
      canvas.blend(x + dx, y + dy, WHITE, strength * 0.35)
  }
}

function paintAurora(canvas: Canvas, random: Random): void {
  const { width, height } = canvas
  const curtains: Colour[] = [
    [74, 255, 170],
    [90, 210, 255],
    [190, 120, 255],
  ]
  for (const tint of curtains) {
    const path = lineNoise(random, 3)
    const ray = lineNoise(random, 4)
    const offset = random() * 40
    for (let x = 0; x < width; x += 1) {
      const foot = height * (0.08 + 0.42 * path(offset + (x / width) * 2.2))
      const length = height * (0.14 + 0.34 * ray(offset + (x / width) * 9))
      const strength = 1.2 * ray(offset + 60 + (x / width) * 14) ** 1.5
      // Above this the curtain is too thin to be seen.
      const faint = length * Math.min(1, Math.sqrt(0.02 / strength))
      for (let y = Math.max(0, Math.floor(foot - length + faint)); y < foot; y += 1) {
        const share = (y - (foot - length)) / length
        canvas.blend(x, y, tint, strength * share * share * Math.min(1, (foot - y) / 6))
      }
    }
  }
}

function paintLight(canvas: Canvas, theme: Theme, light: Light): void {
  canvas.disc(light.x, light.y, light.radius * 0.9, light.radius * 0.9, theme.light, 0.35)
  canvas.disc(light.x, light.y, light.radius, 1.5, theme.light)
  if (!theme.moon) return
  const shade = mix(theme.light, theme.glow, 0.45)
  for (const [dx, dy, size] of [
    [-0.35, -0.2, 0.24],
    [0.3, 0.25, 0.3],
    [0.1, -0.45, 0.15],
    [-0.25, 0.42, 0.16],
  ] as const) {
    canvas.disc(light.x + dx * light.radius, light.y + dy * light.radius, light.radius * size, 2, shade, 0.4)
  }
}

function paintClouds(canvas: Canvas, theme: Theme, random: Random): void {
  if (theme.clouds === 0) return
  const { width, height } = canvas
  const noise = planeNoise(random, 5)
  // Every fourth pixel is enough for something this soft; between them the values are interpolated.
  const step = 4
  const columns = Math.ceil(width / step) + 2
  const rows = Math.ceil((height * 0.62) / step) + 2
  const thickness = new Float32Array(columns * rows)
  const unit = Math.min(width, height)
  for (let row = 0; row < rows; row += 1) {
    const y = (row * step) / unit
    const fade = Math.sin(Math.PI * Math.min(1, row / (rows - 2)))
    for (let column = 0; column < columns; column += 1) {
      const value = noise(((column * step) / unit) * 2.6, y * 8.5)
      thickness[row * columns + column] = Math.max(0, value - (0.72 - theme.clouds * 0.42)) * 3.2 * fade
    }
  }
  const tint = mix(theme.sky[2], WHITE, theme.moon ? 0.1 : 0.55)
  for (let y = 0; y < (rows - 2) * step; y += 1) {
    const row = Math.floor(y / step)
    const shareY = (y % step) / step
    for (let x = 0; x < width; x += 1) {
      const at = row * columns + Math.floor(x / step)
      const shareX = (x % step) / step
      const top = (thickness[at] ?? 0) * (1 - shareX) + (thickness[at + 1] ?? 0) * shareX
      const bottom = (thickness[at + columns] ?? 0) * (1 - shareX) + (thickness[at + columns + 1] ?? 0) * shareX
      const alpha = top * (1 - shareY) + bottom * shareY
      if (alpha > 0.01) canvas.blend(x, y, tint, Math.min(0.85, alpha))
    }
  }
}

/** Height of a ridge above its foot line, 0..1, at a share of the width. */
function ridgeShape(theme: Theme, random: Random, layer: number): (share: number) => number {
  const offset = random() * 60
  if (theme.ridge === 'dunes') {
    const noise = lineNoise(random, 2)
    return (share) => noise(offset + share * (1.6 + layer * 0.5)) ** 1.3
  }
  if (theme.ridge === 'peaks' && layer < 3) {
    // 1 - |2n - 1| folds smooth noise into sharp crests.
    const noise = lineNoise(random, 2)
    const detail = lineNoise(random, 4)
    return (share) => {
      const fold = 1 - Math.abs(2 * noise(offset + share * (2.4 + layer)) - 1)
      return fold * 0.8 + detail(offset + share * 14) * 0.2
    }
  }
  const noise = lineNoise(random, 4)
  return (share) => noise(offset + share * (2 + layer * 0.7))
}

function paintRidges(canvas: Canvas, theme: Theme, random: Random, bottom: number): void {
  const { width } = canvas
  const layers = theme.water ? 3 : 5
  for (let layer = 0; layer < layers; layer += 1) {
    const nearness = layer / (layers - 1)
    const body = mix(theme.far, theme.near, theme.water ? nearness * 0.75 : nearness)
    const mist = mix(body, theme.sky[2], 0.5 * (1 - nearness * 0.7))
    // Behind water the land is a narrow band that ends on the shore.
    const top = bottom * (theme.water ? 0.7 + 0.26 * nearness : 0.46 + 0.36 * nearness)
    const rise = bottom * (theme.water ? 0.34 - 0.26 * nearness : 0.24 - 0.1 * nearness)
    const shape = ridgeShape(theme, random, layer)
    const ridge = Float64Array.from({ length: width }, (_, x) => top + rise * (0.5 - shape(x / width)))
    if (theme.ridge === 'city' && layer >= 1) paintCity(canvas, ridge, body, nearness, random)
    if (theme.trees && nearness >= 0.5) paintTrees(canvas, ridge, body, nearness, random)
    fillBelow(canvas, ridge, bottom, body, mist)
    if (theme.snowcaps && layer < (theme.water ? 1 : 3)) paintSnow(canvas, ridge, rise, random, nearness)
    if (theme.snowcaps && layer >= 3)
      fillBelow(canvas, ridge, bottom, mix(body, WHITE, 0.72 - nearness * 0.1), mix(body, WHITE, 0.9))
  }
}

function fillBelow(canvas: Canvas, ridge: Float64Array, bottom: number, body: Colour, mist: Colour): void {
  const depth = bottom * 0.3
  for (let x = 0; x < canvas.width; x += 1) {
    const edge = ridge[x] ?? 0
    const first = Math.max(0, Math.floor(edge))
    canvas.blend(x, first, body, 1 - (edge - Math.floor(edge)))
    for (let y = first + 1; y < Math.min(bottom, canvas.height); y += 1) {
      const share = Math.min(1, (y - edge) / depth)
      canvas.set(
        x,
        y,
        body[0] + (mist[0] - body[0]) * share,
        body[1] + (mist[1] - body[1]) * share,
        body[2] + (mist[2] - body[2]) * share,
      )
    }
  }
}

/** Snow above a line, broken up by noise stretched down the slope; low crests stay bare. */
function paintSnow(canvas: Canvas, ridge: Float64Array, rise: number, random: Random, nearness: number): void {
  const noise = planeNoise(random, 4)
  const unit = Math.min(canvas.width, canvas.height)
  const highest = Math.min(...ridge)
  const line = highest + rise * between(random, 0.45, 0.65)
  for (let x = 0; x < canvas.width; x += 1) {
    const edge = ridge[x] ?? 0
    for (let y = Math.max(0, Math.floor(edge)); y < line + rise * 0.5; y += 1) {
      const cover = (line - y) / rise + (noise((x / unit) * 38, (y / unit) * 26) - 0.5) * 1.1
      canvas.blend(x, y, WHITE, Math.min(1, Math.max(0, cover * 6 + 0.5)) * (0.85 - nearness * 0.3))
    }
  }
}

function paintWater(canvas: Canvas, theme: Theme, light: Light, horizon: number, random: Random): void {
  const { width, height, pixels } = canvas
  const tint = mix(theme.near, theme.sky[1], 0.35)
  const ripple = lineNoise(random, 3)
  for (let y = horizon; y < height; y += 1) {
    const depth = (y - horizon) / (height - horizon)
    const mirrored = Math.max(0, horizon - 1 - Math.floor((y - horizon) * 1.35))
    const sway = (ripple(y * 0.35) - 0.5) * (2 + depth * 26)
    for (let x = 0; x < width; x += 1) {
      const wave = Math.sin(x * 0.045 + y * 0.9) * depth * 3
      const from = (mirrored * width + Math.min(width - 1, Math.max(0, Math.round(x + sway + wave)))) * 3
      const share = 0.2 + depth * 0.45
      canvas.set(
        x,
        y,
        (pixels[from] ?? 0) * (1 - share) + tint[0] * share,
        (pixels[from + 1] ?? 0) * (1 - share) + tint[1] * share,
        (pixels[from + 2] ?? 0) * (1 - share) + tint[2] * share,
      )
    }
  }
  const dashes = Math.round(width * 0.35)
  for (let i = 0; i < dashes; i += 1) {
    const depth = random() ** 1.3
    const y = horizon + 1 + Math.floor(depth * (height - horizon - 2))
    const spread = light.radius * (0.8 + depth * 3)
    const centre = light.x + (random() + random() - 1) * spread
    const length = 2 + depth * between(random, 4, 22)
    for (let dx = -length; dx <= length; dx += 1)
      canvas.blend(Math.round(centre + dx), y, theme.light, 0.5 * (1 - Math.abs(dx) / length))
  }
}

function paintBirds(canvas: Canvas, theme: Theme, random: Random): void {
  const { width, height } = canvas
  const centreX = width * between(random, 0.2, 0.8)
  const centreY = height * between(random, 0.12, 0.3)
  const ink = mix(theme.near, theme.sky[0], 0.25)
  for (let bird = 0; bird < 7; bird += 1) {
    const x = centreX + between(random, -0.12, 0.12) * width
    const y = centreY + between(random, -0.07, 0.07) * height
    const wing = Math.min(width, height) * between(random, 0.008, 0.016)
    for (let dx = -wing; dx <= wing; dx += 0.5) {
      const bend = Math.abs(dx) / wing
      const lift = wing * (0.55 * Math.sin(bend * Math.PI * 0.75))
      canvas.blend(Math.round(x + dx), Math.round(y - lift), ink, 0.75)
      canvas.blend(Math.round(x + dx), Math.round(y - lift) + 1, ink, 0.4)
    }
  }
}

function paintFlakes(canvas: Canvas, random: Random): void {
  const { width, height } = canvas
  const count = Math.round((width * height) / 1700)
  for (let i = 0; i < count; i += 1) {
    const size = random() ** 4 * Math.min(width, height) * 0.005
    canvas.disc(random() * width, random() * height, size, 1 + size * 0.6, WHITE, between(random, 0.35, 0.85))
  }
}
