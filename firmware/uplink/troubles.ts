import type { RefusalCode } from "../../shared/protocol/messages.js";

/** Troubles of the line that a person should hear of. */
export type LinkTrouble =
  /** The broker's certificate is refused: it is not the enrolled cloud, or its certificate ran out. */
  | "server-refused"
  /** The broker does not let this camera in: its credentials are wrong or were withdrawn. */
  | "not-accepted"
  /** The clock is not set and the broker's certificate was taken without its dates. */
  | "dates-ignored"
  /** Another device seems to use this camera's identity. */
  | "identity-conflict";

export type UplinkTrouble = LinkTrouble | `refused-${RefusalCode}` | "forged-receipt";

const meanings: Readonly<Record<UplinkTrouble, string>> = {
  "server-refused": "the broker's certificate is not the enrolled cloud's, or ran out",
  "not-accepted": "the broker does not let this camera in; footage waits on the card",
  "dates-ignored": "the clock is not set, so the dates on the broker's certificate were passed over",
  "identity-conflict": "another device seems to use this camera's identity",
  "forged-receipt":
    "somebody answered with a receipt that the vault did not sign; the footage stays on the card",
  "refused-unknown-camera": "the vault does not know this camera; footage waits on the card",
  "refused-forged":
    "the vault could not verify a segment; it was compared with its note, and goes again if it is whole",
  "refused-damaged":
    "a segment reached the vault damaged; it was compared with its note, and goes again if it is whole",
  "refused-full": "the vault has no room for this household; footage waits on the card",
  "refused-busy": "the vault is busy; footage waits on the card",
  "refused-conflict":
    "the vault holds other footage in the place of a segment; the card keeps ours, and asks again after a restart",
  "refused-deleted":
    "the vault says that a clip was deleted; no more of it is sent, and it leaves the card with the signed deletion",
};

/** For the camera's status: the word, and what it means for the footage. */
export function troubleText(trouble: UplinkTrouble): string {
  return `${trouble}: ${meanings[trouble]}`;
}
