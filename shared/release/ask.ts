import type { Result } from "../kernel/result.js";
import { textOf } from "../seal/note.js";
import type { OpenedAgreement } from "./agreement.js";
import { type Danger, dangers, type EmergencyClaim, type OpenedClaim, openClaim } from "./emergency.js";
import {
  type AssistanceRequest,
  allCategories,
  type Category,
  isDanger,
  type OpenedRequest,
  openRequest,
  type RequestRefusal,
} from "./request.js";

/** What an authorisation answers: a public request, or an emergency's claim. */
export type OpenedAsk = OpenedRequest | OpenedClaim;
export type Ask = AssistanceRequest | EmergencyClaim;

/** What a recording may be released for. */
export type Purpose = Category | Danger;
export const allPurposes: readonly Purpose[] = [...allCategories, ...dangers];

export const isClaim = (ask: Ask): ask is EmergencyClaim => "danger" in ask;
export const purposeOf = (ask: Ask): Purpose => (isClaim(ask) ? ask.danger : ask.category);
/** A life may hang on it: what is signed for it need not rest. */
export const needsNoHold = (ask: Ask): boolean => isClaim(ask) || isDanger(ask.category);
/** What papers call it. */
export const nameOf = (ask: Ask): string => `${isClaim(ask) ? "emergency" : "request"} ${ask.id}`;

/** Opens whichever of both it is. */
export function openAsk(note: string, agreement: OpenedAgreement): Result<OpenedAsk, RequestRefusal> {
  return textOf(note).startsWith("emergency/") ? openClaim(note, agreement) : openRequest(note, agreement);
}
