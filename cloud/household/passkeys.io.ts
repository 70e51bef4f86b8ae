import { createHmac, timingSafeEqual } from "node:crypto";
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from "@simplewebauthn/server";
import type { Kysely } from "kysely";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { fromBase64Url, toBase32, toBase64Url, toUtf8 } from "../../shared/kernel/bytes.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { hashOf } from "../../shared/seal/hash.js";
import type { Database } from "../database.io.js";
import { behindRow, type Holder, holderOf, type Kind, type People, type Person } from "./person.js";
import type { PasskeyLinkRow, PasskeyRow } from "./tables.js";

/** A link is good for so long, and for one passkey. */
const linkMillisMax = 10 * 60_000;
/** How long a sign-in may take. */
const challengeMillisMax = 5 * 60_000;
/** One person's passkeys at a time. */
const passkeysPerPersonMax = 16;

/** Where passkeys are made and used: a page's origin, and the name that browsers bind them to. */
export interface Site {
  readonly origin: string;
  readonly name: string;
}

export interface Passkey {
  readonly id: string;
  readonly name: string;
  readonly madeAt: Millis;
  readonly usedAt?: Millis;
}

export type AddRefusal = {
  readonly kind: "no-such-link" | "passkey-refused" | "passkey-known" | "too-many-passkeys";
};
/** `as`: whose passkey it claims to be. */
export type PasskeyRefusal<P extends Person = Person> = { readonly kind: "sign-in-refused"; readonly as?: P };

/** Of everybody who signs in from a browser. What is of another kind than the one asked about is not there. */
export interface Passkeys {
  /** A secret by which one passkey of this name can be made. It ends the person's link before. */
  link(who: Person, name: string): Promise<{ readonly secret: string; readonly expiresAt: Millis }>;
  /** What a browser needs to make the link's passkey; `undefined` when there is no such link. */
  creation(secret: string, site: Site, kind: Kind<Person>): ReturnType<typeof creationFor>;
  /** Takes the passkey and uses the link up. */
  add<P extends Person>(
    secret: string,
    response: RegistrationResponseJSON,
    at: Place<P>,
  ): Promise<Result<{ readonly passkey: Passkey; readonly who: P }, AddRefusal>>;
  /** What a browser needs to sign in: the same for everybody. */
  request(site: Site): ReturnType<typeof generateAuthenticationOptions>;
  signIn<P extends Person>(
    response: AuthenticationResponseJSON,
    at: Place<P>,
  ): Promise<Result<P, PasskeyRefusal<P>>>;
  /** Newest first. */
  list(who: Person): Promise<readonly Passkey[]>;
  /** False when the person has no such passkey. */
  remove(who: Person, id: string): Promise<boolean>;
  /** Removes those of everybody there but the people named. */
  keepOnly(household: string, people: readonly string[]): Promise<void>;
}

/** Where somebody stands who makes or uses a passkey: a page, and whom it lets in. */
interface Place<P extends Person> {
  readonly site: Site;
  readonly kind: Kind<P>;
}

interface Ports {
  readonly db: Kysely<Database>;
  readonly people: People;
  readonly clock: Clock;
  readonly random: Random;
}

/** `secret` vouches for challenges, so that asking for one writes nothing down. */
export function createPasskeys(
  db: Kysely<Database>,
  { clock, random, people, secret }: Omit<Ports, "db"> & { readonly secret: string },
): Passkeys {
  const ports = { db, clock, random, people };
  const challenges = createChallenges(ports, secret);
  return {
    link: (who, name) => makeLink(ports, holderOf(who), name),
    creation: async (link, site, kind) => creationFor(db, await linkBehind(ports, link, kind), site),

    async add(link, response, { site, kind }) {
      const found = await linkBehind(ports, link, kind);
      if (found === undefined) return refuse({ kind: "no-such-link" });
      const made = await verifiedNew(response, found.row.challenge, site);
      if (made === undefined) return refuse({ kind: "passkey-refused" });
      const passkey = await store(db, found.row, { ...made, now: clock.wall() });
      return passkey.ok ? ok({ passkey: passkey.value, who: found.who }) : passkey;
    },

    request: ({ name }) =>
      generateAuthenticationOptions({
        rpID: name,
        userVerification: "required",
        challenge: challenges.next(),
        timeout: challengeMillisMax,
      }),

    async signIn<P extends Person>(response: AuthenticationResponseJSON, { site, kind }: Place<P>) {
      const row = await rowOf(db, response.id);
      const as = row && (await behindRow(people, row, kind))?.who;
      const refused = { kind: "sign-in-refused", ...(as && { as }) } as const;
      if (row === undefined || as === undefined) return refuse(refused);
      const counted = await verifiedUse(response, { row, site, isOurs: challenges.isOurs });
      if (counted === undefined || !(await challenges.spend(counted.challenge))) return refuse(refused);
      return (await countUp(db, row.id, { ...counted, now: clock.wall() })) ? ok(as) : refuse(refused);
    },

    list: async (who) => (await rowsOf(db, holderOf(who))).map(passkeyOf),
    async remove(who, id) {
      const { household, member } = holderOf(who);
      // Power lost before this commit: nobody was told that it is gone.
      const own = db.deleteFrom("passkey").where("household", "=", household).where("member", "=", member);
      return (await own.where("id", "=", id).returning("id").execute()).length === 1;
    },
    async keepOnly(household, people) {
      // Power lost before a commit: they sign nobody in, since nothing names their people any more; the next change removes them.
      for (const table of ["passkey", "passkey_link"] as const)
        await db
          .deleteFrom(table)
          .where("household", "=", household)
          .where("member", "not in", people)
          .execute();
    },
  };
}

