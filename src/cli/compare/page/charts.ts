// The charts of the report, each with its figures beside it.
import { scaleLinear } from 'd3-scale'
import { providerTitles } from '../../../catalog/native-draft.ts'
import { describeDuration, nothing } from '../../render/units.ts'
import { describeDurationInterval, describeP95, describeShare, describeShareInterval } from '../describe.ts'
import type { ComparisonReport, ProviderSummary } from '../summarise.ts'
import type { Chart, Frame } from './chart-parts.ts'
import { at, bottomAxis, cross, leftAxis, mark, providerLegend, tableOf } from './chart-parts.ts'
import type { Markup } from './markup.ts'
import { markup } from './markup.ts'

const seconds = (ms: number): string =>
  ms >= 10_000 || ms % 1_000 === 0 ? String(Math.round(ms / 1_000)) : (ms / 1_000).toFixed(1)

function timesOf(report: ComparisonReport, name: string): number[] {
  return report.runs
    .filter(({ provider }) => provider === name)
    .flatMap(({ timeToPictureMs }) => timeToPictureMs ?? [])
    .toSorted((one, other) => one - other)
}

/** What share of all counted runs has its picture after a time: speed and reliability in one line. */
export function arrivalsChart(report: ComparisonReport): Chart {
  const frame: Frame = { width: 560, height: 320, left: 46, right: 14, top: 24, bottom: 46 }
  const names = report.providers.map(({ provider }) => providerTitles[provider])
  const longestMs = Math.max(1_000, ...report.runs.flatMap(({ timeToPictureMs }) => timeToPictureMs ?? []))
  const x = scaleLinear([0, longestMs], [frame.left, frame.width - frame.right]).nice(6)
  const y = scaleLinear([0, 1], [frame.height - frame.bottom, frame.top])
  const curves = report.providers.map(({ provider, counted }, place) => {
    const steps = timesOf(report, provider).map((ms, index) => `H${at(x(ms))}V${at(y((index + 1) / counted))}`)
    return markup`<path class="curve p${place}" d="M${at(x(0))} ${at(y(0))}${steps.join('')}H${frame.width - frame.right}"/>`
  })
  const marksMs = x.ticks(6).slice(1)
  return {
    name: 'arrivals',
    title: 'How soon the picture is there',
    under:
      'Share of counted runs that have their picture after a time. Runs without one never come, so a line ends at its success share.',
    description: report.providers
      .map(
        ({ provider, counted, successShare, timeToPictureMs }) =>
          `${providerTitles[provider]}: half of the pictures after ${describeDuration(timeToPictureMs.p50)}, ${describeShare(successShare)} of ${counted} runs in the end.`,
      )
      .join(' '),
    legend: providerLegend(names),
    drawing: markup`${bottomAxis(x, frame, { title: 'seconds since the first POST', label: seconds })}${leftAxis(y, frame, { title: 'share of runs', label: (share) => `${Math.round(share * 100)} %` })}${curves}`,
    size: frame,
    table: tableOf(
      ['After', ...report.providers.map(({ provider, counted }) => `${providerTitles[provider]} (n = ${counted})`)],
      marksMs.map((ms) => [
        `${seconds(ms)} s`,
        ...report.providers.map(({ provider, counted }) =>
          describeShare(counted === 0 ? null : timesOf(report, provider).filter((time) => time <= ms).length / counted),
        ),
      ]),
    ),
  }
}

