// Test-only: the smallest fragmented MP4 that the parser accepts, and ports that give the same each time.
import { cameraKeyName } from "../../shared/charter/lines.js";
import { formatReceipt } from "../../shared/clip/custody.js";
import { type Fragment, parseFragment } from "../../shared/clip/fmp4.js";
import { type InitSegment, parseInit } from "../../shared/clip/init.js";
import { formatSegment, type SealedSegment } from "../../shared/clip/segment.js";
import { assert } from "../../shared/kernel/assert.js";
import { bytes, type Millis, millis } from "../../shared/kernel/brand.js";
import { concat } from "../../shared/kernel/bytes.js";
import {
  type CameraId,
  type ClipId,
  cameraIdOf,
  type HouseholdId,
  householdIdOf,
  timeOf,
} from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import { type Identity, newIdentity, type Recipient, recipientOf, seal } from "../../shared/seal/age.js";
import { type Hash, hashOf, hashOfText } from "../../shared/seal/hash.js";
import { type Signer, signNote, type Verifier, verifierOf } from "../../shared/seal/note.js";

/** Ticks a second of the test's pictures: a tick is a millisecond. */
const timescale = 1000;

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const words = (...values: readonly number[]): Uint8Array => {
  const data = new Uint8Array(values.length * 4);
  values.forEach((value, i) => {
    new DataView(data.buffer).setUint32(i * 4, value);
  });
  return data;
};
const box = (type: string, ...parts: readonly Uint8Array[]): Uint8Array => {
  const body = concat(...parts);
  return concat(words(body.length + 8), ascii(type), body);
};
const zeros = (length: number): Uint8Array => new Uint8Array(length);

export function testInit(): InitSegment {
  const avcC = box("avcC", Uint8Array.of(1, 0x64, 0, 0x1f, 0xff, 0xe0, 0));
  const picture = concat(zeros(24), Uint8Array.of(0x05, 0, 0x02, 0xd0), zeros(50));
  const stsd = box("stsd", words(0, 1), box("avc1", picture, avcC));
  const mdhd = box("mdhd", words(0, 0, 0, timescale, 0, 0));
  const hdlr = box("hdlr", words(0, 0), ascii("vide"), zeros(13));
  const mdia = box("mdia", mdhd, hdlr, box("minf", box("stbl", stsd)));
  const trak = box("trak", box("tkhd", words(3, 0, 0, 1), zeros(68)), mdia);
  const moov = box("moov", box("mvhd", zeros(100)), trak);
  const init = parseInit(concat(box("ftyp", ascii("isom"), words(512)), moov));
  assert(init.ok, "the test's init segment does not parse");
  return init.value;
}

export interface TestFragment {
  /** Decode time and duration in milliseconds. */
  readonly time: number;
  readonly duration?: number;
  readonly keyframe?: boolean;
  /** Footage in bytes; the first four are the fragment's number. */
  readonly size?: number;
  readonly number?: number;
}

/** One frame that is shown for the whole duration. */
export function testFragment(of: TestFragment): Fragment {
  const { time, duration = 1000, keyframe = true, size = 64, number = 0 } = of;
  const data = zeros(size);
  data.set(words(number).subarray(0, size));
  const tfhd = box("tfhd", words(0x020038, 1, duration, size, keyframe ? 0x02000000 : 0x01010000));
  const tfdt = box("tfdt", words(0x01000000, 0, time));
  const moof = (offset: number): Uint8Array =>
    box("moof", box("mfhd", words(0, 9)), box("traf", tfhd, tfdt, box("trun", words(1, 1, offset))));
  const fragment = parseFragment(concat(moof(moof(0).length + 8), box("mdat", data)));
  assert(fragment.ok, "the test's fragment does not parse");
  return fragment.value;
}

/** The number that `testFragment` wrote. */
export function numberOf({ bytes: data }: Fragment): number {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  return view.getUint32(view.getUint32(0) + 8);
}

/** Both clocks stand still until they are set. */
export interface TestClock extends Clock {
  now: number;
}

export const testWall = 1_790_000_000_000;

export function testClock(): TestClock {
  const clock = {
    now: 0,
    wall: (): Millis => millis(testWall + clock.now),
    monotonic: (): Millis => millis(clock.now),
  };
  return clock;
}

/** A camera with its keys, and a household that can open what it seals. */
export interface TestCamera {
  readonly household: HouseholdId;
  readonly camera: CameraId;
  readonly signer: Signer;
  readonly verifier: Verifier;
  readonly identity: Identity;
  readonly recipient: Recipient;
}

export function testCamera(): Promise<TestCamera> {
  const secretKey = new Uint8Array(32).fill(7);
  const camera = cameraIdOf(verifierOf({ name: "", secretKey }).publicKey);
  const signer = { name: cameraKeyName(camera), secretKey };
  const household = householdIdOf(new Uint8Array(32).fill(9));
  const known = { household, camera, signer, verifier: verifierOf(signer) };
  return newIdentity().then((identity) =>
    recipientOf(identity).then((recipient) => ({ ...known, identity, recipient })),
  );
}

/** A whole clip's segments of two seconds each, as the sealer makes them, with anything inside. */
export function testSegments(
  of: TestCamera,
  clip: ClipId,
  count: number,
  size = 300,
): Promise<readonly SealedSegment[]> {
  const plains = Array.from({ length: count }, (_, i) => new Uint8Array(size).fill(i + 1));
  return Promise.all(plains.map((plain) => seal(plain, [of.recipient]))).then((files) =>
    chain(of, clip, files),
  );
}

function chain(of: TestCamera, clip: ClipId, files: readonly Uint8Array[]): readonly SealedSegment[] {
  const { household, camera, signer } = of;
  let previous: Hash | "none" = "none";
  return files.map((sealed, index) => {
    const end = index === files.length - 1 ? "complete" : "no";
    const place = { household, camera, clip, index, previous, end } as const;
    const text = formatSegment({ ...place, bytes: bytes(sealed.length), sha256: hashOf(sealed) });
    previous = hashOfText(text);
    const from = millis(timeOf(clip) + index * 2000);
    const manifest = hashOfText(`${clip} ${index}`);
    const note = signNote(text, [signer]);
    return { clip, index, end, note, sealed, manifest, from, to: millis(from + 2000) };
  });
}

/** The vault's word for a segment; nobody in these tests looks at its signature. */
export function testReceipt(of: TestCamera, { clip, index, sealed }: SealedSegment): string {
  const { household, camera, signer } = of;
  const at = millis(testWall);
  return signNote(formatReceipt({ household, camera, clip, index, sha256: hashOf(sealed), at }), [signer]);
}
