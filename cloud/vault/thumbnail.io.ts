import { concat, fromBase64, toBase64 } from "../../shared/kernel/bytes.js";
import { hashOf, hashOfText } from "../../shared/seal/hash.js";
import { textOf } from "../../shared/seal/note.js";
import type { OfferedThumbnail, ThumbnailOutcome } from "./clip.js";
import { headerPlace, type Rooms } from "./rooms.io.js";
import { type ClipName, unwrapHeader, wrapHeader } from "./shred.io.js";
import type { ClipRow, ThumbnailRow } from "./tables.js";

/** A clip's sealed picture as the camera made it: a plain age file. */
export interface StoredThumbnail {
  readonly sha256: string;
  /** `undefined` when it is not what its camera signed any more. */
  readonly file: Uint8Array | undefined;
}

/** Takes a thumbnail of a clip that stands, in the place of an earlier take. Not beside a commit or an erasure. */
export async function storeThumbnail(
  { records, shred, space, clock }: Rooms,
  { note, signed, header, body }: OfferedThumbnail,
): Promise<ThumbnailOutcome> {
  const { household, camera, clip, take, bytes, sha256 } = note;
  const name = { household, id: clip };
  const refused = refusalOf(await records.clipRow(name), camera);
  if (refused !== undefined) return refused;
  const before = await records.thumbnailRow(name);
  if (before !== undefined && before.take >= take) return standingOf(before, { take, signed });
  const growth = bytes - (before?.bytes ?? 0);
  if (!(await space.hasRoomFor(growth, household))) return { kind: "full" };
  const key = await shred.find(name);
  // Of a clip whose key was lost nothing more can be read back.
  if (key === undefined) return { kind: "no-clip" };
  const wrapped = wrapHeader(header, key, headerPlace(household, clip, "thumbnail"));
  const stored = { header: wrapped, body: toBase64(body), arrived_at: clock.wall() };
  await records.putThumbnail({ household, clip, take, bytes, sha256, note: signed, ...stored }, growth);
  space.add(household, growth);
  return { kind: "stored", fresh: true };
}

function refusalOf(clip: ClipRow | undefined, camera: string): ThumbnailOutcome | undefined {
  if (clip === undefined) return { kind: "no-clip" };
  if (clip.camera !== camera) return { kind: "conflict" };
  if (clip.deleted_at === null) return undefined;
  return clip.deletion === null ? { kind: "deleted" } : { kind: "deleted", deletion: clip.deletion };
}

function standingOf(
  before: ThumbnailRow,
  { take, signed }: { readonly take: number; readonly signed: string },
): ThumbnailOutcome {
  const same = before.take > take || hashOfText(textOf(before.note)) === hashOfText(textOf(signed));
  return same ? { kind: "stored", fresh: false } : { kind: "conflict" };
}

export async function readThumbnail(
  { records, shred, damages }: Rooms,
  name: ClipName,
): Promise<StoredThumbnail | undefined> {
  const row = await records.thumbnailRow(name);
  const key = await shred.find(name);
  if (row === undefined || key === undefined) return undefined;
  const file = fileOf(row, key);
  if (file !== undefined && hashOf(file) === row.sha256) return { sha256: row.sha256, file };
  const clip = await records.clipRow(name);
  if (clip?.deleted_at === null)
    damages.note({ camera: clip.camera, clip: name.id, index: "thumbnail", what: "damaged" });
  return { sha256: row.sha256, file: undefined };
}

function fileOf({ household, clip, header, body }: ThumbnailRow, key: Uint8Array): Uint8Array | undefined {
  const rest = fromBase64(body);
  if (!rest.ok) return undefined;
  try {
    const head = unwrapHeader(header, key, headerPlace(household, clip, "thumbnail"));
    return concat(Uint8Array.from(head), rest.value);
  } catch {
    // It was changed where it is stored.
    return undefined;
  }
}
