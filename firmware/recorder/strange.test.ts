import { execFile } from "node:child_process";
import { mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Test, test } from "tap";
import type { SealedSegment } from "../../shared/clip/segment.js";
import { newEventId } from "../../shared/kernel/ids.js";
import {
  begun,
  camera,
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
import { systemDisk } from "./disk.io.js";
import type { Disk } from "./disk.js";
import { testClock, testSegments } from "./fixture.contract.js";
import { openJournal } from "./journal.io.js";
import { reserveBytes } from "./reserve.io.js";

const run = promisify(execFile);

test("a receipt that the card did not take is written once the card takes a segment again", async (t) => {
  const dir = await workDir(t);
  let protectedNow = true;
  const disk: Disk = {
    ...systemDisk,
    write: (path, parts, how) =>
      protectedNow && path.includes(".done")
        ? Promise.reject(Object.assign(new Error("read-only"), { code: "EROFS" }))
        : systemDisk.write(path, parts, how),
  };
  const { journal, logged } = await opened(t, dir, undefined, disk);
  const [first, second] = (await record(journal, 2)) as [SealedSegment, SealedSegment];
  await deliver(journal, [first]);
  t.same(logged.slice(-1), ["journal.fault"]);
  protectedNow = false;
  const third = await record(journal, 1);
  await journal.close();
  const again = await opened(t, dir);
  t.same(names(again.journal.pending()), names([second, ...third]));
});

test("a clip that was due when the power went is a gap, and one that was due no more is none", async (t) => {
  for (const [given, gaps] of [
    [false, 1],
    [true, 0],
  ] as const) {
    const dir = await workDir(t);
    const { journal } = await opened(t, dir);
    const clip = clipId();
    await journal.begin(clip, begun);
    if (given) await journal.abandon(clip);
    await journal.close();
    const again = await opened(t, dir);
    t.same(gapsOf(again.journal), gaps === 1 ? [`power ${clip}`] : []);
  }
});

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

const loop = async (path: string): Promise<void> => {
  await rm(path, { recursive: true, force: true });
  await symlink(path, path);
};

for (const name of [...journalsOwn, "reserve", "state.json", "state.json.part"])
  test(`a link to itself named journal/${name} is set aside, and the journal takes footage`, async (t) => {
    const dir = await workDir(t);
    await mkdir(join(dir, "journal"));
    await loop(join(dir, "journal", name));
    const { journal, logged } = await opened(t, dir);
    t.match(logged, ["journal.damaged"]);
    const recorded = await record(journal, 2);
    t.same(names(journal.pending()), names(recorded));
  });

test("links to themselves among clips and events are set aside, and the others stay", async (t) => {
  const dir = await workDir(t);
  const { journal } = await opened(t, dir);
  const [first, second, third] = (await record(journal, 3)) as [SealedSegment, SealedSegment, SealedSegment];
  await deliver(journal, [second]);
  const event = await journal.appendEvent({ kind: "press", at: begun });
  await journal.close();
  const clips = join(dir, "journal", "clips");
  const within = [pathOf(dir, first), pathOf(dir, second, "done"), pathOf(dir, third, "done.part")];
  for (const path of within) await loop(path);
  for (const name of [clipId(), `.gone-${clipId()}`]) await loop(join(clips, name));
  for (const name of [`${event.id}.json.part`, `${newEventId(begun, chance)}.json`])
    await loop(join(dir, "journal", "events", name));
  for (const _ of [1, 2]) {
    const again = await opened(t, dir);
    await again.journal.verified;
    t.same(names(again.journal.pending()), names([second, third]));
    t.match(again.journal.pendingEvents(), [event, { kind: "gap", reason: "damaged" }]);
    t.notOk(again.logged.includes("journal.fault"));
    await again.journal.close();
  }
});

/** A card on which whatever ends so cannot be read, though all else can. */
function badSector(ending: string, code: string): Disk {
  const unless = <T>(path: string, answer: () => Promise<T>): Promise<T> =>
    path.endsWith(ending) ? Promise.reject(Object.assign(new Error(`${code}: ${path}`), { code })) : answer();
  return {
    ...systemDisk,
    list: (path) => unless(path, () => systemDisk.list(path)),
    kind: (path) => unless(path, () => systemDisk.kind(path)),
    size: (path) => unless(path, () => systemDisk.size(path)),
    read: (path, offset, length) => unless(path, () => systemDisk.read(path, offset, length)),
    remove: (path) => unless(path, () => systemDisk.remove(path)),
  };
}

/** A clip that was cut off, one that the vault has, and an event. */
async function filled(t: Test) {
  const dir = await workDir(t);
  const { journal } = await opened(t, dir, reserveBytes + 7 * 16_000);
  const safe = await record(journal, 2, 5_000);
  await deliver(journal, safe);
  const cut = (await testSegments(camera, clipId(), 4, 5_000)).slice(0, 3);
  for (const segment of cut) await journal.append(segment);
  const event = await journal.appendEvent({ kind: "press", at: begun });
  await journal.close();
  const [clip = clipId()] = cut.map((segment) => segment.clip);
  return { dir, safe, cut, clip, event };
}

for (const code of ["EIO", "EUCLEAN", "EACCES"])
  test(`what the card refuses to give with ${code} is passed over with a log line, and is there at the next boot`, async (t) => {
    const { dir, safe, cut, clip, event } = await filled(t);
    const safeClip = safe[0]?.clip ?? clip;
    const bad = [
      ...[`${clip}/0.seg`, `${clip}/2.seg`, clip, `${safeClip}/0.seg`, `${safeClip}/1.done`, safeClip],
      ...[`${event.id}.json`, "events", "state.json", "reserve", "state.json.part", "clips"],
    ];
    // The last boots, with all readable, find what the ones before passed over.
    for (const ending of bad) {
      const { journal, logged } = await opened(t, dir, undefined, badSector(ending, code));
      t.ok(logged.includes("journal.fault"), ending);
      t.notOk(logged.includes("journal.damaged"), ending);
      const [late] = await record(journal, 1);
      if (late === undefined) return;
      t.ok(names(journal.pending()).includes(...(names([late]) as [string])), `${ending}: it records`);
      t.same(gapsOf(journal), [], ending);
      await journal.removeClip(late.clip);
      await journal.close();
    }
    const { journal, logged } = await opened(t, dir);
    await journal.verified;
    t.same(names(journal.pending()), [...names(cut), `${clip} 3`], "closed where it ended, and not before");
    t.same(journal.pendingEvents(), [event]);
    t.notOk(logged.includes("journal.fault"));
  });

test("what the card refused at the start is read, closed and told of as soon as it gives it, and not only at the next", async (t) => {
  const refusals: readonly (readonly [refuses: (clip: string) => string, first: keyof Disk])[] = [
    [(clip) => `${clip}/2.seg`, "read"],
    [(clip) => `${clip}/3.seg`, "rename"],
    [(clip) => clip, "list"],
    [() => "clips", "list"],
  ];
  for (const [refuses, operation] of refusals) {
    const { dir, cut, clip } = await filled(t);
    let [starts, later] = [true, 0];
    const ending = refuses(clip);
    const failing = async (...values: readonly string[]): Promise<unknown> => {
      const refused = values.slice(0, 2).some((path) => `${path}`.endsWith(ending));
      // At the start, and once more when it is asked again: a card may turn read-only meanwhile.
      const code = starts || operation !== "rename" ? "EIO" : "EROFS";
      if (refused && (starts || ++later === 1)) throw Object.assign(new Error(code), { code });
      return (systemDisk[operation] as (...all: readonly string[]) => Promise<unknown>)(...values);
    };
    const journal = await openJournal({
      ...{ dir: join(dir, "journal"), camera: camera.signer, clock: testClock(), random: chance },
      ...{ disk: { ...systemDisk, [operation]: failing }, log: () => undefined, lookAgainMillis: 20 },
    });
    t.teardown(() => journal.close());
    t.equal(journal.usage().unread, true, ending);
    const told: string[] = [];
    const closed = new Promise<void>((resolve) => {
      journal.watch({
        stored: (segment) => {
          told.push(...names([segment]));
          if (segment.end === "interrupted") resolve();
        },
      });
    });
    const before = names(journal.pending());
    starts = false;
    await closed;
    const all = [...names(cut), `${clip} 3`];
    t.same(names(journal.pending()), all, ending);
    t.same([...before, ...told].sort(), all, ending);
    t.same(gapsOf(journal), [], ending);
    await journal.close();
  }
});

test("a clip of which a part could not be read never counts as safe with the vault", async (t) => {
  const { dir, safe } = await filled(t);
  const [, second] = safe as [SealedSegment, SealedSegment];
  await rm(pathOf(dir, second, "done"));
  const limit = reserveBytes + 6 * 16_000;
  const { journal } = await opened(t, dir, limit, badSector(`${second.clip}/1.seg`, "EIO"));
  await record(journal, 6, 10_000);
  t.match(gapsOf(journal)[0], `evicted ${second.clip}`, "it goes only with a gap on record");
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
