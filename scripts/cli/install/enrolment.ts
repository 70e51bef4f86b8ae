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
  | { readonly kind: "bad-vault-key" }
  | { readonly kind: "bad-broker"; readonly found: string };

/** What the board follows from now on. */
export interface Enrolled {
  readonly newest: OpenedCharter;
  /** This board's line in it. */
  readonly camera: CharterCamera;
  /** From the first charter that names this board on. */
  readonly charters: readonly SignedCharter[];
}

type OwnKeys = Pick<ClaimAnswer, "noteKey" | "tlsKey">;

/** Believes nothing that the claim does not lead to: the pinned charter, its successors, this board's own keys in the last. */
export function checkCharters(
  claim: Claim,
  charters: readonly SignedCharter[],
  own: OwnKeys,
): Result<Enrolled, EnrolmentRefusal> {
  const opened: OpenedCharter[] = [];
  for (const signed of charters) {
    const before = opened.at(-1);
    const next = before ? openNextCharter(before, signed) : openPinnedCharter(signed, claim.charter);
    if (!next.ok) return next;
    opened.push(next.value);
  }
  const newest = opened.at(-1);
  if (newest === undefined) return refuse({ kind: "not-the-next-charter", have: 0, found: 0 });
  if (newest.household !== claim.household)
    return refuse({ kind: "other-household", found: newest.household });
  const camera = lineOf(newest, own);
  if (camera === undefined) return refuse({ kind: "not-in-charter" });
  const first = opened.findIndex((charter) => lineOf(charter, own) !== undefined);
  return ok({ newest, camera, charters: charters.slice(first) });
}

function lineOf({ cameras }: OpenedCharter, { noteKey, tlsKey }: OwnKeys): CharterCamera | undefined {
  const key = fromBase64(tlsKey);
  const tlsKeyHash = key.ok ? hashOf(key.value) : "";
  return cameras.find((line) => toBase64(line.noteKey) === noteKey && line.tlsKeyHash === tlsKeyHash);
}

/** The key by which the vault signs receipts. */
export function checkVaultKey(text: string): Result<string, EnrolmentRefusal> {
  return parseVerifier(text).ok ? ok(text) : refuse({ kind: "bad-vault-key" });
}

/** Where the camera will connect: over TLS, or not at all. */
export function checkBroker(text: string): Result<string, EnrolmentRefusal> {
  return /^mqtts:\/\/(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?\/?$/i.test(text)
    ? ok(text)
    : refuse({ kind: "bad-broker", found: text });
}
