import { type Millis, millis } from "../kernel/brand.js";
import { ok, type Result, refuse } from "../kernel/result.js";

const hour = 60 * 60_000;
const day = 24 * hour;

/** A bound that an operator may move in one direction only. */
interface Bound {
  readonly value: number;
  /** `most`: a policy may lower it; `least`: a policy may raise it. */
  readonly is: "most" | "least";
  readonly unit: "m²" | "m" | "ms" | "working days" | "times";
}

const most = (value: number, unit: Bound["unit"]): Bound => ({ value, is: "most", unit });
const least = (value: number, unit: Bound["unit"]): Bound => ({ value, is: "least", unit });

/** What no operator may loosen. "Danger" is a missing or endangered person. */
export const floor = {
  areaMin: least(65_000, "m²"),
  areaMax: most(650_000, "m²"),
  areaInDangerMax: most(1_300_000, "m²"),
  /** From one end to the other: no thin line through a town. */
  areaSpanMax: most(3_000, "m"),
  windowMin: least(15 * 60_000, "ms"),
  windowMax: most(6 * hour, "ms"),
  windowInDangerMax: most(12 * hour, "ms"),
  /** An incident lies back no further. */
  incidentAgeMax: most(30 * day, "ms"),
  /** Of one agency at a time, in review or published. */
  openRequestsMax: most(3, "times"),
  requestsIn30DaysMax: most(12, "times"),
  /** Before an agency asks about the same coarse cell again. */
  sameCellAfter: least(14 * day, "ms"),
  requestOpenFor: most(7 * day, "ms"),
  agreementPublicFor: least(30 * day, "ms"),
  /** Between an owner's signature and the release, as short as an owner may choose it. */
  holdCut: least(hour, "ms"),
  coOwnersSignWithin: most(72 * hour, "ms"),
  escrowFor: most(14 * day, "ms"),
  receiptWithin: most(72 * hour, "ms"),
  agencyKeepsFor: most(90 * day, "ms"),
  disposalWithin: most(10, "working days"),
} as const satisfies Readonly<Record<string, Bound>>;

/** How long it rests where its owner chooses nothing else, in milliseconds. */
export const usualHold = day;

export type PolicyKey = keyof typeof floor;
/** The floor's values, or tighter ones. */
export type Policy = Readonly<Record<PolicyKey, number>>;

export type PolicyRefusal =
  | { readonly kind: "unknown-rule"; readonly rule: string }
  | { readonly kind: "not-a-number"; readonly rule: string }
  /** The policy would loosen what may only be tightened. */
  | { readonly kind: "looser-than-the-floor"; readonly rule: PolicyKey; readonly floor: number };

const keys = Object.keys(floor) as readonly PolicyKey[];
const isRule = (name: string): name is PolicyKey => (keys as readonly string[]).includes(name);

export const floorPolicy: Policy = tightened({});

/** An operator's policy, a JSON object of rules by name. Refuses whatever the floor does not allow. */
export function readPolicy(asked: Readonly<Record<string, unknown>>): Result<Policy, PolicyRefusal> {
  for (const [rule, value] of Object.entries(asked)) {
    if (!isRule(rule)) return refuse({ kind: "unknown-rule", rule });
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
      return refuse({ kind: "not-a-number", rule });
    const bound: Bound = floor[rule];
    const looser = bound.is === "most" ? value > bound.value : value < bound.value;
    if (looser) return refuse({ kind: "looser-than-the-floor", rule, floor: bound.value });
  }
  return ok(tightened(asked as Readonly<Partial<Policy>>));
}

function tightened(asked: Readonly<Partial<Policy>>): Policy {
  const values = keys.map((rule) => [rule, asked[rule] ?? floor[rule].value] as const);
  return Object.fromEntries(values) as Policy;
}

export type Jurisdiction = "us" | "eu" | "fr";
export const allJurisdictions: readonly Jurisdiction[] = ["us", "eu", "fr"];

/** What differs by country. A preservation order lasts so long, and an owner's retention at most so long. */
export const jurisdictions: Readonly<
  Record<Jurisdiction, { readonly preservation: Millis; readonly retentionMax: Millis }>
> = {
  us: { preservation: millis(90 * day), retentionMax: millis(60 * day) },
  eu: { preservation: millis(60 * day), retentionMax: millis(60 * day) },
  fr: { preservation: millis(60 * day), retentionMax: millis(30 * day) },
};

export type Bucket = "none" | "under-10" | "from-10" | "from-25" | "from-50";

/** How often something happened, as it is published: never the exact figure. */
export function bucketOf(count: number): Bucket {
  if (count === 0) return "none";
  if (count < 10) return "under-10";
  if (count < 25) return "from-10";
  return count < 50 ? "from-25" : "from-50";
}

/** So many working days later, Saturdays and Sundays left out. */
export function workingDaysAfter(at: Millis, days: number): Millis {
  let left = days;
  let moment: number = at;
  while (left > 0) {
    moment += day;
    // 1970-01-01 was a Thursday.
    const weekday = (Math.floor(moment / day) + 4) % 7;
    if (weekday !== 0 && weekday !== 6) left--;
  }
  return millis(moment);
}
