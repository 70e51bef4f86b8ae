import { millis } from "../../shared/kernel/brand.js";
import { toBase64 } from "../../shared/kernel/bytes.js";
import { type AgencyId, type HouseholdId, newCourseId } from "../../shared/kernel/ids.js";
import { formatPressure, formatTelling, type Pressure } from "../../shared/release/pressure.js";
import { seal } from "../../shared/seal/age.js";
import { hashOf } from "../../shared/seal/hash.js";
import { signNote } from "../../shared/seal/note.js";
import { systemRandom as random } from "../system.io.js";
import type { ReleaseCloud } from "./releases.contract.js";
import type { Person } from "./testpeople.js";

// Reports of pressure for the API's tests, as the member's client makes them: of what happened an hour ago.

export async function newReport(
  { clock, operators }: Pick<ReleaseCloud, "clock" | "operators">,
  from: { readonly owner: Person; readonly household: HouseholdId; readonly agency: AgencyId },
  changes: Partial<Pressure> = {},
  by: Person = from.owner,
) {
  const { household, agency } = from;
  const telling = formatTelling("Two officers rang at nine.");
  if (!telling.ok) throw new Error(telling.error.kind);
  const recipients = operators.flatMap(({ person }) =>
    "recipient" in person ? [String(person.recipient)] : [],
  );
  const file = await seal(telling.value, recipients);
  const now = clock.wall();
  const text = formatPressure({
    ...{ household, report: newCourseId(now, random), member: by.member.id, agency },
    ...{ kind: "came-to-the-door", at: millis(now - 3_600_000), about: "none" },
    ...{ sealed: hashOf(file), signed: now, ...changes },
  });
  return { note: signNote(text, [by.note]), file: toBase64(file) };
}
