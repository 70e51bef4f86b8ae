import type { Static } from "typebox";
import type { SignedCharter } from "../../shared/charter/charter.js";
import type { KeyFile } from "../household/charterrows.io.js";
import type { charterBody } from "./contract/household.js";
import { cameraIdIn } from "./ids.js";

/** A charter as the contract's type has it: schemas know no readonly lists. */
export function writable({ note, openings }: SignedCharter): { note: string; openings: (string | null)[] } {
  return { note, openings: [...openings] };
}

/** The key files that come with a charter. */
export function keyFilesIn(files: Static<typeof charterBody>["keyFiles"] = []): readonly KeyFile[] {
  return files.map(({ camera, epoch, file }) => ({ camera: cameraIdIn(camera), epoch, file }));
}
