/** Of the report; light or dark as the reader's machine is, from a phone's width on. */
export const style = `
:root { color-scheme: light dark; --paper: #faf9f6; --card: #fff; --ink: #1d2329; --soft: #5b6670; --line: #e2dfd8;
  --good: #1f7a4d; --good-pale: #e3f3ea; --bad: #b3261e; --bad-pale: #fbe6e4; --calm: #2f5d8a; --pale: #f0eee8; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181c; --card: #1c2228; --ink: #e8eaec; --soft: #9aa5af; --line: #2f373f;
  --good: #5cc48f; --good-pale: #16352a; --bad: #ff8a80; --bad-pale: #43201e; --calm: #8ab8e6; --pale: #232a31; } }
* { box-sizing: border-box; margin: 0; }
body { font: 16px/1.5 system-ui, sans-serif; background: var(--paper); color: var(--ink); }
header, main { max-width: 68rem; margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 2.5rem); }
header { padding-top: clamp(2rem, 6vw, 4rem); }
.over { color: var(--soft); letter-spacing: .08em; text-transform: uppercase; font-size: .8rem; }
h1 { font-size: clamp(1.9rem, 6vw, 3.2rem); line-height: 1.15; letter-spacing: -.02em; margin: .2rem 0 1rem; }
h1.passed { color: var(--good); } h1.failed { color: var(--bad); }
h2 { font-size: 1.35rem; letter-spacing: -.01em; margin: 2rem 0 1rem; }
h3 { font-size: 1.1rem; line-height: 1.35; }
ul, ol { list-style: none; padding: 0; }
.counts { display: flex; flex-wrap: wrap; gap: .6rem 2rem; color: var(--soft); }
.counts b { font-size: 1.5rem; color: var(--ink); font-variant-numeric: tabular-nums; margin-right: .2rem; }
.ground, .remark { color: var(--soft); font-size: .9rem; margin-top: .8rem; }
.remark { border-left: 3px solid var(--line); padding-left: .8rem; max-width: 46rem; }
.failures { margin-top: 1.2rem; } .failures li { border-left: 3px solid var(--bad); padding: .1rem 0 .1rem .8rem; margin-bottom: .5rem; font-size: .9rem; color: var(--soft); overflow-wrap: anywhere; }
.failures a { display: block; color: var(--bad); font-weight: 600; text-decoration: none; } .failures a:hover { text-decoration: underline; }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
thead th { text-align: left; font-size: .8rem; font-weight: 500; color: var(--soft); background: var(--pale); }
th, td { padding: .7rem 1rem; vertical-align: top; border-bottom: 1px solid var(--line); }
tr:last-child > * { border-bottom: 0; }
th[scope=row] { text-align: left; font-weight: 600; width: 32%; }
th[scope=row] span { display: block; font-weight: 400; font-size: .85rem; color: var(--soft); }
td.rule { font-size: .92rem; width: 32%; }
.cell { font-size: .9rem; } .cell b { margin-right: .3rem; } .cell i { color: var(--soft); font-style: normal; margin-left: .3rem; }
.cell.passed b { color: var(--good); } .cell.failed b { color: var(--bad); } .cell.skipped b { color: var(--soft); }
.not { font-size: .85rem; color: var(--soft); } .not b { color: var(--ink); font-weight: 500; margin-right: .3rem; }
article { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--line); border-radius: 12px; padding: 1.1rem 1.25rem; margin-bottom: 1rem; }
article.passed { border-left-color: var(--good); } article.failed { border-left-color: var(--bad); }
.head { display: flex; gap: 1rem; justify-content: space-between; align-items: flex-start; }
.head img { width: 11rem; border-radius: 8px; flex: none; }
.row { color: var(--soft); font-size: .8rem; } .facts { color: var(--soft); font-size: .85rem; margin-top: .2rem; font-variant-numeric: tabular-nums; }
.why { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--bad-pale); color: var(--bad); border-radius: 8px; padding: .7rem .9rem; font-size: .82rem; margin-top: .8rem; max-height: 16rem; overflow: auto; }
.skipped .why { background: var(--pale); color: var(--soft); }
.timeline { width: 100%; display: block; margin-top: 1rem; overflow: visible; }
.axis { stroke: var(--line); stroke-width: 2; } .band { fill: var(--bad); opacity: .16; }
.timeline g line { stroke-width: 1.5; opacity: .55; }
g.fault { stroke: var(--bad); fill: var(--bad); } g.mend { stroke: var(--good); fill: var(--good); } g.act { stroke: var(--calm); fill: var(--calm); }
g.expect { stroke: var(--soft); fill: var(--soft); } g.measure { stroke: var(--soft); fill: var(--card); } g.failed { stroke: var(--bad); fill: var(--bad); }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .78rem; color: var(--soft); }
.legend span::before { content: ""; display: inline-block; width: .55rem; height: .55rem; border-radius: 50%; margin-right: .35rem; background: var(--soft); }
.legend .fault::before { background: var(--bad); } .legend .mend::before { background: var(--good); } .legend .act::before { background: var(--calm); }
.legend .end { margin-left: auto; font-variant-numeric: tabular-nums; } .legend .end::before { display: none; }
.figures { margin-top: .9rem; border-top: 1px solid var(--line); }
.figures li { display: grid; grid-template-columns: minmax(9rem, 2fr) 7rem minmax(5rem, 1fr) 8rem 8rem; gap: .3rem 1rem; align-items: center; padding: .4rem 0; border-bottom: 1px solid var(--line); font-size: .9rem; }
.figures .value { font-variant-numeric: tabular-nums; font-weight: 600; text-align: right; }
.figures .rule, .first { color: var(--soft); font-size: .82rem; }
.figures li > .rule:nth-child(3) { grid-column: 3 / 5; }
meter { width: 100%; height: .7rem; }
.spark { width: 100%; height: 1.5rem; } .spark polyline, .curve polyline { fill: none; stroke: var(--calm); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 1rem; margin-top: 1rem; }
figure { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .9rem 1rem; } figcaption { font-size: .85rem; color: var(--soft); }
.curve { width: 100%; height: 9rem; }
details { margin-top: .8rem; } summary { cursor: pointer; color: var(--calm); font-size: .88rem; }
.moments { margin-top: .5rem; font-size: .88rem; } .moments li { display: grid; grid-template-columns: 4.5rem 1fr; gap: .5rem; padding: .1rem 0; }
.moments time { color: var(--soft); text-align: right; font-variant-numeric: tabular-nums; }
.moments .fault span { color: var(--bad); } .moments .mend span { color: var(--good); } .moments .failed span { color: var(--bad); font-weight: 600; }
.console { font: 11px/1.5 ui-monospace, monospace; background: var(--pale); border-radius: 8px; padding: .7rem; margin-top: .5rem; overflow: auto; max-height: 24rem; }
.console b { font-weight: 500; color: var(--calm); } .console .cloud { color: var(--good); } .console .rig { color: var(--bad); }
@media (max-width: 44rem) {
  thead { display: none; } tr { display: block; border-bottom: 1px solid var(--line); padding: .7rem 0; } tr:last-child { border: 0; }
  th, td, th[scope=row], td.rule { display: block; width: auto; border: 0; padding: .1rem 1rem; }
  .head { flex-direction: column-reverse; } .head img { width: 100%; }
  .timeline { height: 3.2rem; } .figures li { grid-template-columns: 1fr auto; } .figures meter, .figures .spark { grid-column: 1 / 3; }
}
`;
