// The project's own pages, and what can be checked in them: links, commands, variables.
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = fileURLToPath(new URL('../../../', import.meta.url))

export interface Page {
  /** from the top of the repository */
  path: string
  text: string
}

export interface Link {
  text: string
  /** file or folder that it leads to, from the top of the repository */
  target: string
  /** heading, without `#`; null: none */
  anchor: string | null
}

export async function readPage(path: string): Promise<Page> {
  return { path, text: await readFile(join(repository, path), 'utf8') }
}

/** Every Markdown file that a person reads about the project. */
export async function readPages(): Promise<Page[]> {
  const places = [
    { folder: '.', recursive: false },
    { folder: '.github', recursive: true },
    { folder: 'src', recursive: true },
    { folder: 'test', recursive: true },
  ]
  const pages: Page[] = []
  for (const { folder, recursive } of places) {
    const names = await readdir(join(repository, folder), { recursive })
    for (const name of names.filter((each) => each.endsWith('.md')).toSorted()) pages.push(await readPage(join(folder, name)))
  }
  return pages
}

/** Links to files of the repository; what stands in code is no link. */
export function linksOf({ path, text }: Page): Link[] {
  const prose = text.replaceAll(/^```[^]*?^```/gm, '')
  const links: Link[] = []
  for (const [, label = '', address = ''] of prose.matchAll(/\[((?:[^\][]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(address)) continue
    const [file = '', anchor = null] = address.split('#')
    const target = file === '' ? path : relative(repository, join(repository, dirname(path), file))
    links.push({ text: label, target, anchor })
  }
  return links
}

/** Code blocks and code spans, one string each. */
export function codeOf({ text }: Page): string[] {
  const blocks = [...text.matchAll(/^```[^\n]*\n([^]*?)^```/gm)].map(([, code = '']) => code)
  const spans = [...text.replaceAll(/^```[^]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)
  return [...blocks, ...spans]
}

/** As GitHub makes them. */
export function anchorsOf({ text }: Page): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** First column of the table under a heading, without the code marks. */
export function firstColumn({ text }: Page, heading: string): string[] {
  const section = text.split(new RegExp(`^## ${heading}$`, 'm'))[1]?.split(/^## /m)[0] ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('|'))
  return rows.slice(2).map((row) => (row.split('|')[1] ?? '').trim().replaceAll('`', ''))
}
