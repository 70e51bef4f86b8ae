import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { t as tap, test } from "tap";

const program = fileURLToPath(new URL("demo.js", import.meta.url));
/** Everything that a demo makes lies in here, so that what it leaves can be seen. */
const folder = mkdtempSync(join(tmpdir(), "lintel-demo-"));
tap.teardown(() => rmSync(folder, { recursive: true, force: true }));

interface Demo {
  readonly child: ChildProcess;
  /** Resolves when this was printed; rejects when the demo ended without. */
  printed(pattern: RegExp): Promise<void>;
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
}

const demo = (...args: readonly string[]): Demo => demoIn(folder, ...args);

function demoIn(temporary: string, ...args: readonly string[]): Demo {
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  const watchers: ((over: boolean) => void)[] = [];
  child.stdout.setEncoding("utf8").on("data", (text) => {
    out += text;
    for (const watch of watchers) watch(false);
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    err += text;
  });
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.once("close", (code) => {
      for (const watch of watchers) watch(true);
      resolve({ code, out, err });
    });
  });
  const printed = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const watch = (over: boolean): void => {
        if (pattern.test(out)) resolve();
        else if (over) reject(new Error(`the demo ended without ${pattern}: ${err}`));
      };
      watchers.push(watch);
      watch(false);
    });
  return { child, printed, ended };
}

test("the demo records a visit and a press, opens both, and leaves nothing", async (t) => {
  const source = "scene:seed=3,size=320x180,fps=10,first=7,every=60,movers=car";
  const { code, out, err } = await demo("--once", "--source", source).ended;
  t.equal(code, 0, err);
  t.match(out, /motion +opened and verified/);
  t.match(out, /press +opened and verified/);
  t.match(out, /open neither with a fresh key nor with any of the \d+ values/);
  t.match(out, /2 clips, \d+\.\d s in \d+ sealed segments/);
  t.same(readdirSync(folder), []);
});

test("Ctrl-C ends every program and removes what it made", async (t) => {
  const running = demo("--source", "scene:seed=1,size=320x180,fps=10,quiet");
  await running.printed(/^try /m);
  running.child.kill("SIGINT");
  t.equal((await running.ended).code, 0);
  t.same(readdirSync(folder), []);
});

test("--keep refuses at once what is no fresh folder", async (t) => {
  const full = mkdtempSync(join(tmpdir(), "lintel-keep-"));
  t.teardown(() => rmSync(full, { recursive: true }));
  writeFileSync(join(full, "mine"), "");
  for (const [keep, why] of [
    ["/proc/x", /cannot be made/],
    [join(full, "mine"), /is a file/],
    [full, /is not empty/],
  ] as const) {
    const { code, err } = await demo("--once", "--keep", keep).ended;
    t.equal(code, 1);
    t.match(err, why);
    t.match(err.trim().split("\n"), [/^demo: /], "a sentence, and no more");
  }
});

test("where nothing can be written the demo ends with one sentence", async (t) => {
  const closed = mkdtempSync(join(tmpdir(), "lintel-keep-"));
  t.teardown(() => rmSync(closed, { recursive: true }));
  chmodSync(closed, 0o500);
  // In /proc not even root makes a folder; of others' modes it takes no notice.
  const ends = [demoIn("/proc", "--once")];
  if (process.getuid?.() !== 0) ends.push(demo("--once", "--keep", closed));
  for (const { ended } of ends) {
    const { code, err } = await ended;
    t.equal(code, 1);
    t.match(err, /^demo: [^\n]*(cannot be made|Nothing can be written into)[^\n]*\n$/);
  }
});

test("a demo whose reader goes away ends, and removes what it made", async (t) => {
  const running = demo("--source", "scene:seed=1,size=320x180,fps=10,quiet");
  await running.printed(/^cloud/m);
  running.child.stdout?.destroy();
  const { code, err } = await running.ended;
  t.equal(code, 0, err);
  t.equal(err, "");
  t.same(readdirSync(folder), []);
});

test("a demo whose camera gives no picture says so, and ends with 1", async (t) => {
  const { code, err } = await demo("--once", "--source", "file:/nowhere.mp4").ended;
  t.equal(code, 1);
  t.match(err, /failed while .*installing the camera: .*nowhere\.mp4/);
  t.same(readdirSync(folder), []);
});
