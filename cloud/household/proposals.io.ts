import type { Kysely, Transaction } from "kysely";
import {
  type CharterRefusal,
  type OpenedCharter,
  openProposal,
  type ProposedCharter,
  type SignedCharter,
} from "../../shared/charter/charter.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { equal } from "../../shared/kernel/bytes.js";
import type { HouseholdId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import { type Result, refuse } from "../../shared/kernel/result.js";
import type { Database } from "../database.io.js";
import { type KeyFile, signedOf } from "./charterrows.io.js";
import type { CharterReader } from "./charters.io.js";

export type ProposalRefusal =
  | CharterRefusal
  /** Another change waits for signatures. */
  | { readonly kind: "proposal-waits" }
  /** Somebody signed meanwhile, whose signature this copy lacks. */
  | { readonly kind: "signatures-missed" };

export interface Proposal extends ProposedCharter {
  readonly signed: SignedCharter;
  readonly keyFiles: readonly KeyFile[];
  readonly madeAt: Millis;
}

/** Next charters on which not all owners have signed whom the newest one asks. One waits at a time; any other next charter ends it. */
export interface Proposals {
  find(household: HouseholdId): Promise<Proposal | undefined>;
  /** Stores it durably, or more signatures under the one that waits. The key files are those that came first. */
  put(
    household: HouseholdId,
    signed: SignedCharter,
    keyFiles: readonly KeyFile[],
  ): Promise<Result<ProposedCharter, ProposalRefusal>>;
  /** False when none waits. */
  withdraw(household: HouseholdId): Promise<boolean>;
}

export function createProposals(
  db: Kysely<Database>,
  { charters, clock }: { charters: CharterReader; clock: Clock },
): Proposals {
  return {
    async find(household) {
      const current = await charters.current(household);
      return current && waiting(db, current);
    },
    async put(household, signed, keyFiles) {
      const current = await charters.current(household);
      if (current === undefined) return refuse({ kind: "other-household", found: household });
      const proposed = openProposal(current, signed);
      if (!proposed.ok) return proposed;
      const refusal = await db.transaction().execute(async (tx) => {
        const before = await waiting(tx, current);
        const refused = before && faultAfter(before, proposed.value);
        if (refused === undefined)
          await store(tx, proposed.value, {
            signed,
            keyFiles: before?.keyFiles ?? keyFiles,
            madeAt: before?.madeAt ?? clock.wall(),
          });
        return refused;
      });
      return refusal === undefined ? proposed : refuse(refusal);
    },
    async withdraw(household) {
      const deleted = db.deleteFrom("proposal").where("household", "=", household).returning("household");
      return (await deleted.execute()).length > 0;
    },
  };
}

/** What waits to follow `current`; one that another charter overtook is none. */
async function waiting(db: Kysely<Database>, current: OpenedCharter): Promise<Proposal | undefined> {
  const row = await db
    .selectFrom("proposal")
    .selectAll()
    .where("household", "=", current.household)
    .executeTakeFirst();
  const proposed = row && openProposal(current, signedOf(row));
  if (row === undefined || !proposed?.ok) return undefined;
  const keyFiles: readonly KeyFile[] = JSON.parse(row.key_files);
  return { ...proposed.value, signed: signedOf(row), keyFiles, madeAt: millis(row.made_at) };
}

function faultAfter(before: ProposedCharter, now: ProposedCharter): ProposalRefusal | undefined {
  if (before.charter.hash !== now.charter.hash) return { kind: "proposal-waits" };
  const kept = before.signers.every((owner) =>
    now.signers.some(({ noteKey }) => equal(noteKey, owner.noteKey)),
  );
  return kept ? undefined : { kind: "signatures-missed" };
}

/** Power lost before the commit: the owner signs again. */
async function store(
  tx: Transaction<Database>,
  { charter }: ProposedCharter,
  { signed, keyFiles, madeAt }: Pick<Proposal, "signed" | "keyFiles" | "madeAt">,
): Promise<void> {
  const row = {
    household: charter.household,
    note: signed.note,
    openings: JSON.stringify(signed.openings),
    key_files: JSON.stringify(keyFiles),
    made_at: madeAt,
  };
  await tx
    .insertInto("proposal")
    .values(row)
    .onConflict((conflict) => conflict.column("household").doUpdateSet(row))
    .execute();
}
