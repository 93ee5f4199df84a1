// The style sheet of the report: light and dark by the reader's wish, light on paper, one column on a telephone.
export const styleSheet = `
:root {
  color-scheme: light dark;
  --ground: #fcfbf9; --card: #ffffff; --ink: #1d1b19; --quiet: #67625b; --line: #e2ddd5; --faint: #f3f0ea;
  --p0: #1d63c4; --p1: #c0490c; --good: #1a7f37; --bad: #b4232c; --notice: #fff3d6; --notice-ink: #5b4300; --notice-line: #e8c873;
  --part-queue: #b7b1a8; --part-submit: #d9a621; --part-provider: #4a7fb5; --part-news: #a35fb0; --part-store: #4f9d77;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #151413; --card: #1e1c1a; --ink: #efeae3; --quiet: #a59e94; --line: #38342f; --faint: #272421;
    --p0: #79b0ff; --p1: #ff9f5c; --good: #5cc97a; --bad: #ff7b7f; --notice: #3a2f12; --notice-ink: #f5dfa6; --notice-line: #6d5a22;
    --part-queue: #78716a; --part-submit: #c99b27; --part-provider: #5a93cf; --part-news: #b979c6; --part-store: #58ab84;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 4px; text-wrap: balance; }
h2 { font-size: 1.25rem; margin: 44px 0 4px; }
h3 { font-size: 1rem; margin: 0 0 2px; }
p { margin: 6px 0; }
.quiet, figcaption, .under { color: var(--quiet); font-size: .9rem; }
.under { margin: 0 0 12px; max-width: 75ch; }
.p0 { --c: var(--p0); } .p1 { --c: var(--p1); }
.name { color: var(--c); font-weight: 650; white-space: nowrap; }
.notice { background: var(--notice); color: var(--notice-ink); border: 1px solid var(--notice-line); border-radius: 8px; padding: 10px 14px; margin: 16px 0; }
.cards { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 14px; margin: 20px 0 8px; }
.card { background: var(--card); border: 1px solid var(--line); border-top: 4px solid var(--c, var(--line)); border-radius: 8px; padding: 12px 16px 14px; }
.card .question { color: var(--quiet); font-size: .85rem; }
.card .answer { font-size: 1.45rem; font-weight: 650; line-height: 1.25; color: var(--c, var(--ink)); }
.card p { margin: 4px 0 0; font-size: .9rem; }
.charts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 18px; align-items: stretch; }
.chart { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 16px; margin: 0; min-width: 0; }
.chart.wide { grid-column: 1 / -1; }
.chart svg { display: block; width: 100%; height: auto; margin-top: 8px; overflow: visible; }
svg text { fill: var(--ink); font-size: 13px; font-family: inherit; }
svg .tick { fill: var(--quiet); font-size: 12px; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .axis { stroke: var(--quiet); stroke-width: 1; }
svg .curve { fill: none; stroke: var(--c); stroke-width: 2.5; stroke-linejoin: round; }
svg .curve.p1 { stroke-dasharray: 7 3; }
svg .mark { fill: var(--c); stroke: var(--card); stroke-width: 1; }
svg .miss { fill: none; stroke: var(--c); stroke-width: 2.2; stroke-linecap: round; }
svg .pair { stroke: var(--line); stroke-width: 2; }
svg .range { stroke: var(--c); stroke-width: 3; stroke-linecap: round; }
svg .label { fill: var(--c); font-weight: 650; }
svg .inside { fill: #fff; font-size: 12px; font-weight: 600; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: .85rem; margin: 6px 0 0; padding: 0; list-style: none; }
.legend li { display: flex; align-items: center; gap: 6px; }
.legend svg { width: 18px; height: 12px; margin: 0; flex: none; }
.swatch { width: 12px; height: 12px; border-radius: 2px; flex: none; }
.scroll { overflow-x: auto; }
.chart.wide .scroll > svg { min-width: 700px; }
th .text { display: inline-block; min-width: 13rem; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; width: 100%; }
th, td { text-align: left; padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--quiet); font-weight: 600; font-size: .85rem; }
tbody th { font-weight: 400; }
tbody tr.part th { padding-left: 16px; color: var(--quiet); }
td.number, th.number { text-align: right; white-space: nowrap; }
td .words { white-space: normal; overflow-wrap: anywhere; color: var(--quiet); }
.figures table { background: var(--card); }
.sheet { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 8px 16px; }
.sheet table tr:last-child > * { border-bottom: 0; }
details { margin-top: 10px; font-size: .9rem; }
summary { cursor: pointer; color: var(--quiet); }
code { font: .85em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.bad { color: var(--bad); }
.prompt { border-top: 1px solid var(--line); padding-top: 14px; margin-top: 22px; }
.pictures { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 12px; margin: 10px 0; max-width: 900px; }
.pictures figure { margin: 0; min-width: 0; }
.pictures img { display: block; width: 100%; height: auto; border-radius: 6px; border-top: 4px solid var(--c); background: var(--faint); }
.gap { border: 1px dashed var(--line); border-top: 4px solid var(--c); border-radius: 6px; background: var(--faint); padding: 20px; min-height: 120px; aspect-ratio: 1; display: grid; place-content: center; text-align: center; font-size: .9rem; overflow-wrap: anywhere; }
.more .pictures, .start.pictures { grid-template-columns: repeat(4, minmax(0, 1fr)); max-width: none; }
.start figcaption { overflow-wrap: anywhere; }
footer { margin-top: 48px; border-top: 1px solid var(--line); padding-top: 12px; }
@media (max-width: 760px) {
  main { padding: 20px 14px 48px; }
  h1 { font-size: 1.5rem; }
  .cards, .charts { grid-template-columns: minmax(0, 1fr); }
  .chart { padding: 12px; }
  .more .pictures, .start.pictures { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  svg text, svg .tick { font-size: 17px; }
  svg .inside { font-size: 16px; }
}
@media print {
  :root {
    --ground: #fff; --card: #fff; --ink: #000; --quiet: #444; --line: #bbb; --faint: #f4f4f4;
    --p0: #1d63c4; --p1: #c0490c; --notice: #fff; --notice-ink: #000;
    --part-queue: #b7b1a8; --part-submit: #d9a621; --part-provider: #4a7fb5; --part-news: #a35fb0; --part-store: #4f9d77;
  }
  body { font-size: 11pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  .chart, .card, figure, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
}
`
