import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Test, test } from "tap";
import { enrolled } from "./enrolled.contract.js";
import { closeAll } from "./shutdown.io.js";

const main = fileURLToPath(new URL("main.js", import.meta.url));
const millisMax = 20_000;

/** Runs the firmware as a process until it gives up by itself. */
function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  before: readonly string[] = [],
) {
  const [program = "", ...words] = [...before, process.execPath, main, ...args];
  return spawnSync(program, words, { env: { ...process.env, ...env }, encoding: "utf8", timeout: millisMax });
}

function temporary(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), "lintel-main-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test("what is wrong is said in sentences, with an exit code that a service manager can tell apart", async (t) => {
  const help = run(["--help"]);
  t.equal(help.status, 0);
  t.match(help.stdout, /LINTEL_SOURCE/);
  const usage = run(["--sauce", "x", "--state"]);
  t.equal(usage.status, 64);
  t.match(usage.stderr, /no option --sauce[\s\S]*--state needs a value/);
  t.match(run(["--foo"]), { status: 64, stderr: /^there is no option --foo; --help shows them\n$/ });
  const { state } = await enrolled(t);
  const configured = run(["--state", state], { LINTEL_SOURCE: "gopher://x", LINTEL_PREROLL: "99" });
  t.equal(configured.status, 78);
  t.match(configured.stderr, /LINTEL_SOURCE[\s\S]*LINTEL_PREROLL/);
});

test("a firmware that is not enrolled says so in one sentence and writes nothing", async (t) => {
  const directory = temporary(t);
  const notEnrolled = { status: 78, stderr: /^This camera is not enrolled: .* lintel install .*\n$/ };
  t.match(run(["--state", directory]), notEnrolled);
  t.match(run(["--state", join(directory, "absent")]), notEnrolled);
  t.same(readdirSync(directory), []);
  t.match(run(["--state", "/proc/lintel"]), notEnrolled, "where nothing can be made");
  writeFileSync(join(directory, "settings.json"), "{ not json");
  mkdirSync(join(directory, "identity"));
  t.match(run(["--state", directory]), notEnrolled);
  t.same(readdirSync(directory, { recursive: true }).sort(), ["identity", "settings.json"]);
});

test("a state directory that cannot be used is one sentence, and no reason to start again", async (t) => {
  const unusable = {
    status: 78,
    stderr: /^The state directory .* cannot be used \(.*\); give with --state .*\n$/,
  };
  const directory = temporary(t);
  writeFileSync(join(directory, "file"), "");
  t.match(run(["--state", join(directory, "file")]), unusable, "a file");
  const { state } = await enrolled(t);
  const key = join(state, "identity", "note.key");
  renameSync(key, `${key}.kept`);
  spawnSync("mkfifo", [key]);
  const another = { status: 78, stderr: /^\/.* is not a file\. Move it away; then .*lintel install.*\n$/ };
  t.match(run(["--state", state]), another, "a pipe in place of a key");
  rmSync(key);
  renameSync(`${key}.kept`, key);
  mkdirSync(join(state, "settings.json"));
  t.match(run(["--state", state]), another, "a directory in place of the settings");
});

const asReader = [
  "unshare",
  "--map-root-user",
  "--mount",
  "sh",
  "-c",
  'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"',
];
const [unshare = "", ...inside] = asReader;
const noMounts =
  spawnSync(unshare, [...inside, tmpdir(), "true"]).status !== 0 && "mounts are not allowed here";

test("a read-only card is one sentence, and no reason to start again", { skip: noMounts }, async (t) => {
  const { state } = await enrolled(t);
  const readOnly = run(["--state", state, "--source", "scene:seed=1"], {}, [...asReader, state]);
  t.match(readOnly, { status: 78, stderr: /^The state directory .* cannot be used \(EROFS.*\).*\n$/ });
});

/** An `ffmpeg` that says what it can do, and then films nothing. */
function blindFfmpeg(directory: string): string {
  const path = join(directory, "ffmpeg");
  const version =
    'echo "ffmpeg version 5.1"; echo "libavformat 59. 27.100 / 59. 27.100"; echo " V..... libx264 x"';
  writeFileSync(path, `#!/bin/sh\ncase "$*" in *rtsp*) exec sleep 60;; *) ${version};; esac\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Resolves with everything that it printed as soon as that holds the text. */
function printed(child: ChildProcess, text: string): Promise<string> {
  let all = "";
  return new Promise((resolve, reject) => {
    const hear = (data: Buffer): void => {
      all += data.toString();
      if (all.includes(text)) resolve(all);
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.once("exit", (code) => reject(new Error(`it ended with ${code}:\n${all}`)));
  });
}

test("a firmware whose board socket cannot be made watches the door all the same", async (t) => {
  const { state } = await enrolled(t);
  const long = join(temporary(t), "x".repeat(120));
  renameSync(state, long);
  const settings = ["--source", "rtsp://127.0.0.1:1/door", "--ffmpeg", blindFfmpeg(temporary(t))];
  const child = spawn(process.execPath, [main, "--state", long, ...settings]);
  t.teardown(() => child.kill("SIGKILL"));
  const all = await printed(child, '"event":"ready"');
  t.match(all, /board\.socket-failed/);
  t.match(all, /"board":"none"/);
  child.removeAllListeners("exit").kill("SIGTERM");
  t.same((await once(child, "exit"))[0], 0);
});

test("what fails while the firmware stops, at once or later, keeps nothing else from closing", async (t) => {
  const closed: string[] = [];
  const logged: string[] = [];
  const fail = (): void => {
    throw new Error("at once");
  };
  const started = [() => closed.push("card"), fail, async () => fail(), () => closed.push("lens")];
  await closeAll(started, (event, { why }) => void logged.push(`${event} ${why}`));
  t.same(closed, ["lens", "card"]);
  t.same(logged, ["stop-failed Error: at once", "stop-failed Error: at once"]);
});
