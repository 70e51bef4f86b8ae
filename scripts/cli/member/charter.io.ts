import { setTimeout as wait } from "node:timers/promises";
import {
  type Charter,
  type OpenedCharter,
  openProposal,
  type ProposedCharter,
  type SignedCharter,
  signCharter,
} from "../../../shared/charter/charter.js";
import { type CharterCamera, type Member, memberKeyName } from "../../../shared/charter/lines.js";
import { ownersOf, type Signatures } from "../../../shared/charter/succession.js";
import type { Signer } from "../../../shared/seal/note.js";
import { Problem } from "../http.io.js";
import { Refused } from "../refused.js";
import { sentenceOf } from "../sentences.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock, systemRandom } from "../world.io.js";
import type { CameraKeyFile } from "./camerakey.js";
import type { Cloud } from "./cloud.io.js";
import type { Household } from "./household.js";
import { keepKeyFile, type Profile, saveSeen } from "./profile.io.js";

const pollMillis = 500;
const triesMax = 3;

/** What the next charter says otherwise than the newest, and the keys of its cameras that are new or sealed to others. */
export interface Change {
  readonly change?: Signatures;
  readonly release?: Signatures;
  readonly members?: readonly Member[];
  readonly cameras?: readonly CharterCamera[];
  readonly keyFiles?: readonly CameraKeyFile[];
}

/**
 * Signs the change into the next charter; when another owner was quicker, into the one after. `change` sees the newest each
 * time; `undefined` from it: all is so already. Gives the version of the charter in which it is. Where other owners must sign as
 * well it is left for them in the cloud, and refused here.
 */
export async function changeCharter(
  cloud: Cloud,
  terminal: Terminal,
  change: (household: Household) => Promise<Change | undefined> | Change | undefined,
): Promise<number> {
  for (let tries = 1; ; tries++) {
    const household = await cloud.household();
    const changed = await change(household);
    if (changed === undefined) return household.newest.version;
    try {
      return await putNext(cloud, household, { ...changed, terminal });
    } catch (error) {
      const raced = error instanceof Problem && error.status === 409;
      if (!raced || tries >= triesMax) throw error;
    }
  }
}

async function putNext(
  cloud: Cloud,
  { newest }: Household,
  { keyFiles, terminal, ...rules }: Change & { readonly terminal: Terminal },
): Promise<number> {
  const charter = nextCharter(cloud, newest, rules);
  const proposed = openProposal(newest, charter);
  if (!proposed.ok) throw new Refused(sentenceOf(proposed.error));
  for (const file of keyFiles ?? []) keepKeyFile(cloud.folder, file); // what the cloud loses or replaces is here
  return putSigned(cloud, proposed.value, { charter, keyFiles, terminal });
}

interface Signed {
  readonly charter: SignedCharter;
  readonly keyFiles: readonly CameraKeyFile[] | undefined;
  readonly terminal: Terminal;
}

/** Makes a charter the next one where everybody has signed who must; else leaves it in the cloud for them, and refuses. */
export async function putSigned(
  cloud: Cloud,
  { charter: { version, hash }, missing }: ProposedCharter,
  { charter, keyFiles, terminal }: Signed,
): Promise<number> {
  const path = `/v1/household/${missing.length === 0 ? "charter" : "proposal"}`;
  await cloud.call({
    method: "PUT",
    path,
    body: { charter, ...(keyFiles && { keyFiles }) },
    repeatable: true,
  });
  if (missing.length > 0) {
    terminal.json({ event: "proposed", charter: version, missing: missing.map(({ id }) => id) });
    const names = missing.map(({ name }) => name).join(" and ");
    throw new Refused(
      `You signed charter ${version}, but it needs the signature of ${names} as well, so nothing has changed yet. It waits in the cloud; they run: lintel member proposal sign`,
    );
  }
  saveSeen(cloud.folder, { version, hash });
  return version;
}

function nextCharter(
  { profile }: Cloud,
  newest: OpenedCharter,
  rules: Omit<Change, "keyFiles">,
): SignedCharter {
  const { hash, ...current } = newest;
  const owners = ownersOf(newest);
  if (!owners.some(({ id }) => id === profile.member))
    throw new Refused(
      `Only an owner may change the household (${owners.map(({ name }) => name).join(", ")}). Nothing was signed; ask one of them.`,
    );
  const charter: Charter = {
    ...current,
    version: newest.version + 1,
    previous: hash,
    issued: systemClock.wall(),
    ...rules,
  };
  if (ownersOf(charter).length === 0)
    throw new Refused(
      "A household needs at least one owner: make somebody else one first. Nothing was signed.",
    );
  return signCharter(charter, [noteSigner(profile)], systemRandom);
}

export function noteSigner({ member, keys }: Profile): Signer {
  return { name: memberKeyName(member), secretKey: keys.noteSecret };
}

/** What a camera said last of itself, as the cloud hands it on. */
export interface CameraWords {
  readonly state: string;
  readonly lastSeen: string | undefined;
  readonly charter: number;
  readonly troubles: readonly string[];
}

export interface Awaited {
  readonly camera: string;
  /** The charter that it is to follow. */
  readonly version: number;
  readonly millisMax: number;
}

/** `undefined` once the camera says that it follows the charter; after the longest wait, what it said instead. */
export async function awaitConfirmation(
  cloud: Cloud,
  { camera, version, millisMax }: Awaited,
  waiting: (words: CameraWords, secondsLeft: number) => void,
): Promise<CameraWords | undefined> {
  const until = systemClock.monotonic() + millisMax;
  for (;;) {
    const words = await wordsOf(cloud, camera);
    if (words.charter >= version) return undefined;
    const left = until - systemClock.monotonic();
    if (left <= 0) return words;
    waiting(words, Math.ceil(left / 1000));
    await wait(Math.min(pollMillis, left));
  }
}

async function wordsOf(cloud: Cloud, camera: string): Promise<CameraWords> {
  const fields = await cloud.get(`/v1/cameras/${camera}`);
  const troubles = fields.maybe("status", (status) => status.texts("trouble")) ?? [];
  return {
    state: fields.maybeText("state") ?? "unknown",
    lastSeen: fields.maybeText("lastSeen"),
    charter: fields.maybeNumber("charter") ?? 0,
    troubles: troubles.filter((trouble) => trouble !== null),
  };
}
