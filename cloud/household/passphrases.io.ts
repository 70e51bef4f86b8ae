import { scrypt, timingSafeEqual } from "node:crypto";
import type { Kysely } from "kysely";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { fromBase64, toBase32, toBase64 } from "../../shared/kernel/bytes.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { newPassphrase, readPassphrase } from "../../shared/kernel/words.js";
import type { Database } from "../database.io.js";
import { behindRow, type Holder, holderOf, type Kind, type People, type Person } from "./person.js";
import type { PassphraseRow } from "./tables.js";
import { otpauthUri, stepOfCode } from "./totp.io.js";

/** scrypt (RFC 7914): 32 MiB and about 0.1 s. The words alone are 90 bits; this is for those who hold the database. */
const cost = { r: 8, p: 1, maxmem: 64 * 1024 * 1024 } as const;
const costN = 2 ** 15;
const hashBytes = 32;
/** Sign-ins that wait for their turn, some 5 s together; a further one is refused whoever asks. */
export const waitingMax = 50;
/** RFC 4226 §4 R6. */
const codeKeyBytes = 20;

export interface Passphrase {
  /** What the person types to say who they are; no secret. */
  readonly name: string;
  readonly madeAt: Millis;
  readonly usedAt?: Millis;
}

/** Told once, to the person who asked for it. */
export interface NewPassphrase {
  readonly name: string;
  readonly words: string;
  /** For an authenticator app. */
  readonly otpauth: string;
}

export interface Said {
  readonly name: string;
  readonly words: string;
  readonly code: string;
}

/** `wrong-code`: the words hold. Who asks is told neither. */
export type PassphraseAnswer<P extends Person = Person> =
  | { readonly kind: "holds"; readonly who: P }
  | { readonly kind: "wrong" | "wrong-code" };

/** So many ask that nothing was looked at, neither a name nor words. */
export type PassphraseRefusal = { readonly kind: "sign-in-busy" };

/** The other way in for browsers: words that nobody chose, and a code that counts once. Neither is enough. */
export interface Passphrases {
  /** In place of the person's one before. */
  make(who: Person): Promise<Result<NewPassphrase, PassphraseRefusal>>;
  of(who: Person): Promise<Passphrase | undefined>;
  /** Takes as long for a name that nobody has, or somebody of another kind. */
  signIn<P extends Person>(
    said: Said,
    kind: Kind<P>,
  ): Promise<Result<PassphraseAnswer<P>, PassphraseRefusal>>;
  /** False when there is none. */
  remove(who: Person): Promise<boolean>;
  /** Removes those of everybody there but the people named. */
  keepOnly(household: string, people: readonly string[]): Promise<void>;
}

interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly people: People;
}

export function createPassphrases(
  db: Kysely<Database>,
  { clock, random, people, N = costN }: Ports & { readonly N?: number },
): Passphrases {
  const inTurn = oneAtATime();
  const hash = (words: string, salt: Uint8Array) => hashOf(words, salt, N);
  /** What is looked at where nobody has the name: nothing holds against it. */
  const nobody = { salt: random.bytes(16), hash: random.bytes(hashBytes), key: random.bytes(codeKeyBytes) };
  return {
    make: (who) =>
      inTurn(async () => {
        const { household, member } = holderOf(who);
        const words = newPassphrase(random);
        const [salt, key, name] = [random.bytes(16), random.bytes(codeKeyBytes), toBase32(random.bytes(5))];
        const row: PassphraseRow = {
          ...{ name, household, member, salt: toBase64(salt), hash: toBase64(await hash(words, salt)) },
          ...{ code_key: toBase64(key), code_step: 0, made_at: clock.wall(), used_at: null },
        };
        const { household: _h, member: _m, ...own } = row;
        // Power lost before this commit: the one before still counts, and the new one was not told.
        await db
          .insertInto("passphrase")
          .values(row)
          .onConflict((conflict) => conflict.columns(["household", "member"]).doUpdateSet(own))
          .execute();
        return { name, words, otpauth: otpauthUri(toBase32(key).toUpperCase(), name) };
      }),

    async of(who) {
      const row = await ofHolder(db, holderOf(who));
      if (row === undefined) return undefined;
      const { name, made_at, used_at } = row;
      return { name, madeAt: millis(made_at), ...(used_at !== null && { usedAt: millis(used_at) }) };
    },

    signIn: <P extends Person>({ name, words, code }: Said, kind: Kind<P>) =>
      inTurn(async (): Promise<PassphraseAnswer<P>> => {
        const row = await ofName(db, name.trim().toLowerCase());
        const who = row && (await behindRow(people, row, kind))?.who;
        const stored = (who && secretsOf(row)) ?? nobody;
        const holds = timingSafeEqual(await hash(readPassphrase(words), stored.salt), stored.hash);
        const step = stepOfCode(stored.key, code.replace(/\s/g, ""), clock.wall());
        if (row === undefined || who === undefined || !holds) return { kind: "wrong" };
        const counts = step !== undefined && (await useCode(db, row, { step, now: clock.wall() }));
        return counts ? { kind: "holds", who } : { kind: "wrong-code" };
      }),

    async remove(who) {
      const { household, member } = holderOf(who);
      // Power lost before this commit: nobody was told that it is gone.
      const own = db.deleteFrom("passphrase").where("household", "=", household).where("member", "=", member);
      return (await own.returning("name").execute()).length === 1;
    },
    async keepOnly(household, people) {
      // Power lost before this commit: they sign nobody in, since nothing names their people any more; the next change removes them.
      const others = db.deleteFrom("passphrase").where("household", "=", household);
      await others.where("member", "not in", people).execute();
    },
  };
}

/** However many ask, they take the memory of one, and no more wait than may. */
function oneAtATime() {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return async <T>(work: () => Promise<T>): Promise<Result<T, PassphraseRefusal>> => {
    if (waiting >= waitingMax) return refuse({ kind: "sign-in-busy" });
    waiting++;
    const mine = last.then(work, work).finally(() => waiting--);
    last = mine.catch(() => undefined);
    return ok(await mine);
  };
}

function hashOf(words: string, salt: Uint8Array, N: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(words, salt, hashBytes, { ...cost, N }, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

function ofHolder(db: Kysely<Database>, { household, member }: Holder): Promise<PassphraseRow | undefined> {
  return db
    .selectFrom("passphrase")
    .selectAll()
    .where("household", "=", household)
    .where("member", "=", member)
    .executeTakeFirst();
}

function ofName(db: Kysely<Database>, name: string): Promise<PassphraseRow | undefined> {
  return db.selectFrom("passphrase").selectAll().where("name", "=", name).executeTakeFirst();
}

function secretsOf(row: PassphraseRow) {
  const [salt, hash, key] = [fromBase64(row.salt), fromBase64(row.hash), fromBase64(row.code_key)];
  return salt.ok && hash.ok && key.ok ? { salt: salt.value, hash: hash.value, key: key.value } : undefined;
}

/** A step's code counts for one caller, and none of before. Power lost before the commit: nobody was let in by it. */
async function useCode(
  db: Kysely<Database>,
  { name }: PassphraseRow,
  { step, now }: { readonly step: number; readonly now: Millis },
): Promise<boolean> {
  const used = await db
    .updateTable("passphrase")
    .set({ code_step: step, used_at: now })
    .where("name", "=", name)
    .where("code_step", "<", step)
    .returning("name")
    .execute();
  return used.length === 1;
}
