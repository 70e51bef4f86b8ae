import { toBase64 } from "../../shared/kernel/bytes.js";
import { type AgencyId, type CourseId, newCourseId, type OfficerId } from "../../shared/kernel/ids.js";
import { type Result, refuse } from "../../shared/kernel/result.js";
import type { Book, DocketQuery, Kept } from "../docket/docket.io.js";
import { mayAsk, waitingMax } from "../office/people.js";
import {
  type Claim,
  type Emergency,
  type EmergencyEvent,
  type EmergencyRefusal,
  emergencyMachine,
} from "./emergency.js";
import type { OrderServices } from "./preservations.io.js";

export type KeptEmergency = Kept<Emergency>;

type Wish = Pick<Claim, "agency" | "by" | "file" | "danger" | "camera" | "from" | "to">;
type Refusal = EmergencyRefusal | { readonly kind: "agency-not-active" | "too-many-waiting" };

export interface Emergencies {
  /** `undefined` where there is no such camera. */
  claim(wish: Wish): Promise<Result<KeptEmergency, Refusal> | undefined>;
  find(id: CourseId): Promise<KeptEmergency | undefined>;
  /** Newest first. */
  list(query: DocketQuery): Promise<readonly KeptEmergency[]>;
  /** `undefined` where there is no such emergency. */
  callBack(
    id: CourseId,
    call: { readonly by: OfficerId; readonly called: string; readonly authentic: boolean },
  ): Promise<Result<KeptEmergency, Refusal> | undefined>;
  advance(
    id: CourseId,
    event: EmergencyEvent & { readonly kind: "cosign" | "agree" | "deny" | "file-paper" | "find" },
  ): Promise<Result<KeptEmergency, Refusal> | undefined>;
}

interface EmergencyServices extends OrderServices {
  /** Puts an agency on probation whose emergency no court confirmed; again does no harm. */
  readonly onUnconfirmed: (agency: AgencyId) => Promise<void>;
}

export function createEmergencies(services: EmergencyServices): Emergencies {
  const { docket, clock, random, directory, cameras } = services;
  const book: Book<Emergency, EmergencyEvent, EmergencyRefusal> = docket.open(emergencyMachine, {
    settle: (emergency) => settle(services, emergency),
  });
  return {
    find: (id) => book.find(id),
    list: (query) => book.list(query),
    async claim(wish) {
      const agency = await directory.agency(wish.agency);
      if (agency === undefined || !mayAsk(agency)) return refuse({ kind: "agency-not-active" });
      const kinds = ["claimed", "cosigned", "called-back"];
      const waiting = await book.list({ agency: wish.agency, kinds, limit: waitingMax });
      if (waiting.length >= waitingMax) return refuse({ kind: "too-many-waiting" });
      const camera = await cameras.known(wish.camera);
      if (camera === undefined) return undefined;
      const { household, place } = camera;
      const event = { ...wish, kind: "claim", household, place, salt: toBase64(random.bytes(32)) } as const;
      return book.advance(newCourseId(clock.wall(), random), event, wish.by);
    },
    async callBack(id, { by, called, authentic }) {
      const emergency = await book.find(id);
      if (emergency === undefined) return undefined;
      if (!authentic) return book.advance(id, { kind: "deny", by }, by);
      const registered = (await directory.agency(emergency.state.agency))?.agreement.phone ?? "none";
      return book.advance(id, { kind: "call-back", by, called, registered }, by);
    },
    async advance(id, event) {
      return (await book.find(id)) === undefined ? undefined : book.advance(id, event, event.by);
    },
  };
}

/** Asks the household, tells it the end, and lets an unconfirmed claim have its consequence; again does no harm. */
async function settle(
  { notices, directory, onUnconfirmed }: EmergencyServices,
  { id, state }: KeptEmergency,
): Promise<void> {
  const { household, camera, from, to, file, salt, until } = state;
  if (state.kind === "unconfirmed") await onUnconfirmed(state.agency);
  if (state.kind !== "asked" && state.kind !== "not-released") return;
  const agency = (await directory.agency(state.agency))?.agreement.name ?? state.agency;
  const items = [{ data: "content", camera, from, to }] as const;
  const facts = { household, about: id, agency, file, items, salt };
  if (state.kind === "asked") await notices.tell({ ...facts, kind: "emergency", until });
  else await notices.tell({ ...facts, kind: "emergency-over" });
}
