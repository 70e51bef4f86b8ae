import { execFile } from "node:child_process";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { test } from "tap";
import type { SealedSegment } from "../../shared/clip/segment.js";
import { newEventId } from "../../shared/kernel/ids.js";
import {
  begun,
  chance,
  clipId,
  deliver,
  gapsOf,
  names,
  opened,
  pathOf,
  record,
  workDir,
} from "./card.contract.js";
import { reserveBytes } from "./reserve.io.js";

const run = promisify(execFile);

test("what is no file where one belongs is set aside with a log line, and the journal opens", async (t) => {
  const dir = await workDir(t);
  const { journal } = await opened(t, dir, reserveBytes + 3 * 16_000);
  const [first, second, third] = (await record(journal, 3)) as [SealedSegment, SealedSegment, SealedSegment];
  await deliver(journal, [third]);
  await journal.close();
  const clips = join(dir, "journal", "clips");
  const strays = [clipId(), `.gone-${clipId()}`].map((name) => join(clips, name));
  for (const path of strays) await writeFile(path, "a file");
  await rm(pathOf(dir, first));
  for (const path of [pathOf(dir, first), pathOf(dir, second, "done"), join(dir, "journal", "state.json")]) {
    await rm(path, { force: true });
    await mkdir(join(path, "within"), { recursive: true });
  }
  await mkdir(pathOf(dir, second, "done.part"));
  await mkdir(join(clips, `.gone-${clipId()}`, "0.seg", "within"), { recursive: true });
  for (const name of ["98.seg", "98.done"]) await run("mkfifo", [join(clips, first.clip, name)]);

  const again = await opened(t, dir, reserveBytes + 3 * 16_000);
  await again.journal.verified;
  t.same(names(again.journal.pending()), names([second]));
  t.same(gapsOf(again.journal), [`damaged ${first.clip}`]);
  t.equal(again.logged.filter((event) => event === "journal.damaged").length, 6);
  await deliver(again.journal, [second]);
  await again.journal.removeClip(first.clip);
  t.same(
    (await readdir(clips)).filter((name) => name.includes(first.clip)),
    [],
    "and such a clip can still go",
  );
});

const journalsOwn = ["", "clips", "events"];
for (const name of journalsOwn)
  test(`a file where the directory journal/${name} belongs is set aside, and the journal takes footage`, async (t) => {
    const dir = await workDir(t);
    const own = join(dir, "journal", name);
    await mkdir(join(own, ".."), { recursive: true });
    await writeFile(own, "a file");
    const { journal, logged } = await opened(t, dir);
    t.match(logged, ["journal.damaged"]);
    const recorded = await record(journal, 2);
    t.same(names(journal.pending()), names(recorded));
    const aside = (await readdir(join(own, ".."))).filter((there) => there.startsWith(".damaged-"));
    t.equal(aside.length, 1, "what stood there is kept");
  });

for (const name of ["reserve", "state.json", "state.json.part"])
  test(`a directory where the file journal/${name} belongs is set aside, and the journal takes footage`, async (t) => {
    const dir = await workDir(t);
    await mkdir(join(dir, "journal", name, "within"), { recursive: true });
    const { journal, logged } = await opened(t, dir);
    t.match(logged, ["journal.damaged"]);
    const recorded = await record(journal, 2);
    t.same(names(journal.pending()), names(recorded));
  });

for (const name of ["reserve", "state.json", "state.json.part"])
  test(`a pipe or a link to nothing named journal/${name} neither holds up the boot nor stops footage`, async (t) => {
    const make = [["mkfifo"], ["ln", "-s", "/nonexistent/target"]] as const;
    for (const [program, ...args] of make) {
      const dir = await workDir(t);
      await mkdir(join(dir, "journal"));
      await run(program, [...args, join(dir, "journal", name)]);
      const { journal, logged } = await opened(t, dir);
      t.match(logged, ["journal.damaged"]);
      t.notOk(logged.includes("journal.fault"));
      const recorded = await record(journal, 2);
      t.same(names(journal.pending()), names(recorded));
    }
  });

test("directories among the events are set aside, and the events stay", async (t) => {
  const dir = await workDir(t);
  const { journal } = await opened(t, dir);
  const event = await journal.appendEvent({ kind: "press", at: begun });
  await journal.close();
  const events = join(dir, "journal", "events");
  const strays = [`${event.id}.json.part`, `${newEventId(begun, chance)}.json`];
  for (const name of strays) await mkdir(join(events, name, "within"), { recursive: true });
  const again = await opened(t, dir);
  t.same(again.journal.pendingEvents(), [event]);
  t.equal(again.logged.filter((line) => line === "journal.damaged").length, 2);
});
