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
import type { HouseholdId, MemberId } from "../../shared/kernel/ids.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { hashOf } from "../../shared/seal/hash.js";
import type { Database } from "../database.io.js";
import type { Who } from "./logins.io.js";
import type { PasskeyLinkRow, PasskeyRow } from "./tables.js";

/** A link is good for so long, and for one passkey. */
const linkMillisMax = 10 * 60_000;
/** How long a sign-in may take. */
const challengeMillisMax = 5 * 60_000;
/** One member's passkeys at a time. */
const passkeysPerMemberMax = 16;

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
export type PasskeyRefusal = { readonly kind: "sign-in-refused"; readonly as?: Who };

export interface Passkeys {
  /** A secret by which one passkey of this name can be made. It ends the member's link before. */
  link(who: Who, name: string): Promise<{ readonly secret: string; readonly expiresAt: Millis }>;
  /** What a browser needs to make the link's passkey; `undefined` when there is no such link. */
  creation(secret: string, site: Site): ReturnType<typeof creationFor>;
  /** Takes the passkey and uses the link up. */
  add(
    secret: string,
    response: RegistrationResponseJSON,
    site: Site,
  ): Promise<Result<Passkey & Who, AddRefusal>>;
  /** What a browser needs to sign in: the same for everybody. */
  request(site: Site): ReturnType<typeof generateAuthenticationOptions>;
  signIn(response: AuthenticationResponseJSON, site: Site): Promise<Result<Who, PasskeyRefusal>>;
  /** Newest first. */
  list(who: Who): Promise<readonly Passkey[]>;
  /** False when the member has no such passkey. */
  remove(who: Who, id: string): Promise<boolean>;
  /** Removes those of everybody but the members named. */
  keepOnly(household: HouseholdId, members: readonly MemberId[]): Promise<void>;
}

interface Ports {
  readonly db: Kysely<Database>;
  readonly clock: Clock;
  readonly random: Random;
}

/** `secret` vouches for challenges, so that asking for one writes nothing down. */
export function createPasskeys(
  db: Kysely<Database>,
  { clock, random, secret }: Omit<Ports, "db"> & { readonly secret: string },
): Passkeys {
  const challenges = createChallenges({ db, clock, random }, secret);
  return {
    link: (who, name) => makeLink({ db, clock, random }, who, name),
    creation: async (link, site) => creationFor(db, await linkBehind(db, link, clock.wall()), site),

    async add(link, response, site) {
      const row = await linkBehind(db, link, clock.wall());
      if (row === undefined) return refuse({ kind: "no-such-link" });
      const made = await verifiedNew(response, row.challenge, site);
      return made === undefined
        ? refuse({ kind: "passkey-refused" })
        : store(db, row, { ...made, now: clock.wall() });
    },

    request: ({ name }) =>
      generateAuthenticationOptions({
        rpID: name,
        userVerification: "required",
        challenge: challenges.next(),
        timeout: challengeMillisMax,
      }),

    async signIn(response, site) {
      const row = await passkeyBehind(db, response.id);
      const as = row && whoOf(row);
      const refused = { kind: "sign-in-refused", ...(as && { as }) } as const;
      if (row === undefined || as === undefined) return refuse(refused);
      const counted = await verifiedUse(response, { row, site, isOurs: challenges.isOurs });
      if (counted === undefined || !(await challenges.spend(counted.challenge))) return refuse(refused);
      return (await countUp(db, row.id, { ...counted, now: clock.wall() })) ? ok(as) : refuse(refused);
    },

    list: async (who) => (await rowsOf(db, who)).map(passkeyOf),
    async remove({ household, member }, id) {
      // Power lost before this commit: nobody was told that it is gone.
      const own = db.deleteFrom("passkey").where("household", "=", household).where("member", "=", member);
      return (await own.where("id", "=", id).returning("id").execute()).length === 1;
    },
    async keepOnly(household, members) {
      // Power lost before a commit: they sign nobody in, since no charter names their members; the next charter removes them.
      for (const table of ["passkey", "passkey_link"] as const)
        await db
          .deleteFrom(table)
          .where("household", "=", household)
          .where("member", "not in", members)
          .execute();
    },
  };
}

async function makeLink({ db, clock, random }: Ports, { household, member }: Who, name: string) {
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

function linkBehind(
  db: Kysely<Database>,
  secret: string,
  now: Millis,
): Promise<(PasskeyLinkRow & { readonly memberName: string }) | undefined> {
  return db
    .selectFrom("passkey_link")
    .innerJoin("member", (join) =>
      join
        .onRef("member.household", "=", "passkey_link.household")
        .onRef("member.id", "=", "passkey_link.member"),
    )
    .selectAll("passkey_link")
    .select("member.name as memberName")
    .where("passkey_link.hash", "=", hashed(secret))
    .where("passkey_link.expires_at", ">", now)
    .executeTakeFirst();
}

async function creationFor(
  db: Kysely<Database>,
  row: Awaited<ReturnType<typeof linkBehind>>,
  { name }: Site,
) {
  if (row === undefined) return undefined;
  const challenge = fromBase64Url(row.challenge);
  if (!challenge.ok) return undefined;
  const before = await rowsOf(db, whoOf(row));
  const options = await generateRegistrationOptions({
    rpName: "Lintel",
    rpID: name,
    userName: row.memberName,
    userDisplayName: row.memberName,
    // The same for all of a member's passkeys: a device keeps one of them.
    userID: new Uint8Array(toUtf8(`${row.household}/${row.member}`)),
    challenge: new Uint8Array(challenge.value),
    timeout: linkMillisMax,
    attestationType: "none",
    excludeCredentials: before.map(({ id }) => ({ id })),
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
  });
  return { member: row.memberName, name: row.name, options };
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
): Promise<Result<Passkey & Who, AddRefusal>> {
  return db.transaction().execute(async (tx) => {
    const known = await tx.selectFrom("passkey").select("id").where("id", "=", made.id).executeTakeFirst();
    if (known !== undefined) return refuse({ kind: "passkey-known" });
    const row: PasskeyRow = { ...made, household, member, name, made_at: now, used_at: null };
    if ((await rowsOf(tx, whoOf(row))).length >= passkeysPerMemberMax)
      return refuse({ kind: "too-many-passkeys" });
    const used = await tx.deleteFrom("passkey_link").where("hash", "=", hash).returning("hash").execute();
    if (used.length !== 1) return refuse({ kind: "no-such-link" });
    await tx.insertInto("passkey").values(row).execute();
    return ok({ ...passkeyOf(row), ...whoOf(row) });
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
function createChallenges({ db, clock, random }: Ports, secret: string) {
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

/** Of a member whom the charter still names. */
function passkeyBehind(db: Kysely<Database>, id: string): Promise<PasskeyRow | undefined> {
  return db
    .selectFrom("passkey")
    .innerJoin("member", (join) =>
      join.onRef("member.household", "=", "passkey.household").onRef("member.id", "=", "passkey.member"),
    )
    .selectAll("passkey")
    .where("passkey.id", "=", id)
    .executeTakeFirst();
}

function rowsOf(db: Kysely<Database>, { household, member }: Who): Promise<PasskeyRow[]> {
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

/** Stored from a session, which has nothing but these. */
function whoOf({ household, member }: Pick<PasskeyRow, "household" | "member">): Who {
  return { household: household as HouseholdId, member: member as MemberId };
}

/** The secrets are random and long: a plain hash is enough. */
function hashed(secret: string): string {
  return hashOf(toUtf8(secret));
}
