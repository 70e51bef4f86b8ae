// npm run bench -- release [--rounds N]
// CPU time of a release of a 10 MB clip (its sealed segments opened and verified, sliced, hashed, packed, sealed to the request's
// key) against the same bytes decrypted, hashed and encrypted with the same library; and of one decision.
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { decide, type Matter } from "../../cloud/consent/decide.js";
import { type SignedManifest, signManifest } from "../../shared/clip/manifest.js";
import { formatPlain, type OpenedClip } from "../../shared/clip/plain.js";
import { formatSegment } from "../../shared/clip/segment.js";
import { bytes, millis } from "../../shared/kernel/brand.js";
import { concat } from "../../shared/kernel/bytes.js";
import { newClipId } from "../../shared/kernel/ids.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { openFirstAgreement } from "../../shared/release/agreement.js";
import { floorPolicy } from "../../shared/release/floor.js";
import { packRelease } from "../../shared/release/package.js";
import { asked, newRelease, type TestRelease } from "../../shared/release/release.contract.js";
import { openRequest } from "../../shared/release/request.js";
import { slice } from "../../shared/release/slice.js";
import { day } from "../../shared/release/testing.contract.js";
import { newIdentity, open, recipientOf, seal } from "../../shared/seal/age.js";
import { hashOfText, rememberingHash } from "../../shared/seal/hash.js";
import { nativeHashOf, nativeVerifier } from "../../shared/seal/native.io.js";
import { type Signer, signNote } from "../../shared/seal/note.js";
import type { Opening } from "../../shared/seal/opening.js";
import { openRecording, type SealedRecording, type Trust } from "../cli/member/recording.js";
import { compete } from "./paired.js";

const ratioMax = 1.3;
const decisionMillisMax = 1;
const decisions = 5_000;
const clipBytes = 10_000_000;
const seconds = 20;

export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { rounds: { type: "string", default: "9" } } });
  const work = await prepare();
  const { mp4 } = work.around.slice;
  process.stdout.write(
    `       the clip has ${(mp4.length / 1e6).toFixed(1)} MB in ${work.sealed.segments.length} segments\n`,
  );
  await compete({
    name: "release of a clip",
    unit: "CPU ms",
    rounds: Number(values.rounds),
    ours: () => cpuMillis(() => release(work)),
    rival: { name: "decrypt, hash, encrypt", measure: () => cpuMillis(() => plainly(work)) },
    bound: { ratioMax },
  });
  measureDecision();
}

interface Work {
  readonly sealed: SealedRecording;
  readonly trust: Trust;
  readonly around: TestRelease;
  readonly recipient: string;
}

/** Twenty seconds of noise, 10 MB, sealed two seconds at a time as a camera does; and all that stands around a release. */
async function prepare(): Promise<Work> {
  const around = newRelease({ film: film(), everything: true });
  const { home, clip } = around;
  const identity = await newIdentity();
  return {
    sealed: await sealClip(clip, home.cameraSigner, await recipientOf(identity)),
    trust: {
      ...{ household: home.charter.household, camera: home.camera, charters: [home.charter.hash] },
      ...{ identities: [identity], native: { hashOf: nativeHashOf, verifier: nativeVerifier } },
    },
    around,
    recipient: await recipientOf(await newIdentity()),
  };
}

function film(): Uint8Array {
  const picture = [
    "-f",
    "lavfi",
    "-i",
    "testsrc2=size=1280x720:rate=15,noise=alls=20:allf=t",
    "-t",
    `${seconds}`,
  ];
  const rate = `${Math.floor((clipBytes * 8) / seconds)}`;
  const encoder = [
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-b:v",
    rate,
    "-minrate",
    rate,
    "-maxrate",
    rate,
  ];
  const shape = ["-bufsize", rate, "-nal-hrd", "cbr", "-g", "15", "-bf", "0", "-pix_fmt", "yuv420p"];
  const flags = "+frag_keyframe+empty_moov+default_base_moof+separate_moof+skip_trailer";
  const args = ["-v", "error", ...picture, ...encoder, ...shape, "-movflags", flags, "-f", "mp4", "pipe:1"];
  return Uint8Array.from(execFileSync("ffmpeg", args, { maxBuffer: 1e9 }));
}

const fragmentsInSegment = 2;

