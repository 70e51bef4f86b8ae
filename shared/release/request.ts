import { type Millis, millis } from "../kernel/brand.js";
import { equal } from "../kernel/bytes.js";
import { type AgencyId, isAgencyId, isRequestId, type RequestId } from "../kernel/ids.js";
import { ok, type Result, refuse } from "../kernel/result.js";
import { isRecipient, type Recipient } from "../seal/age.js";
import {
  type FieldReader,
  type FieldsRefusal,
  formatFields,
  type NoteShape,
  oneOf,
  readFields,
} from "../seal/fields.js";
import { type Hash, hashOfText, isHash } from "../seal/hash.js";
import { type NoteRefusal, openNote, textOf } from "../seal/note.js";
import { type Officer, type OpenedAgreement, officerVerifier } from "./agreement.js";
import {
  type Area,
  cellsOf,
  formatArea,
  isConvex,
  liesWithin,
  parseArea,
  spanMetres,
  squareMetres,
} from "./area.js";
import type { Policy } from "./floor.js";

/** All that a request may be about. What has no word here cannot be asked. */
export type Category =
  | "missing-or-endangered-person"
  | "assault"
  | "burglary"
  | "theft"
  | "hit-and-run"
  | "arson"
  | "other-felony";
export const allCategories: readonly Category[] = [
  "missing-or-endangered-person",
  "assault",
  "burglary",
  "theft",
  "hit-and-run",
  "arson",
  "other-felony",
];

/** Somebody's life may hang on it: larger areas and windows, and no hold. */
export const isDanger = (category: Category): boolean => category === "missing-or-endangered-person";

/** `request/v1`: a public ask for recordings. It holds no free text: nothing in it can plead, press or thank. */
export interface AssistanceRequest {
  readonly id: RequestId;
  readonly agency: AgencyId;
  /** The agreement under which it is asked. */
  readonly agreement: Hash;
  /** The agency's own file; it asks once about each. */
  readonly file: string;
  readonly category: Category;
  /** The law that names the felony, as `Art. 222-1`; `none` for the other categories. */
  readonly statute: string;
  /** When it happened. */
  readonly happened: Millis;
  readonly from: Millis;
  readonly to: Millis;
  readonly area: Area;
  /** What is released is sealed to this key, made for this request alone. */
  readonly recipient: Recipient;
  readonly submitted: Millis;
}

export interface OpenedRequest extends AssistanceRequest {
  /** Of the note's text: its name in the log and in authorisations. */
  readonly hash: Hash;
}

export type RequestState =
  | "review"
  | "rejected"
  | "published"
  | "resolved"
  | "withdrawn"
  | "closed"
  | "frozen";

export type RequestRefusal =
  | NoteRefusal
  | FieldsRefusal
  | { readonly kind: "other-agreement" }
  /** It needs an officer, and a supervisor who is somebody else. */
  | { readonly kind: "no-second-signature" };

/** Why a request may not be asked, each with what would be allowed. */
export type RequestFault =
  | {
      readonly kind: "area-too-small" | "area-too-large";
      readonly squareMetres: number;
      readonly bound: number;
    }
  | { readonly kind: "window-too-short" | "window-too-long"; readonly millis: number; readonly bound: number }
  | { readonly kind: "area-too-wide"; readonly metres: number; readonly bound: number }
  | { readonly kind: "area-not-convex" | "area-too-thin" }
  | { readonly kind: "outside-territory" }
  | { readonly kind: "incident-too-old"; readonly bound: number }
  | { readonly kind: "not-yet-over" }
  | { readonly kind: "window-away-from-incident" }
  | { readonly kind: "statute-missing" | "statute-not-needed" };

/** What counts of an agency's earlier requests. */
export interface Asked {
  readonly file: string;
  readonly area: Area;
  readonly submitted: Millis;
  /** In review or published. */
  readonly open: boolean;
}

export type VolumeFault =
  | { readonly kind: "incident-asked-before" }
  | { readonly kind: "too-many-open"; readonly bound: number }
  | { readonly kind: "too-many-in-30-days"; readonly bound: number }
  | { readonly kind: "same-area-too-soon"; readonly until: Millis };

const shape: NoteShape = {
  type: "request/v1",
  fields: [
    "agency",
    "agreement",
    "file",
    "category",
    "statute",
    "happened",
    "from",
    "to",
    "area",
    "recipient",
    "submitted",
  ],
};
const day = 24 * 60 * 60_000;
/** An area is at most so many times as long as it is wide. */
const thinMax = 8;

export function formatRequest({ id, area, ...values }: AssistanceRequest): string {
  return formatFields(shape, id, { ...values, area: formatArea(area) });
}

/** Opens a request that an officer and another person, a supervisor, of the agreement's agency signed. */
export function openRequest(note: string, agreement: OpenedAgreement): Result<OpenedRequest, RequestRefusal> {
  const text = textOf(note);
  const request = readFields(shape, text, readRequest);
  if (!request.ok) return request;
  if (request.value.agreement !== agreement.hash || request.value.agency !== agreement.agency)
    return refuse({ kind: "other-agreement" });
  const signers = signersOf(note, agreement);
  if (!signers.ok) return signers;
  const fault = faultInTwo(signers.value);
  return fault === undefined ? ok({ ...request.value, hash: hashOfText(text) }) : refuse(fault);
}

