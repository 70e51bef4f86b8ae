import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeFrame, frameBytes } from "../../../firmware/recorder/frame.js";
import { fieldsOf } from "../../../scripts/cli/fields.js";
import { memberClips } from "../../../scripts/cli/member/clips.io.js";
import { openCloud } from "../../../scripts/cli/member/cloud.io.js";
import { download } from "../../../scripts/cli/member/download.io.js";
import { Refused } from "../../../scripts/cli/refused.js";
import { type Places, quiet } from "../../../scripts/demo/home.io.js";
import { openAsOwner } from "../../../scripts/demo/recordings.io.js";
import { parseSegment } from "../../../shared/clip/segment.js";
import { type ClipId, isClipId } from "../../../shared/kernel/ids.js";
import { textOf } from "../../../shared/seal/note.js";
import type { CardClips, CardSegment, DoorEventEvidence, VaultClip } from "../evidence.js";
import type { House } from "./house.io.js";

/** What the camera's card holds, acknowledged or not. Read while the camera does not run, is idle, or deletes. */
export function onCard(house: Pick<House, "places">): CardClips {
  const root = clipsFolder(house);
  const clips = new Map<ClipId, readonly CardSegment[]>();
  for (const clip of existsSync(root) ? readdirSync(root) : []) {
    if (!isClipId(clip)) continue;
    const files = unlessGone(() => readdirSync(join(root, clip))) ?? [];
    const sealed = files.filter((name) => name.endsWith(".seg"));
    const segments = sealed.flatMap(
      (name) => unlessGone(() => readCardSegment(join(root, clip, name))) ?? [],
    );
    if (segments.length > 0)
      clips.set(
        clip,
        segments.toSorted((a, b) => a.index - b.index),
      );
  }
  return clips;
}

/** What was there a moment ago may have been deleted since. */
function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function readCardSegment(path: string): CardSegment {
  const file = readFileSync(path);
  const frame = decodeFrame(file.subarray(0, frameBytes));
  const note = frame && parseSegment(textOf(frame.note));
  if (frame === undefined || note === undefined || !note.ok) throw new Error(`${path} is damaged`);
  const sealed = file.subarray(frameBytes);
  const { index, end } = note.value;
  return { index, end, bytes: sealed.length, sha256: sha256(sealed), from: frame.from, to: frame.to };
}

/** What the owner finds in the vault, each segment downloaded whole. */
export async function inVault({ places }: Pick<House, "places">): Promise<readonly VaultClip[]> {
  const found: { readonly id: ClipId; readonly state: string }[] = [];
  const terminal = quiet((value) => {
    const fields = fieldsOf(value, "clip");
    const id = fields.text("id");
    if (isClipId(id)) found.push({ id, state: fields.text("state") });
  });
  await memberClips(places.member, { limit: 10_000 }, terminal);
  const clips: VaultClip[] = [];
  for (const { id, state } of found) clips.push({ id, state, ...(await segmentsOf(places, id)) });
  return clips;
}

async function segmentsOf(
  { member }: Places,
  clip: ClipId,
): Promise<Pick<VaultClip, "segments" | "refused">> {
  try {
    const folder = join(member, "evidence", clip);
    const { sealed } = await download(openCloud(member), { clip, folder }, quiet());
    const segments = sealed.segments.map(({ sealed: bytes }, index) => ({
      index,
      bytes: bytes.length,
      sha256: sha256(bytes),
    }));
    return { segments };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { segments: [], refused: error.message };
  }
}

/** Every press, motion and gap that the owner is told of. */
export async function doorEvents({ places }: Pick<House, "places">): Promise<readonly DoorEventEvidence[]> {
  const cloud = openCloud(places.member);
  const events: DoorEventEvidence[] = [];
  for (let cursor: string | undefined = ""; cursor !== undefined; ) {
    const page = await cloud.get(`/v1/events?limit=100${cursor && `&cursor=${cursor}`}`);
    events.push(
      ...page.list("events", (event) => ({
        kind: event.text("kind"),
        at: Date.parse(event.text("at")),
        clip: event.maybeText("clip"),
      })),
    );
    cursor = page.maybeText("next");
  }
  return events;
}

/** The segments that the camera said were safe on its card, over all its lives: `clip/index`. */
export function saidStored({ log }: Pick<House, "log">): readonly string[] {
  return log
    .filter(({ part, event }) => part === "camera" && event === "journal.stored")
    .map(({ fields }) => `${fields.text("clipId")}/${fields.number("segment")}`);
}

export interface CameraStatus {
  readonly online: boolean;
  readonly clock: string;
  readonly troubles: readonly string[];
}

/** What the owner is told of the one camera. */
export async function cameraStatus({ places }: Pick<House, "places">): Promise<CameraStatus> {
  const page = await openCloud(places.member).get("/v1/cameras");
  const [camera] = page.list("cameras", (one) => ({
    online: one.maybeText("state") === "online",
    clock: one.maybe("status", (status) => status.maybeText("clock")) ?? "",
    troubles:
      one.maybe("status", (status) => status.texts("trouble"))?.filter((trouble) => trouble !== null) ?? [],
  }));
  return camera ?? { online: false, clock: "", troubles: [] };
}

/** Opens every clip as its owner does, with every check; the seconds of footage by clip. */
export async function openEach(
  house: Pick<House, "places">,
  clips: readonly VaultClip[],
): Promise<ReadonlyMap<ClipId, number>> {
  const seconds = new Map<ClipId, number>();
  for (const { id } of clips) seconds.set(id, (await openAsOwner(house.places, id)).seconds);
  return seconds;
}

/** Waits until every clip has its end and the vault every segment; says what is missing when the time is over. */
export async function untilArrived(house: House, withinMillis: number): Promise<readonly string[]> {
  const deadline = performance.now() + withinMillis;
  for (;;) {
    const missing = notArrived(house);
    if (missing.length === 0 || performance.now() > deadline) return missing;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Segments on the card that have no receipt yet, and clips that have no end yet. */
export function notArrived(house: Pick<House, "places">): readonly string[] {
  const root = clipsFolder(house);
  return [...onCard(house)].flatMap(([clip, segments]) => {
    const unanswered = segments.filter(({ index }) => !existsSync(join(root, clip, `${index}.done`)));
    const open = segments.at(-1)?.end === "no" ? [`${clip} has no end`] : [];
    return [...unanswered.map(({ index }) => `${clip}/${index}`), ...open];
  });
}

function clipsFolder({ places }: Pick<House, "places">): string {
  return join(places.camera, "journal", "clips");
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
