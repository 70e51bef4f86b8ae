import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { t, test } from "tap";
import type { Fragment } from "../../shared/clip/fmp4.js";
import { splitFmp4 } from "../../shared/clip/split.js";
import { findFfmpeg } from "./finder.io.js";
import { beginningOf, card, decodeErrors, ffmpeg, h264, program, skip, source, Watch } from "./watch.io.js";

const old = await findFfmpeg({ searchPath: "" });
const withoutOld = old.ok ? skip : "no npm package with an ffmpeg is installed";

/** Much footage is encoded, on a machine that may be busy. */
t.setTimeout(600_000);

test("a killed child is replaced; a stopped one is noticed within 5 s", { skip }, async (t) => {
  const camera = new Watch(t, { source: source("scene:size=320x240,fps=10,quiet") });
  await camera.first("fragment");
  process.kill(camera.handle.pid() ?? 0, "SIGKILL");
  t.match(await camera.first("trouble"), { kind: "dead", message: /killed by SIGKILL/ });
  const before = camera.all("init").length;
  await camera.first("init", (init) => camera.all("init").indexOf(init) === before);
  const second = camera.seen.length;
  await camera.first(
    "fragment",
    (fragment) => camera.seen.findIndex((seen) => seen.fragment === fragment) >= second,
  );
  const stopped = performance.now();
  process.kill(camera.handle.pid() ?? 0, "SIGSTOP");
  await camera.first("trouble", ({ kind }) => kind === "silent");
  const noticed = performance.now() - stopped;
  t.ok(noticed <= 5000, `noticed after ${Math.round(noticed)} ms`);
  await camera.first("plan", (plan) => camera.all("plan").indexOf(plan) === 2);
});

test("the Pi's camera is read through rpicam-vid, with constant frame spacing", { skip }, async (t) => {
  const raw = await card(t, "card.h264", ...h264(10), "-f", "h264");
  const rpicam = await program(
    t,
    "rpicam-vid",
    `import("node:fs").then(({ readFileSync }) => {
       if (!process.argv.includes("--inline")) process.exit(3);
       const b = readFileSync(${JSON.stringify(raw)}), n = Math.ceil(b.length / 60);
       let at = 0;
       const go = () => { if (at >= b.length) at = 0; process.stdout.write(b.subarray(at, at += n)); };
       setInterval(go, 100); process.on("SIGTERM", () => process.exit(0));
     });`,
  );
  const camera = new Watch(t, { source: source("libcamera?fps=10"), rpicam });
  await camera.first("fragment", (fragment) => camera.all("fragment").indexOf(fragment) === 2);
  await camera.handle.stop();
  t.match(camera.all("plan"), [{ mode: "copy" }]);
  const fragments = camera.all("fragment");
  const spacing = fragments
    .slice(0, 3)
    .map((f) => f.duration / f.frames / (camera.all("init")[0]?.timescale ?? 0));
  t.same(spacing, [0.1, 0.1, 0.1]);
  t.equal(await decodeErrors(t, camera.recording()), "");
});

