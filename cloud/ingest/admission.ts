import { type OpenedSegment, openSegment, parseSegment } from "../../shared/clip/segment.js";
import { fromBase64 } from "../../shared/kernel/bytes.js";
import type { CameraId, ClipId, HouseholdId } from "../../shared/kernel/ids.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import type { Init, RefusalCode } from "../../shared/protocol/messages.js";
import { splitHeader } from "../../shared/seal/age.js";
import type { Verifier } from "../../shared/seal/note.js";
import { textOf } from "../../shared/seal/note.js";

/** A segment whose note is the sender's own, with its age header. */
export interface AdmittedSegment {
  readonly note: OpenedSegment;
  readonly signed: string;
  readonly header: Uint8Array;
}

/** Which segment an announcement claims to be about; says nothing of whether that is true. */
export function claimedPlace(signed: string): { readonly clip: ClipId; readonly index: number } | undefined {
  const note = parseSegment(textOf(signed));
  return note.ok ? { clip: note.value.clip, index: note.value.index } : undefined;
}

/**
 * Checks an announcement against its sender. `forged`: not signed by this camera, or about another camera or household.
 * `damaged`: what came beside the note cannot belong to it.
 */
export function admit(
  init: Init,
  sender: { readonly camera: CameraId; readonly household: HouseholdId; readonly verifier: Verifier },
): Result<AdmittedSegment, Extract<RefusalCode, "forged" | "damaged">> {
  const note = openSegment(init.note, sender.verifier);
  if (!note.ok) return refuse("forged");
  if (note.value.camera !== sender.camera || note.value.household !== sender.household)
    return refuse("forged");
  const header = fromBase64(init.header);
  if (!header.ok || !isWholeHeader(header.value, note.value.bytes)) return refuse("damaged");
  return ok({ note: note.value, signed: init.note, header: header.value });
}

/** Nothing of the body may come in the announcement, nor of the header in chunks: the header alone can be shredded. */
function isWholeHeader(header: Uint8Array, fileBytes: number): boolean {
  if (fileBytes === 0) return header.length === 0;
  const split = splitHeader(header);
  return split.ok && split.value.body.length === 0 && header.length < fileBytes;
}
