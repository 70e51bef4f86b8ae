import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Test, test } from "tap";
import { startService } from "./service.io.js";

/** A board whose systemctl and id are scripts that write down how they were called. */
function board(t: Test, systemctl: string) {
  const folder = t.testdir({ bin: {}, running: {}, state: { identity: { "note.key": "" } } });
  const program = (name: string, body: string): void => {
    writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(folder, "bin", name), 0o755);
  };
  program("id", `echo ${process.getuid?.() === 0 ? 1234 : process.getuid?.()}`);
  program("systemctl", systemctl.replace("LOG", join(folder, "log")));
  writeFileSync(join(folder, "unit"), "");
  const path = process.env.PATH;
  process.env.PATH = `${join(folder, "bin")}:${path}`;
  t.teardown(() => {
    process.env.PATH = path;
  });
  const places = {
    running: join(folder, "running"),
    unit: join(folder, "unit"),
    state: join(folder, "state"),
  };
  return { folder, places };
}

test("where the package's unit and systemd are, the service gets the camera's files and is started", async (t) => {
  const { folder, places } = board(t, 'echo "$@" >> LOG');
  t.equal(await startService(places.state, places), true);
  t.equal(readFileSync(join(folder, "log"), "utf8"), "enable --now lintel-camera.service\n");
  const asRoot = process.getuid?.() === 0;
  for (const path of [places.state, join(places.state, "identity", "note.key")])
    t.equal(statSync(path).uid, asRoot ? 1234 : process.getuid?.());
});

test("without systemd, without the unit and for another folder nothing is started", async (t) => {
  const { folder, places } = board(t, "exit 1");
  t.equal(await startService(join(folder, "bin"), places), false);
  rmSync(places.unit);
  t.equal(await startService(places.state, places), false);
  writeFileSync(places.unit, "");
  rmSync(places.running, { recursive: true });
  t.equal(await startService(places.state, places), false);
});

test("a service that does not start is said, with the next step", async (t) => {
  const { places } = board(t, 'echo "Access denied" >&2; exit 1');
  mkdirSync(places.running, { recursive: true });
  await t.rejects(startService(places.state, places), {
    message: /does not run: .*Access denied.* as root/s,
  });
});
