import {
  type CharterRefusal,
  type OpenedCharter,
  openNextCharter,
  openPinnedCharter,
  type SignedCharter,
} from "../../../shared/charter/charter.js";
import type { Claim, ClaimAnswer } from "../../../shared/charter/claim.js";
import type { CharterCamera } from "../../../shared/charter/lines.js";
import { fromBase64, toBase64 } from "../../../shared/kernel/bytes.js";
import { ok, type Result, refuse } from "../../../shared/kernel/result.js";
import { hashOf } from "../../../shared/seal/hash.js";
import { type NoteRefusal, parseVerifier } from "../../../shared/seal/note.js";

/** What the cloud hands to a board whose claim the owner has confirmed. */
export interface Enrolment {
  /** The charter that the claim pins, then every later one. */
  readonly charters: readonly SignedCharter[];
  /** PEM. */
  readonly certificate: string;
  readonly ca: string;
  readonly mqttUrl: string;
  readonly vaultKey: string;
}

export type EnrolmentRefusal =
  | CharterRefusal
  | NoteRefusal
  | { readonly kind: "other-ca" }
  | { readonly kind: "not-in-charter" }
  | { readonly kind: "certificate-refused"; readonly why: string }
  | { readonly kind: "bad-vault-key" };

/** The board's first charters, and its own line in the newest. */
export interface Enrolled {
  readonly newest: OpenedCharter;
  readonly camera: CharterCamera;
}

/** Believes nothing that the claim does not lead to: the pinned charter, its successors, this board's own keys in the last. */
export function checkCharters(
  claim: Claim,
  charters: readonly SignedCharter[],
  own: Pick<ClaimAnswer, "noteKey" | "tlsKey">,
): Result<Enrolled, EnrolmentRefusal> {
  const [pinned, ...later] = charters;
  if (pinned === undefined) return refuse({ kind: "not-the-next-charter", have: 0, found: 0 });
  let newest: Result<OpenedCharter, CharterRefusal> = openPinnedCharter(pinned, claim.charter);
  for (const signed of later) {
    if (!newest.ok) return newest;
    newest = openNextCharter(newest.value, signed);
  }
  if (!newest.ok) return newest;
  const { household, cameras } = newest.value;
  if (household !== claim.household) return refuse({ kind: "other-household", found: household });
  const tlsKey = fromBase64(own.tlsKey);
  const camera = cameras.find(({ noteKey }) => toBase64(noteKey) === own.noteKey);
  if (camera === undefined || !tlsKey.ok || camera.tlsKeyHash !== hashOf(tlsKey.value))
    return refuse({ kind: "not-in-charter" });
  return ok({ newest: newest.value, camera });
}

/** The key by which the vault signs receipts. */
export function checkVaultKey(text: string): Result<string, EnrolmentRefusal> {
  return parseVerifier(text).ok ? ok(text) : refuse({ kind: "bad-vault-key" });
}
