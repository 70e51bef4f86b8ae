import { type Charter, openFirstCharter, signCharter } from "../../../shared/charter/charter.js";
import { memberKeys, memberSeedBytes } from "../../../shared/charter/keys.js";
import { isName, type Member, memberKeyName } from "../../../shared/charter/lines.js";
import { assert } from "../../../shared/kernel/assert.js";
import { householdIdOf, memberIdOf } from "../../../shared/kernel/ids.js";
import { recipientOf } from "../../../shared/seal/age.js";
import { verifierOf } from "../../../shared/seal/note.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock, systemRandom } from "../world.io.js";
import { register } from "./cloud.io.js";
import { loadProfile, type Profile, saveProfile } from "./profile.io.js";
import { writeSheet } from "./sheet.io.js";
import { originOf, trustedCa } from "./trust.io.js";

export interface InitOptions {
  readonly cloud: string;
  readonly name: string;
  readonly householdName?: string;
  readonly caHash?: string;
}

/** Makes a household with this person as its only owner. Killed half-way, it goes on with the same keys. */
export async function memberInit(folder: string, options: InitOptions, terminal: Terminal): Promise<void> {
  const begun = loadProfile(folder);
  if (begun !== undefined && begun.unregistered === undefined)
    throw new Refused(`${folder} already holds member ${begun.name}. For another one choose --profile DIR.`);
  const profile = begun ?? (await makeProfile(options));
  if (profile.cloudUrl !== originOf(options.cloud))
    throw new Refused(
      `An unfinished member for ${profile.cloudUrl} is in ${folder}. Finish it with --cloud ${profile.cloudUrl}, or move it away.`,
    );
  // Durable before the cloud knows of it: a household whose keys are lost could never be opened again.
  saveProfile(folder, profile);
  const sheet = await writeSheet(folder, profile, options.householdName);
  assert(profile.unregistered !== undefined, "a new profile has no charter");
  await register(profile, profile.unregistered);
  const { unregistered: _, ...registered } = profile;
  saveProfile(folder, registered);
  terminal.json({
    household: profile.household,
    member: profile.member,
    profile: folder,
    recoverySheet: sheet,
  });
  terminal.say(`Household ${profile.household} exists, and ${profile.name} (${profile.member}) owns it.`);
  terminal.say(`Your keys are in ${folder}. Keep the recovery sheet apart from this computer:`);
  terminal.say(`  ${sheet}`);
  terminal.say("It holds the seed in clear: print it or copy it by hand, then delete the file.");
  terminal.say(
    "Whoever has it opens every recording; without it and without this computer, nobody ever will.",
  );
  terminal.say("Next: lintel member claim");
}

async function makeProfile({ cloud, name, caHash }: InitOptions): Promise<Profile> {
  if (!isName(name)) throw new Refused("--name must have 1 to 64 characters, without a space at an end.");
  const cloudUrl = originOf(cloud);
  const ca = await trustedCa({ url: cloudUrl }, caHash);
  const seed = systemRandom.bytes(memberSeedBytes);
  const keys = memberKeys(seed, 0);
  const noteKey = verifierOf({ name: "", secretKey: keys.noteSecret }).publicKey;
  const loginKey = verifierOf({ name: "", secretKey: keys.loginSecret }).publicKey;
  const id = memberIdOf(noteKey);
  const recipient = await recipientOf(keys.identity);
  const owner: Member = { id, role: "owner", noteKey, loginKey, recipient, name };
  const household = householdIdOf(noteKey);
  const first: Charter = {
    household,
    version: 1,
    previous: "none",
    issued: systemClock.wall(),
    change: "any-owner",
    release: "all-owners",
    members: [owner],
    cameras: [],
  };
  const signer = { name: memberKeyName(id), secretKey: keys.noteSecret };
  const unregistered = signCharter(first, [signer], systemRandom);
  const opened = openFirstCharter(unregistered);
  assert(opened.ok, "the first charter does not open");
  const seen = { version: 1, hash: opened.value.hash };
  return { cloudUrl, household, member: id, name, seed, keys, ca, seen, unregistered };
}