test("no child outlives a camera process that is killed", { skip }, async (t) => {
  const code = `
    import { startCamera } from ${JSON.stringify(new URL("./camera.io.js", import.meta.url).href)};
    const no = () => {}, monotonic = () => performance.now();
    const camera = startCamera({ source: ${JSON.stringify(source("scene:size=320x240,fps=10,quiet"))}, ffmpeg: ${JSON.stringify(ffmpeg())},
      clock: { monotonic, wall: monotonic }, random: { bytes: () => [0] } }, { onPlan: no, onInit: no, onFragment: no, onTrouble: no, onEnd: no,
      onLuma: () => console.log(camera.value.pid()) });`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.teardown(() => parent.kill("SIGKILL"));
  const pid = await firstNumber(parent);
  parent.kill("SIGKILL");
  for (let i = 0; i < 100 && isAlive(pid); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  t.notOk(isAlive(pid), `child ${pid} is gone`);
});

test("a looping file goes on without a break in its times, copied and encoded", { skip }, async (t) => {
  const path = await card(t, "card.mp4", ...h264(10));
  const corner = [
    { x: 0, y: 0 },
    { x: 0.1, y: 0 },
    { x: 0, y: 0.1 },
  ];
  for (const masks of [[], [corner]]) {
    const camera = new Watch(t, { source: source(`${path}?loop=1`), pace: "fast", masks });
    await camera.first("fragment", (fragment) => camera.all("fragment").indexOf(fragment) === 20);
    await camera.handle.stop();
    const fragments = camera.all("fragment").slice(0, 20);
    t.equal(gapsIn(fragments), 0);
    t.same(new Set(fragments.map(({ duration, frames }) => duration / frames)).size, 1);
    t.equal(await decodeErrors(t, camera.recording()), "");
  }
});

test("an ffmpeg of 2018, as npm ships one, does the same", { skip: withoutOld }, async (t) => {
  if (!old.ok) return;
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ["card.mp4", h264(10), ["copy"]],
    ["sparse.mp4", h264(30), ["copy", "encode"]],
    ["huffyuv.avi", ["-c:v", "huffyuv"], ["copy", "encode"]],
  ];
  for (const [name, encode, modes] of cases) {
    const camera = new Watch(t, {
      source: source(await card(t, name, ...encode)),
      pace: "fast",
      ffmpeg: old.value,
    });
    await camera.first("end");
    t.same(
      camera.all("plan").map(({ mode }) => mode),
      modes,
      name,
    );
    t.same(
      camera.lastRun("fragment").map(({ frames, keyframe }) => [frames, keyframe]),
      Array.from({ length: 6 }, () => [10, true]),
    );
    t.ok(Math.abs(camera.lastRun("luma").length - 60) <= 1);
    t.equal(await decodeErrors(t, camera.recording()), "");
  }
  const scene = new Watch(t, { source: source("scene:size=320x240,fps=10,quiet"), ffmpeg: old.value });
  await scene.first("fragment");
  await scene.handle.stop();
  t.same(scene.all("trouble"), []);
});

const footage =
  process.env.LINTEL_FOOTAGE ?? fileURLToPath(new URL("../../../../shared/footage", import.meta.url));
/** What a clip is shows in its beginning; `npm run prove -- footage` plays each to its end. */
const clipSeconds = 10;
const clips = existsSync(footage) ? readdirSync(footage).filter((name) => /\.(mp4|avi)$/.test(name)) : [];
const withoutClips =
  clips.length > 0 ? skip : `no footage in ${footage} (LINTEL_FOOTAGE names another folder)`;

test("real footage of every kind becomes a recording of fragments of at most 2 s", {
  skip: withoutClips,
}, async (t) => {
  for (const name of clips) {
    const clip = await beginningOf(t, join(footage, name), clipSeconds);
    const camera = new Watch(t, { source: source(clip), pace: "fast" });
    await camera.first("end");
    t.same(camera.all("trouble"), [], name);
    const recording = splitFmp4(camera.recording());
    if (!recording.ok) return t.fail(`${name}: ${JSON.stringify(recording.error)}`);
    const { init, fragments } = recording.value;
    const seconds = fragments.map((fragment) => fragment.duration / init.timescale);
    t.ok(Math.max(...seconds) <= 2, `${name}: longest fragment ${Math.max(...seconds)} s`);
    t.ok(
      fragments.every((fragment) => fragment.keyframe),
      `${name}: keyframes`,
    );
    t.equal(gapsIn(fragments), 0, `${name}: gaps`);
    t.equal(new Set(spacings(fragments)).size, 1, `${name}: constant frame spacing`);
    t.equal(await decodeErrors(t, camera.recording()), "", `${name}: decodes`);
    const lumas = camera.lastRun("luma").length / 10;
    const total = seconds.reduce((sum, each) => sum + each, 0);
    t.ok(Math.abs(lumas - total) <= 0.5, `${name}: ${lumas} s of luma, ${total} s recorded`);
    const modes = camera
      .all("plan")
      .map(({ mode }) => mode)
      .join(" then ");
    t.comment(
      `${name}: ${modes}; ${init.codecs} ${init.width}x${init.height}; ${fragments.length} fragments, ${total.toFixed(2)} s`,
    );
  }
});

async function firstNumber({ stdout }: ChildProcess): Promise<number> {
  for await (const chunk of stdout ?? []) return Number.parseInt(String(chunk), 10);
  throw new Error("no pid was printed");
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** How often a fragment does not begin where the last one ended. */
function gapsIn(fragments: readonly Fragment[]): number {
  return fragments.filter((fragment, i) => {
    const last = fragments[i - 1];
    return last !== undefined && last.time + last.duration !== fragment.time;
  }).length;
}

/** Ticks a frame, in tenths, fragment by fragment; whole fragments only, since sources round their times. */
function spacings(fragments: readonly Fragment[]): readonly number[] {
  return fragments.map(({ duration, frames }) => Math.round(duration / frames / 10));
}
