// The commands as a person types them, through npm.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { t as tap, test } from "tap";

const project = fileURLToPath(new URL("../../..", import.meta.url)); // from .build/scripts/cli/
const folder = mkdtempSync(join(tmpdir(), "lintel-commands-"));
tap.teardown(() => rmSync(folder, { recursive: true }));
const clip = "0197f000-0000-7000-8000-000000000000";

/** In a shell of somebody who stands in `folder`. */
function shell(line: string) {
  const { status, stdout, stderr } = spawnSync("bash", ["-c", line], { cwd: folder, encoding: "utf8" });
  return { status, stdout, stderr };
}
const npm = (words: string): string => `npm --prefix "${project}" run -s ${words}`;

test("every command says what it does, its arguments and its exit codes", (t) => {
  for (const name of ["build", "demo", "dev", "lintel", "test", "check", "bench", "prove", "fuzz", "hil"]) {
    const { status, stdout } = shell(npm(`${name} -- --help`));
    t.equal(status, 0, name);
    t.match(stdout, /exit code: 0/i, name);
  }
  t.end();
});

test("relative paths are meant from where one stands", (t) => {
  const open = npm(`lintel -- member open ${clip} --profile keys --out`);
  t.match(shell(`${open} absent/x.mp4`).stderr, `no folder ${join(folder, "absent")}`);
  mkdirSync(join(folder, "videos"));
  t.match(shell(`${open} videos/x.mp4`).stderr, `no member in ${join(folder, "keys")}`);
  writeFileSync(join(folder, "full"), "");
  t.match(shell(npm("demo -- --keep full")).stderr, "full is a file");
  t.end();
});

const main = `"${process.execPath}" "${join(project, ".build/scripts/cli/main.js")}"`;
for (const words of ["--help", "doctor", "doctor --json", "member clips --help"])
  test(`who reads no further hears no complaint of ${words}`, (t) => {
    const { stdout, stderr } = shell(
      `${main} ${words} 2>&1 >/dev/full | cat; ${main} ${words} | true; echo "\${PIPESTATUS[0]}"`,
    );
    t.equal(stderr, "");
    t.match(stdout, /^lintel: the output cannot be written: ENOSPC.*\n0$/m);
    t.end();
  });