async function makeLink({ db, clock, random }: Ports, { household, member }: Holder, name: string) {
  const secret = toBase32(random.bytes(20));
  const expiresAt = millis(clock.wall() + linkMillisMax);
  const own = { challenge: toBase64Url(random.bytes(32)), hash: hashed(secret), expires_at: expiresAt, name };
  await db.deleteFrom("passkey_link").where("expires_at", "<=", clock.wall()).execute();
  // Power lost before this commit: the secret was not told yet.
  await db
    .insertInto("passkey_link")
    .values({ household, member, ...own })
    .onConflict((conflict) => conflict.columns(["household", "member"]).doUpdateSet(own))
    .execute();
  return { secret, expiresAt };
}

async function linkBehind<P extends Person>({ db, clock, people }: Ports, secret: string, kind: Kind<P>) {
  const row = await db
    .selectFrom("passkey_link")
    .selectAll()
    .where("hash", "=", hashed(secret))
    .where("expires_at", ">", clock.wall())
    .executeTakeFirst();
  const found = row && (await behindRow(people, row, kind));
  return row && found && { row, ...found };
}

async function creationFor(
  db: Kysely<Database>,
  found: Awaited<ReturnType<typeof linkBehind>>,
  { name }: Site,
) {
  if (found === undefined) return undefined;
  const { row, called } = found;
  const challenge = fromBase64Url(row.challenge);
  if (!challenge.ok) return undefined;
  const before = await rowsOf(db, row);
  const options = await generateRegistrationOptions({
    rpName: "Lintel",
    rpID: name,
    userName: called,
    userDisplayName: called,
    // The same for all of a person's passkeys: a device keeps one of them.
    userID: new Uint8Array(toUtf8(`${row.household}/${row.member}`)),
    challenge: new Uint8Array(challenge.value),
    timeout: linkMillisMax,
    attestationType: "none",
    excludeCredentials: before.map(({ id }) => ({ id })),
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
  });
  return { member: called, name: row.name, options };
}

async function verifiedNew(
  response: RegistrationResponseJSON,
  challenge: string,
  { origin, name }: Site,
): Promise<Pick<PasskeyRow, "id" | "public_key" | "counter"> | undefined> {
  // What a browser sends is anybody's: the library throws at what does not hold.
  const { verified, registrationInfo } = await verifyRegistrationResponse({
    response,
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: name,
    requireUserVerification: true,
  }).catch(() => ({ verified: false, registrationInfo: undefined }));
  if (!verified || registrationInfo === undefined) return undefined;
  const { id, publicKey, counter } = registrationInfo.credential;
  return { id, public_key: toBase64Url(publicKey), counter };
}

/** Power lost before this commit: the link still counts, and the device has a passkey that signs nobody in. */
function store(
  db: Kysely<Database>,
  { hash, household, member, name }: PasskeyLinkRow,
  { now, ...made }: Pick<PasskeyRow, "id" | "public_key" | "counter"> & { readonly now: Millis },
): Promise<Result<Passkey, AddRefusal>> {
  return db.transaction().execute(async (tx) => {
    const known = await tx.selectFrom("passkey").select("id").where("id", "=", made.id).executeTakeFirst();
    if (known !== undefined) return refuse({ kind: "passkey-known" });
    const row: PasskeyRow = { ...made, household, member, name, made_at: now, used_at: null };
    if ((await rowsOf(tx, row)).length >= passkeysPerPersonMax) return refuse({ kind: "too-many-passkeys" });
    const used = await tx.deleteFrom("passkey_link").where("hash", "=", hash).returning("hash").execute();
    if (used.length !== 1) return refuse({ kind: "no-such-link" });
    await tx.insertInto("passkey").values(row).execute();
    return ok(passkeyOf(row));
  });
}

