import {
  type CharterRefusal,
  type OpenedCharter,
  openNextCharter,
  type SignedCharter,
} from "../../shared/charter/charter.js";
import { mayDelete, memberVerifier } from "../../shared/charter/lines.js";
import { type Deletion, parseDeletion, parseReceipt, type Receipt } from "../../shared/clip/custody.js";
import type { CameraId } from "../../shared/kernel/ids.js";
import { type Result, refuse } from "../../shared/kernel/result.js";
import type { FieldsRefusal } from "../../shared/seal/fields.js";
import { type NoteRefusal, openNote, type Verifier } from "../../shared/seal/note.js";

/** How far a camera followed its household's charter. */
export interface Followed {
  readonly charter: OpenedCharter;
  /** The charters that were new, in order. */
  readonly added: readonly SignedCharter[];
  /** Why the next one was not taken. What came before it holds. */
  readonly refusal: CharterRefusal | undefined;
}

/** Follows from `current`, never back: what it has already is passed over, what does not chain ends it. */
export function follow(current: OpenedCharter, later: readonly SignedCharter[]): Followed {
  let charter = current;
  const added: SignedCharter[] = [];
  for (const signed of later) {
    const next = openNextCharter(charter, signed);
    if (next.ok) {
      charter = next.value;
      added.push(signed);
    } else if (!isOlder(next.error, charter)) {
      return { charter, added, refusal: next.error };
    }
  }
  return { charter, added, refusal: undefined };
}

function isOlder(refusal: CharterRefusal, { version }: OpenedCharter): boolean {
  return refusal.kind === "not-the-next-charter" && refusal.found <= version;
}

export type OrderRefusal = NoteRefusal | FieldsRefusal | { readonly kind: "other-camera" };

/** Opens a deletion: by an owner or adult of the household, for a clip of this camera. */
export function openDeletion(
  note: string,
  charter: OpenedCharter,
  camera: CameraId,
): Result<Deletion, OrderRefusal> {
  const may = charter.members.filter(({ role }) => mayDelete(role));
  const opened = openNote(note, may.map(memberVerifier));
  if (!opened.ok) return opened;
  const deletion = parseDeletion(opened.value.text);
  if (!deletion.ok) return deletion;
  const ours = deletion.value.camera === camera && deletion.value.household === charter.household;
  return ours ? deletion : refuse({ kind: "other-camera" });
}

/** Opens the vault's receipt. That it names the segment in question is for whoever holds the segment to compare. */
export function openReceipt(note: string, vault: Verifier): Result<Receipt, OrderRefusal> {
  const opened = openNote(note, [vault]);
  return opened.ok ? parseReceipt(opened.value.text) : opened;
}
