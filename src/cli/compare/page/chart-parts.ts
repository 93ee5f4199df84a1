// What all charts have in common: a frame with axes, a sign for each provider, a table beside it for whoever does not see it.
import type { ScaleLinear } from 'd3-scale'
import type { Markup, Part } from './markup.ts'
import { markup } from './markup.ts'

/** In units of the drawing, which is as wide as its place. */
export interface Frame {
  width: number
  height: number
  left: number
  right: number
  top: number
  bottom: number
}

export type Scale = ScaleLinear<number, number>

/** To a tenth: enough for any screen, and the file stays small. */
export const at = (value: number): number => Math.round(value * 10) / 10

export interface Chart {
  /** part of ids, so no two charts may share it */
  name: string
  title: string
  /** what it shows, as a sentence */
  under: string
  /** the same for somebody who cannot see it, with the most important figures */
  description: string
  legend: Markup | null
  drawing: Markup
  size: { width: number; height: number }
  /** every figure that is drawn */
  table: Markup
  isWide?: boolean
}

export function renderChart({ name, title, under, description, legend, drawing, size, table, isWide = false }: Chart): Markup {
  return markup`<figure class="chart${isWide ? ' wide' : ''}">
<h3>${title}</h3><figcaption>${under}</figcaption>${legend}
<div class="scroll"><svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-labelledby="${name}-title ${name}-description"><title id="${name}-title">${title}</title><desc id="${name}-description">${description}</desc>${drawing}</svg></div>
<details><summary>The figures</summary><div class="scroll figures">${table}</div></details>
</figure>`
}

export function tableOf(head: readonly string[], rows: readonly (readonly Part[])[]): Markup {
  const cell = (part: Part, column: number): Markup =>
    column === 0 ? markup`<th scope="row">${part}</th>` : markup`<td class="number">${part}</td>`
  return markup`<table><thead><tr>${head.map((title, column) => markup`<th scope="col"${column === 0 ? null : markup` class="number"`}>${title}</th>`)}</tr></thead>
<tbody>${rows.map((row) => markup`<tr>${row.map(cell)}</tr>`)}</tbody></table>`
}

/** Along the bottom, with a line up for each tick. */
export function bottomAxis(
  scale: Scale,
  frame: Frame,
  { title, label }: { title: string; label: (value: number) => string },
): Markup {
  const floor = frame.height - frame.bottom
  const ticks = scale.ticks(6).map((tick) => {
    const x = at(scale(tick))
    return markup`<line class="grid" x1="${x}" x2="${x}" y1="${frame.top}" y2="${floor}"/><text class="tick" x="${x}" y="${floor + 18}" text-anchor="middle">${label(tick)}</text>`
  })
  return markup`<g aria-hidden="true">${ticks}<line class="axis" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${floor}" y2="${floor}"/><text class="tick" x="${frame.width - frame.right}" y="${floor + 38}" text-anchor="end">${title}</text></g>`
}

/** Along the left, with a line across for each tick. */
export function leftAxis(
  scale: Scale,
  frame: Frame,
  { title, label }: { title: string; label: (value: number) => string },
): Markup {
  const ticks = scale.ticks(5).map((tick) => {
    const y = at(scale(tick))
    return markup`<line class="grid" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${y}" y2="${y}"/><text class="tick" x="${frame.left - 8}" y="${y + 4}" text-anchor="end">${label(tick)}</text>`
  })
  return markup`<g aria-hidden="true">${ticks}<text class="tick" x="0" y="12">${title}</text></g>`
}

/** Colour is not enough: the first provider is a disc, the second a diamond. */
export function mark(place: number, x: number, y: number, size = 5): Markup {
  if (place === 0) return markup`<circle class="mark p0" cx="${at(x)}" cy="${at(y)}" r="${size}"/>`
  const r = size * 1.25
  return markup`<path class="mark p1" d="M${at(x)} ${at(y - r)}L${at(x + r)} ${at(y)}L${at(x)} ${at(y + r)}L${at(x - r)} ${at(y)}Z"/>`
}

export function cross(place: number, x: number, y: number): Markup {
  return markup`<path class="miss p${place}" d="M${at(x - 4)} ${at(y - 4)}l8 8m0 -8l-8 8"/>`
}

export function providerLegend(names: readonly string[], more: readonly Markup[] = []): Markup {
  const entries = names.map(
    (name, place) =>
      markup`<li class="p${place}"><svg viewBox="0 0 18 12" aria-hidden="true">${mark(place, 9, 6, 4)}</svg><span class="name">${name}</span></li>`,
  )
  return markup`<ul class="legend">${entries}${more}</ul>`
}
