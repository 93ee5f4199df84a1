// One finished picture: a landscape chosen by prompt and task, the prompt written into it, the task id in a text chunk so that
// a test can tell whose bytes were stored (I5).
import { randomOf } from '../random.ts'
import { Canvas, type Colour } from './canvas.ts'
import { glyphOf, GLYPH_ROWS, textWidth, wrapText } from './font.ts'
import { encodePng } from './png.ts'
import { paintScene } from './scene.ts'
import { themeOf } from './themes.ts'

export interface PictureSpec {
  taskId: string
  /** which of the pictures of one task, from 0 */
  index: number
  prompt: string
  /** small print: model and task */
  subtitle: string
  /** width : height */
  ratio: number
  /** four pictures in one, as Midjourney's first answer */
  grid: boolean
  /** side of a square picture of the same area */
  sidePx: number
}

const CAPTION_LINES = 4
const INK: Colour = [255, 255, 255]
const SHADE: Colour = [6, 8, 16]

/** Same area for every ratio; sides are multiples of 8 as image models make them. */
export function pictureSize(ratio: number, sidePx: number): { width: number; height: number } {
  const toEights = (value: number): number => Math.max(8, Math.round(value / 8) * 8)
  return { width: toEights(sidePx * Math.sqrt(ratio)), height: toEights(sidePx / Math.sqrt(ratio)) }
}

export async function renderPicture(spec: PictureSpec): Promise<Buffer> {
  const { width, height } = pictureSize(spec.ratio, spec.sidePx)
  const canvas = new Canvas(width, height)
  if (spec.grid) {
    for (let cell = 0; cell < 4; cell += 1) {
      const part = new Canvas(width / 2, height / 2)
      paintOne(part, spec, cell)
      canvas.paste(part, (cell % 2) * (width / 2), Math.floor(cell / 2) * (height / 2))
    }
  } else {
    paintOne(canvas, spec, spec.index)
  }
  paintCaption(canvas, spec)
  return encodePng(canvas, { Software: 'darkroom simulator', 'darkroom-task': spec.taskId })
}

function paintOne(canvas: Canvas, spec: PictureSpec, index: number): void {
  const random = randomOf('picture', spec.taskId, index, spec.prompt)
  paintScene(canvas, themeOf(spec.prompt, random), random)
}

function paintCaption(canvas: Canvas, spec: PictureSpec): void {
  const { width, height } = canvas
  // Three pixels per font pixel at 768: readable in a thumbnail half that size.
  const scale = Math.max(1, Math.round(Math.min(width, height) / 256))
  const small = Math.max(1, scale - 1)
  const margin = scale * 8
  const lines = wrapText(spec.prompt, Math.floor((width - 2 * margin) / scale), CAPTION_LINES)
  const lineHeight = (GLYPH_ROWS + 2) * scale
  const subtitle = wrapText(spec.subtitle, Math.floor((width - 2 * margin) / small), 1)
  const textHeight = lines.length * lineHeight + (GLYPH_ROWS + 1) * small
  const top = height - margin - textHeight
  shadeBelow(canvas, top - lineHeight * 2)
  let y = top
  for (const line of lines) {
    drawText(canvas, line, { x: margin, y, scale, alpha: 0.96 })
    y += lineHeight
  }
  for (const line of subtitle) drawText(canvas, line, { x: margin, y: y + small, scale: small, alpha: 0.6 })
}

/** Darkens gently downwards, so that white letters stay readable on snow. */
function shadeBelow(canvas: Canvas, from: number): void {
  const first = Math.max(0, Math.floor(from))
  const reach = Math.max(1, canvas.height - first)
  for (let y = first; y < canvas.height; y += 1) {
    const share = (y - first) / reach
    const alpha = 0.78 * (1 - (1 - share) ** 2)
    for (let x = 0; x < canvas.width; x += 1) canvas.blend(x, y, SHADE, alpha)
  }
}

function drawText(canvas: Canvas, text: string, place: { x: number; y: number; scale: number; alpha: number }): void {
  let left = place.x
  for (const letter of text) {
    const rows = glyphOf(letter)
    rows.forEach((row, rowIndex) => {
      for (let column = 0; column < row.length; column += 1) {
        if (row[column] !== '#') continue
        fillSquare(canvas, left + column * place.scale, place.y + rowIndex * place.scale, place.scale, place.alpha)
      }
    })
    left += (textWidth(letter) + 1) * place.scale
  }
}

function fillSquare(canvas: Canvas, left: number, top: number, size: number, alpha: number): void {
  for (let y = 0; y < size; y += 1) for (let x = 0; x < size; x += 1) canvas.blend(left + x, top + y, INK, alpha)
}
