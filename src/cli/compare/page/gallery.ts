// What came of each prompt, side by side.
import { providerTitles } from '../../../catalog/native-draft.ts'
import { describeDuration, describeSize, describeUsd } from '../../render/units.ts'
import type { MeasuredRun } from '../measure-run.ts'
import type { ComparisonReport, PromptSummary } from '../summarise.ts'
import type { Markup } from './markup.ts'
import { markup, verbatim } from './markup.ts'
import type { EmbeddedPictures } from './pictures.ts'

export function galleryOf(report: ComparisonReport, pictures: EmbeddedPictures): Markup {
  return markup`<h2>The pictures</h2>
<p class="under">As they were stored, unchanged and not scaled. ${whatIsMissing(pictures)}</p>
${report.prompts.map((prompt) => promptSection(report, prompt, pictures))}`
}

function whatIsMissing({ leftOut, unreadable }: EmbeddedPictures): string {
  const large =
    leftOut === 0 ? '' : `${leftOut} more would make this file too large and are left out; they are where their generations are. `
  const gone = unreadable === 0 ? '' : `${unreadable} could not be read from the gateway.`
  return `${large}${gone}`
}

/** The first pair large; the others small, for whoever wants to see how much a provider varies. */
function promptSection(report: ComparisonReport, { prompt, text }: PromptSummary, pictures: EmbeddedPictures): Markup {
  const numbers = [
    ...new Set(report.runs.filter((run) => run.prompt === prompt && run.end !== 'not_started').map(({ run }) => run)),
  ].toSorted((one, other) => one - other)
  const cells = (run: number): Markup[] =>
    report.providers.flatMap(({ provider }, place) => {
      const found = report.runs.find((each) => each.provider === provider && each.run === run)
      return found === undefined ? [] : [cellOf(found, { place, text, pictures })]
    })
  const [first, ...others] = numbers
  const more =
    others.length === 0
      ? null
      : markup`<details class="more"><summary>${others.length} more ${others.length === 1 ? 'run' : 'runs'} of this prompt</summary><div class="pictures">${others.map(cells)}</div></details>`
  return markup`<section class="prompt"><h3>${prompt + 1}. ${text}</h3>
${first === undefined ? markup`<p class="quiet">Not started.</p>` : markup`<div class="pictures">${cells(first)}</div>`}${more}</section>`
}

function cellOf(
  run: MeasuredRun,
  { place, text, pictures }: { place: number; text: string; pictures: EmbeddedPictures },
): Markup {
  const { provider, run: number, image, timeToPictureMs, cost, generationId } = run
  const url = pictures.urls.get(generationId)
  const name = providerTitles[provider]
  const shown =
    url === undefined || image === null
      ? markup`<div class="gap">${whyNot(run)}</div>`
      : markup`<img src="${verbatim(url)}" width="${image.width}" height="${image.height}" loading="lazy" alt="${`${name}, run ${number}: ${text}`}">`
  const facts = [
    `run ${number}`,
    timeToPictureMs === null ? null : describeDuration(timeToPictureMs),
    cost.usd === null ? null : describeUsd(cost.usd),
    image === null ? null : `${image.width} × ${image.height}`,
  ]
  return markup`<figure class="p${place}">${shown}<figcaption><span class="name">${name}</span> ${facts.filter((fact) => fact !== null).join(' · ')}</figcaption></figure>`
}

function whyNot({ end, failure, image, generationId }: MeasuredRun): Markup {
  if (image !== null)
    return markup`<span>not in this file (${describeSize(image.sizeBytes)})<br><code>${generationId}</code></span>`
  if (end === 'open') return markup`<span>still open</span>`
  if (end === 'not_started') return markup`<span>not started</span>`
  return markup`<span><strong class="bad">${failure?.kind.replaceAll('_', ' ') ?? 'no picture'}</strong><br>${failure?.message ?? ''}</span>`
}
