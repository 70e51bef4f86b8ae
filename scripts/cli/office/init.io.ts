import { newcomerFingerprint } from "../../../shared/charter/joining.js";
import { isName } from "../../../shared/charter/lines.js";
import type { OfficerId } from "../../../shared/kernel/ids.js";
import { formatOfficer, type Officer } from "../../../shared/release/agreement.js";
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
  const known = publicOfficeKeys(ownKeys(folder, "operator", name).keys);
  show(formatOperator({ ...known, name }), known.id, folder, terminal);
  terminal.warn(`Your keys' fingerprint, which members compare: ${newcomerFingerprint(known)}`);
  terminal.warn(`Your keys are in ${folder}. Nobody else may have them, the other operators neither.`);
  terminal.warn("The line goes into the file that LINTEL_OPERATORS names; then: lintel operator login");
}

/** The same for an officer or supervisor, whose line goes into their agency's agreement. */
export async function agencyInit(
  folder: string,
  { name, role }: Pick<Officer, "name" | "role">,
  terminal: Terminal,
): Promise<void> {
  const known = publicOfficeKeys(ownKeys(folder, "agency", name).keys);
  show(formatOfficer({ ...known, role, name }), known.id, folder, terminal);
  terminal.warn(`Your keys are in ${folder}. Nobody else may have them, your supervisor neither.`);
  terminal.warn("The line goes into your agency's agreement; once that is active: lintel agency login");
}

function show(line: string, id: OfficerId, folder: string, terminal: Terminal): void {
  terminal.json({ id, line, profile: folder });
  terminal.say(line);
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
