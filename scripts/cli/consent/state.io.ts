import { join } from "node:path";
import type { Role } from "../../../shared/charter/lines.js";
import { fromBase64, toBase64 } from "../../../shared/kernel/bytes.js";
import { open, seal } from "../../../shared/seal/age.js";
import { readIfThere, writeDurably } from "../disk.io.js";
import { Problem } from "../http.io.js";
import type { Cloud } from "../member/cloud.io.js";
import type { Household } from "../member/household.js";
import { Refused } from "../refused.js";
import { emptyState, formatState, type OwnersState, parseState } from "./state.js";

/** Who keeps one among themselves. */
export type Circle = Extract<Role, "owner" | "contact">;
const places: Readonly<Record<Circle, { readonly path: string; readonly seen: string }>> = {
  owner: { path: "/v1/household/state", seen: "owners-state.version" },
  contact: { path: "/v1/household/contacts-state", seen: "contacts-state.version" },
};
/** Another owner's client may be quicker so often. */
const triesMax = 5;

/**
 * Reads the owners' or the contacts' state, and writes it back: changed or not, it is the same call with a file of the same length, so that
 * the cloud cannot tell a household that considers something from one that does not.
 */
export async function changeState(
  cloud: Cloud,
  household: Household,
  change: (state: OwnersState) => OwnersState,
  circle: Circle = "owner",
): Promise<OwnersState> {
  const { path, seen } = places[circle];
  const people = household.newest.members.filter(({ role }) => role === circle);
  const recipients = people.map(({ recipient }) => recipient);
  const seenFile = join(cloud.folder, seen);
  for (let tries = 1; ; tries++) {
    const { version, state } = await readState(cloud, circle);
    refuseOlder({ seenFile, circle }, version);
    const next = change(state);
    const file = toBase64(await seal(formatState(next), recipients));
    try {
      await cloud.call({ method: "PUT", path, body: { version: version + 1, file } });
      // Power lost before this: an older one than the newest is remembered, and that is enough.
      writeDurably(seenFile, `${version + 1}\n`);
      return next;
    } catch (error) {
      const wasQuicker = error instanceof Problem && error.status === 412;
      if (!wasQuicker || tries === triesMax) throw error;
    }
  }
}

/** Nobody takes an opt-out back, or revives what was withdrawn, by showing an older state, or none. */
function refuseOlder({ seenFile, circle }: { seenFile: string; circle: Circle }, version: number): void {
  const seen = Number(readIfThere(seenFile) ?? "0");
  if (version < seen)
    throw new Refused(
      `The cloud shows the ${circle}s' state of version ${version}, but this computer has seen version ${seen}. Nothing was shown or signed; ask its operator whether a backup was restored. If so, delete ${seenFile} and look at what you had opted for.`,
    );
}

/** The owners', as it is. */
export async function stateNow(cloud: Cloud): Promise<OwnersState> {
  return (await readState(cloud, "owner")).state;
}

async function readState(
  cloud: Cloud,
  circle: Circle,
): Promise<{ readonly version: number; readonly state: OwnersState }> {
  const answer = await cloud.get(places[circle].path).catch((error: unknown) => {
    if (error instanceof Problem && error.status === 404) return undefined;
    throw error;
  });
  if (answer === undefined) return { version: 0, state: emptyState };
  const file = fromBase64(answer.text("file"));
  const plain = file.ok ? await open(file.value, [cloud.profile.keys.identity]) : undefined;
  // Contacts come with a new charter, and what contacts began under another one is void.
  if (plain?.ok !== true && circle === "contact")
    return { version: answer.number("version"), state: emptyState };
  if (plain?.ok !== true)
    throw new Refused(
      "The owners' state does not open with your key. If you became an owner today, ask another owner to run: lintel member requests",
    );
  return { version: answer.number("version"), state: parseState(plain.value) };
}
