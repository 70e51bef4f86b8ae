import { millis } from "../../../shared/kernel/brand.js";
import { fromUtf8, toUtf8 } from "../../../shared/kernel/bytes.js";
import { type CameraId, isCameraId, isMemberId, type MemberId } from "../../../shared/kernel/ids.js";
import { formatPlace, type Place, parsePlace } from "../../../shared/release/area.js";
import { noesMax } from "../../../shared/release/ownersword.js";
import { type Hash, isHash } from "../../../shared/seal/hash.js";
import { fieldsOf } from "../fields.js";
import type { KeptDraft } from "./drafts.js";

/** What a household's owners keep among themselves: where its cameras stand, and what they are about to release. */
export interface OwnersState {
  /** Whether no request is ever shown. Only the owners turn it back. */
  readonly optedOut: boolean;
  readonly places: ReadonlyMap<CameraId, Place>;
  /** Authorisations under way. */
  readonly drafts: readonly KeptDraft[];
  readonly noes: readonly No[];
}

/** An owner's no to an emergency. It is in that owner's word alone: nobody says it for another. */
export interface No {
  readonly member: MemberId;
  /** The claim's hash. */
  readonly claim: Hash;
}

/** The state has this length whatever it holds, so that its file says nothing. */
const stateBytes = 64 * 1024;

export const emptyState: OwnersState = { optedOut: false, places: new Map(), drafts: [], noes: [] };

/** Padded with spaces. Throws where it does not fit, which the limits of what it holds prevent. */
export function formatState({ optedOut, places, drafts, noes }: OwnersState): Uint8Array {
  const placed = [...places].map(([camera, place]) => ({ camera, place: formatPlace(place) }));
  const said = noes.map(({ member, claim }) => `${member}:${claim}`).join(" ");
  const bytes = toUtf8(JSON.stringify({ v: 1, optedOut, places: placed, drafts, noes: said }));
  if (bytes.length > stateBytes) throw new Error("The owners' state is larger than its file.");
  const padded = new Uint8Array(stateBytes).fill(0x20);
  padded.set(bytes);
  return padded;
}

/** Throws `UnexpectedAnswer` for what is none. */
export function parseState(bytes: Uint8Array): OwnersState {
  const fields = fieldsOf(jsonIn(bytes), "the owners' state");
  const places = fields.list(
    "places",
    (item) => [item.text("camera"), parsePlace(item.text("place"))] as const,
  );
  const known = places.flatMap(([camera, place]) =>
    isCameraId(camera) && place !== undefined ? [[camera, place] as const] : [],
  );
  const drafts = fields.list("drafts", (item) => ({
    note: item.text("note"),
    since: millis(item.number("since")),
  }));
  // A state of before there were any has none.
  const noes = (fields.maybeText("noes") ?? "").split(" ").flatMap((said) => {
    const [member = "", claim = ""] = said.split(":");
    return isMemberId(member) && isHash(claim) ? [{ member, claim }] : [];
  });
  return { optedOut: fields.maybeFlag("optedOut") ?? false, places: new Map(known), drafts, noes };
}

/** With an owner's no; the oldest give way. */
export function withNo({ noes, ...state }: OwnersState, member: MemberId, claim: Hash): OwnersState {
  const others = noes.filter((no) => no.member !== member || no.claim !== claim);
  return { ...state, noes: [...others, { member, claim }].slice(-noesMax) };
}

/** The claims to which this owner said no. */
export function noesOf({ noes }: Pick<OwnersState, "noes">, member: MemberId): readonly Hash[] {
  return noes.flatMap((no) => (no.member === member ? [no.claim] : []));
}

/** `undefined` for what is none: another owner's client wrote it. */
function jsonIn(bytes: Uint8Array): unknown {
  const text = fromUtf8(bytes);
  try {
    return JSON.parse(text.ok ? text.value : "");
  } catch {
    return undefined;
  }
}
