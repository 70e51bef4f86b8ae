import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { test } from "tap";
import { openMachine } from "./machine.io.js";
import { isMade, lacking, userlandFolder } from "./userland.io.js";

t.setTimeout(120_000);

const boardBytes = 512 * 1024 ** 2;
const skip =
  lacking()[0] ??
  (isMade(userlandFolder())
    ? false
    : "no userland was made here yet: npm run prove -- emulated makes it, and shows the rest");

test("what an emulated board needs and is not here is said at once, with what to do", (t) => {
  const [root, programs, ...more] = lacking("/none", 1000);
  t.match(root, /needs root.*sudo/);
  t.match(programs, /^Missing here: mmdebstrap, qemu-aarch64-static, .*apt-get install/);
  t.same(more, []);
  t.end();
});

test("on the emulated board Node is arm64's, its memory is the board's, and nothing of it stays", {
  skip,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "lintel-emulated-test-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "tree/DEBIAN"), { recursive: true });
  const control =
    "Package: nothing\nVersion: 1\nArchitecture: all\nMaintainer: a <a@localhost>\nDescription: nothing\n";
  writeFileSync(join(folder, "tree/DEBIAN/control"), control);
  const file = join(folder, "nothing.deb");
  execFileSync("dpkg-deb", ["--build", join(folder, "tree"), file], { stdio: "ignore" });
  const machine = openMachine(userlandFolder(), file, boardBytes);
  t.teardown(() => machine.close());
  const said: string[] = [];
  const node = machine.start(["/usr/bin/node", "-p", "process.arch + process.pid"], (line) =>
    said.push(line),
  );
  t.equal(await node.ended, 0);
  t.same(said, ["arm641"]);
  const hungry = "const held = []; for (;;) held.push(Buffer.alloc(64e6, 1));";
  const ended = await machine.start(["/usr/bin/node", "-e", hungry], () => undefined).ended;
  t.not(ended, 0);
  t.equal(machine.memory.outOfMemoryKills(), 1);
  t.same(machine.processes(), []);
});
