// What must always hold. Each oracle has a name; a world in which one does not hold has failed.
import type { Announcement } from "../../../cloud/ingest/ports.js";
import { openClip } from "../../../shared/clip/plain.js";
import { openSegment, type SealedSegment } from "../../../shared/clip/segment.js";
import { fromBase64, toHex } from "../../../shared/kernel/bytes.js";
import { open, splitHeader } from "../../../shared/seal/age.js";
import { nativeHashOf } from "../../../shared/seal/native.io.js";
import { type Verifier, verifierOf } from "../../../shared/seal/note.js";
import { plainMark } from "../edges/lens.js";
import { bytesOf, query } from "../edges/sqlite.js";
import type { Cloud } from "./cloud.js";
import type { Doorbell } from "./doorbell.js";
import type { Home } from "./people.js";
import { type FilmedClip, nameOf } from "./truth.js";

export class OracleFailed extends Error {
  readonly oracle: string;
  constructor(oracle: string, what: string) {
    super(`${oracle}: ${what}`);
    this.oracle = oracle;
  }
}

interface SegmentRow {
  readonly note: string;
  readonly sha256: string;
  readonly bytes: number;
}
interface EventRow {
  readonly id: string;
  readonly camera: string;
  readonly kind: string;
  readonly clip: string | null;
  readonly message: string;
}

const cloudDatabase = "/cloud/cloud.db";
const mark = Buffer.from(plainMark);

function rowsOf<Row>(sql: string, ...values: readonly unknown[]): readonly Row[] {
  return query(cloudDatabase, sql, values) as readonly Row[];
}

/** Acknowledged ⇒ in the vault durably, byte for byte what the camera sealed, with the key that opens its header. */
export function checkAcknowledged(cloud: Cloud, doorbell: Doorbell, name: string): void {
  // What was not yet said to be durable when the power went may have been sealed anew at the next start.
  const segment = doorbell.truth.sealed.get(name);
  if (segment === undefined || doorbell.truth.dying.has(segment.clip)) return;
  const oracle = "acknowledged-is-in-the-vault";
  const why = missingFromVault(cloud, doorbell, segment);
  if (why !== undefined)
    throw new OracleFailed(oracle, `${doorbell.machine.name} forgets ${name}, but ${why}`);
}

/** Why a segment is not in the vault for good; `undefined` when it is. */
function missingFromVault(cloud: Cloud, doorbell: Doorbell, segment: SealedSegment): string | undefined {
  const { clip, index, sealed } = segment;
  const [row] = rowsOf<SegmentRow>(
    "select note, sha256, bytes from segment where clip = ? and segment = ?",
    clip,
    index,
  );
  if (row === undefined) return "there is no row";
  if (row.note !== segment.note) return "the row has another note";
  if (sealed.length === 0) return undefined;
  const keys = query("/cloud/vault/shred.db", "select 1 from shred_key where clip = ?", [clip]);
  if (keys.length !== 1) return "there is no shred key";
  const body = cloud.disk.durable(bodyPath(doorbell.identity.camera, segment, row.sha256));
  if (body === undefined) return "there is no durable body";
  const split = splitHeader(sealed);
  const same = split.ok && Buffer.compare(body, split.value.body) === 0;
  return same ? undefined : "its durable body differs";
}

function bodyPath(camera: string, { clip, index }: SealedSegment, sha256: string): string {
  const hash = fromBase64(sha256);
  const short = hash.ok ? toHex(hash.value.subarray(0, 8)) : "";
  return `/vault/clips/${camera}/${clip}/${index}-${short}.body`;
}

/** Nothing is told twice: of the cloud's announcements. */
export function onceOnly(): (announcement: Announcement) => void {
  const told = new Set<string>();
  return (announcement) => {
    const name = announcedName(announcement);
    if (name === undefined) return;
    if (told.has(name)) throw new OracleFailed("nothing-twice", `${name} was told twice`);
    told.add(name);
  };
}

function announcedName(announcement: Announcement): string | undefined {
  switch (announcement.kind) {
    case "clip.segment":
      return `segment ${announcement.clip}/${announcement.index}`;
    case "clip.started":
    case "clip.ended":
      return `${announcement.kind} ${announcement.clip}`;
    case "event":
      return `event ${announcement.event.id}`;
    default:
      return undefined;
  }
}

/** Nothing unsealed leaves the camera. */
export function checkPayload(payload: Uint8Array, where: string): void {
  if (Buffer.from(payload.buffer, payload.byteOffset, payload.length).includes(mark))
    throw new OracleFailed("nothing-unsealed-leaves", `plain footage ${where}`);
}

/** No plain footage on any disk, no key of anybody's in the cloud. */
export function checkDisks(cloud: Cloud, doorbells: readonly Doorbell[]): void {
  for (const { disk, machine } of [cloud, ...doorbells])
    for (const { path, file } of disk.files()) checkPayload(file.bytes, `in ${machine.name}${path}`);
  for (const path of [cloudDatabase, "/cloud/vault/shred.db"]) {
    const bytes = bytesOf(path);
    checkPayload(bytes, `in ${path}`);
    if (bytes.includes("AGE-SECRET-KEY-")) throw new OracleFailed("no-key-in-the-cloud", `a key in ${path}`);
  }
}

