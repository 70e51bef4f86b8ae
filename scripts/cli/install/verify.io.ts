import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { hashOf } from "../../../shared/seal/hash.js";
import { openNote, parseVerifier, type Verifier } from "../../../shared/seal/note.js";
import { type PackageWord, parsePackageWord } from "../../../shared/seal/release.js";
import { Refused } from "../refused.js";

export const packageName = "lintel-camera";
/** Of the installed package: whose word it takes for the next one. */
const keyPath = "usr/lib/lintel/release.vkey";

/** The release key that is pinned in the installed package. */
export function pinnedKey(root: string): Verifier {
  const path = join(root, keyPath);
  const text =
    statSync(path, { throwIfNoEntry: false }) === undefined ? "" : readFileSync(path, "utf8").trim();
  const key = parseVerifier(text);
  if (!key.ok)
    throw new Refused(
      `${path} holds no release key: this board does not know whose packages it may take. Install the package anew, by hand.`,
    );
  return key.value;
}

/** What the release key says of the package beside its note; refuses unless it says exactly that. */
export function verifyPackage(path: string, note: string, key: Verifier): PackageWord {
  const opened = openNote(note, [key]);
  if (!opened.ok)
    throw new Refused(
      opened.error.kind === "no-known-signer"
        ? "The package is signed by another key than the one that this board was given. It was not installed."
        : "The package's signature does not hold. It was not installed: fetch package and note again.",
    );
  const word = parsePackageWord(opened.value.text);
  if (!word.ok)
    throw new Refused("What the release key signed is not about a package. It was not installed.");
  const bytes = readFileSync(path);
  const sha256 = hashOf(bytes);
  if (bytes.length !== word.value.bytes || sha256 !== word.value.sha256)
    throw new Refused(
      `The package is not the one that was signed: it was cut or changed (${bytes.length} bytes of ${word.value.bytes}). It was not installed: fetch it again.`,
    );
  checkControl(path, word.value);
  return word.value;
}

/** What dpkg would install must be what the note names. */
function checkControl(path: string, { name, version, architecture }: PackageWord): void {
  const fields = ["Package", "Version", "Architecture"] as const;
  const found = fields.map((field) =>
    execFileSync("dpkg-deb", ["-f", path, field], { encoding: "utf8" }).trim(),
  );
  if (found.join(" ") !== [name, version, architecture].join(" ") || name !== packageName)
    throw new Refused(
      `The package is ${found.join(" ")}, signed as ${name} ${version} ${architecture}; this board takes ${packageName}. It was not installed.`,
    );
  const own = execFileSync("dpkg", ["--print-architecture"], { encoding: "utf8" }).trim();
  if (architecture !== "all" && architecture !== own)
    throw new Refused(`The package is for ${architecture}, this board is ${own}. It was not installed.`);
}
