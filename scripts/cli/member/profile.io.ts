import { X509Certificate } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { SignedCharter } from "../../../shared/charter/charter.js";
import { type MemberKeys, memberKeys, memberSeedBytes } from "../../../shared/charter/keys.js";
import { fromBase64, toBase64 } from "../../../shared/kernel/bytes.js";
import { type HouseholdId, isHouseholdId, isMemberId, type MemberId } from "../../../shared/kernel/ids.js";
import { isHash } from "../../../shared/seal/hash.js";
import { makePrivateFolder, readIfThere, readKeys, writeDurably } from "../disk.io.js";
import { type Fields, fieldsOf } from "../fields.js";
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

const file = (folder: string, name: string): string => join(folder, name);

export function defaultProfileFolder(): string {
  return join(process.env.XDG_CONFIG_HOME ?? join(homedir(), ".config"), "lintel");
}

export function loadProfile(folder: string): Profile | undefined {
  return readKeys(file(folder, "member.json"), (text) =>
    readProfile(fieldsOf(JSON.parse(text), "member.json")),
  );
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