interface Use {
  readonly challenge: string;
  readonly counter: number;
}

async function verifiedUse(
  response: AuthenticationResponseJSON,
  {
    row,
    site,
    isOurs,
  }: { readonly row: PasskeyRow; readonly site: Site; readonly isOurs: (challenge: string) => boolean },
): Promise<Use | undefined> {
  const publicKey = fromBase64Url(row.public_key);
  if (!publicKey.ok) return undefined;
  let challenge = "";
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    response,
    expectedChallenge(answered) {
      challenge = answered;
      return isOurs(answered);
    },
    expectedOrigin: site.origin,
    expectedRPID: site.name,
    requireUserVerification: true,
    credential: { id: row.id, publicKey: new Uint8Array(publicKey.value), counter: row.counter },
  }).catch(() => ({ verified: false, authenticationInfo: undefined }));
  if (!verified || authenticationInfo === undefined) return undefined;
  return { challenge, counter: authenticationInfo.newCounter };
}

/** A counter that does not rise is that of a copy, unless it stands at 0. Power lost before the commit: nobody was let in. */
async function countUp(
  db: Kysely<Database>,
  id: string,
  { counter, now }: { readonly counter: number; readonly now: Millis },
): Promise<boolean> {
  const counted = await db
    .updateTable("passkey")
    .set({ counter, used_at: now })
    .where("id", "=", id)
    .where(({ eb, or }) => or([eb("counter", "<", counter), eb(eb.val(counter), "=", 0)]))
    .returning("id")
    .execute();
  return counted.length === 1;
}

/** Challenges that nobody wrote down: `time.chance.mac`, base64url. What was answered is kept until it ends. */
function createChallenges({ db, clock, random }: Omit<Ports, "people">, secret: string) {
  const macOf = (text: string): Buffer =>
    createHmac("sha256", secret).update(`lintel passkey challenge\n${text}`).digest();
  const textOf = (challenge: string): string => Buffer.from(challenge, "base64url").toString("latin1");
  const endOf = (challenge: string): number => Number(textOf(challenge).split(".")[0]);
  return {
    next(): Uint8Array<ArrayBuffer> {
      const text = `${clock.wall() + challengeMillisMax}.${toBase32(random.bytes(20))}`;
      return new Uint8Array(toUtf8(`${text}.${macOf(text).toString("base64url")}`));
    },
    isOurs(challenge: string): boolean {
      const [, text = "", mac = ""] = /^(\d{1,15}\.[a-z2-7]{32})\.([\w-]{43})$/.exec(textOf(challenge)) ?? [];
      const said = Buffer.from(mac, "base64url");
      return said.length === 32 && timingSafeEqual(said, macOf(text)) && endOf(challenge) > clock.wall();
    },
    /** True once. Power lost before the commit: nobody was let in by it. */
    async spend(challenge: string): Promise<boolean> {
      await db.deleteFrom("spent_challenge").where("expires_at", "<=", clock.wall()).execute();
      const { numInsertedOrUpdatedRows } = await db
        .insertInto("spent_challenge")
        .values({ challenge: hashed(challenge), expires_at: endOf(challenge) })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return numInsertedOrUpdatedRows === 1n;
    },
  };
}

function rowOf(db: Kysely<Database>, id: string): Promise<PasskeyRow | undefined> {
  return db.selectFrom("passkey").selectAll().where("id", "=", id).executeTakeFirst();
}

function rowsOf(db: Kysely<Database>, { household, member }: Holder): Promise<PasskeyRow[]> {
  return db
    .selectFrom("passkey")
    .selectAll()
    .where("household", "=", household)
    .where("member", "=", member)
    .orderBy("made_at", "desc")
    .orderBy("id")
    .execute();
}

function passkeyOf({ id, name, made_at, used_at }: PasskeyRow): Passkey {
  return { id, name, madeAt: millis(made_at), ...(used_at !== null && { usedAt: millis(used_at) }) };
}

/** The secrets are random and long: a plain hash is enough. */
function hashed(secret: string): string {
  return hashOf(toUtf8(secret));
}
