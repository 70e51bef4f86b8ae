import { execFileSync } from "node:child_process";
import { test } from "tap";
import { type CharterCamera, cameraKeyName } from "../../../shared/charter/lines.js";
import {
  formatFragment,
  type ManifestEnd,
  type ManifestHead,
  signManifest,
} from "../../../shared/clip/manifest.js";
import { factsOf, formatPlain } from "../../../shared/clip/plain.js";
import { formatSegment, parseSegment, type SegmentEnd } from "../../../shared/clip/segment.js";
import { splitFmp4 } from "../../../shared/clip/split.js";
import { bytes, millis } from "../../../shared/kernel/brand.js";
import { cameraIdOf, householdIdOf, newClipId } from "../../../shared/kernel/ids.js";
import { seededPrng } from "../../../shared/kernel/prng.js";
import { newIdentity, open, recipientOf, seal } from "../../../shared/seal/age.js";
import { hashOf, hashOfText } from "../../../shared/seal/hash.js";
import { type Signer, signNote, textOf, verifierOf } from "../../../shared/seal/note.js";
import { close } from "../../../shared/seal/opening.js";
import { sentenceOf } from "../sentences.js";
import { openRecording, type RecordingRefusal, type SealedRecording, type Trust } from "./recording.js";

const random = seededPrng(7);

interface Rig {
  readonly trust: Trust;
  readonly signer: Signer;
  readonly head: ManifestHead;
  readonly init: Uint8Array;
  readonly fragments: readonly Uint8Array[];
  readonly recipient: string;
}

type Ending = { readonly note: SegmentEnd; readonly manifest: ManifestEnd };
const complete: Ending = { note: "complete", manifest: "complete" };

/** Six seconds of test picture in one-second fragments, as the camera's ffmpeg makes them. */
function film(): { init: Uint8Array; fragments: readonly Uint8Array[] } {
  const picture = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=10", "-t", "6", "-c:v", "libx264"];
  const shape = ["-g", "10", "-bf", "0", "-pix_fmt", "yuv420p", "-preset", "ultrafast"];
  const flags = "+frag_keyframe+empty_moov+default_base_moof+separate_moof+skip_trailer";
  const args = ["-v", "error", ...picture, ...shape, "-movflags", flags, "-f", "mp4", "pipe:1"];
  const split = splitFmp4(execFileSync("ffmpeg", args, { maxBuffer: 1e8 }));
  if (!split.ok) throw new Error(JSON.stringify(split.error));
  return { init: split.value.init.bytes, fragments: split.value.fragments.map((fragment) => fragment.bytes) };
}

async function rig(seed: number): Promise<Rig> {
  const noteSecret = seededPrng(seed).bytes(32);
  const { publicKey } = verifierOf({ name: "", secretKey: noteSecret });
  const id = cameraIdOf(publicKey);
  const identity = await newIdentity();
  const recipient = await recipientOf(identity);
  const household = householdIdOf(random.bytes(32));
  const camera: CharterCamera = {
    id,
    noteKey: publicKey,
    tlsKeyHash: hashOf(publicKey),
    epoch: 1,
    recipient,
    place: "outdoor",
    audio: false,
    modes: ["record"],
    masks: [],
    zones: [],
    name: "Door",
  };
  const charter = hashOf(random.bytes(8));
  const clip = newClipId(millis(1_750_000_000_000), random);
  const { init, fragments } = film();
  const head: ManifestHead = {
    household,
    camera: id,
    clip,
    start: millis(1_750_000_000_000),
    monotonic: millis(5_000),
    clock: "synchronised",
    trigger: "press",
    charter,
    previous: "none",
    init: hashOf(init),
  };
  const trust = { household, camera, charters: [charter], identities: [identity] };
  return {
    trust,
    head,
    init,
    fragments,
    recipient,
    signer: { name: cameraKeyName(id), secretKey: noteSecret },
  };
}