interface Settled {
  readonly cloud: Cloud;
  readonly home: Home;
  readonly doorbell: Doorbell;
}

/** After healing: every recorded clip is in the vault once, or its gap is shown. */
export async function checkKept({ cloud, home, doorbell }: Settled): Promise<void> {
  const { truth, identity, machine } = doorbell;
  const events = rowsOf<EventRow>("select * from event where camera = ?", identity.camera);
  const gaps = new Set(events.flatMap(({ kind, clip }) => (kind === "gap" && clip !== null ? [clip] : [])));
  for (const event of truth.events.values())
    if (events.filter(({ id }) => id === event.id).length !== 1)
      throw new OracleFailed("every-event-once", `${machine.name} told of ${event.kind} ${event.id}`);
  for (const segment of truth.sealed.values()) {
    if (truth.dying.has(segment.clip)) continue;
    const why = missingFromVault(cloud, doorbell, segment);
    if (why !== undefined && !gaps.has(segment.clip))
      throw new OracleFailed(
        "every-clip-or-its-gap",
        `${nameOf(segment)} was durable on the card, but ${why}`,
      );
  }
  for (const clip of truth.clips.values()) await checkClip({ home, doorbell }, clip, gaps.has(clip.clip));
}

/** What the vault has of a clip opens, is in order, is what was filmed; and what it lacks is told. */
async function checkClip(
  { home, doorbell }: Omit<Settled, "cloud">,
  filmed: FilmedClip,
  isGapTold: boolean,
): Promise<void> {
  const { truth, identity } = doorbell;
  const { clip, begun } = filmed;
  if (truth.dying.has(clip)) return;
  const rows = rowsOf<StoredRow>("select segment, note from segment where clip = ? order by segment", clip);
  if (rows.length === 0 && begun && !isGapTold)
    throw new OracleFailed(keptOracle, `nothing shows that ${clip} began`);
  if (rows.length === 0 || isGapTold) return;
  checkOrder(clip, rows, verifierOf(identity.signer));
  const [last] = rowsOf<{ end: string }>("select end from clip where id = ?", clip);
  // Nobody signs a second note for the place of a damaged one: such a clip is interrupted since no more of it comes.
  const isCut = truth.aside.has(nameOf({ clip, index: rows.length }));
  if (last?.end === "no" && !isCut) throw new OracleFailed(keptOracle, `${clip} never ends`);
  const mine = rows.flatMap(({ segment, note }) => {
    const offered = truth.offered.get(nameOf({ clip, index: segment }));
    return offered?.note === note ? [offered] : [];
  });
  const found = mine.length === 0 ? [] : await footageIn(mine, doorbell, home);
  const differs = found.findIndex((bytes, at) => !isSame(bytes, filmed.fragments[at]));
  if (differs >= 0) throw new OracleFailed("as-it-was-filmed", `${clip} differs at ${differs}`);
  if (found.length < filmed.fragments.length && last?.end === "complete")
    throw new OracleFailed(keptOracle, `${clip} lacks footage and passes for complete`);
}

interface StoredRow {
  readonly segment: number;
  readonly note: string;
}

const keptOracle = "every-clip-or-its-gap";

function isSame(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && Buffer.compare(a, b) === 0;
}

/** From the first on without a gap, each naming the one before. */
function checkOrder(clip: string, rows: readonly StoredRow[], camera: Verifier): void {
  let previous = "none";
  for (const [at, { segment, note }] of rows.entries()) {
    const opened = openSegment(note, camera);
    if (segment !== at || !opened.ok || opened.value.previous !== previous)
      throw new OracleFailed("in-order", `segment ${segment} of ${clip} does not follow the one before`);
    previous = opened.value.hash;
  }
}

async function footageIn(
  segments: readonly SealedSegment[],
  { identity }: Doorbell,
  home: Home,
): Promise<readonly Uint8Array[]> {
  const plain = await plainOf(segments, home.identities.get(identity.camera) ?? "");
  const opened = openClip(plain, verifierOf(identity.signer), nativeHashOf);
  if (!opened.ok)
    throw new OracleFailed("clips-open", `${segments[0]?.clip}: ${JSON.stringify(opened.error)}`);
  return opened.value.fragments.map(({ bytes }) => bytes);
}

async function plainOf(segments: readonly SealedSegment[], identity: string): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (const { sealed } of segments) {
    const plain = sealed.length === 0 ? undefined : await open(sealed, [identity]);
    if (plain?.ok === false) throw new OracleFailed("clips-open", plain.error.kind);
    if (plain !== undefined) pieces.push(plain.value);
  }
  return new Uint8Array(Buffer.concat(pieces));
}
