import { test } from "tap";
import type { StoryRun } from "../../rig/run.js";
import { growth, perHour } from "../../rig/slope.js";
import { parseHistory, remember } from "./history.js";
import { junit, tap } from "./machine.js";
import { page } from "./page.js";
import { type Results, rowsOf } from "./results.js";

const run: StoryRun = {
  story: { name: 'a "<b>full</b>" card & more', row: "card-full" },
  ...{
    rig: "host",
    seed: 20,
    verdict: "passed",
    why: "",
    seconds: 12.5,
    load: 7.25,
    faults: 3,
    clips: 2,
    lost: [],
    twice: [],
  },
  moments: [
    { at: 0, kind: "act", text: "press" },
    { at: 500, kind: "fault", text: "the camera's disk is full" },
    { at: 900, kind: "mend", text: "as before" },
  ],
  measurements: [{ name: "told after", value: 1_300, unit: "ms", most: 4_000 }],
  console: [{ part: "camera", line: "</pre><script>alert(1)</script>" }],
  picture: Uint8Array.of(0xff, 0xd8),
};
const failed: StoryRun = { ...run, verdict: "failed", why: "lost: c/1", lost: ["c/1"] };
const skipped: StoryRun = {
  ...{ ...run, verdict: "skipped", why: "needs root", story: { name: "x", row: "loss" } },
  ...{ measurements: [], moments: [], faults: 0, clips: 0, console: [] },
};
const results: Results = {
  ...{ at: "2026-11-22T15:00:00.000Z", commit: "0123456789abcdef", machine: "2 × CPU", remarks: [] },
  ...{
    runs: [run, skipped],
    byTests: [{ row: "restore", tests: 2, unshown: [], seconds: 3 }],
    soaked: undefined,
  },
};
const row = (of: Results, id: string) => rowsOf(of).find((one) => one.id === id);

test("a row says by rig how many faults there were and what they cost; one that nothing shows says why", (t) => {
  const cell = { rig: "host", verdict: "passed", tried: 3, lost: 0, twice: 0 } as const;
  t.same(row(results, "card-full")?.by, [cell]);
  t.same(row({ ...results, runs: [run, failed] }, "card-full")?.by, [
    { ...cell, verdict: "failed", tried: 6, lost: 1 },
  ]);
  t.match(row(results, "loss")?.by, [{ verdict: "skipped", tried: 0 }]);
  t.match(row(results, "restore")?.by, [{ rig: "tests", tried: 2 }]);
  t.match(row(results, "database-failover")?.not, /SQLite only/);
  t.match(row(results, "button")?.not, /not asked for/);
  t.end();
});

test("JUnit and TAP name each story once, with what failed or was not possible, and escape what it says", (t) => {
  const all = { ...results, runs: [run, failed, skipped] };
  const xml = junit(all);
  t.match(xml, /<testsuite name="host" [^>]*tests="3" failures="1" skipped="1"/);
  t.match(xml, /name="a &quot;&lt;b&gt;full&lt;\/b&gt;&quot; card &amp; more"/);
  t.match(tap(all), /^TAP version 14\n1\.\.4\nok 1 - host: /);
  t.match(tap(all), /\nnot ok 2 - .*\n {2}---\n {2}seconds: 12.500\n {2}why: "lost: c\/1"\n/);
  t.match(tap(all), /\nok 3 - host: x # SKIP needs root\n/);
  t.end();
});

test("the page runs no script, asks nobody for anything, and shows what a program said as text", (t) => {
  const html = page({ ...results, runs: [run, failed] }, []);
  t.notMatch(html, /<script/);
  t.notMatch(html, /(src|href)="(?!data:|#story-)/);
  t.match(html, /&lt;script&gt;alert\(1\)/);
  t.match(html, /<h1 class="failed">1 did not hold<\/h1>/);
  t.match(html, /<a href="#story-1">a &quot;&lt;b&gt;full.*<\/a> lost: c\/1<\/li>/);
  t.match(html, /machine load 7\.3/);
  t.match(html, /src="data:image\/jpeg;base64,\/9g="/);
  t.end();
});

test("a figure is shown beside those of earlier runs; a line of the history that is damaged costs that line", (t) => {
  const lines = remember(results).map((one) => JSON.stringify(one));
  const history = parseHistory(["{", ...lines, '{"story":1}', ""].join("\n"));
  t.equal(history.length, 1);
  t.match(page(results, history), /aria-label="The last 2 runs/);
  t.match(page(results, []), /first run/);
  t.end();
});

test("a slope is what an hour brings, and growth the last third over the first", (t) => {
  const samples = Array.from({ length: 60 }, (_, minute) => [minute * 60, 100 + minute] as const);
  t.equal(Math.round(perHour(samples)), 60);
  t.equal(Math.round(perHour(samples.map(([at, is]) => [at, at === 3_000 ? 900 : is] as const))), 60);
  t.equal(perHour([]), 0);
  t.equal(growth(samples), 40);
  t.equal(growth(samples.map(([at]) => [at, at === 1_200 ? 900 : 5] as const)), 0);
  t.end();
});