/** Every run where it stood, pair beside pair: what was cold at the beginning, and whether anything drifted, is seen here. */
export function runsChart(report: ComparisonReport): Chart {
  const frame: Frame = { width: 1120, height: 320, left: 46, right: 14, top: 40, bottom: 46 }
  const order = [...new Set(report.runs.map(({ run }) => run))]
  const longestMs = Math.max(1_000, ...report.runs.flatMap(({ timeToPictureMs }) => timeToPictureMs ?? []))
  const x = scaleLinear([0.2, order.length + 0.8], [frame.left, frame.width - frame.right])
  const y = scaleLinear([0, longestMs], [frame.height - frame.bottom, frame.top]).nice(5)
  const pairs = order.map((number, index) => {
    const places = report.providers.map(({ provider }) =>
      report.runs.find((run) => run.provider === provider && run.run === number),
    )
    const offset = (place: number): number => x(index + 1) + (place - (places.length - 1) / 2) * 10
    const timed = places.flatMap((run, place) =>
      run === undefined || run.timeToPictureMs === null ? [] : [{ x: offset(place), y: y(run.timeToPictureMs) }],
    )
    const [first, second] = timed
    const line =
      first === undefined || second === undefined
        ? null
        : markup`<line class="pair" x1="${at(first.x)}" y1="${at(first.y)}" x2="${at(second.x)}" y2="${at(second.y)}"/>`
    const marks = places.map((run, place) => {
      if (run === undefined) return null
      if (run.timeToPictureMs !== null) return mark(place, offset(place), y(run.timeToPictureMs))
      return run.end === 'no_picture' ? cross(place, offset(place), 14) : null
    })
    return markup`${line}${marks}`
  })
  const failed = markup`<li><svg viewBox="0 0 18 12" aria-hidden="true"><path class="miss" style="stroke:currentColor" d="M5 2l8 8m0 -8l-8 8"/></svg>asked, and no picture</li>`
  return {
    name: 'runs',
    title: 'Every run, in the order of starting',
    under: 'Runs of one pair have the same prompt and were started one after the other; a line joins them.',
    description: `Time to picture of ${report.runs.filter(({ timeToPictureMs }) => timeToPictureMs !== null).length} runs, each pair side by side.`,
    legend: providerLegend(
      report.providers.map(({ provider }) => providerTitles[provider]),
      [failed],
    ),
    drawing: markup`${leftAxis(y, frame, { title: '', label: (ms) => `${seconds(ms)} s` })}<line class="axis" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${frame.height - frame.bottom}" y2="${frame.height - frame.bottom}"/><text class="tick" x="${frame.width - frame.right}" y="${frame.height - 10}" text-anchor="end" aria-hidden="true">pairs, from the first to the last started; time to picture in seconds</text>${pairs}`,
    size: frame,
    table: tableOf(
      ['Pair', 'Prompt', ...report.providers.map(({ provider }) => providerTitles[provider])],
      order.map((number, index) => {
        const own = report.runs.filter(({ run }) => run === number)
        return [
          String(index + 1),
          String((own[0]?.prompt ?? 0) + 1),
          ...report.providers.map(({ provider }) => {
            const run = own.find((each) => each.provider === provider)
            if (run === undefined || run.end === 'not_started') return 'not started'
            return run.timeToPictureMs === null
              ? (run.failure?.kind.replaceAll('_', ' ') ?? run.end)
              : describeDuration(run.timeToPictureMs)
          }),
        ]
      }),
    ),
    isWide: true,
  }
}

export function successChart({ providers }: ComparisonReport): Chart {
  const frame: Frame = { width: 560, height: 70 + providers.length * 52, left: 70, right: 26, top: 10, bottom: 46 }
  const x = scaleLinear([0, 1], [frame.left, frame.width - frame.right])
  const rows = providers.map(({ provider, successShare, successInterval, pictures, counted }, place) => {
    const y = frame.top + 34 + place * 52
    const interval =
      successInterval === null
        ? null
        : markup`<line class="range p${place}" x1="${at(x(successInterval.from))}" x2="${at(x(successInterval.to))}" y1="${y}" y2="${y}"/>`
    const label = `${pictures} of ${counted}`
    const dot =
      successShare === null
        ? null
        : markup`${mark(place, x(successShare), y, 6)}<text class="label p${place}" x="${at(Math.min(x(successShare), frame.width - 60))}" y="${y - 13}" text-anchor="middle">${label}</text>`
    return markup`<text class="label p${place}" x="0" y="${y + 5}">${providerTitles[provider]}</text>${interval}${dot}`
  })
  return {
    name: 'success',
    title: 'How often there is a picture',
    under: "Pictures ÷ counted runs, with Wilson's 95 % interval: where the true share may well lie.",
    description: providers
      .map(
        ({ provider, pictures, counted, successInterval }) =>
          `${providerTitles[provider]}: ${pictures} of ${counted}, ${describeShareInterval(successInterval)}.`,
      )
      .join(' '),
    legend: null,
    drawing: markup`${bottomAxis(x, frame, { title: 'share of counted runs', label: (share) => `${Math.round(share * 100)} %` })}${rows}`,
    size: frame,
    table: tableOf(
      ['Provider', 'Pictures', 'Counted', 'Share', '95 % interval'],
      providers.map(({ provider, pictures, counted, successShare, successInterval }) => [
        providerTitles[provider],
        pictures,
        counted,
        describeShare(successShare),
        describeShareInterval(successInterval),
      ]),
    ),
  }
}

