import { join } from "node:path";
import { newestCharterIn, parseStoredMode } from "../../../firmware/board/keystore.io.js";
import type { CameraId } from "../../../shared/kernel/ids.js";
import { readIfThere } from "../disk.io.js";
import { bad, type Finding, good, warning } from "./finding.js";

/** What the household told the camera, as it stands on the card. */
export function checkRules(
  state: string,
  {
    camera,
    charters,
    hears,
  }: { readonly camera: CameraId; readonly charters: string; readonly hears: boolean },
): readonly Finding[] {
  const charter = newestCharterIn(charters);
  if (charter === undefined)
    return [
      bad(
        "charter",
        `The charters in ${join(state, "charter.json")} do not hold: their signatures do not lead to one another.`,
        `Put back a copy. Without one move ${state} away, so that what waits in it is not lost, and install anew.`,
      ),
    ];
  const line = charter.cameras.find(({ id }) => id === camera);
  if (line === undefined)
    return [
      bad(
        "charter",
        `The household removed this camera with charter ${charter.version}.`,
        `To use it again: lintel reset --state ${state}, then install it with a new claim.`,
      ),
    ];
  const says = `Charter ${charter.version} of household ${charter.household} allows ${line.modes.join(", ")}.`;
  return [good("charter", says), checkMode(state), checkSound(line.audio, hears)];
}

function checkMode(state: string): Finding {
  const copies = ["mode.txt", "mode.copy.txt"].map((name) => join(state, name));
  const found = copies.map((path) => parseStoredMode(readIfThere(path) ?? ""));
  const gone = copies.filter((_, at) => found[at] === undefined || found[at] === "lost");
  if (gone.length === 0) return good("mode", "The household's mode order is whole.");
  if (gone.length < copies.length)
    return warning(
      "mode",
      `Damaged or gone: ${gone.join(", ")}.`,
      "Nothing: the other copy counts. Look at the card.",
    );
  return bad(
    "mode",
    "The household's mode order is damaged or gone: the camera is off.",
    "Let a member give it a mode again: lintel member mode CAMERA record",
  );
}

function checkSound(isWanted: boolean, hears: boolean): Finding {
  if (!isWanted) return good("sound", "The charter lets the camera record no sound.");
  return hears
    ? good("sound", "The charter lets the camera record sound, and the source has a microphone.")
    : warning(
        "sound",
        "The charter lets the camera record sound, but its source names no microphone.",
        "Name one (audio=hw:1,0 in settings.json), or let an owner turn sound off: lintel member camera CAMERA --audio off",
      );
}
