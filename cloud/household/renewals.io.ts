import type { Kysely } from "kysely";
import { parseRenewal, type Renewal } from "../../shared/charter/renewal.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { fromBase64 } from "../../shared/kernel/bytes.js";
import type { CameraId, HouseholdId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { hashOf } from "../../shared/seal/hash.js";
import { openNote, textOf } from "../../shared/seal/note.js";
import type { Database } from "../database.io.js";
import type { CameraDirectory } from "./cameras.io.js";
import type { RenewalRow } from "./tables.js";

/** How long after an owner's yes the camera may fetch its certificate, again too: it may have lost power. */
const approvedMillisMax = 24 * 60 * 60_000;

export type RenewalAnswer = "approve" | "refuse";

export type RenewalRefusal = {
  readonly kind: "not-there" | "camera-removed" | "certificate-holds" | "renewal-refused";
};

export interface RenewalView {
  readonly state: "waiting" | "approved" | "refused";
  readonly askedAt: Millis;
  /** As the camera signed it: an owner's client checks it itself. */
  readonly note: string;
}

/** What a camera gets a certificate for. */
export interface Renewable {
  readonly camera: CameraId;
  /** DER SubjectPublicKeyInfo, the one whose hash stands in the charter. */
  readonly tlsKey: Uint8Array;
}

/** The way back for a camera whose certificate ended while it was away: it asks, an owner answers. */
export interface Renewals {
  /** Asked by the camera, over and over: the same again is the same request. */
  ask(note: string): Promise<Result<Renewable | "waiting", RenewalRefusal>>;
  view(household: HouseholdId, camera: CameraId): Promise<RenewalView | undefined>;
  /** `undefined` when the camera asks for nothing. An owner may think again. */
  answer(household: HouseholdId, camera: CameraId, answer: RenewalAnswer): Promise<RenewalView | undefined>;
}

export function createRenewals(db: Kysely<Database>, cameras: CameraDirectory, clock: Clock): Renewals {
  const rowOf = async (camera: CameraId): Promise<RenewalRow | undefined> => {
    const row = await db.selectFrom("renewal").selectAll().where("camera", "=", camera).executeTakeFirst();
    return row === undefined || isOver(row, clock.wall()) ? undefined : row;
  };
  const view: Renewals["view"] = async (household, camera) => {
    const row = await rowOf(camera);
    return row?.household === household ? viewOf(row) : undefined;
  };
  return {
    view,
    async ask(note) {
      const asked = await openAsked(cameras, note);
      if (!asked.ok) return asked;
      const { camera, household, ends } = asked.value;
      if (ends > clock.wall()) return refuse({ kind: "certificate-holds" });
      const row = await rowOf(camera);
      if (row === undefined) {
        const fresh = { household, note, asked_at: clock.wall(), answer: null, answered_at: null };
        // Power lost before the commit: the camera asks again.
        await db
          .insertInto("renewal")
          .values({ camera, ...fresh })
          .onConflict((conflict) => conflict.column("camera").doUpdateSet(fresh))
          .execute();
        return ok("waiting");
      }
      if (row.answer === "refuse") return refuse({ kind: "renewal-refused" });
      return ok(row.answer === "approve" ? { camera, tlsKey: asked.value.key } : "waiting");
    },
    async answer(household, camera, answer) {
      if ((await view(household, camera)) === undefined) return undefined;
      // Power lost before the commit: it still waits, and the owner sees so.
      await db
        .updateTable("renewal")
        .set({ answer, answered_at: clock.wall() })
        .where("camera", "=", camera)
        .execute();
      return view(household, camera);
    },
  };
}

/** Who is nobody's camera and who does not hold its key hear the same. */
async function openAsked(
  cameras: CameraDirectory,
  note: string,
): Promise<Result<Renewal & { readonly key: Uint8Array }, RenewalRefusal>> {
  const nobody = refuse({ kind: "not-there" } as const);
  const renewal = parseRenewal(textOf(note));
  if (!renewal.ok) return nobody;
  const { camera, household, tlsKey } = renewal.value;
  const known = await cameras.known(camera);
  const key = fromBase64(tlsKey);
  if (known?.household !== household || !key.ok || !openNote(note, [known.verifier]).ok) return nobody;
  if (!known.named) return refuse({ kind: "camera-removed" });
  if (!(await cameras.isAllowed(camera, hashOf(key.value)))) return nobody;
  return ok({ ...renewal.value, key: key.value });
}

/** An owner's yes is good for a day. */
function isOver({ answer, answered_at }: RenewalRow, now: Millis): boolean {
  return answer === "approve" && now >= (answered_at ?? 0) + approvedMillisMax;
}

function viewOf({ answer, asked_at, note }: RenewalRow): RenewalView {
  const state = answer === "approve" ? "approved" : answer === "refuse" ? "refused" : "waiting";
  return { state, askedAt: millis(asked_at), note };
}
