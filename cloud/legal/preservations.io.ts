import { toBase64 } from "../../shared/kernel/bytes.js";
import { type AgencyId, type CameraId, type CourseId, newCourseId } from "../../shared/kernel/ids.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { askedBefore } from "../docket/again.js";
import type { Book, Docket, DocketQuery, Kept } from "../docket/docket.io.js";
import { turns } from "../docket/turns.js";
import type { CameraDirectory } from "../household/cameras.io.js";
import { type Directory, mayAsk, waitingMax } from "../office/people.js";
import type { VaultCustodian } from "../vault/vault.io.js";
import type { Notices } from "./notices.io.js";
import {
  keeps,
  type Preservation,
  type PreservationAsked,
  type PreservationEvent,
  type PreservationRefusal,
  preservationMachine,
} from "./preservation.js";

export type KeptPreservation = Kept<Preservation>;

type Wish = Pick<PreservationAsked, "agency" | "by" | "file" | "from" | "to"> & {
  readonly camera: CameraId;
};
type Refusal = PreservationRefusal | { readonly kind: "agency-not-active" | "too-many-waiting" };

export interface Preservations {
  /** `undefined` where there is no such camera. */
  ask(wish: Wish): Promise<Result<KeptPreservation, Refusal> | undefined>;
  find(id: CourseId): Promise<KeptPreservation | undefined>;
  /** The number of the agency's agreement in force is the one that counts. */
  callBack(
    id: CourseId,
    call: { readonly by: PreservationAsked["by"]; readonly called: string; readonly authentic: boolean },
  ): Promise<Result<KeptPreservation, Refusal> | undefined>;
  renew(id: CourseId, by: PreservationAsked["by"]): Promise<Result<KeptPreservation, Refusal>>;
  /** Legal process keeps it from here on; one that is over stays over. */
  convert(order: KeptPreservation, process: string): Promise<void>;
  /** Newest first. */
  list(query: DocketQuery): Promise<readonly KeptPreservation[]>;
}

export interface OrderServices {
  readonly docket: Docket;
  readonly clock: Clock;
  readonly random: Random;
  readonly directory: Directory;
  readonly cameras: Pick<CameraDirectory, "known">;
  readonly custodian: VaultCustodian;
  readonly notices: Notices;
}

type PreservationBook = Book<Preservation, PreservationEvent, PreservationRefusal>;

export function createPreservations(services: OrderServices): Preservations {
  const { docket, directory } = services;
  // What is counted as waiting must still be all that waits when one more is taken.
  const ofAgency = turns<AgencyId>();
  const book: PreservationBook = docket.open(preservationMachine, {
    settle: (order) => settle(services, order),
  });
  return {
    find: (id) => book.find(id),
    list: (query) => book.list(query),
    ask: (wish) => ofAgency(wish.agency, () => ask(services, book, wish)),
    async callBack(id, { by, called, authentic }) {
      const order = await book.find(id);
      if (order === undefined) return undefined;
      if (!authentic) return book.advance(id, { kind: "deny", by }, by);
      const registered = (await directory.agency(order.state.agency))?.agreement.phone ?? "none";
      return book.advance(id, { kind: "authenticate", by, called, registered }, by);
    },
    async convert({ id }, process) {
      await book.advance(id, { kind: "convert", process }, "clock");
    },
    renew: (id, by) => book.advance(id, { kind: "renew", by }, by),
  };
}

async function ask(
  { clock, random, directory, cameras }: OrderServices,
  book: PreservationBook,
  wish: Wish,
): Promise<Result<KeptPreservation, Refusal> | undefined> {
  const agency = await directory.agency(wish.agency);
  if (agency === undefined || !mayAsk(agency)) return refuse({ kind: "agency-not-active" });
  const waiting = await book.list({ agency: wish.agency, kinds: ["asked"], limit: waitingMax });
  const again = askedBefore(waiting, wish);
  if (again !== undefined) return ok(again);
  if (waiting.length >= waitingMax) return refuse({ kind: "too-many-waiting" });
  const camera = await cameras.known(wish.camera);
  if (camera === undefined) return undefined;
  const { household } = camera;
  const { jurisdiction } = agency.agreement;
  const salt = toBase64(random.bytes(32));
  const event = { ...wish, kind: "ask", household, jurisdiction, salt } as const;
  return book.advance(newCourseId(clock.wall(), random), event, wish.by);
}

/** Keeps or lets go what the order names, then tells the household; again does no harm. */
async function settle(
  { custodian, notices, directory }: OrderServices,
  { id, state }: KeptPreservation,
): Promise<void> {
  const { household, camera, from, to, file, salt } = state;
  if (keeps(state)) await custodian.hold(id, { household, camera, from, to });
  else await custodian.lift(id);
  const kind = noticeKindOf(state);
  if (kind === undefined) return;
  const agency = (await directory.agency(state.agency))?.agreement.name ?? state.agency;
  const items = [{ data: "content", camera, from, to }] as const;
  const until = state.kind === "active" ? state.until : undefined;
  await notices.tell({ household, about: id, kind, agency, file, items, until, salt });
}

/** Of one that never held there is nothing to tell. */
function noticeKindOf(state: Preservation) {
  if (state.kind === "active") return state.renewed ? "preservation-renewed" : "preservation";
  return state.kind === "lapsed" ? "preservation-over" : undefined;
}
