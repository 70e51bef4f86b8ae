import type { SignedCharter } from "../../shared/charter/charter.js";

/** A charter as the contract's type has it: schemas know no readonly lists. */
export function writable({ note, openings }: SignedCharter): { note: string; openings: (string | null)[] } {
  return { note, openings: [...openings] };
}
