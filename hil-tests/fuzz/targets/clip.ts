// What cameras film: MP4 boxes, from ffmpeg's pipe and out of opened segments, and their manifests.
import { type Box, type Fmp4Refusal, readBoxes } from "../../../shared/clip/boxes.js";
import { parseFragment, rebase } from "../../../shared/clip/fmp4.js";
import { FragmentStream } from "../../../shared/clip/fragmentstream.js";
import { parseInit } from "../../../shared/clip/init.js";
import {
  formatFragment,
  type ManifestRefusal,
  openManifest,
  type SignedManifest,
} from "../../../shared/clip/manifest.js";
import { formatPlain, openClip } from "../../../shared/clip/plain.js";
import { splitFmp4, splitFragments } from "../../../shared/clip/split.js";
import { concat, toUtf8 } from "../../../shared/kernel/bytes.js";
import { ok, refuse } from "../../../shared/kernel/result.js";
import { silentInit } from "../../../shared/release/silent.js";
import { nativeHashOf, nativeSigner } from "../../../shared/seal/native.io.js";
import { signNote, textOf, verifierOf } from "../../../shared/seal/note.js";
import { commitment } from "../../../shared/seal/opening.js";
import { changeBoxes } from "../boxes.js";
import { packedClip } from "../seeds.js";
import { mustHold, sameBytes, type Target, textsIn, textTarget, verdictOf } from "../target.js";

const boxKinds: readonly Fmp4Refusal["kind"][] = [
  ...(["truncated", "bad-size", "too-large", "unexpected-box", "missing-box"] as const),
  ...(["repeated-box", "malformed", "unsupported", "no-video"] as const),
];
const camera = nativeSigner({ name: "camera-a", secretKey: new Uint8Array(32).fill(7) });
const { mp4, init } = packedClip;
const salt = new Uint8Array(16);

export const clipTargets: readonly Target[] = [
  {
    ...{ name: "fmp4", about: "a recording's boxes", form: "bytes", kinds: boxKinds, change: changeBoxes },
    seeds: [mp4, init, concat(init, mp4.subarray(init.length))],
    run(input) {
      const film = splitFmp4(input);
      streamAgrees(input, film.ok);
      if (!film.ok) return verdictOf(film);
      const { fragments } = film.value;
      silentInit(film.value.init);
      sameBytes(
        concat(film.value.init.bytes, ...fragments.map(({ bytes }) => bytes)),
        input,
        "bytes are in no box",
      );
      for (const fragment of fragments) {
        const { time: origin, sequence } = fragment;
        const moved = rebase(fragment, { origin: 0, sequence });
        sameBytes(moved.bytes, fragment.bytes, "a fragment that was moved nowhere is another one");
        const first = parseFragment(rebase(fragment, { origin, sequence: 1 }).bytes);
        mustHold(first.ok && first.value.time === 0, "a fragment that was moved to 0 is not there");
      }
      return "ok";
    },
  },
  {
    ...{ name: "init", about: "the boxes before the fragments", form: "bytes", kinds: boxKinds },
    ...{ seeds: [init], change: changeBoxes },
    run(input) {
      const parsed = parseInit(input);
      if (parsed.ok) {
        mustHold(!hasEditList(input), "an edit list was passed by: it could hide frames");
        const silent = parseInit(silentInit(parsed.value));
        mustHold(
          silent.ok && silent.value.track === parsed.value.track,
          "without sound it is no init segment",
        );
        mustHold(silent.value.tracks.length === 1, "without sound it still has other tracks");
      }
      return verdictOf(parsed);
    },
  },
  textTarget<ManifestRefusal>({
    ...{ name: "manifest", about: "a clip's manifest, its lines in the open behind `fragment`" },
    seeds: textsIn("manifest", "manifest/v1").map((note) => withLines(textOf(note))),
    kinds: [
      ...([
        "malformed-note",
        "forged-signature",
        "no-known-signer",
        "other-note-type",
        "not-canonical",
      ] as const),
      ...(["bad-field", "malformed-opening", "opening-does-not-match", "wrong-number-of-openings"] as const),
    ],
    run(text) {
      const signed = manifestOf(text);
      if (signed === undefined) return refuse({ kind: "malformed-note" as const, why: "not signable" });
      const opened = openManifest(signed, verifierOf(camera));
      if (!opened.ok) return opened;
      const lines = opened.value.fragments.map((facts) => facts && formatFragment(facts));
      mustHold(
        text
          .split("\n")
          .filter((line) => line.startsWith("fragment "))
          .join() === lines.map((line) => `fragment ${line}`).join(),
        "a line is formatted to another text",
      );
      return ok(openClip(clipWith(signed), verifierOf(camera), nativeHashOf));
    },
  }),
];

/** The stream must take what the splitter takes, however the bytes are cut. */
function streamAgrees(input: Uint8Array, taken: boolean): void {
  const stream = new FragmentStream();
  const step = 1 + (input.length % 997);
  const events: string[] = [];
  for (let at = 0; at < input.length; at += step)
    events.push(...stream.push(input.subarray(at, at + step)).map(({ kind }) => kind));
  if (taken)
    mustHold(
      !events.includes("refused") && stream.pending() === 0,
      "the stream refuses what the splitter takes",
    );
  mustHold(!taken || splitFragments(new Uint8Array()).ok, "nothing is refused");
}

/** Each commitment's own line in its place: what is fuzzed is the line, not its hash. */
function withLines(text: string): string {
  let index = 0;
  return text.replace(
    /^fragment .*$/gm,
    () => `fragment ${index} 1 ${index++ * 15_360} 15360 1000 ${nativeHashOf(salt)}`,
  );
}

function manifestOf(text: string): SignedManifest | undefined {
  const openings: string[] = [];
  const hidden = text.replace(/^fragment (.*)$/gm, (_, line: string) => {
    openings.push(`${"A".repeat(22)}== ${line}`);
    return `fragment ${commitment({ salt, line })}`;
  });
  try {
    return { note: signNote(hidden, [camera]), openings };
  } catch {
    return undefined;
  }
}

function clipWith(manifest: SignedManifest): Uint8Array {
  return concat(formatPlain({ init, fragments: [mp4.subarray(init.length)], manifest }), toUtf8(""));
}

function hasEditList(init: Uint8Array): boolean {
  const inside = (from: number, to: number): readonly Box[] => {
    const boxes = readBoxes(init, from, to);
    return boxes.ok ? boxes.value : [];
  };
  return inside(0, init.length)
    .filter(({ type }) => type === "moov")
    .flatMap(({ body, end }) => inside(body, end))
    .filter(({ type }) => type === "trak")
    .some(({ body, end }) => inside(body, end).some(({ type }) => type === "edts"));
}