/** Without the p50, a spread without any value is nothing to draw. */
export function spreadChart(report: ComparisonReport): Chart {
  const { providers } = report
  const frame: Frame = { width: 560, height: 70 + providers.length * 70, left: 70, right: 26, top: 10, bottom: 46 }
  const longestMs = Math.max(1_000, ...report.runs.flatMap(({ timeToPictureMs }) => timeToPictureMs ?? []))
  const x = scaleLinear([0, longestMs], [frame.left, frame.width - frame.right]).nice(6)
  const rows = providers.map((summary, place) => {
    const y = frame.top + 38 + place * 70
    return markup`<text class="label p${place}" x="0" y="${y + 5}">${providerTitles[summary.provider]}</text>${timesOf(report, summary.provider).map((ms) => markup`<line class="miss p${place}" opacity="0.55" x1="${at(x(ms))}" x2="${at(x(ms))}" y1="${y + 10}" y2="${y + 22}"/>`)}${spreadMarks(summary, { place, y, x })}`
  })
  return {
    name: 'spread',
    title: 'How long a picture takes',
    under: 'Median with its 95 % interval; below it a stroke for each picture, so that the tail is seen.',
    description: providers
      .map(
        ({ provider, timeToPictureMs: time }) =>
          `${providerTitles[provider]}: median ${describeDuration(time.p50)} of ${time.n} pictures, interval ${describeDurationInterval(time.p50Interval)}.`,
      )
      .join(' '),
    legend: null,
    drawing: markup`${bottomAxis(x, frame, { title: 'seconds from the first POST to the stored picture', label: seconds })}${rows}`,
    size: frame,
    table: tableOf(
      ['Provider', 'n', 'p50', '95 % interval', 'p95'],
      providers.map(({ provider, timeToPictureMs: time }) => [
        providerTitles[provider],
        time.n,
        describeDuration(time.p50),
        describeDurationInterval(time.p50Interval),
        describeP95(time),
      ]),
    ),
  }
}

function spreadMarks(
  { timeToPictureMs }: ProviderSummary,
  { place, y, x }: { place: number; y: number; x: (ms: number) => number },
): Markup | null {
  const { p50, p50Interval } = timeToPictureMs
  if (p50 === null) return null
  const range =
    p50Interval === null
      ? null
      : markup`<line class="range p${place}" x1="${at(x(p50Interval.from))}" x2="${at(x(p50Interval.to))}" y1="${y}" y2="${y}"/>`
  return markup`${range}${mark(place, x(p50), y, 6)}<text class="label p${place}" x="${at(x(p50))}" y="${y - 13}" text-anchor="middle">${describeDuration(p50)}</text>`
}

const partNames = [
  ['queue', 'our own line, before the POST'],
  ['submit', 'submit'],
  ['provider', 'at the provider'],
  ['news', 'until we knew'],
  ['store', 'download and store'],
] as const

export function partsChart({ providers }: ComparisonReport): Chart {
  const frame: Frame = { width: 560, height: 60 + providers.length * 52, left: 70, right: 26, top: 10, bottom: 46 }
  const totalOf = ({ meanPartsMs }: ProviderSummary): number =>
    partNames.reduce((sum, [part]) => sum + (meanPartsMs[part] ?? 0), 0)
  const x = scaleLinear([0, Math.max(1_000, ...providers.map(totalOf))], [frame.left, frame.width - frame.right]).nice(6)
  const bars = providers.map((summary, place) => {
    const y = frame.top + 12 + place * 52
    let fromMs = 0
    const segments = partNames.map(([part]) => {
      const ms = summary.meanPartsMs[part] ?? 0
      const [left, width] = [x(fromMs), x(fromMs + ms) - x(fromMs)]
      fromMs += ms
      // Wide enough for the figure, or none: half a number is worse.
      const label =
        width < 52
          ? null
          : markup`<text class="inside" x="${at(left + width / 2)}" y="${y + 20}" text-anchor="middle">${describeDuration(ms)}</text>`
      return width < 0.3
        ? null
        : markup`<rect x="${at(left)}" y="${y}" width="${at(width)}" height="30" style="fill:var(--part-${part});stroke:var(--card)"/>${label}`
    })
    return markup`<text class="label p${place}" x="0" y="${y + 20}">${providerTitles[summary.provider]}</text>${segments}`
  })
  return {
    name: 'parts',
    title: 'Where the time goes',
    under:
      'Mean of each part over runs with a picture. Our own line is no part of the time to the picture; a provider that does not tell when it finished has its news in its own part.',
    description: providers
      .map(
        (summary) =>
          `${providerTitles[summary.provider]}: ${partNames.map(([part, title]) => `${title} ${describeDuration(summary.meanPartsMs[part])}`).join(', ')}.`,
      )
      .join(' '),
    legend: markup`<ul class="legend">${partNames.map(([part, title]) => markup`<li><span class="swatch" style="background:var(--part-${part})"></span>${title}</li>`)}</ul>`,
    drawing: markup`${bottomAxis(x, frame, { title: 'seconds, mean', label: seconds })}${bars}`,
    size: frame,
    table: tableOf(
      ['Part', ...providers.map(({ provider, timeToPictureMs }) => `${providerTitles[provider]} (n = ${timeToPictureMs.n})`)],
      partNames.map(([part, title]) => [
        title,
        ...providers.map(({ meanPartsMs }) => (meanPartsMs[part] === null ? nothing : describeDuration(meanPartsMs[part]))),
      ]),
    ),
  }
}
