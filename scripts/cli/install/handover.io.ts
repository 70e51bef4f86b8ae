import { join } from "node:path";
import type { Keystore } from "../../../firmware/board/keystore.io.js";
import { writeDurably } from "../disk.io.js";
import { Refused } from "../refused.js";
import { systemClock } from "../world.io.js";
import { handoverHtml, handoverText } from "./handover.js";
import type { TestClip } from "./testclip.io.js";

/** Writes the page that the household gets, as HTML and as text, into the camera's folder; answers where. */
export function writeHandover(state: string, keystore: Keystore, test: TestClip): readonly string[] {
  const enrolment = keystore.readEnrolment();
  const camera = enrolment.ok
    ? enrolment.value.charter.cameras.find(({ id }) => id === enrolment.value.identity.camera)
    : undefined;
  if (!enrolment.ok || camera === undefined)
    throw new Refused(
      "The household's newest charter no longer names this camera: there is nothing to hand over.",
    );
  const { charter, cloud } = enrolment.value;
  const { source = "the board's camera" } = keystore.readSettings();
  const handover = {
    date: new Date(systemClock.wall()),
    household: charter.household,
    camera,
    charter: charter.version,
    source: withoutPassword(`${source}`),
    cloudUrl: cloud.cloudUrl,
    state,
    test,
  };
  const files = [
    [join(state, "handover.html"), handoverHtml(handover)],
    [join(state, "handover.txt"), handoverText(handover)],
  ] as const;
  for (const [path, text] of files) writeDurably(path, text);
  return files.map(([path]) => path);
}

/** `rtsp://user:secret@camera/` → `rtsp://camera/`: the page hangs on a wall. */
function withoutPassword(source: string): string {
  return source.replace(/^(rtsps?:\/\/)[^@/]*@/, "$1");
}
