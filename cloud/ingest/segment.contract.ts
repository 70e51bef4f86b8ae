// What cameras sign and keep, for tests: signers, segments and clips whose bodies are bytes of chance.
import { createHash, randomBytes } from "node:crypto";
import { cameraKeyName } from "../../shared/charter/lines.js";
import { formatSegment, type SegmentEnd } from "../../shared/clip/segment.js";
import { bytes, type Millis, millis } from "../../shared/kernel/brand.js";
import {
  type CameraId,
  type ClipId,
  cameraIdOf,
  type HouseholdId,
  newClipId,
} from "../../shared/kernel/ids.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import type { Status } from "../../shared/protocol/messages.js";
import { newIdentity, recipientOf, seal, splitHeader } from "../../shared/seal/age.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { type Signer, signNote, type Verifier, verifierOf } from "../../shared/seal/note.js";

export const systemRandom: Random = { bytes: (length) => Uint8Array.from(randomBytes(length)) };
export const systemClock: Clock = {
  wall: () => millis(Date.now()),
  monotonic: () => millis(Math.floor(performance.now())),
};

/** Who signs segments. */
export interface RigSigner {
  readonly id: CameraId;
  readonly household: HouseholdId;
  readonly signer: Signer;
  readonly verifier: Verifier;
}

export function makeSigner(household: HouseholdId): RigSigner {
  const secretKey = systemRandom.bytes(32);
  const id = cameraIdOf(verifierOf({ name: "x", secretKey }).publicKey);
  const signer = { name: cameraKeyName(id), secretKey };
  return { id, household, signer, verifier: verifierOf(signer) };
}

/** A segment as a camera has it on its card. */
export interface RigSegment {
  readonly clip: ClipId;
  readonly index: number;
  readonly note: string;
  readonly hash: string;
  readonly header: Uint8Array;
  readonly body: Uint8Array;
  readonly file: Uint8Array;
}

export interface SegmentWish {
  readonly clip: ClipId;
  readonly index?: number;
  readonly previous?: string;
  readonly end?: SegmentEnd;
  readonly bodyBytes?: number;
}

/** A clip of `count` segments, each naming the one before. */
export async function makeClip(
  camera: RigSigner,
  count: number,
  { bodyBytes = 100_000, at = systemClock.wall() }: { bodyBytes?: number; at?: Millis } = {},
): Promise<readonly RigSegment[]> {
  const clip = newClipId(at, systemRandom);
  const segments: RigSegment[] = [];
  for (let index = 0; index < count; index++) {
    const previous = segments.at(-1)?.hash ?? "none";
    const end = index === count - 1 ? "complete" : "no";
    segments.push(await makeSegment(camera, { clip, index, previous, end, bodyBytes }));
  }
  return segments;
}

export async function makeSegment(camera: RigSigner, wish: SegmentWish): Promise<RigSegment> {
  const { clip, index = 0, previous = "none", end = "no", bodyBytes = 100_000 } = wish;
  headerOfAll ??= someHeader();
  const header = bodyBytes === 0 ? new Uint8Array() : await headerOfAll;
  const body = randomBytes(bodyBytes);
  const file = Buffer.concat([header, body]);
  const text = formatSegment({
    household: camera.household,
    camera: camera.id,
    clip,
    index,
    previous,
    bytes: bytes(file.length),
    sha256: createHash("sha256").update(file).digest("base64"),
    end,
  });
  return { clip, index, note: signNote(text, [camera.signer]), hash: hashOfText(text), header, body, file };
}

let headerOfAll: Promise<Uint8Array> | undefined;

/** One real age header serves all: the cloud cannot tell, and a body of chance looks like a sealed one. */
async function someHeader(): Promise<Uint8Array> {
  const split = splitHeader(await seal(Uint8Array.of(1), [await recipientOf(await newIdentity())]));
  if (!split.ok) throw new Error("an age file has no header");
  return split.value.header;
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** What a camera that records says of itself. */
export const testStatus: Extract<Status, { state: "online" }> = {
  v: 1,
  state: "online",
  at: "2026-11-01T12:00:00.000Z",
  firmware: "0.1.0",
  source: "scene",
  video: "copied",
  recording: true,
  clock: "synchronised",
  charter: 1,
  uptimeSeconds: 5,
  outboxSegments: 0,
  outboxBytes: 0,
  diskFreeBytes: 1,
  cameraRestarts: 0,
  trouble: [],
};
