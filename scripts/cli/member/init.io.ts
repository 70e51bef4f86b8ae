import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { type Charter, openFirstCharter, signCharter } from "../../../shared/charter/charter.js";
import { memberKeys, memberSeedBytes } from "../../../shared/charter/keys.js";
import { isName, type Member, memberKeyName } from "../../../shared/charter/lines.js";
import { assert } from "../../../shared/kernel/assert.js";
import { toHex } from "../../../shared/kernel/bytes.js";
import { householdIdOf, memberIdOf } from "../../../shared/kernel/ids.js";
import { recipientOf } from "../../../shared/seal/age.js";
import { hashOf } from "../../../shared/seal/hash.js";
import { verifierOf } from "../../../shared/seal/note.js";
import { makePrivateFolder, writeDurably } from "../disk.io.js";
import { call, checkedUrl, fetchUnverifiedCa, Unreachable } from "../http.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock, systemRandom } from "../world.io.js";
import { register } from "./cloud.io.js";
import { loadProfile, type Profile, saveProfile } from "./profile.io.js";

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
  const sheet = join(folder, "recovery-sheet.txt");
  makePrivateFolder(folder);
  writeDurably(sheet, recoverySheet(profile, options.householdName));
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
  const ca = await trustedCa(cloudUrl, caHash);
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

function originOf(cloud: string): string {
  return checkedUrl(cloud).origin;
}

/**
 * The cloud's own CA, which vouches for it towards cameras. Trusted when the operator's hash was given, when the cloud
 * proves itself by a public authority, or on this machine.
 */
async function trustedCa(url: string, caHash: string | undefined): Promise<string> {
  const ca = await fetchUnverifiedCa(url);
  const found = hashOf(new X509Certificate(ca).raw);
  if (caHash !== undefined) {
    if (caHash === found) return ca;
    throw new Refused(
      `The cloud shows the CA ${found}, not ${caHash}. Ask its operator for the right --ca-hash; do not go on.`,
    );
  }
  if (url.startsWith("http://")) return ca; // this machine; checkedUrl saw to it
  try {
    await call({ url }, { method: "GET", path: "/healthz" });
    return ca;
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    throw new Refused(
      `${url} proves itself by its own CA only (${error.message}). Ask its operator for the CA's hash and give it: --ca-hash HASH. It shows ${found}.`,
    );
  }
}

function recoverySheet(
  { cloudUrl, household, member, name, seed }: Profile,
  label: string | undefined,
): string {
  const groups = toHex(seed).match(/.{4}/g) ?? [];
  const rows = [0, 4, 8, 12].map((at) => `  ${groups.slice(at, at + 4).join(" ")}`);
  return [
    `Lintel recovery sheet of ${name}${label === undefined ? "" : ` (${label})`}`,
    "",
    `cloud      ${cloudUrl}`,
    `household  ${household}`,
    `member     ${member}`,
    "",
    "seed (32 bytes, hexadecimal)",
    ...rows,
    `  check ${toHex(seed).length / 2} bytes, ends in ${groups.at(-1) ?? ""}`,
    "",
    "Whoever reads this opens every recording of the household. Keep it where you keep your passport.",
    "",
  ].join("\n");
}