/** Seals a clip as the camera does: two fragments a segment, a manifest in each. */
async function sealClip(
  { head, init, fragments, recipient, signer }: Rig,
  ending: Ending = complete,
  use: { head?: ManifestHead; swapFragments?: boolean } = {},
): Promise<SealedRecording> {
  const said = use.head ?? head;
  const split = splitFmp4(Buffer.concat([init, ...fragments]));
  if (!split.ok) throw new Error("fixture");
  const openings = split.value.fragments.map((fragment, i) =>
    close(formatFragment(factsOf(fragment, i)), random),
  );
  const segments: { note: string; sealed: Uint8Array }[] = [];
  let previous = "none";
  for (let index = 0; index * 2 < fragments.length; index++) {
    const last = (index + 1) * 2 >= fragments.length;
    const inside = fragments.slice(index * 2, index * 2 + 2);
    const manifest = signManifest(
      said,
      openings.slice(0, index * 2 + 2),
      last ? ending.manifest : "recording",
      signer,
    );
    const parts = use.swapFragments ? inside.toReversed() : inside;
    const sealed = await seal(formatPlain({ ...(index === 0 && { init }), fragments: parts, manifest }), [
      recipient,
    ]);
    const { household, camera, clip } = head;
    const facts = {
      bytes: bytes(sealed.length),
      sha256: hashOf(sealed),
      end: last ? ending.note : ("no" as const),
    };
    const text = formatSegment({ household, camera, clip, index, previous, ...facts });
    segments.push({ note: signNote(text, [signer]), sealed });
    previous = hashOfText(text);
  }
  return { clip: head.clip, state: ending.note === "no" ? "recording" : ending.note, segments };
}

const mine = await rig(1);
const clip = await sealClip(mine);
const kindOf = async (sealed: SealedRecording, trust = mine.trust): Promise<string> => {
  const result = await openRecording(sealed, trust);
  if (result.ok) return "opens";
  sentenceOf(result.error);
  return nameOf(result.error);
};
const nameOf = (refusal: RecordingRefusal): string =>
  "why" in refusal && typeof refusal.why === "object" ? `${refusal.kind}: ${refusal.why.kind}` : refusal.kind;
/** How far a recording opens, what it lacks, and why it does not go on. */
const openedPart = async (sealed: SealedRecording): Promise<unknown> => {
  const result = await openRecording(sealed, mine.trust);
  if (!result.ok) return nameOf(result.error);
  const { segments, seconds, end, hole } = result.value;
  return { segments, seconds, end, ...(hole && { lacks: hole.lacks, why: nameOf(hole.why) }) };
};
const cutAt = (segments: number, lacks: readonly number[], why: string): object => ({
  segments,
  seconds: 2 * segments,
  end: "no",
  lacks,
  why,
});
const withSegments = (segments: SealedRecording["segments"], of = clip): SealedRecording => ({
  ...of,
  segments,
});
const [first, second, third] = clip.segments;
if (first === undefined || second === undefined || third === undefined) throw new Error("fixture");

test("a whole clip opens, says what it holds, and is what age and cat give", async (t) => {
  const result = await openRecording(clip, mine.trust);
  t.ok(result.ok);
  if (!result.ok) return;
  const { segments, end, seconds, clip: opened, mp4 } = result.value;
  t.match({ segments, end, seconds }, { segments: 3, end: "complete", seconds: 6 });
  t.equal(opened.fragments.length, 6);
  const plain = await Promise.all(clip.segments.map(({ sealed }) => open(sealed, mine.trust.identities)));
  t.same(Buffer.from(mp4), Buffer.concat(plain.map((part) => (part.ok ? part.value : new Uint8Array(0)))));
});

test("a clip whose camera lost power opens up to its last segment, and says so", async (t) => {
  const cut = await sealClip(mine, { note: "no", manifest: "recording" });
  const last = cut.segments.at(-1)?.note ?? "";
  const note = parseSegment(textOf(last));
  if (!note.ok) throw new Error("fixture");
  const text = formatSegment({
    ...note.value,
    index: 3,
    previous: hashOfText(textOf(last)),
    bytes: bytes(0),
    sha256: hashOf(new Uint8Array(0)),
    end: "interrupted",
  });
  const closing = { note: signNote(text, [mine.signer]), sealed: new Uint8Array(0) };
  const closed = { ...cut, state: "interrupted" as const, segments: [...cut.segments, closing] };
  const result = await openRecording(closed, mine.trust);
  t.ok(result.ok && result.value.end === "interrupted" && result.value.seconds === 6);
  t.equal(await kindOf({ ...closed, segments: [closing] }), "segments-refused: segment-missing");
  const broken = await sealClip(mine, { note: "interrupted", manifest: "interrupted" });
  t.equal(await kindOf(broken), "opens", "a source that failed closes its clip itself");
  t.equal(await kindOf(cut), "opens", "a clip that still records opens so far");
});

test("what a stolen camera had sent opens to its last segment, without a signed end", async (t) => {
  const silent = withSegments([first, second], { ...clip, state: "interrupted" });
  t.same(await openedPart(silent), { segments: 2, seconds: 4, end: "no" });
  t.equal(await openedPart(withSegments([])), "nothing-recorded");
});

