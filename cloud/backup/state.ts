import { type Millis, millis } from "../../shared/kernel/brand.js";

/** How long a backup may hold the key of a clip that was deleted since: the shred window, in milliseconds. */
const shredWindowMillis = 7 * 86_400_000;

/** What a backup's folder holds: bodies that all states share, and a folder for each state. */
export const placesOf = (folder: string) => ({ bodies: `${folder}/bodies`, states: `${folder}/states` });

/** The small files of a data directory that cannot be made anew. Who signs in signs in again, so no session's key is among them. */
export const irreplaceable = ["identity/ca.key", "identity/ca.pem", "vault/vault.key"] as const;

/** A state's folder name: its time in milliseconds, so that names sort by age. */
export function stateNameOf(at: Millis): string {
  return `${at}`.padStart(15, "0");
}

/** `undefined` for a name of anything else, such as a state that was never finished. */
export function timeOfState(name: string): Millis | undefined {
  return /^\d{15}$/.test(name) ? millis(Number(name)) : undefined;
}

/** Whether the keys in a state may still be used, or kept at all. */
export function isWithinWindow(at: Millis, now: Millis): boolean {
  return now - at <= shredWindowMillis;
}
