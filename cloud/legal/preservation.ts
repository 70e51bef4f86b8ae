import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { AgencyId, CameraId, HouseholdId, OfficerId } from "../../shared/kernel/ids.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { type Jurisdiction, jurisdictions } from "../../shared/release/floor.js";
import { sealedHash } from "../../shared/release/sealedfacts.js";
import type { Machine, Turn } from "../docket/machine.js";

const day = 24 * 60 * 60_000;
/** What nobody called back about in time ends. */
const callBackMillisMax = 3 * day;
/** Within a day of the order's end the sweep has destroyed what only the order kept. */
const purgeMillis = day;

/** An order that keeps one camera's sealed recordings of one window past their retention. It opens nothing. */
export type Preservation = PreservationAsked &
  (
    | { readonly kind: "asked" | "unanswered" }
    | { readonly kind: "denied"; readonly calledBy: OfficerId }
    | ({ readonly kind: "active" | "lapsed" | "purged" } & Term)
    | ({ readonly kind: "converted"; readonly process: string } & Term)
  );

interface Term {
  readonly calledBy: OfficerId;
  readonly until: Millis;
  readonly renewed: boolean;
}

export interface PreservationAsked {
  readonly agency: AgencyId;
  readonly by: OfficerId;
  /** The agency's own number. */
  readonly file: string;
  readonly jurisdiction: Jurisdiction;
  readonly household: HouseholdId;
  readonly camera: CameraId;
  readonly from: Millis;
  readonly to: Millis;
  readonly askedAt: Millis;
  readonly salt: string;
}

export type PreservationEvent =
  | ({ readonly kind: "ask" } & Omit<PreservationAsked, "askedAt">)
  /** An operator called the agency back: by the number that they dialled, and the one in the public registry. */
  | ({ readonly kind: "authenticate"; readonly by: OfficerId } & CallBack)
  | { readonly kind: "deny"; readonly by: OfficerId }
  | { readonly kind: "renew"; readonly by: OfficerId }
  /** Legal process about the same keeps it from here on. */
  | { readonly kind: "convert"; readonly process: string }
  | { readonly kind: "clock" };

export interface CallBack {
  readonly called: string;
  readonly registered: string;
}

export interface PreservationRefusal {
  readonly kind: "not-its-turn" | "other-number" | "renewed-already";
}

export const preservationMachine: Machine<Preservation, PreservationEvent, PreservationRefusal> = {
  kind: "preservation",
  due: { kind: "clock" },
  step,
  deadline(order) {
    if (order.kind === "asked") return millis(order.askedAt + callBackMillisMax);
    if (order.kind === "active") return order.until;
    return order.kind === "lapsed" ? millis(order.until + purgeMillis) : undefined;
  },
};

/** Whether the cloud keeps what the order names. */
export function keeps({ kind }: Preservation): boolean {
  return kind === "active";
}

type Outcome = Result<Turn<Preservation>, PreservationRefusal>;
const notItsTurn = (): Outcome => refuse({ kind: "not-its-turn" });

function step(order: Preservation | undefined, event: PreservationEvent, now: Millis): Outcome {
  if (event.kind === "ask") {
    if (order !== undefined) return notItsTurn();
    const { kind: _, ...asked } = event;
    return logged({ ...asked, askedAt: now, kind: "asked" });
  }
  if (order?.kind === "asked") return answered(order, event, now);
  if (order?.kind === "active") return ended(order, event);
  if (order?.kind === "lapsed" && event.kind === "clock") return logged({ ...order, kind: "purged" });
  return notItsTurn();
}

function answered(
  order: Preservation & { readonly kind: "asked" | "unanswered" },
  event: PreservationEvent,
  now: Millis,
): Outcome {
  switch (event.kind) {
    case "clock":
      return logged({ ...order, kind: "unanswered" });
    case "deny":
      return logged({ ...order, kind: "denied", calledBy: event.by });
    case "authenticate": {
      if (event.called !== event.registered) return refuse({ kind: "other-number" });
      const until = millis(now + termOf(order));
      return logged({ ...order, kind: "active", calledBy: event.by, until, renewed: false });
    }
    default:
      return notItsTurn();
  }
}

function ended(
  order: Preservation & { readonly kind: "active" | "lapsed" | "purged" },
  event: PreservationEvent,
): Outcome {
  switch (event.kind) {
    case "clock":
      return logged({ ...order, kind: "lapsed" });
    case "convert":
      return logged({ ...order, kind: "converted", process: event.process });
    case "renew": {
      if (order.renewed) return refuse({ kind: "renewed-already" });
      const until = millis(order.until + termOf(order));
      return logged({ ...order, until, renewed: true }, "renewed");
    }
    default:
      return notItsTurn();
  }
}

function termOf({ jurisdiction }: Preservation): Millis {
  return jurisdictions[jurisdiction].preservation;
}

function logged(state: Preservation, says: string = state.kind): Outcome {
  const { salt, household, camera, from, to, file, by } = state;
  const hash = sealedHash(salt, { household, camera, from, to, file, by, state: says });
  return ok({ state, entry: { agency: state.agency, state: says, hash } });
}
