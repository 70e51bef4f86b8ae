// The report for people: one page that needs nothing beside it.
import type { StoryRun } from "../../rig/run.js";
import type { Sample } from "../../rig/slope.js";
import { table } from "../../rig/table.js";
import type { Measurement, Moment } from "../../rig/teller.js";
import { earlier, type Remembered } from "./history.js";
import { xml } from "./machine.js";
import { type Cell, countOf, type Results, type RowResult, rowsOf, type Soaked } from "./results.js";
import { style } from "./style.js";

export function page(results: Results, history: readonly Remembered[]): string {
  const count = countOf(results);
  const verdict = count.failed > 0 ? "failed" : "passed";
  const said = count.failed > 0 ? `${count.failed} did not hold` : "everything that ran holds";
  const { at, commit, machine, runs, soaked } = results;
  const stories = runs.map((run, index) => storyCard(run, index, history)).join("");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>Lintel under fault: ${said}</title>
<style>${style}</style>
</head>
<body>
<header>
<p class="over">Lintel under fault</p>
<h1 class="${verdict}">${said[0]?.toUpperCase()}${said.slice(1)}</h1>
<ul class="counts"><li><b>${count.passed}</b> held</li><li><b>${count.failed}</b> failed</li><li><b>${count.skipped}</b> not possible here</li><li><b>${faultsOf(results)}</b> faults injected</li></ul>
<p class="ground">${xml(at.slice(0, 16).replace("T", " "))} UTC · commit ${xml(commit.slice(0, 10))} · ${xml(machine)}</p>
${results.remarks.map((remark) => `<p class="remark">${xml(remark)}</p>`).join("")}
${failures(runs)}
</header>
<main>
<section><h2>What was made to fail, and what it cost</h2>${reliability(rowsOf(results))}</section>
${soaked ? soakSection(soaked, history) : ""}
${stories === "" ? "" : `<section><h2>Story by story</h2>${stories}</section>`}
</main>
</body>
</html>
`;
}

/** What failed, each with the way to it. */
function failures(runs: readonly StoryRun[]): string {
  const lines = runs.flatMap(({ verdict, story, why }, index) =>
    verdict === "failed"
      ? [`<li><a href="#story-${index}">${xml(story.name)}</a> ${xml(why.split("\n")[0] ?? "")}</li>`]
      : [],
  );
  return lines.length === 0 ? "" : `<ul class="failures">${lines.join("")}</ul>`;
}

function faultsOf({ runs, soaked }: Results): number {
  return runs.reduce((sum, { faults }) => sum + faults, 0) + (soaked?.faults ?? 0);
}

function reliability(rows: readonly RowResult[]): string {
  const body = rows.map((row) => {
    const cells =
      row.by.length === 0 || row.not !== ""
        ? `<p class="not"><b>${"notYet" in table[row.id] ? "Not yet" : "Not run"}</b> ${xml(row.not)}</p>`
        : row.by.map(cell).join("");
    return `<tr><th scope="row">${xml(row.fault)}<span>${xml(row.inject)}</span></th><td class="rule">${xml(row.pass)}</td><td>${cells}</td></tr>`;
  });
  return `<table><thead><tr><th>Fault, and how it is injected</th><th>What has to hold</th><th>What came of it</th></tr></thead><tbody>${body.join("")}</tbody></table>`;
}

function cell({ rig, verdict, tried, lost, twice }: Cell): string {
  const what =
    rig === "tests"
      ? `${tried} tests`
      : `${tried} ${tried === 1 ? "fault" : "faults"}, ${lost} lost, ${twice} twice`;
  const word = { passed: "holds", failed: "failed", skipped: "not possible" }[verdict];
  return `<p class="cell ${verdict}"><b>${word}</b> ${verdict === "skipped" ? "" : what} <i>${rig === "tests" ? "beside the code" : rig}</i></p>`;
}

function storyCard(run: StoryRun, index: number, history: readonly Remembered[]): string {
  const { story, rig, seed, verdict, why, seconds, load, moments, measurements, picture } = run;
  const { clips, lost, twice } = run;
  const facts = [
    `rig ${rig}`,
    `seed ${seed}`,
    `${seconds.toFixed(0)} s`,
    ...(verdict === "skipped"
      ? []
      : [`${clips} ${clips === 1 ? "clip" : "clips"}`, `${lost.length} lost`, `${twice.length} twice`]),
    ...(load === undefined ? [] : [`machine load ${load.toFixed(1)}`]),
  ];
  const image = picture
    ? `<img alt="A picture out of the clip that its owner opened" src="data:image/jpeg;base64,${Buffer.from(picture).toString("base64")}">`
    : "";
  const figures =
    measurements.length === 0 ? "" : figureList(worst(measurements), { rig, story: story.name }, history);
  return `<article class="${verdict}" id="story-${index}">
<div class="head"><div><p class="row">${xml(table[story.row].fault)}</p><h3>${xml(story.name)}</h3><p class="facts">${facts.map(xml).join(" · ")}</p></div>${image}</div>
${why === "" ? "" : `<pre class="why">${xml(why)}</pre>`}
${moments.length === 0 ? "" : timeline(moments)}
${figures}
${moments.length === 0 ? "" : `<details><summary>What happened, in ${moments.length} moments</summary><ol class="moments">${moments.map(momentLine).join("")}</ol></details>`}
${
  run.console.length === 0
    ? ""
    : `<details><summary>Console, the last ${Math.min(run.console.length, consoleLines)} lines</summary><pre class="console">${run.console
        .slice(-consoleLines)
        .map(
          ({ part, line }) =>
            `<b class="${part}">${part.padEnd(6)}</b> ${xml(line.slice(0, lineCharacters))}`,
        )
        .join("\n")}</pre></details>`
}
</article>`;
}

/** More of it is in the JSON beside the page. */
const consoleLines = 200;
const lineCharacters = 400;

function momentLine({ at, kind, text }: Moment): string {
  return `<li class="${kind}"><time>${(at / 1_000).toFixed(1)} s</time><span>${xml(text.split("\n")[0] ?? "")}</span></li>`;
}

const wide = 1_000;

/** Time from left to right: bands where something was broken, ticks where something was done or expected. */
function timeline(moments: readonly Moment[]): string {
  const end = Math.max(1, ...moments.map(({ at }) => at));
  const x = (at: number): string => ((at / end) * wide).toFixed(1);
  const bands = moments.flatMap(({ kind, at }, index) => {
    if (kind !== "fault") return [];
    const over = moments.slice(index + 1).find((later) => later.kind === "mend")?.at ?? end;
    return [
      `<rect class="band" x="${x(at)}" y="14" width="${Math.max(2, ((over - at) / end) * wide).toFixed(1)}" height="20"/>`,
    ];
  });
  const ticks = moments.map(
    ({ at, kind, text }) =>
      `<g class="${kind}"><title>${(at / 1_000).toFixed(1)} s: ${xml(text.split("\n")[0] ?? "")}</title><line x1="${x(at)}" x2="${x(at)}" y1="8" y2="40"/><circle cx="${x(at)}" cy="${kind === "fault" || kind === "mend" ? 8 : 40}" r="5"/></g>`,
  );
  return `<svg class="timeline" viewBox="-8 0 1016 48" role="img" aria-label="Timeline of ${(end / 1_000).toFixed(0)} seconds"><line class="axis" x1="0" x2="${wide}" y1="24" y2="24"/>${bands.join("")}${ticks.join("")}</svg><p class="legend"><span class="fault">broken</span><span class="mend">mended</span><span class="act">done</span><span class="expect">holds</span><span class="end">${(end / 1_000).toFixed(0)} s</span></p>`;
}

/** Of several of one name the largest, which says how many there were. */
function worst(measurements: readonly Measurement[]): readonly Measurement[] {
  const names = [...new Set(measurements.map(({ name }) => name))];
  return names.flatMap((name) => {
    const own = measurements.filter((one) => one.name === name).toSorted((a, b) => b.value - a.value);
    return own[0] === undefined ? [] : [own[0]];
  });
}

function figureList(
  measurements: readonly Measurement[],
  of: { readonly rig: string; readonly story: string },
  history: readonly Remembered[],
): string {
  const lines = measurements.map(({ name, value, unit, most, least }) => {
    const limit = most ?? least;
    const part = limit === undefined || limit <= 0 ? 0 : Math.min(1, Math.max(0, value / limit));
    const bar = limit === undefined ? "" : `<meter value="${part.toFixed(3)}" min="0" max="1"></meter>`;
    const rule =
      most !== undefined ? `at most ${most}` : least !== undefined ? `at least ${least}` : "no limit";
    const before = earlier(history, { ...of, name });
    return `<li><span class="name">${xml(name)}</span><span class="value">${Number(value.toPrecision(4))} ${xml(unit)}</span>${bar}<span class="rule">${rule}</span>${spark([...before, value])}</li>`;
  });
  return `<ul class="figures">${lines.join("")}</ul>`;
}

function spark(values: readonly number[]): string {
  if (values.length < 2) return `<span class="first">first run</span>`;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const points = values.map((value, index) => {
    const y = high === low ? 12 : 22 - ((value - low) / (high - low)) * 20;
    return `${((index / (values.length - 1)) * 116 + 2).toFixed(1)},${y.toFixed(1)}`;
  });
  return `<svg class="spark" viewBox="0 0 120 24" role="img" aria-label="The last ${values.length} runs, from ${Number(low.toPrecision(3))} to ${Number(high.toPrecision(3))}"><polyline points="${points.join(" ")}"/></svg>`;
}

function soakSection(
  { minutes, cameras, measurements, curves, why }: Soaked,
  history: readonly Remembered[],
): string {
  return `<section><h2>${minutes} minutes of ${cameras} cameras</h2>${why === "" ? "" : `<pre class="why">${xml(why)}</pre>`}${figureList(measurements, { rig: "host", story: "soak" }, history)}<div class="curves">${curves.map(curve).join("")}</div></section>`;
}

function curve({ name, unit, samples }: Soaked["curves"][number]): string {
  const end = samples.at(-1)?.[0] ?? 1;
  const most = Math.max(1, ...samples.map(([, value]) => value));
  const point = ([at, value]: Sample): string =>
    `${((at / end) * wide).toFixed(1)},${(200 - (value / most) * 180).toFixed(1)}`;
  return `<figure><figcaption>${xml(name)}, up to ${Math.round(most)} ${xml(unit)}</figcaption><svg class="curve" viewBox="0 0 1000 204" preserveAspectRatio="none" role="img" aria-label="${xml(name)} over ${Math.round(end / 60)} minutes"><polyline points="${samples.map(point).join(" ")}"/></svg></figure>`;
}
