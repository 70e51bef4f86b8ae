import { maySee } from "../../shared/charter/lines.js";
import type { Millis } from "../../shared/kernel/brand.js";
import type { CameraId, HouseholdId } from "../../shared/kernel/ids.js";
import type { CameraDirectory, KnownCamera } from "../household/cameras.io.js";
import type { Session } from "../household/logins.io.js";
import type { ClipFacts, ClipQuery } from "../vault/clip.js";

/** What a member sees of their household's cameras. */
export interface Sight {
  /** Whose state and news: none for a contact. */
  of(session: Session): Promise<ReadonlyMap<CameraId, KnownCamera>>;
  /** What this member's lists are narrowed to; `undefined` for an owner, who sees every camera of the household. */
  narrowed(session: Session): Promise<readonly CameraId[] | undefined>;
  /** Whose recordings. Where it is a contact who looks, and anything is in reach, the owners are told. */
  reach(session: Session): Promise<Reach>;
}

/** Recordings that a member is served, sealed. */
export interface Reach {
  /** Their key files, too. */
  readonly cameras: ReadonlyMap<CameraId, KnownCamera>;
  /** What lists are narrowed to: all that `covers`, and nothing else, so that no page's end tells of another clip. */
  readonly within: Pick<ClipQuery, "cameras" | "windows">;
  covers(clip: Pick<ClipFacts, "camera" | "recordedAt">): boolean;
}

/** An emergency in which contacts may answer: its one camera, and when a clip must begin. */
export interface Turn {
  readonly state: {
    readonly claim: { readonly camera: CameraId; readonly from: Millis; readonly to: Millis };
  };
}

export interface Turns<T extends Turn> {
  contactsTurn(household: HouseholdId): Promise<readonly T[]>;
  noteLook(turn: T): Promise<void>;
}

export function createSight<T extends Turn>(cameras: CameraDirectory, turns: Turns<T>): Sight {
  const seen = async ({ household, ...member }: Session) => {
    const all = await cameras.list(household);
    return new Map(all.filter((camera) => maySee(member, camera)).map((camera) => [camera.id, camera]));
  };
  const of: Sight["of"] = async (session) => (session.role === "contact" ? new Map() : seen(session));
  const narrowed: Sight["narrowed"] = async (session) =>
    session.role === "owner" ? undefined : [...(await of(session)).keys()];
  return {
    of,
    narrowed,
    async reach(session) {
      if (session.role === "contact") return contactsReach(await seen(session), turns, session.household);
      const visible = await of(session);
      const covers: Reach["covers"] = ({ camera }) => visible.has(camera);
      return { cameras: visible, within: { cameras: await narrowed(session) }, covers };
    },
  };
}

/** What emergencies are about whose owners let their time pass, and nothing else. */
async function contactsReach<T extends Turn>(
  seen: ReadonlyMap<CameraId, KnownCamera>,
  turns: Turns<T>,
  household: HouseholdId,
): Promise<Reach> {
  const open = await turns.contactsTurn(household);
  const about = open.filter(({ state }) => seen.get(state.claim.camera)?.named === true);
  for (const turn of about) await turns.noteLook(turn);
  const windows = about.map(({ state }) => state.claim);
  const named = windows.map(({ camera }) => camera);
  return {
    cameras: new Map([...seen].filter(([id]) => named.includes(id))),
    within: { windows },
    covers: ({ camera, recordedAt: at }) =>
      windows.some((one) => one.camera === camera && at >= one.from && at < one.to),
  };
}
