// A household that exists in tests only, and what its camera filmed.
import { execFileSync } from "node:child_process";
import { ed25519 } from "@noble/curves/ed25519.js";
import {
  type Charter,
  type OpenedCharter,
  openCharterChain,
  type SignedCharter,
  signCharter,
} from "../charter/charter.js";
import {
  type CharterCamera,
  cameraKeyName,
  type Member,
  memberKeyName,
  type Role,
} from "../charter/lines.js";
import type { Signatures } from "../charter/succession.js";
import { formatFragment, signManifest } from "../clip/manifest.js";
import { factsOf, formatPlain, type OpenedClip, openClip } from "../clip/plain.js";
import { splitFmp4 } from "../clip/split.js";
import { type Millis, millis } from "../kernel/brand.js";
import { concat } from "../kernel/bytes.js";
import { cameraIdOf, householdIdOf, memberIdOf, newClipId } from "../kernel/ids.js";
import { type Prng, seededPrng } from "../kernel/prng.js";
import { hashOf } from "../seal/hash.js";
import { type Signer, verifierOf } from "../seal/note.js";
import { close } from "../seal/opening.js";

export interface TestMember {
  readonly member: Member;
  readonly signer: Signer;
}

export interface TestHome {
  readonly members: readonly TestMember[];
  readonly camera: CharterCamera;
  readonly cameraSigner: Signer;
  /** Version 1, without a camera, and version 2, with it. */
  readonly chain: readonly SignedCharter[];
  readonly charter: OpenedCharter;
  readonly random: Prng;
}

export interface HomeWish {
  readonly roles?: readonly Role[];
  readonly release?: Signatures;
  readonly seed?: number;
  readonly issued?: Millis;
}

const names = ["Zoë", "Ben", "Cleo", "Dan", "Eve", "Finn"];

export function newHome(wish: HomeWish = {}): TestHome {
  const { roles = ["owner", "owner", "adult"], release = "all-owners", seed = 21, issued = millis(0) } = wish;
  const random = seededPrng(seed);
  const members = roles.map((role, at) => newMember(role, names[at] ?? "Gil", random));
  const founder = members.find(({ member }) => member.role === "owner");
  if (founder === undefined) throw new Error("a home without an owner");
  const { camera, signer: cameraSigner } = newCamera("Front door", random);
  const owners = members.filter(({ member }) => member.role === "owner").map(({ signer }) => signer);
  const rules: Omit<Charter, "version" | "previous" | "cameras"> = {
    ...{ household: householdIdOf(founder.member.noteKey), issued, change: "all-owners", release },
    members: members.map(({ member }) => member),
  };
  const first = signCharter({ ...rules, version: 1, previous: "none", cameras: [] }, owners, random);
  const { hash } = opened([first]);
  const second = signCharter({ ...rules, version: 2, previous: hash, cameras: [camera] }, owners, random);
  const chain = [first, second];
  return { members, camera, cameraSigner, chain, charter: opened(chain), random };
}

function opened(chain: readonly SignedCharter[]): OpenedCharter {
  const charter = openCharterChain(chain);
  if (!charter.ok) throw new Error(charter.error.kind);
  return charter.value;
}

function newMember(role: Role, name: string, random: Prng): TestMember {
  const [noteSecret, loginSecret] = [random.bytes(32), random.bytes(32)];
  const noteKey = ed25519.getPublicKey(noteSecret);
  const id = memberIdOf(noteKey);
  const loginKey = ed25519.getPublicKey(loginSecret);
  const member = { id, role, noteKey, loginKey, recipient: someRecipient(random), name };
  return { member, signer: { name: memberKeyName(id), secretKey: noteSecret } };
}

function newCamera(name: string, random: Prng): { readonly camera: CharterCamera; readonly signer: Signer } {
  const secretKey = random.bytes(32);
  const noteKey = ed25519.getPublicKey(secretKey);
  const id = cameraIdOf(noteKey);
  const camera: CharterCamera = {
    ...{ id, noteKey, tlsKeyHash: hashOf(noteKey), epoch: 1, recipient: someRecipient(random) },
    ...{ place: "outdoor", audio: true, modes: ["record"], masks: [], zones: [], name },
  };
  return { camera, signer: { name: cameraKeyName(id), secretKey } };
}

/** Looks like one; nothing was ever sealed to it. */
function someRecipient(random: Prng): string {
  const letters = "023456789acdefghjklmnpqrstuvwxyz";
  return `age1${Array.from(random.bytes(58), (byte) => letters[byte % 32]).join("")}`;
}

/** Six seconds of test picture and a tone, in one-second fragments, as the camera's ffmpeg makes them. */
export function film({ seconds = 6, sound = true, size = "160x120", quality = "30" } = {}): Uint8Array {
  const picture = ["-f", "lavfi", "-i", `testsrc=size=${size}:rate=10`];
  const tone = sound
    ? ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=8000", "-c:a", "aac", "-b:a", "8k"]
    : [];
  const shape = ["-c:v", "libx264", "-g", "10", "-bf", "0", "-pix_fmt", "yuv420p", "-preset", "ultrafast"];
  const flags = "+frag_keyframe+empty_moov+default_base_moof+separate_moof+skip_trailer";
  const out = ["-crf", quality, "-t", `${seconds}`, "-movflags", flags, "-f", "mp4", "pipe:1"];
  const args = ["-v", "error", ...picture, ...tone, ...shape, ...out];
  return Uint8Array.from(execFileSync("ffmpeg", args, { maxBuffer: 1e9 }));
}

/** What the home's camera signed of a film. */
export function filmed(home: TestHome, mp4: Uint8Array, start: Millis): OpenedClip {
  const split = splitFmp4(mp4);
  if (!split.ok) throw new Error(JSON.stringify(split.error));
  const { init, fragments } = split.value;
  const { charter, camera, cameraSigner, random } = home;
  const manifest = signManifest(
    {
      ...{ household: charter.household, camera: camera.id, clip: newClipId(start, random), start },
      ...{ monotonic: millis(5_000), clock: "synchronised", trigger: "press", charter: charter.hash },
      ...{ previous: "none", init: hashOf(init.bytes) },
    },
    fragments.map((fragment, index) => close(formatFragment(factsOf(fragment, index)), random)),
    "complete",
    cameraSigner,
  );
  const parts = fragments.map(({ bytes }) => bytes);
  const whole = concat(formatPlain({ init: init.bytes, fragments: parts, manifest }));
  const clip = openClip(whole, verifierOf(cameraSigner));
  if (!clip.ok) throw new Error(JSON.stringify(clip.error));
  return clip.value;
}
