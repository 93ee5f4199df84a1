// The report as one HTML file: nothing is fetched, nothing runs, all foreign text is escaped.
import { providerTitles } from '../../../catalog/native-draft.ts'
import { describeDuration, describeMoment, describeUsd, nothing } from '../../render/units.ts'
import { describeExtent, describeFidelity, describeKind, describePolling, isSimulated } from '../describe.ts'
import type { ComparisonReport } from '../summarise.ts'
import type { Verdict } from '../verdicts.ts'
import { verdictsOf } from '../verdicts.ts'
import { renderChart, tableOf } from './chart-parts.ts'
import { arrivalsChart, partsChart, runsChart, spreadChart, successChart } from './charts.ts'
import { galleryOf } from './gallery.ts'
import type { Markup } from './markup.ts'
import { markup, verbatim } from './markup.ts'
import { methodOf } from './method.ts'
import type { EmbeddedPictures } from './pictures.ts'
import { startOf } from './start.ts'
import { styleSheet } from './style.ts'
import { summaryTable } from './summary-table.ts'

/** A page that somebody sends on: it may show its own pictures and its own style, and that is all. */
const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

export function renderPage(report: ComparisonReport, pictures: EmbeddedPictures): string {
  const names = report.providers.map(({ provider }) => providerTitles[provider])
  const title = `${names.join(' and ')} · ${report.model}`
  const body = markup`<header><h1>${headlineOf(report)}</h1>
<p class="quiet">${describeExtent(report)} · ${report.prompts.length} ${report.prompts.length === 1 ? 'prompt' : 'prompts'} · ${periodOf(report)} · spent ${describeUsd(report.spentUsd)}${report.capUsd === null ? '' : ` of at most ${describeUsd(report.capUsd)}`}</p></header>
${noticesOf(report)}
${cardsOf(report)}
<h2>Side by side</h2>
<div class="sheet scroll">${summaryTable(report)}</div>
<h2>Time and success</h2>
<div class="charts">${[spreadChart, successChart, arrivalsChart, partsChart, runsChart].map((chart) => renderChart(chart(report)))}</div>
${failuresOf(report)}
<h2>By prompt</h2>
<div class="sheet scroll">${promptTable(report)}</div>
${startOf(report, pictures)}
${galleryOf(report, pictures)}
${methodOf(report)}
${allRuns(report)}
<footer class="quiet">${report.id} · made ${describeMoment(report.reportedAt)} · again at any time: <code>darkroom compare --report ${report.id}</code></footer>`
  return markup`${verbatim('<!doctype html>')}
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="${verbatim(policy)}"><title>${title}</title><style>${verbatim(styleSheet)}</style></head>
<body><main>
${body}
</main></body></html>
`.text
}

function headlineOf({ providers, model }: ComparisonReport): Markup {
  const names = providers.map(
    ({ provider }, place) =>
      markup`${place === 0 ? null : ' and '}<span class="name p${place}">${providerTitles[provider]}</span>`,
  )
  return markup`${names}: ${model}`
}

function periodOf({ period }: ComparisonReport): string {
  if (period === null) return 'nothing was started yet'
  return `${describeMoment(period.from)} to ${describeMoment(period.to).slice(11)}`
}

function noticesOf(report: ComparisonReport): Markup[] {
  const notices: Markup[] = []
  if (isSimulated(report))
    notices.push(
      markup`<p class="notice"><strong>Simulated providers.</strong> These figures show what a comparison looks like. They say nothing about the real ${report.providers.map(({ provider }) => providerTitles[provider]).join(' and ')}.</p>`,
    )
  const polling = describePolling(report)
  if (polling !== null) notices.push(markup`<p class="notice">${polling}</p>`)
  const adapted = report.providers.filter(({ fidelity }) => fidelity !== null && fidelity.level !== 'exact')
  if (adapted.length > 0)
    notices.push(
      markup`<p class="notice"><strong>Not everybody was asked for the same.</strong> ${adapted.map((summary) => `${providerTitles[summary.provider]} ${describeFidelity(summary)}. `)}</p>`,
    )
  if (report.started < report.planned)
    notices.push(
      markup`<p class="notice"><strong>${report.planned - report.started} of ${report.planned} runs were not started</strong>${report.stopped === null ? '' : `: ${report.stopped.because}`}. The rest: <code>darkroom compare --resume ${report.id}</code></p>`,
    )
  if (report.ended < report.started)
    notices.push(
      markup`<p class="notice"><strong>${report.started - report.ended} runs are still open</strong> and not in the figures.</p>`,
    )
  return notices
}

