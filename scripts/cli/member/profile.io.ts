import { X509Certificate } from "node:crypto";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { SignedCharter } from "../../../shared/charter/charter.js";
import { type MemberKeys, memberKeys, memberSeedBytes } from "../../../shared/charter/keys.js";
import { fromBase64, toBase64 } from "../../../shared/kernel/bytes.js";
import { type HouseholdId, isHouseholdId, isMemberId, type MemberId } from "../../../shared/kernel/ids.js";
import { isHash } from "../../../shared/seal/hash.js";
import { isMissing, makePrivateFolder, readIfThere, writeDurably } from "../disk.io.js";
import { type Fields, fieldsOf, UnexpectedAnswer } from "../fields.js";
import { Refused } from "../refused.js";
import type { SeenCharter } from "./household.js";

/** Who uses this computer. `member.json` holds the seed, from which all keys come: it is worth the household. */
export interface Profile {
  readonly cloudUrl: string;
  readonly household: HouseholdId;
  readonly member: MemberId;
  readonly name: string;
  readonly seed: Uint8Array;
  readonly keys: MemberKeys;
  /** PEM of the cloud's own CA, as it was trusted at the start. */
  readonly ca: string;
  /** The newest charter seen. */
  readonly seen: SeenCharter;
  /** Version 1 while the cloud has not confirmed it: an interrupted `member init` goes on with the same keys. */
  readonly unregistered?: SignedCharter;
}

export interface Session {
  readonly token: string;
  readonly expiresAt: string;
  /** The cloud's name for it. */
  readonly session?: string;
  /** Renews it, once. */
  readonly refresh?: string;
}

const tokenCharsMax = 4096;

const file = (folder: string, name: string): string => join(folder, name);

export function defaultProfileFolder(): string {
  return join(process.env.XDG_CONFIG_HOME ?? join(homedir(), ".config"), "lintel");
}

export function loadProfile(folder: string): Profile | undefined {
  const path = file(folder, "member.json");
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  refuseOpenMode(path);
  try {
    return readProfile(fieldsOf(JSON.parse(text), "member.json"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Refused(`${path} is damaged (${why}). Put back a copy of it, or move it away and start anew.`);
  }
}

export function needProfile(folder: string): Profile {
  const profile = loadProfile(folder);
  if (profile === undefined || profile.unregistered !== undefined)
    throw new Refused(`There is no member in ${folder} yet. Run: lintel member init --cloud URL --name NAME`);
  return profile;
}

export function saveProfile(folder: string, profile: Profile): void {
  const { cloudUrl, household, member, name, seed, ca, seen, unregistered } = profile;
  const stored = { v: 1, cloudUrl, household, member, name, seed: toBase64(seed), ca, seen, unregistered };
  makePrivateFolder(folder);
  writeDurably(file(folder, "member.json"), `${JSON.stringify(stored, undefined, 2)}\n`);
}

/** Remembers the newest charter, so that a cloud that later shows another is caught. */
export function saveSeen(folder: string, seen: SeenCharter): void {
  const profile = needProfile(folder);
  if (seen.version > profile.seen.version) saveProfile(folder, { ...profile, seen });
}

/** A camera's identity of one epoch, sealed to the members: base64 of an age file. */
export interface KeyFile {
  readonly epoch: number;
  readonly file: string;
}

/** Keeps what the cloud is given to keep: without it no recording of that epoch opens. */
export function keepKeyFile(folder: string, { camera, epoch, file }: KeyFile & { camera: string }): void {
  makePrivateFolder(join(folder, "keys"));
  writeDurably(join(folder, "keys", `${camera}.${epoch}.json`), JSON.stringify({ epoch, file }));
}

export function keptKeyFiles(folder: string, camera: string): readonly KeyFile[] {
  const kept = join(folder, "keys");
  const names = existsSync(kept) ? readdirSync(kept) : [];
  return names
    .filter((name) => name.startsWith(`${camera}.`) && name.endsWith(".json"))
    .map((name) => readKeptKeyFile(join(kept, name)));
}

function readKeptKeyFile(path: string): KeyFile {
  try {
    return readKeyFile(fieldsOf(JSON.parse(readIfThere(path) ?? ""), path));
  } catch {
    throw new Refused(
      `${path} is damaged. Put back a copy of it, or move it away: the cloud keeps one, too.`,
    );
  }
}

export function readKeyFile(fields: Fields): KeyFile {
  return { epoch: fields.number("epoch"), file: fields.text("file") };
}

/** A JWT (RFC 7519) of a size that a header takes. */
export function isToken(text: string): boolean {
  return text.length <= tokenCharsMax && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}

export function loadSession(folder: string): Session | undefined {
  const text = readIfThere(file(folder, "session.json"));
  if (text === undefined) return undefined;
  try {
    return readSession(fieldsOf(JSON.parse(text), "session.json"));
  } catch {
    return undefined; // log in again
  }
}

/** What the cloud gave at a login or renewal, and what is kept of it. Throws on a token that no header takes. */
export function readSession(fields: Fields): Session {
  const token = fields.text("token");
  if (!isToken(token)) throw new UnexpectedAnswer("the login gave no token");
  const [session, refresh] = [fields.maybeText("session"), fields.maybeText("refresh")];
  return {
    token,
    expiresAt: fields.text("expiresAt"),
    ...(session !== undefined && { session }),
    ...(refresh !== undefined && { refresh }),
  };
}

export function saveSession(folder: string, session: Session): void {
  writeDurably(file(folder, "session.json"), JSON.stringify(session));
}

export function forgetSession(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isFile())
    throw new Refused(`${folder} is a file. Name the folder where your keys are: --profile DIR`);
  rmSync(file(folder, "session.json"), { force: true });
}

function readProfile(fields: Fields): Profile {
  const seed = fromBase64(fields.text("seed"));
  const household = fields.text("household");
  const member = fields.text("member");
  const seen = fields.maybe("seen", (inside) => ({
    version: inside.number("version"),
    hash: inside.text("hash"),
  }));
  if (!seed.ok || seed.value.length !== memberSeedBytes) throw new Refused("the seed is not whole");
  if (!isHouseholdId(household) || !isMemberId(member)) throw new Refused("an id is not whole");
  if (seen === undefined || !isHash(seen.hash)) throw new Refused("the newest charter's hash is not whole");
  const ca = fields.text("ca");
  if (!isCertificate(ca)) throw new Refused("the certificate of the cloud's CA is not whole");
  const unregistered = fields.maybe("unregistered", readSignedCharter);
  return {
    cloudUrl: fields.text("cloudUrl"),
    household,
    member,
    name: fields.text("name"),
    seed: seed.value,
    keys: memberKeys(seed.value, 0),
    ca,
    seen,
    ...(unregistered && { unregistered }),
  };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

export function readSignedCharter(fields: Fields): SignedCharter {
  return { note: fields.text("note"), openings: fields.texts("openings") };
}

function refuseOpenMode(path: string): void {
  try {
    if ((statSync(path).mode & 0o077) === 0) return;
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  throw new Refused(
    `${path} holds your keys and others on this computer can read it. Run: chmod 600 ${path}`,
  );
}
