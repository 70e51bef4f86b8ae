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
import { type Cloud, openCloud } from "./cloud.io.js";
import { answerInvitation, type InviteOptions, makeInvitation, waitingNewcomer } from "./invitations.io.js";
import { type SightOptions, standingOf } from "./members.io.js";
import { loadProfile, type Profile, saveProfile } from "./profile.io.js";
import { sheetName, writeSheet } from "./sheet.io.js";
import { withKeysFor } from "./sight.io.js";
import { trustedCa } from "./trust.io.js";

const inviteHoursMax = 7 * 24;

/**
 * Shows the line with which somebody joins. It is no secret and gives no right but to hand in one newcomer's public keys; a line
 * `byHand` not even that.
 */
export async function memberInvite(
  folder: string,
  { byHand = false, ...options }: InviteOptions & { readonly byHand?: boolean },
  terminal: Terminal,
): Promise<void> {
  if (options.hours > inviteHoursMax)
    throw new Refused("An invitation waits 7 days at most. Give a shorter --for.");
  const cloud = openCloud(folder);
  const { newest } = await cloud.household();
  const { cloudUrl, household, ca } = cloud.profile;
  const caHash = hashOf(new X509Certificate(ca).raw);
  const made = byHand ? undefined : await makeInvitation(cloud, options);
  const invitation = formatInvitation({
    ...{ cloudUrl, caHash, household },
    ...{ version: newest.version, charter: newest.hash },
    ...(made && { id: made.id }),
  });
  terminal.json({ event: "invitation", invitation, ...made });
  terminal.say("Give this line to whoever joins, by any way that nobody else writes into:");
  terminal.say(`  ${invitation}`);
  terminal.say(
    made === undefined
      ? "They run: lintel member join <that line> --name NAME, and give you the line that it shows."
      : `They run, until ${made.expiresAt}: lintel member join <that line> --name NAME. "lintel member invitations" shows when they have.`,
  );
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
  await handIn(profile, invitation.value.id, sheet, terminal);
}

/** To the cloud where the invitation has an id; the line is shown all the same where it did not get there. */
async function handIn(
  profile: Profile,
  id: string | undefined,
  sheet: string,
  terminal: Terminal,
): Promise<void> {
  const newcomer = await newcomerOf(profile);
  const [line, fingerprint] = [formatNewcomer(newcomer), newcomerFingerprint(newcomer)];
  const server = { url: profile.cloudUrl, ca: profile.ca };
  const fault = id === undefined ? undefined : await answerInvitation(server, id, line);
  const answered = id !== undefined && fault === undefined;
  const facts = { newcomer: line, fingerprint, member: newcomer.id, recoverySheet: sheet };
  terminal.json({ event: "newcomer", ...facts, answered });
  if (fault !== undefined) terminal.warn(`The cloud did not take your answer. ${fault}`);
  if (answered) terminal.say("Your keys are made, and the owner who invited you was told.");
  else {
    terminal.say("Your keys are made. Give this line to the owner who invited you:");
    terminal.say(`  ${line}`);
  }
  terminal.say(`Compare with them by phone or eye that their screen shows ${fingerprint}.`);
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

export interface AddOptions extends SightOptions {
  /** The line that they gave; or the name, or the id, of one who answered an invitation. */
  readonly newcomer: string;
  readonly role: Role;
  /** As they read it out. */
  readonly fingerprint?: string;
  /** The question was answered beforehand. */
  readonly yes?: boolean;
}

/** Signs a newcomer in, and seals to them the present keys of the cameras that they may see. */
export async function memberAdd(folder: string, options: AddOptions, terminal: Terminal): Promise<void> {
  const cloud = openCloud(folder);
  const newcomer = await newcomerIn(cloud, options, terminal);
  const { id, name } = newcomer;
  const { role } = options;
  await compareFingerprint(newcomer, options, terminal);
  const version = await changeCharter(cloud, terminal, async (household) => {
    if (household.newest.members.some((one) => one.id === id)) return undefined;
    const member = standingOf(household, { ...newcomer, role: "guest" }, options);
    return withKeysFor(cloud, household, [...household.newest.members, member]);
  });
  terminal.json({ event: "added", member: id, role, charter: version });
  terminal.say(`${name} (${id}) is ${role} of the household since charter ${version}.`);
  terminal.say("They open what their cameras record under the present keys, from those keys' first day on.");
}

async function newcomerIn(cloud: Cloud, options: AddOptions, terminal: Terminal): Promise<Newcomer> {
  const { newcomer: wanted, yes = false, fingerprint } = options;
  const line = parseNewcomer(wanted);
  if (line.ok) return line.value;
  if (/^lintel-/.test(wanted.trim())) throw new Refused(sentenceOf(line.error));
  if (yes && fingerprint === undefined)
    throw new Refused(
      "Keys that come through the cloud are compared each time: give the fingerprint that the newcomer reads out, --fingerprint XXXX-XXXX-XXXX-XXXX, in place of --yes.",
    );
  return waitingNewcomer(cloud, wanted, terminal);
}

/** Whoever carried the line, the cloud too, could have put other keys into it. */
async function compareFingerprint(
  newcomer: Newcomer,
  { role, fingerprint: heard }: AddOptions,
  terminal: Terminal,
): Promise<void> {
  const fingerprint = newcomerFingerprint(newcomer);
  const question = `Does ${newcomer.name}'s screen show the fingerprint ${fingerprint}? Then they become ${role}.`;
  const same =
    heard === undefined ? await terminal.agreed(question) : heard.trim().toLowerCase() === fingerprint;
  if (!same)
    throw new Refused(
      "Nothing was signed: the fingerprints differ. Somebody may have changed the line on its way, or answered in their place. Invite them anew.",
    );
}
