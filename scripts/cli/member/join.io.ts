import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import {
  formatInvitation,
  formatNewcomer,
  type Invitation,
  type Newcomer,
  newcomerFingerprint,
  parseInvitation,
  parseNewcomer,
} from "../../../shared/charter/joining.js";
import { memberKeys, memberSeedBytes } from "../../../shared/charter/keys.js";
import { isName, type Role } from "../../../shared/charter/lines.js";
import { memberIdOf } from "../../../shared/kernel/ids.js";
import { recipientOf } from "../../../shared/seal/age.js";
import { hashOf } from "../../../shared/seal/hash.js";
import { verifierOf } from "../../../shared/seal/note.js";
import { Refused } from "../refused.js";
import { sentenceOf } from "../sentences.js";
import type { Terminal } from "../terminal.io.js";
import { systemRandom } from "../world.io.js";
import { changeCharter } from "./charter.io.js";
import { openCloud } from "./cloud.io.js";
import { type SightOptions, standingOf } from "./members.io.js";
import { loadProfile, type Profile, saveProfile } from "./profile.io.js";
import { sheetName, writeSheet } from "./sheet.io.js";
import { withKeysFor } from "./sight.io.js";
import { trustedCa } from "./trust.io.js";

/** Shows the line with which somebody joins. It is no secret and gives no right. */
export async function memberInvite(folder: string, terminal: Terminal): Promise<void> {
  const cloud = openCloud(folder);
  const { newest } = await cloud.household();
  const { cloudUrl, household, ca } = cloud.profile;
  const caHash = hashOf(new X509Certificate(ca).raw);
  const invitation = formatInvitation({
    ...{ cloudUrl, caHash, household },
    ...{ version: newest.version, charter: newest.hash },
  });
  terminal.json({ event: "invitation", invitation });
  terminal.say("Give this line to whoever joins, by any way that nobody else writes into:");
  terminal.say(`  ${invitation}`);
  terminal.say("They run: lintel member join <that line> --name NAME, and give you the line that it shows.");
}

/** Makes a newcomer's keys for the household of an invitation. The same again shows the same line. */
export async function memberJoin(
  folder: string,
  { invitation: text, name }: { readonly invitation: string; readonly name: string },
  terminal: Terminal,
): Promise<void> {
  if (!isName(name)) throw new Refused("--name must have 1 to 64 characters, without a space at an end.");
  const invitation = parseInvitation(text);
  if (!invitation.ok) throw new Refused(sentenceOf(invitation.error));
  const before = loadProfile(folder);
  if (before !== undefined && before.household !== invitation.value.household)
    throw new Refused(
      `${folder} already holds a member of another household. Choose another one: --profile DIR`,
    );
  const profile = before ?? (await makeProfile(invitation.value, name));
  // Both durable before anybody knows the keys: what is sealed to lost ones would never open.
  const sheet = before ? join(folder, sheetName) : await writeSheet(folder, profile, undefined);
  saveProfile(folder, profile);
  const newcomer = await newcomerOf(profile);
  const [line, fingerprint] = [formatNewcomer(newcomer), newcomerFingerprint(newcomer)];
  terminal.json({
    event: "newcomer",
    newcomer: line,
    fingerprint,
    member: newcomer.id,
    recoverySheet: sheet,
  });
  terminal.say("Your keys are made. Give this line to the owner who invited you:");
  terminal.say(`  ${line}`);
  terminal.say(`and compare by phone or eye that their screen shows ${fingerprint}.`);
  terminal.say(
    `Print ${sheet} or copy it by hand, then delete it. Once the owner has signed, every command works.`,
  );
}

async function makeProfile(invitation: Invitation, name: string): Promise<Profile> {
  const { cloudUrl, caHash, household, version, charter: hash } = invitation;
  const ca = await trustedCa({ url: cloudUrl }, caHash);
  const seed = systemRandom.bytes(memberSeedBytes);
  const keys = memberKeys(seed, 0);
  const member = memberIdOf(verifierOf({ name: "", secretKey: keys.noteSecret }).publicKey);
  return { cloudUrl, household, member, name, seed, keys, ca, seen: { version, hash } };
}

async function newcomerOf({ member: id, name, keys }: Profile): Promise<Newcomer> {
  const publicOf = (secretKey: Uint8Array): Uint8Array => verifierOf({ name: "", secretKey }).publicKey;
  const recipient = await recipientOf(keys.identity);
  return { id, name, noteKey: publicOf(keys.noteSecret), loginKey: publicOf(keys.loginSecret), recipient };
}

/** Signs a newcomer in, and seals to them the present keys of the cameras that they may see. */
export async function memberAdd(
  folder: string,
  { newcomer: text, ...options }: SightOptions & { readonly newcomer: string; readonly role: Role },
  terminal: Terminal,
): Promise<void> {
  const newcomer = parseNewcomer(text);
  if (!newcomer.ok) throw new Refused(sentenceOf(newcomer.error));
  const { role } = options;
  const { id, name } = newcomer.value;
  const cloud = openCloud(folder);
  const fingerprint = newcomerFingerprint(newcomer.value);
  if (
    !(await terminal.agreed(
      `Does ${name}'s screen show the fingerprint ${fingerprint}? Then they become ${role}.`,
    ))
  )
    throw new Refused("Nothing was signed. Somebody may have changed the line on its way.");
  const version = await changeCharter(cloud, terminal, async (household) => {
    if (household.newest.members.some((one) => one.id === id)) return undefined;
    const member = standingOf(household, { ...newcomer.value, role: "guest" }, options);
    return withKeysFor(cloud, household, [...household.newest.members, member]);
  });
  terminal.json({ event: "added", member: id, role, charter: version });
  terminal.say(`${name} (${id}) is ${role} of the household since charter ${version}.`);
  terminal.say("They open what their cameras record under the present keys, from those keys' first day on.");
}