/** One provider alone has nobody to be faster than. */
function cardsOf(report: ComparisonReport): Markup | null {
  const verdicts = verdictsOf(report)
  if (verdicts.length === 0) return null
  return markup`<section class="cards" aria-label="In short">${verdicts.map((verdict) => cardOf(verdict, report))}</section>`
}

function cardOf({ question, winner, answer, sentence }: Verdict, { providers }: ComparisonReport): Markup {
  const place = providers.findIndex(({ provider }) => provider === winner)
  const title = winner === null ? answer : providerTitles[winner]
  return markup`<div class="card${place < 0 ? '' : ` p${place}`}"><div class="question">${question}</div><div class="answer">${title}</div><p>${sentence}</p></div>`
}

function failuresOf({ providers }: ComparisonReport): Markup | null {
  const kinds = [...new Set(providers.flatMap(({ failures }) => failures.map(({ kind }) => kind)))]
  const others = providers.flatMap(({ provider, notCounted }) =>
    notCounted.map(
      (kind) => `${providerTitles[provider]} ${describeKind(kind)}${kind.example === '' ? '' : ` (${kind.example})`}`,
    ),
  )
  if (kinds.length === 0 && others.length === 0) return null
  const rows = kinds.map((kind) => {
    const each = providers.map(({ failures }) => failures.find((failure) => failure.kind === kind))
    return [
      kind.replaceAll('_', ' '),
      ...each.map((failure) => failure?.count ?? 0),
      words(each.find((failure) => failure !== undefined && failure.example !== '')?.example ?? nothing),
    ]
  })
  return markup`<h2>Why there was no picture</h2>
${rows.length === 0 ? null : markup`<div class="sheet scroll">${tableOf(['Reason', ...providers.map(({ provider }) => providerTitles[provider]), 'In its words'], rows)}</div>`}
${others.length === 0 ? null : markup`<p class="under">Not counted, since the provider was not asked: ${others.join('; ')}.</p>`}`
}

const words = (text: string): Markup => markup`<span class="words">${text}</span>`

function promptTable({ prompts, providers }: ComparisonReport): Markup {
  return tableOf(
    [
      'Prompt',
      ...providers.flatMap(({ provider }) => [`${providerTitles[provider]}: pictures`, `${providerTitles[provider]}: p50`]),
    ],
    prompts.map(({ prompt, text, providers: each }) => [
      markup`<span class="text">${prompt + 1}. ${text}</span>`,
      ...each.flatMap(({ pictures, counted, p50Ms }) => [`${pictures} of ${counted}`, describeDuration(p50Ms)]),
    ]),
  )
}

function allRuns({ runs }: ComparisonReport): Markup {
  const rows = runs.map(({ provider, run, prompt, end, timeToPictureMs, cost, tries, failure, generationId }) => [
    `${run}`,
    providerTitles[provider],
    prompt + 1,
    failure === null ? end.replaceAll('_', ' ') : failure.kind.replaceAll('_', ' '),
    describeDuration(timeToPictureMs),
    cost.usd === null ? nothing : describeUsd(cost.usd),
    tries,
    markup`<code>${generationId}</code>`,
  ])
  return markup`<h2>Every run</h2><p class="under">In the order of starting. <code>darkroom show</code> with the generation tells the whole story of one.</p>
<details><summary>${runs.length} runs</summary><div class="scroll">${tableOf(['Run', 'Provider', 'Prompt', 'End', 'Time', 'Cost', 'POSTs', 'Generation'], rows)}</div></details>`
}
