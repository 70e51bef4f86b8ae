import { setTimeout as wait } from "node:timers/promises";
import { type Charter, type SignedCharter, signCharter } from "../../../shared/charter/charter.js";
import { type CharterCamera, type Member, memberKeyName } from "../../../shared/charter/lines.js";
import { ownersOf, signersNeeded } from "../../../shared/charter/succession.js";
import { hashOfText } from "../../../shared/seal/hash.js";
import { textOf } from "../../../shared/seal/note.js";
import { Problem } from "../http.io.js";
import { Refused } from "../refused.js";
import { systemClock, systemRandom } from "../world.io.js";
import type { CameraKeyFile } from "./camerakey.js";
import type { Cloud } from "./cloud.io.js";
import type { Household } from "./household.js";
import { keepKeyFile, saveSeen } from "./profile.io.js";

const pollMillis = 500;
const triesMax = 3;

/** What the next charter says otherwise than the newest, and the keys of its cameras that are new or sealed to others. */
export interface Change {
  readonly members?: readonly Member[];
  readonly cameras?: readonly CharterCamera[];
  readonly keyFiles?: readonly CameraKeyFile[];
}

/**
 * Signs the change into the next charter; when another owner was quicker, into the one after. `change` sees the newest each
 * time; `undefined` from it: all is so already. Gives the version of the charter in which it is.
 */
export async function changeCharter(
  cloud: Cloud,
  change: (household: Household) => Promise<Change | undefined> | Change | undefined,
): Promise<number> {
  for (let tries = 1; ; tries++) {
    const household = await cloud.household();
    const changed = await change(household);
    if (changed === undefined) return household.newest.version;
    try {
      return await putNext(cloud, household, changed);
    } catch (error) {
      const raced = error instanceof Problem && error.status === 409;
      if (!raced || tries >= triesMax) throw error;
    }
  }
}

async function putNext(cloud: Cloud, household: Household, { keyFiles, ...rules }: Change): Promise<number> {
  const charter = nextCharter(cloud, household, rules);
  for (const file of keyFiles ?? []) keepKeyFile(cloud.folder, file); // what the cloud loses or replaces is here
  const body = { charter, ...(keyFiles && { keyFiles }) };
  await cloud.call({ method: "PUT", path: "/v1/household/charter", body, repeatable: true });
  const version = household.newest.version + 1;
  saveSeen(cloud.folder, { version, hash: hashOfText(textOf(charter.note)) });
  return version;
}

function nextCharter(
  { profile }: Cloud,
  { newest }: Household,
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
  const others = signersNeeded(newest, charter).filter(({ id }) => id !== profile.member);
  if (others.length > 0)
    throw new Refused(
      `This needs the signature of ${others.map(({ name }) => name).join(" and ")} as well, and signing together comes with a later version. Nothing was signed.`,
    );
  const signer = { name: memberKeyName(profile.member), secretKey: profile.keys.noteSecret };
  return signCharter(charter, [signer], systemRandom);
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