test("a vault that drops, swaps, repeats or mixes segments is caught, and what stands before opens", async (t) => {
  const chain = "segments-refused: segment-missing";
  t.same(await openedPart(withSegments([first, third])), cutAt(1, [1], chain));
  t.equal(await kindOf(withSegments([second, third])), chain);
  t.equal(await kindOf(withSegments([second, first, third])), chain);
  t.same(await openedPart(withSegments([first, second, second, third])), cutAt(2, [], chain));
  const bytesSwapped = [{ ...first, sealed: second.sealed }, { ...second, sealed: first.sealed }, third];
  t.equal(await kindOf(withSegments(bytesSwapped)), "segment-differs");
  const other = await sealClip({ ...mine, head: { ...mine.head, clip: newClipId(millis(1), random) } });
  t.equal(await kindOf({ ...other, clip: clip.clip }), "other-clip");
  const mixed = other.segments[1] ?? second;
  t.same(await openedPart(withSegments([first, mixed, third])), cutAt(1, [1], chain));
  const notLoaded = withSegments([first, { ...second, sealed: new Uint8Array(0) }]);
  t.same(await openedPart(notLoaded), cutAt(1, [1], "segment-differs"));
});

test("a flipped bit anywhere in bytes or note ends what opens before it", async (t) => {
  for (let i = 0; i < 40; i++) {
    const at = random.between(0, second.sealed.length);
    const sealed = second.sealed.slice();
    sealed[at] = (sealed[at] ?? 0) ^ (1 << random.between(0, 8));
    const damaged = withSegments([first, { ...second, sealed }, third]);
    t.same(await openedPart(damaged), cutAt(1, [1], "segment-differs"), `bit in byte ${at}`);
  }
  const note = second.note.replace(/^bytes (\d)/m, (_, digit) => `bytes ${(Number(digit) % 9) + 1}`);
  const forged = withSegments([first, { ...second, note }, third]);
  t.same(await openedPart(forged), cutAt(1, [1], "segments-refused: forged-signature"));
  const cut = { ...third, sealed: third.sealed.slice(0, -1) };
  t.same(await openedPart(withSegments([first, second, cut])), cutAt(2, [2], "segment-differs"));
});

test("another camera, household, key or charter does not pass for ours", async (t) => {
  const theirs = await rig(2);
  t.equal(
    await kindOf(clip, { ...mine.trust, camera: theirs.trust.camera }),
    "segments-refused: no-known-signer",
  );
  t.equal(await kindOf(clip, { ...mine.trust, household: theirs.trust.household }), "other-clip");
  t.equal(await kindOf(clip, { ...mine.trust, identities: theirs.trust.identities }), "no-key");
  t.equal(await kindOf(clip, { ...mine.trust, charters: theirs.trust.charters }), "unknown-charter");
});

test("a camera's own signed segments with another inside are refused by the manifest", async (t) => {
  t.equal(
    await kindOf(await sealClip(mine, complete, { swapFragments: true })),
    "clip-refused: fragment-differs",
  );
  const init = { ...mine.head, init: hashOf(random.bytes(3)) };
  t.equal(await kindOf(await sealClip(mine, complete, { head: init })), "clip-refused: init-differs");
  const named = { ...mine.head, clip: newClipId(millis(2), random) };
  t.equal(await kindOf(await sealClip(mine, complete, { head: named })), "other-clip");
  t.equal(await kindOf(await sealClip(mine, { note: "complete", manifest: "recording" })), "ends-differ");
  const forger = { ...mine, signer: { ...mine.signer, secretKey: random.bytes(32) } };
  t.equal(await kindOf(await sealClip(forger)), "segments-refused: no-known-signer");
});

test("a manifest edited inside a segment that was sealed anew is refused", async (t) => {
  const plain = await open(third.sealed, mine.trust.identities);
  if (!plain.ok) throw new Error("fixture");
  const edited = Buffer.from(
    Buffer.from(plain.value).toString("latin1").replace("trigger press", "trigger prezs"),
    "latin1",
  );
  const sealed = await seal(edited, [mine.recipient]);
  const text = textOf(third.note);
  const note = parseSegment(text);
  if (!note.ok) throw new Error("fixture");
  const resigned = formatSegment({ ...note.value, bytes: bytes(sealed.length), sha256: hashOf(sealed) });
  const segment = { note: signNote(resigned, [mine.signer]), sealed };
  t.equal(await kindOf(withSegments([first, second, segment])), "clip-refused: manifest-refused");
});
