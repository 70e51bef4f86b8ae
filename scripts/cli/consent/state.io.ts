import { join } from "node:path";
import { ownersOf } from "../../../shared/charter/succession.js";
import { fromBase64, toBase64 } from "../../../shared/kernel/bytes.js";
import { open, seal } from "../../../shared/seal/age.js";
import { readIfThere, writeDurably } from "../disk.io.js";
import { Problem } from "../http.io.js";
import type { Cloud } from "../member/cloud.io.js";
import type { Household } from "../member/household.js";
import { Refused } from "../refused.js";
import { emptyState, formatState, type OwnersState, parseState } from "./state.js";

const path = "/v1/household/state";
/** Another owner's client may be quicker so often. */
const triesMax = 5;

/**
 * Reads the owners' state, and writes it back: changed or not, it is the same call with a file of the same length, so that
 * the cloud cannot tell a household that considers something from one that does not.
 */
export async function changeState(
  cloud: Cloud,
  household: Household,
  change: (state: OwnersState) => OwnersState,
): Promise<OwnersState> {
  const recipients = ownersOf(household.newest).map(({ recipient }) => recipient);
  for (let tries = 1; ; tries++) {
    const { version, state } = await readState(cloud);
    refuseOlder(cloud.folder, version);
    const next = change(state);
    const file = toBase64(await seal(formatState(next), recipients));
    try {
      await cloud.call({ method: "PUT", path, body: { version: version + 1, file } });
      // Power lost before this: an older one than the newest is remembered, and that is enough.
      writeDurably(seenFile(cloud.folder), `${version + 1}\n`);
      return next;
    } catch (error) {
      const wasQuicker = error instanceof Problem && error.status === 412;
      if (!wasQuicker || tries === triesMax) throw error;
    }
  }
}

const seenFile = (folder: string): string => join(folder, "owners-state.version");

/** Nobody takes an opt-out back, or revives what was withdrawn, by showing an older state, or none. */
function refuseOlder(folder: string, version: number): void {
  const seen = Number(readIfThere(seenFile(folder)) ?? "0");
  if (version < seen)
    throw new Refused(
      `The cloud shows the owners' state of version ${version}, but this computer has seen version ${seen}. Nothing was shown or signed; ask its operator whether a backup was restored. If so, delete ${seenFile(folder)} and look at what you had opted for.`,
    );
}

async function readState(cloud: Cloud): Promise<{ readonly version: number; readonly state: OwnersState }> {
  const answer = await cloud.get(path).catch((error: unknown) => {
    if (error instanceof Problem && error.status === 404) return undefined;
    throw error;
  });
  if (answer === undefined) return { version: 0, state: emptyState };
  const file = fromBase64(answer.text("file"));
  const plain = file.ok ? await open(file.value, [cloud.profile.keys.identity]) : undefined;
  if (plain?.ok !== true)
    throw new Refused(
      "The owners' state does not open with your key. If you became an owner today, ask another owner to run: lintel member requests",
    );
  return { version: answer.number("version"), state: parseState(plain.value) };
}
