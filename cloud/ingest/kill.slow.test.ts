import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { serialize } from "node:v8";
import { test } from "tap";
import { householdIdOf } from "../../shared/kernel/ids.js";
import { type Prng, seededPrng } from "../../shared/kernel/prng.js";
import { openDatabase } from "../database.io.js";
import { openVault } from "../vault/vault.io.js";
import { makeCamera, type RigCamera, TestCamera } from "./camera.contract.js";
import { rigAuthority } from "./rig.contract.js";
import { collect, makeClip, type RigSegment, systemClock, systemRandom } from "./segment.contract.js";

const seed = Number(process.env.LINTEL_SEED ?? "1");
const kills = Number(process.env.LINTEL_KILLS ?? "20");
const [clipsPerCamera, segmentsPerClip] = [30, 4];
const lifeMillisMax = 250;

interface Process {
  readonly child: ChildProcess;
  readonly port: number;
}

async function startCloud(directory: string): Promise<Process> {
  const path = fileURLToPath(new URL("./cloud.contract.js", import.meta.url));
  const child = fork(path, [directory], { serialization: "advanced" });
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return { child, port };
}

async function kill({ child }: Process): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

/** What one camera still has to send, and what was acknowledged to it. */
interface Backlog {
  readonly camera: RigCamera;
  readonly segments: readonly RigSegment[];
  readonly acknowledged: Set<RigSegment>;
}

/** Sends what is missing, three segments at once. */
async function sendAll(camera: TestCamera, { segments, acknowledged }: Backlog): Promise<void> {
  const waiting = segments.filter((segment) => !acknowledged.has(segment));
  const lane = async (): Promise<void> => {
    for (let segment = waiting.shift(); segment !== undefined; segment = waiting.shift()) {
      const answer = await camera.push(segment);
      if (answer.kind === "done") acknowledged.add(segment);
      else refusals.push(`${segment.clip} ${segment.index}: ${JSON.stringify(answer)}`);
    }
  };
  await Promise.all([lane(), lane(), lane()]);
}

const refusals: string[] = [];

/** One connection's work, until all is acknowledged or the connection ends. */
async function work(
  backlog: Backlog,
  { ca, port }: { readonly ca: string; readonly port: number },
): Promise<void> {
  const camera = await TestCamera.connect(backlog.camera, { ca, port });
  const closed = camera.closed();
  const send = async (): Promise<void> => {
    const [known] = backlog.acknowledged;
    const again = known && (await camera.push(known));
    if (again !== undefined && again.kind !== "done") refusals.push(`forgotten: ${JSON.stringify(again)}`);
    await sendAll(camera, backlog);
  };
  await Promise.race([send().catch(() => undefined), closed]);
  await camera.close();
}

async function makeBacklog(directory: string, prng: Prng): Promise<readonly Backlog[]> {
  const authority = await rigAuthority(directory);
  const backlogs: Backlog[] = [];
  for (let count = 0; count < 2; count++) {
    const camera = await makeCamera(authority, household);
    const clips = [];
    for (let clip = 0; clip < clipsPerCamera; clip++) {
      clips.push(await makeClip(camera, segmentsPerClip, { bodyBytes: prng.between(1_000, 400_000) }));
    }
    backlogs.push({ camera, segments: clips.flat(), acknowledged: new Set() });
  }
  const known = new Map(backlogs.map(({ camera }) => [camera.id, camera]));
  writeFileSync(join(directory, "cameras"), serialize(known));
  return backlogs;
}

const household = householdIdOf(systemRandom.bytes(32));

test(`a cloud that is killed ${kills} times loses nothing that it acknowledged and stores nothing twice (seed ${seed})`, async (t) => {
  const prng = seededPrng(seed);
  const directory = mkdtempSync(join(tmpdir(), "lintel-kill-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const backlogs = await makeBacklog(directory, prng);
  const { caPem: ca } = await rigAuthority(directory);
  const missing = (): number =>
    backlogs.reduce((sum, { segments, acknowledged }) => sum + segments.length - acknowledged.size, 0);
  let killed = 0;
  let early = 0;
  while (killed < kills || missing() > 0) {
    const cloud = await startCloud(directory);
    const works = backlogs.map((backlog) => work(backlog, { ca, port: cloud.port }).catch(() => undefined));
    await (killed < kills ? pause(prng.between(5, lifeMillisMax)) : Promise.all(works));
    early += missing() > 0 ? 1 : 0;
    await kill(cloud);
    killed += 1;
    await Promise.all(works);
  }
  t.same(refusals, []);
  t.ok(early >= kills / 4, `${early} kills came while segments were on their way`);

  const db = await openDatabase(join(directory, "lintel.db"));
  const options = {
    directory: join(directory, "vault"),
    db,
    clock: systemClock,
    retentionDays: 30,
    longestDays: 60,
    bytesMax: 2 ** 40,
    householdBytesMax: 2 ** 40,
  };
  const vault = await openVault(options);
  t.teardown(() => vault.close().then(() => db.destroy()));
  await vault.eraser.sweep();
  const { items } = await vault.reader.clips(household, { limit: 200 });
  t.equal(items.length, 2 * clipsPerCamera);
  t.ok(items.every(({ state, segments }) => state === "complete" && segments === segmentsPerClip));
  for (const segment of backlogs.flatMap(({ segments }) => segments)) {
    const stored = await vault.reader.segment(household, segment.clip, segment.index);
    const file = stored && (await collect(stored.read(0, stored.bytes)));
    if (!file?.equals(segment.file)) t.fail(`${segment.clip} ${segment.index} is not byte-equal`);
  }
});
