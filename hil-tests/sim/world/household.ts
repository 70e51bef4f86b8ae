// What a household does meanwhile: it deletes clips, changes its charter, removes a camera. Every call is repeated until it is answered.
import { formatDeletion } from "../../../shared/clip/custody.js";
import { millis } from "../../../shared/kernel/brand.js";
import type { ClipId } from "../../../shared/kernel/ids.js";
import type { Result } from "../../../shared/kernel/result.js";
import { signNote } from "../../../shared/seal/note.js";
import { elapsed, on, wallNow } from "../edges/clockwork.js";
import type { Parts } from "./cloud.js";
import type { Doorbell } from "./doorbell.js";
import { OracleFailed } from "./oracles.js";
import type { World } from "./world.js";

const againMillis = 2_000;

/** Asks until there is an answer. */
export function insist<T>(
  world: World,
  call: (parts: Parts) => Promise<T>,
  answered: (answer: T) => void,
): void {
  world.underWay++;
  const ask = (): void =>
    world.cloud.ask(call, (answer) => {
      if (answer === undefined) return void on(undefined, againMillis, ask);
      world.underWay--;
      answered(answer.value);
    });
  ask();
}

/** One act, by chance; none where there is nothing to do, or the charter is being changed. */
export function act(world: World): void {
  const { chance } = world;
  const kind = chance.next();
  if (kind < 0.5) deleteClip(world);
  else if (world.charterUnderWay) return;
  else if (kind < 0.8) rename(world);
  else removeCamera(world);
}

function deleteClip(world: World): void {
  const { doorbells, chance, home, trace } = world;
  const doorbell = doorbells[chance.between(0, doorbells.length)];
  const clips = [...(doorbell?.truth.clips.keys() ?? [])].filter(
    (clip) => !world.released.has(clip) && !doorbell?.truth.deleted.has(clip),
  );
  const clip = clips[chance.between(0, Math.max(clips.length, 1))];
  const [owner] = home.owners;
  if (doorbell === undefined || clip === undefined || owner === undefined) return;
  const { camera } = doorbell.identity;
  const at = millis(wallNow());
  const note = signNote(formatDeletion({ household: home.id, camera, clip, at }), [owner.note]);
  doorbell.truth.dying.add(clip);
  insist(
    world,
    async ({ vault, ingest }) => {
      const erased = await vault.eraser.erase(home.id, clip, note);
      // Not there yet: its owner sees no such clip to delete.
      if (erased !== undefined) doorbell.truth.deleted.add(clip);
      if (erased !== undefined) ingest.deletion(erased, note);
      return erased !== undefined;
    },
    (erased) => trace.note("owner", "deleted", { clip, erased }),
  );
}

function rename(world: World): void {
  const { home } = world;
  const cameras = home.charter.cameras.map((camera) => ({ ...camera, name: `Door ${home.charter.version}` }));
  change(world, cameras, () => undefined);
}

function removeCamera(world: World): void {
  const { home, doorbells, chance } = world;
  if (home.charter.cameras.length < 2) return;
  const gone = home.charter.cameras[chance.between(0, home.charter.cameras.length)];
  const doorbell = doorbells.find(({ identity }) => identity.camera === gone?.id);
  change(
    world,
    home.charter.cameras.filter((camera) => camera !== gone),
    () => {
      if (doorbell !== undefined) doorbell.removedAt = elapsed();
    },
  );
}

function change(world: World, cameras: World["home"]["charter"]["cameras"], done: () => void): void {
  const { home, trace } = world;
  const signed = home.next({ cameras, issued: millis(wallNow()) });
  const { version } = home.charter;
  world.charterUnderWay = true;
  insist<Result<unknown, { readonly kind: string }>>(
    world,
    ({ charters }) => charters.append(home.id, signed, []),
    (answer) => {
      if (!answer.ok)
        return world.failed(new OracleFailed("charter-succession", JSON.stringify(answer.error)));
      trace.note("owner", "charter", { version, cameras: cameras.length });
      world.charterUnderWay = false;
      world.course?.charterChanged();
      done();
    },
  );
}

/** Longest time in which what a removed camera had begun to send may still arrive. */
const graceMillis = 20_000;

/** The charter is followed forwards only; a camera that was removed gives nothing any more. */
export function checkCharters({ doorbells, home }: World, rows: RowsOf): void {
  for (const { truth, machine, removedAt, identity, running } of doorbells) {
    if (truth.followed.some((version, at) => version <= (truth.followed[at - 1] ?? 0)))
      throw new OracleFailed("charter-only-forwards", `${machine.name} followed ${truth.followed}`);
    if (removedAt === undefined) {
      if (running?.house.version() !== home.charter.version)
        throw new OracleFailed("charter-arrives", `${machine.name} follows ${running?.house.version()}`);
      continue;
    }
    const arrived = rows<{ arrived_at: number }>(
      "select segment.arrived_at from segment join clip on clip.id = segment.clip where clip.camera = ?",
      identity.camera,
    );
    if (arrived.some(({ arrived_at }) => arrived_at > epochOf(removedAt) + graceMillis))
      throw new OracleFailed("removed-camera-is-refused", machine.name);
  }
}

const epochOf = (time: number): number => wallNow() - elapsed() + time;

type RowsOf = <Row>(sql: string, ...values: readonly unknown[]) => readonly Row[];

/** Nothing is left of a deleted clip that opens it: no row of a segment, no key, nothing on the card. A body may lie there for a day. */
export function checkDeleted(world: World, rows: RowsOf, keys: RowsOf): void {
  for (const doorbell of world.doorbells)
    for (const clip of doorbell.truth.deleted) {
      const left = leftOf(doorbell, clip, { rows, keys });
      if (left !== undefined) throw new OracleFailed("deleted-is-gone", `${clip} has ${left}`);
    }
}

function leftOf(
  doorbell: Doorbell,
  clip: ClipId,
  { rows, keys }: { readonly rows: RowsOf; readonly keys: RowsOf },
): string | undefined {
  if (rows("select 1 from segment where clip = ?", clip).length > 0) return "rows of segments";
  if (keys("select 1 from shred_key where clip = ?", clip).length > 0) return "a shred key";
  return isOnCard(doorbell, clip) ? "something on the card" : undefined;
}

/** Under its own name, or as what is to go. */
export function isOnCard({ disk }: Doorbell, clip: ClipId): boolean {
  const clips = disk.find("/state/journal/clips");
  return clips?.kind === "directory" && [...clips.names.keys()].some((name) => name.endsWith(clip));
}

export function isNamed({ removedAt }: Doorbell): boolean {
  return removedAt === undefined;
}
