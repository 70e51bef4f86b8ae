import type { Static } from "typebox";
import { open, recipientOf } from "../../../shared/seal/age.js";
import type { look } from "../../api/contract/shares.js";
import { ask } from "../call.js";
import { button, element, say, show } from "../dom.js";
import { fetchPiece } from "./pieces.js";

type Look = Static<typeof look>;

const share = location.pathname.split("/").at(-1) ?? "";

start().catch((error: unknown) => {
  show("A shared recording");
  say(error instanceof Error ? error.message : String(error), "warn");
});

async function start(): Promise<void> {
  const identity = await identityInAddress();
  if (identity === undefined) {
    show("This link is not whole");
    say(
      "Its key, the part after #, is missing or changed. Copy the whole link from where you got it, to the last character.",
      "warn",
    );
    return;
  }
  show(
    "Somebody shares a recording with you",
    element(
      "p",
      {},
      "It comes from the camera at their door, and is opened here, on your device. They see that and when the link was opened, not by whom.",
    ),
    button("Show the recording", () => play(identity), "main"),
  );
}

/** The key is in the address only, without its prefix; its last six letters tell whether it was copied whole. */
async function identityInAddress(): Promise<string | undefined> {
  const identity = `AGE-SECRET-KEY-1${location.hash.slice(1).toUpperCase()}`;
  const isWhole = await recipientOf(identity).then(
    () => true,
    () => false,
  );
  return isWhole ? identity : undefined;
}

async function play(identity: string): Promise<void> {
  const opened = (await ask({ method: "POST", path: `/s/${share}/looks` })) as Look;
  const sealed = await fetchAll(opened);
  say("Opening it …", "good");
  const mp4 = await open(sealed, [identity]);
  if (!mp4.ok)
    throw new Error(
      "The key in this link does not open the recording, or the recording was changed on its way. Ask whoever sent the link for another one.",
    );
  const address = URL.createObjectURL(new Blob([new Uint8Array(mp4.value)], { type: "video/mp4" }));
  const video = element("video", { controls: "", playsinline: "", src: address });
  video.addEventListener("error", () =>
    say(
      "This browser cannot play the recording (H.264 in MP4). Save it, and open it with another program.",
      "warn",
    ),
  );
  show(
    "The recording",
    video,
    element("p", {}, element("a", { href: address, download: `lintel-${share}.mp4` }, "Save it")),
    element("p", { class: "quiet" }, endOf(opened)),
  );
  // Where a browser wants a person's touch first, the controls are there.
  await video.play().catch(() => undefined);
}

async function fetchAll({ pieces, pass }: Look): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let piece = 0; piece < pieces; piece++) {
    say(`Loading ${piece + 1} of ${pieces} …`, "good");
    parts.push(await fetchPiece(`/s/${share}/pieces/${piece}`, pass));
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

function endOf({ expiresAt, viewsLeft }: Look): string {
  const end = new Date(expiresAt).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  if (viewsLeft === undefined) return `The link works until ${end}.`;
  if (viewsLeft === 0) return "The link was good for this opening, and no other.";
  return `The link works until ${end}, for ${viewsLeft === 1 ? "one more opening" : `${viewsLeft} more openings`}.`;
}
