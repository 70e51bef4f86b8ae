import { type OpenedSegment, openSegment, parseSegment } from "../../shared/clip/segment.js";
import { checkThumbnail, openThumbnail, parseThumbnail } from "../../shared/clip/thumbnail.js";
import { concat, fromBase64 } from "../../shared/kernel/bytes.js";
import type { CameraId, ClipId, HouseholdId } from "../../shared/kernel/ids.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import type { Init, RefusalCode, Thumbnail } from "../../shared/protocol/messages.js";
import { splitHeader } from "../../shared/seal/age.js";
import type { Verifier } from "../../shared/seal/note.js";
import { textOf } from "../../shared/seal/note.js";
import type { OfferedThumbnail } from "../vault/clip.js";

/** A segment whose note is the sender's own, with its age header. */
export interface AdmittedSegment {
  readonly note: OpenedSegment;
  readonly signed: string;
  readonly header: Uint8Array;
}

interface Sender {
  readonly camera: CameraId;
  readonly household: HouseholdId;
  readonly verifier: Verifier;
}

/** Which segment an announcement claims to be about; says nothing of whether that is true. */
export function claimedPlace(signed: string): { readonly clip: ClipId; readonly index: number } | undefined {
  const note = parseSegment(textOf(signed));
  return note.ok ? { clip: note.value.clip, index: note.value.index } : undefined;
}

/** The same of a thumbnail. */
export function claimedTake(signed: string): { readonly clip: ClipId; readonly take: number } | undefined {
  const note = parseThumbnail(textOf(signed));
  return note.ok ? { clip: note.value.clip, take: note.value.take } : undefined;
}

/**
 * Checks an announcement against its sender. `forged`: not signed by this camera, or about another camera or household.
 * `damaged`: what came beside the note cannot belong to it.
 */
export function admit(
  init: Init,
  sender: Sender,
): Result<AdmittedSegment, Extract<RefusalCode, "forged" | "damaged">> {
  const note = openSegment(init.note, sender.verifier);
  if (!note.ok) return refuse("forged");
  if (!isOf(note.value, sender)) return refuse("forged");
  const header = fromBase64(init.header);
  if (!header.ok || !isWholeHeader(header.value, note.value.bytes)) return refuse("damaged");
  return ok({ note: note.value, signed: init.note, header: header.value });
}

/** As above, of a thumbnail, which comes whole. */
export function admitThumbnail(
  { note: signed, header, body }: Thumbnail,
  sender: Sender,
): Result<OfferedThumbnail, "forged" | "damaged"> {
  const note = openThumbnail(signed, sender.verifier);
  if (!note.ok || !isOf(note.value, sender)) return refuse("forged");
  const [head, rest] = [fromBase64(header), fromBase64(body)];
  if (!head.ok || !rest.ok || !isWholeHeader(head.value, note.value.bytes)) return refuse("damaged");
  const whole = checkThumbnail({ note: signed, sealed: concat(head.value, rest.value) }, sender.verifier);
  return whole.ok
    ? ok({ note: note.value, signed, header: head.value, body: rest.value })
    : refuse("damaged");
}

function isOf(
  { camera, household }: { readonly camera: CameraId; readonly household: HouseholdId },
  sender: Sender,
): boolean {
  return camera === sender.camera && household === sender.household;
}

/** Nothing of the body may come in the announcement, nor of the header in chunks: the header alone can be shredded. */
function isWholeHeader(header: Uint8Array, fileBytes: number): boolean {
  if (fileBytes === 0) return header.length === 0;
  const split = splitHeader(header);
  return split.ok && split.value.body.length === 0 && header.length < fileBytes;
}