/** Of the agreement's people those whose signatures stand under a note. */
export function signersOf(
  note: string,
  { officers }: Pick<OpenedAgreement, "officers">,
): Result<readonly Officer[], NoteRefusal> {
  const opened = openNote(note, officers.map(officerVerifier));
  if (!opened.ok) return opened;
  const { signers } = opened.value;
  return ok(officers.filter(({ noteKey }) => signers.some(({ publicKey }) => equal(publicKey, noteKey))));
}

/** What an agency says in its name takes two people, one of them a supervisor. */
export function faultInTwo(signers: readonly Officer[]): RequestRefusal | undefined {
  const areTwo = signers.length >= 2 && signers.some(({ role }) => role === "supervisor");
  return areTwo ? undefined : { kind: "no-second-signature" };
}

/** The form alone; says nothing of signatures. */
export function parseRequest(text: string): Result<AssistanceRequest, FieldsRefusal> {
  return readFields(shape, text, readRequest);
}

/** What a request breaks by itself; each client asks this too. */
export function faultsOf(
  request: AssistanceRequest,
  { territory }: Pick<OpenedAgreement, "territory">,
  policy: Policy,
): readonly RequestFault[] {
  const { from, to, happened, submitted, category, area } = request;
  const long = to - from;
  const longMax = isDanger(category) ? policy.windowInDangerMax : policy.windowMax;
  const faults: (RequestFault | false)[] = [
    ...areaFaults(request, policy),
    long < policy.windowMin && { kind: "window-too-short", millis: long, bound: policy.windowMin },
    long > longMax && { kind: "window-too-long", millis: long, bound: longMax },
    !liesWithin(area, territory) && { kind: "outside-territory" },
    submitted - happened > policy.incidentAgeMax && {
      kind: "incident-too-old",
      bound: policy.incidentAgeMax,
    },
    (to > submitted || happened > submitted) && { kind: "not-yet-over" },
    (happened < from - day || happened > to + day) && { kind: "window-away-from-incident" },
    statuteFault(request),
  ];
  return faults.filter((fault) => fault !== false);
}

function areaFaults(
  { area, category }: AssistanceRequest,
  { areaMin, areaMax, areaInDangerMax, areaSpanMax }: Policy,
): readonly (RequestFault | false)[] {
  const [size, span] = [squareMetres(area), spanMetres(area)];
  const sizeMax = isDanger(category) ? areaInDangerMax : areaMax;
  return [
    size < areaMin && { kind: "area-too-small", squareMetres: size, bound: areaMin },
    size > sizeMax && { kind: "area-too-large", squareMetres: size, bound: sizeMax },
    span > areaSpanMax && { kind: "area-too-wide", metres: span, bound: areaSpanMax },
    !isConvex(area) && { kind: "area-not-convex" },
    size * thinMax < span * span && { kind: "area-too-thin" },
  ];
}

function statuteFault({ category, statute }: AssistanceRequest): RequestFault | false {
  const needed = category === "other-felony";
  if (needed === (statute !== "none")) return false;
  return { kind: needed ? "statute-missing" : "statute-not-needed" };
}

/** What a request that breaks nothing by itself breaks beside those that its agency has asked before. */
export function volumeFaultsOf(
  request: AssistanceRequest,
  earlier: readonly Asked[],
  policy: Policy,
): readonly VolumeFault[] {
  const { file, submitted, area } = request;
  const cells = cellsOf(area);
  const near = earlier.filter(
    (one) =>
      submitted - one.submitted < policy.sameCellAfter &&
      cellsOf(one.area).some((cell) => cells.includes(cell)),
  );
  const nearest = Math.max(...near.map((one) => one.submitted));
  const recent = earlier.filter((one) => submitted - one.submitted < 30 * day);
  const faults: (VolumeFault | false)[] = [
    earlier.some((one) => one.file === file) && { kind: "incident-asked-before" },
    earlier.filter(({ open }) => open).length >= policy.openRequestsMax && {
      kind: "too-many-open",
      bound: policy.openRequestsMax,
    },
    recent.length >= policy.requestsIn30DaysMax && {
      kind: "too-many-in-30-days",
      bound: policy.requestsIn30DaysMax,
    },
    near.length > 0 && { kind: "same-area-too-soon", until: millis(nearest + policy.sameCellAfter) },
  ];
  return faults.filter((fault) => fault !== false);
}

function readRequest(read: FieldReader): AssistanceRequest {
  const request = {
    id: read.subject(isRequestId),
    agency: read.text("agency", isAgencyId),
    agreement: read.text("agreement", isHash),
    file: read.text("file", isFile),
    category: read.text("category", oneOf<Category>(...allCategories)),
    statute: read.text("statute", isStatute),
    happened: read.time("happened"),
    from: read.time("from"),
    to: read.time("to"),
    area: parseArea(read.plain("area")) ?? [],
    recipient: read.text("recipient", isRecipient),
    submitted: read.time("submitted"),
  };
  read.check(request.area.length > 0, "area");
  read.check(request.from < request.to, "to");
  return request;
}

/** A reference, too short and too plain for a message. */
export function isFile(text: string): text is string {
  return /^[A-Z0-9][A-Z0-9/-]{2,23}$/.test(text);
}

function isStatute(text: string): text is string {
  return text === "none" || /^[A-Z][A-Za-z.]{0,11} [0-9][0-9A-Za-z.()-]{0,15}$/.test(text);
}
