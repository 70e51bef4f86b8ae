import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import qrcode from "qrcode";
import { hashOf } from "../../../shared/seal/hash.js";
import { makePrivateFolder, writeDurably } from "../disk.io.js";
import type { Profile } from "./profile.io.js";
import { formatSheet } from "./sheet.js";

export const sheetName = "recovery-sheet.txt";

type Facts = Pick<Profile, "cloudUrl" | "household" | "member" | "seed" | "ca">;

/** What a recovery sheet of this member says. */
export function sheetOf({ ca, ...facts }: Facts): string {
  return formatSheet({ ...facts, caHash: hashOf(new X509Certificate(ca).raw) });
}

/** Writes the sheet, to be printed, beside the profile, and gives its path. Read by nobody else until it is moved. */
export async function writeSheet(
  folder: string,
  profile: Profile,
  label: string | undefined,
): Promise<string> {
  const path = join(folder, sheetName);
  const sheet = sheetOf(profile);
  const text = [
    `Lintel recovery sheet of ${profile.name}${label === undefined ? "" : ` (${label})`}`,
    "",
    sheet,
    "Whoever reads this opens every recording of the household. Keep it where you keep your passport.",
    "On another computer: lintel member restore, then type these lines or the words alone. The picture says the same.",
    "",
    await qrcode.toString(sheet, { type: "utf8", errorCorrectionLevel: "L" }),
  ];
  makePrivateFolder(folder);
  writeDurably(path, text.join("\n"));
  return path;
}