async function sealClip(clip: OpenedClip, camera: Signer, recipient: string): Promise<SealedRecording> {
  const { init, fragments, manifest, signed } = clip;
  const openings = openingsOf(signed);
  const segments: { note: string; sealed: Uint8Array }[] = [];
  let previous = "none";
  for (let index = 0; index * fragmentsInSegment < fragments.length; index++) {
    const [from, to] = [index * fragmentsInSegment, (index + 1) * fragmentsInSegment];
    const last = to >= fragments.length;
    const parts = fragments.slice(from, to).map((fragment) => fragment.bytes);
    const soFar = signManifest(manifest, openings.slice(0, to), last ? "complete" : "recording", camera);
    const plain = formatPlain({
      ...(index === 0 && { init: init.bytes }),
      fragments: parts,
      manifest: soFar,
    });
    const sealed = await seal(plain, [recipient]);
    const { household, camera: id } = manifest;
    const text = formatSegment({
      ...{ household, camera: id, clip: manifest.clip, index, previous, bytes: bytes(sealed.length) },
      ...{ sha256: nativeHashOf(sealed), end: last ? "complete" : "no" },
    });
    segments.push({ note: signNote(text, [camera]), sealed });
    previous = hashOfText(text);
  }
  return { clip: manifest.clip, state: "complete", segments };
}

function openingsOf({ openings }: SignedManifest): readonly Opening[] {
  return openings.map((opening) => {
    const [salt = "", ...line] = (opening ?? "").split(" ");
    return { salt: Uint8Array.from(Buffer.from(salt, "base64")), line: line.join(" ") };
  });
}

/** What the owner's client does, from sealed segments to the sealed package. */
async function release({ sealed, trust, around, recipient }: Work): Promise<void> {
  const recording = await openRecording(sealed, trust);
  if (!recording.ok) throw new Error(recording.error.kind);
  const { clip } = recording.value;
  const wish = { first: 0, last: clip.fragments.length - 1, audio: true };
  const hash = rememberingHash(nativeHashOf);
  const one = slice(clip, wish, hash);
  const [before] = around.parts.clips;
  if (one === undefined || before === undefined) throw new Error("nothing was cut");
  const tar = packRelease({ ...around.parts, clips: [{ ...before, ...one }] }, hash);
  if (!tar.ok) throw new Error(tar.error.kind);
  await seal(tar.value, [recipient]);
}

async function plainly({ sealed, trust, recipient }: Work): Promise<void> {
  const plain: Uint8Array[] = [];
  for (const segment of sealed.segments) {
    const opened = await open(segment.sealed, trust.identities);
    if (!opened.ok) throw new Error(opened.error.kind);
    plain.push(opened.value);
  }
  const whole = concat(...plain);
  nativeHashOf(whole);
  await seal(whole, [recipient]);
}

async function cpuMillis(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** Six members, twenty clips, all signatures verified before. */
function measureDecision(): void {
  const matter = bigMatter();
  const now = millis(asked + 2 * day);
  const decided = decide(matter, floorPolicy, now);
  if (decided.kind !== "release") throw new Error(JSON.stringify(decided));
  const before = process.cpuUsage();
  for (let at = 0; at < decisions; at++) decide(matter, floorPolicy, now);
  const { user, system } = process.cpuUsage(before);
  const millisEach = (user + system) / 1_000 / decisions;
  const verdict = millisEach <= decisionMillisMax ? "ok    " : "not ok";
  process.stdout.write(
    `${verdict} a decision over 6 members and 20 clips: ${millisEach.toPrecision(3)} CPU ms, wanted ≤ ${decisionMillisMax}
`,
  );
}

function bigMatter(): Matter {
  const roles = ["owner", "owner", "owner", "owner", "adult", "contact"] as const;
  const expires = millis(asked + 5 * day);
  const around = newRelease({ home: { roles }, signers: [0, 1, 2, 3], authorisation: { expires } });
  const { home, agency, authorisation, parts, slice: one } = around;
  const random = seededPrng(5);
  const clips = Array.from({ length: 20 }, () => ({ ...one.released, clip: newClipId(asked, random) }));
  const agreement = openFirstAgreement(agency.note);
  if (!agreement.ok) throw new Error(agreement.error.kind);
  const request = openRequest(parts.request, agreement.value);
  if (!request.ok) throw new Error(request.error.kind);
  const signers = home.members.slice(0, 4).map(({ member }) => member.id);
  return {
    ask: {
      ...{ ...request.value, kind: "request", state: "published", published: request.value.submitted },
      ...{ purpose: request.value.category, urgent: false },
      notices: { en: authorisation.notice, fr: authorisation.notice },
    },
    asker: { ...agreement.value, state: "active" },
    authorisation: { ...authorisation, clips, signers, hash: hashOfText("x\n") },
    charters: { now: home.charter, recorded: [home.charter] },
    stored: clips.map(({ clip: id, camera }) => ({ id, camera, arrivedAt: asked })),
    ...{ words: [], reviewers: [] },
  };
}
