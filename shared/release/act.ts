import type { Millis } from "../kernel/brand.js";
import {
  type AgencyId,
  isAgencyId,
  isReleaseId,
  isRequestId,
  type ReleaseId,
  type RequestId,
} from "../kernel/ids.js";
import type { Result } from "../kernel/result.js";
import { type FieldsRefusal, formatFields, type NoteShape, oneOf, readFields } from "../seal/fields.js";
import { type Hash, isHash } from "../seal/hash.js";

/** What becomes of a release; the public log commits to it in a batch, with others of its day. */
export type Act = (typeof allActs)[number];
const allActs = [
  "escrowed",
  "retrieved",
  "destroyed",
  "disposal-asked",
  "attested",
  "retained",
  "overdue",
] as const;

/** `release-act/v1`: the text of a leaf of such a batch. Whoever it concerns has its salt, and proves by it that it was logged. */
export interface ReleaseAct {
  readonly release: ReleaseId;
  readonly act: Act;
  readonly at: Millis;
  readonly agency: AgencyId;
  readonly request: RequestId;
  readonly authorisation: Hash;
  /** Of the sealed package. */
  readonly package: Hash;
}

const shape: NoteShape = {
  type: "release-act/v1",
  fields: ["act", "at", "agency", "request", "authorisation", "package"],
};

const isAct = oneOf<Act>(...allActs);

export function formatAct({ release, ...values }: ReleaseAct): string {
  return formatFields(shape, release, { ...values });
}

export function parseAct(text: string): Result<ReleaseAct, FieldsRefusal> {
  return readFields(shape, text, (read) => ({
    release: read.subject(isReleaseId),
    act: read.text("act", isAct),
    at: read.time("at"),
    agency: read.text("agency", isAgencyId),
    request: read.text("request", isRequestId),
    authorisation: read.text("authorisation", isHash),
    package: read.text("package", isHash),
  }));
}
