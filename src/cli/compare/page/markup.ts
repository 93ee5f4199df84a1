// HTML by template in which everything is text unless it is markup already: whoever forgets something gets it escaped.
import { safeText } from '../../../observability/safe-text.ts'

const isMarkup = Symbol('markup')

export interface Markup {
  readonly [isMarkup]: true
  readonly text: string
}

export type Part = Markup | string | number | null | readonly Part[]

const toMarkup = (text: string): Markup => ({ [isMarkup]: true, text })

/** A tag for elements of HTML and SVG alike. Null is nothing, a list is its parts one after the other. */
export function markup(strings: TemplateStringsArray, ...parts: Part[]): Markup {
  return toMarkup(strings.map((string, at) => `${string}${at < parts.length ? render(parts[at] ?? null) : ''}`).join(''))
}

/** For what is safe by its making and must not be cut: our own constant text, such as a style sheet, and data URLs of our own. */
export const verbatim = (text: string): Markup => toMarkup(text)

function render(part: Part): string {
  if (part === null) return ''
  if (typeof part === 'string') return escapeHtml(part)
  if (typeof part === 'number') return String(part)
  if (isList(part)) return part.map(render).join('')
  // The types say so, and what a gateway answers is only taken to be of its type: no JSON has this symbol.
  return typeof part === 'object' && isMarkup in part ? part.text : escapeHtml(JSON.stringify(part))
}

function isList(part: Markup | readonly Part[]): part is readonly Part[] {
  return Array.isArray(part)
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Inside text and quoted attributes. What is invisible, or turns the direction of writing, is made visible first. */
export function escapeHtml(text: string): string {
  // 20,000: the longest prompt and then some
  return safeText(text, 20_000).replaceAll(/[&<>"']/g, (character) => entities[character] ?? '')
}
