import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";
import type { CompiledQuery, Kysely } from "kysely";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { HouseholdId, MemberId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import type { Hash } from "../../shared/seal/hash.js";
import type { HouseholdTables } from "./tables.js";

/** For so long the same key gets the same answer. */
const rememberedMillis = 24 * 60 * 60_000;
const nonceBytes = 12;
const tagBytes = 16;

/** One member's key for one creation. */
export interface RepeatName {
  readonly household: HouseholdId;
  readonly member: MemberId;
  readonly key: string;
}

export interface Answered {
  readonly status: number;
  readonly answer: string;
}

export type Begun =
  | { readonly kind: "fresh" }
  | { readonly kind: "under-way" }
  | { readonly kind: "other" }
  | ({ readonly kind: "done" } & Answered);

/**
 * Creations that were asked for with a key (Idempotency-Key): asked for again, they are answered again and not done again.
 * An answer may hold a secret: it is sealed under the caller's key and this cloud's, and neither stands in the database.
 */
export interface Repeats {
  /** `fresh`: do it, then `end`. `other`: the key belongs to another request. */
  begin(name: RepeatName, asked: Hash): Promise<Begun>;
  /** Writes the answer down; for the transaction that makes what was asked for. */
  answered(name: RepeatName, asked: Hash, answered: Answered): CompiledQuery;
  /** Its request is over: where no answer was written nothing was made, and the key may be used again. */
  end(name: RepeatName): void;
}

/** What is under way is remembered in memory only: one process has the database, and with it ends whatever it had begun. */
export function createRepeats(
  db: Kysely<HouseholdTables>,
  { clock, secret }: { readonly clock: Clock; readonly secret: string },
): Repeats {
  const underWay = new Map<string, Hash>();
  const mac = (what: "name" | "answer", { household, member, key }: RepeatName): Buffer =>
    createHmac("sha256", secret).update(`lintel repeat ${what}\n${household}\n${member}\n${key}`).digest();
  const idOf = (name: RepeatName): string => mac("name", name).toString("base64");
  const stored = async (name: RepeatName, asked: Hash): Promise<Begun> => {
    await forgetOld(db, millis(clock.wall() - rememberedMillis));
    const row = await db
      .selectFrom("repeat")
      .selectAll()
      .where("household", "=", name.household)
      .where("member", "=", name.member)
      .where("key", "=", idOf(name))
      .executeTakeFirst();
    if (row?.status == null || row.answer === null) return { kind: "fresh" };
    if (row.asked !== asked) return { kind: "other" };
    return { kind: "done", status: row.status, answer: unsealed(row.answer, mac("answer", name)) };
  };
  return {
    async begin(name, asked) {
      const id = idOf(name);
      const before = underWay.get(id);
      if (before !== undefined) return { kind: before === asked ? "under-way" : "other" };
      underWay.set(id, asked);
      let begun: Begun | undefined;
      try {
        begun = await stored(name, asked);
        return begun;
      } finally {
        if (begun?.kind !== "fresh") underWay.delete(id);
      }
    },
    answered(name, asked, { status, answer }) {
      const { household, member } = name;
      const row = { household, member, key: idOf(name), asked, made_at: clock.wall(), status };
      return db
        .insertInto("repeat")
        .values({ ...row, answer: sealed(answer, mac("answer", name)) })
        .compile();
    },
    end: (name) => void underWay.delete(idOf(name)),
  };
}

async function forgetOld(db: Kysely<HouseholdTables>, before: Millis): Promise<void> {
  await db.deleteFrom("repeat").where("made_at", "<", before).execute();
}

/** Base64 of nonce, tag and ciphertext (AES-256-GCM). */
function sealed(text: string, key: Buffer): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString("base64");
}

function unsealed(text: string, key: Buffer): string {
  const bytes = Buffer.from(text, "base64");
  const cipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes));
  cipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
  return cipher.update(bytes.subarray(nonceBytes + tagBytes), undefined, "utf8") + cipher.final("utf8");
}
