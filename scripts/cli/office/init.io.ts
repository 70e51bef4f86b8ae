import { isName } from "../../../shared/charter/lines.js";
import { officeKeys, officeSeedBytes, publicOfficeKeys } from "../../../shared/release/officekeys.js";
import { formatOperator } from "../../../shared/release/operators.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemRandom } from "../world.io.js";
import { loadOfficeProfile, type OfficeProfile, type Side, saveOfficeProfile } from "./profile.io.js";

/** Makes an operator's keys, once; the same again shows the same line. */
export async function operatorInit(
  folder: string,
  { name }: { readonly name: string },
  terminal: Terminal,
): Promise<void> {
  const { keys } = ownKeys(folder, "operator", name);
  const known = publicOfficeKeys(keys);
  const line = formatOperator({ ...known, name });
  terminal.json({ id: known.id, line, profile: folder });
  terminal.say(line);
  terminal.warn(`Your keys are in ${folder}. Nobody else may have them, the other operators neither.`);
  terminal.warn("The line goes into the file that LINTEL_OPERATORS names; then: lintel operator login");
}

/** The keys in this folder, made and kept now if there are none. */
function ownKeys(folder: string, side: Side, name: string): OfficeProfile {
  if (!isName(name)) throw new Refused("--name must have 1 to 64 characters, without a space at an end.");
  const before = loadOfficeProfile(folder);
  if (before !== undefined && (before.name !== name || before.side !== side))
    throw new Refused(`${folder} already holds the keys of ${before.name}. For others choose --profile DIR.`);
  if (before !== undefined) return before;
  const seed = systemRandom.bytes(officeSeedBytes);
  const profile = { side, name, seed, keys: officeKeys(seed) };
  saveOfficeProfile(folder, profile);
  return profile;
}
