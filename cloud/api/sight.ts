import { maySee } from "../../shared/charter/lines.js";
import type { CameraId } from "../../shared/kernel/ids.js";
import type { CameraDirectory, KnownCamera } from "../household/cameras.io.js";
import type { Session } from "../household/logins.io.js";

/** What a member sees of their household's cameras. */
export interface Sight {
  of(session: Session): Promise<ReadonlyMap<CameraId, KnownCamera>>;
}

export function createSight(cameras: CameraDirectory): Sight {
  return {
    async of({ household, ...member }) {
      const all = await cameras.list(household);
      return new Map(all.filter((camera) => maySee(member, camera)).map((camera) => [camera.id, camera]));
    },
  };
}
