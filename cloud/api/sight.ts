import { maySee } from "../../shared/charter/lines.js";
import type { CameraId } from "../../shared/kernel/ids.js";
import type { CameraDirectory, KnownCamera } from "../household/cameras.io.js";
import type { Session } from "../household/logins.io.js";

/** What a member sees of their household's cameras. */
export interface Sight {
  of(session: Session): Promise<ReadonlyMap<CameraId, KnownCamera>>;
  /** What this member's lists are narrowed to; `undefined` for an owner, who sees every camera of the household. */
  narrowed(session: Session): Promise<readonly CameraId[] | undefined>;
}

export function createSight(cameras: CameraDirectory): Sight {
  const of: Sight["of"] = async ({ household, ...member }) => {
    const all = await cameras.list(household);
    return new Map(all.filter((camera) => maySee(member, camera)).map((camera) => [camera.id, camera]));
  };
  return {
    of,
    narrowed: async (session) => (session.role === "owner" ? undefined : [...(await of(session)).keys()]),
  };
}
