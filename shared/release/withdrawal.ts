import type { Millis } from "../kernel/brand.js";
import { type HouseholdId, isHouseholdId, isReleaseId, type ReleaseId } from "../kernel/ids.js";
import type { Result } from "../kernel/result.js";
import { type FieldsRefusal, formatFields, type NoteShape, readFields } from "../seal/fields.js";

/** `withdrawal/v1`: an owner ends a release, forward only. Any one owner may, whoever signed it. */
export interface Withdrawal {
  readonly release: ReleaseId;
  readonly household: HouseholdId;
  readonly at: Millis;
}

const shape: NoteShape = { type: "withdrawal/v1", fields: ["household", "at"] };

export function formatWithdrawal({ release, ...values }: Withdrawal): string {
  return formatFields(shape, release, { ...values });
}

export function parseWithdrawal(text: string): Result<Withdrawal, FieldsRefusal> {
  return readFields(shape, text, (read) => ({
    release: read.subject(isReleaseId),
    household: read.text("household", isHouseholdId),
    at: read.time("at"),
  }));
}
