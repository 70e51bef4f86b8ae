import { memberSeedBytes } from "../../../shared/charter/keys.js";
import { fromHex, toHex } from "../../../shared/kernel/bytes.js";
import type { Profile } from "./profile.io.js";

export function recoverySheet(
  {
    cloudUrl,
    household,
    member,
    name,
    seed,
  }: Pick<Profile, "cloudUrl" | "household" | "member" | "name" | "seed">,
  label: string | undefined,
): string {
  const groups = toHex(seed).match(/.{4}/g) ?? [];
  const rows = [0, 4, 8, 12].map((at) => `  ${groups.slice(at, at + 4).join(" ")}`);
  return [
    `Lintel recovery sheet of ${name}${label === undefined ? "" : ` (${label})`}`,
    "",
    `cloud      ${cloudUrl}`,
    `household  ${household}`,
    `member     ${member}`,
    "",
    "seed (32 bytes, hexadecimal)",
    ...rows,
    `  check ${toHex(seed).length / 2} bytes, ends in ${groups.at(-1) ?? ""}`,
    "",
    "Whoever reads this opens every recording of the household. Keep it where you keep your passport.",
    "",
  ].join("\n");
}

/** The seed from a whole sheet, or from its digits alone, however they are grouped. */
export function seedFromSheet(text: string): Uint8Array | undefined {
  const [, rows = text] = /^seed \(.*\)$([\s\S]*?)^ *check /m.exec(text) ?? [];
  const digits = rows.replace(/\s/g, "").toLowerCase();
  return /^[0-9a-f]*$/.test(digits) && digits.length === 2 * memberSeedBytes ? fromHex(digits) : undefined;
}
