import { toUtf8 } from "../../shared/kernel/bytes.js";
import { type ClipId, type HouseholdId, timeOf } from "../../shared/kernel/ids.js";
import { utcText } from "../../shared/kernel/utc.js";
import { type TarFile, writeTar } from "../../shared/release/tar.js";
import type { VaultCustodian } from "../vault/vault.io.js";
import { keptItems, type LegalProcess } from "./process.js";

/** What ends a tar; `writeTar` puts it behind each call. */
const tarEnd = writeTar([]);

const statement = `What this archive holds

Recordings as the cameras sealed them, and what the cloud knows of them without opening them. Each file under clips/ is an age file
(age-encryption.org/v1) sealed to a key that the household alone has. The cloud that produced this holds no key that opens any of
them, and never held one: nobody who operates it can decrypt, and nothing in this archive or left behind in the cloud can.

Only the cameras and windows of the process were looked at. metadata.json lists what is there of them.
`;

/** What the process is answered with: one tar, a segment at a time in memory. Only for a process that was scoped by two people. */
export async function* produce(
  custodian: VaultCustodian,
  process: LegalProcess & { readonly household: HouseholdId },
): AsyncGenerator<Uint8Array> {
  const { household, file, type } = process;
  yield member({ name: "STATEMENT.txt", bytes: toUtf8(statement) });
  const listed = [];
  for (const item of keptItems(process)) {
    const clips = await custodian.clips({ household, ...item });
    const { data, camera, from, to } = item;
    const known = [];
    for (const clip of clips) known.push(await factsOf(custodian, household, clip));
    listed.push({ data, camera, from: utcText(from), to: utcText(to), clips: known });
  }
  const metadata = { file, type, items: listed };
  yield member({ name: "metadata.json", bytes: toUtf8(`${JSON.stringify(metadata, undefined, 2)}\n`) });
  const content = new Set(
    listed.flatMap(({ data, clips }) => (data === "content" ? clips.map(({ clip }) => clip) : [])),
  );
  for (const clip of content) yield* sealedClip(custodian, household, clip);
  yield tarEnd;
}

/** What the cloud knows of a clip without opening it. */
async function factsOf(custodian: VaultCustodian, household: HouseholdId, clip: ClipId) {
  const segments = [];
  for (const index of await custodian.segmentsOf({ household, id: clip })) {
    const segment = await custodian.segment({ household, id: clip }, index);
    if (segment !== undefined) segments.push({ index, bytes: segment.bytes, sha256: segment.sha256 });
  }
  return { clip, triggeredAt: utcText(timeOf(clip)), segments };
}

async function* sealedClip(
  custodian: VaultCustodian,
  household: HouseholdId,
  clip: ClipId,
): AsyncGenerator<Uint8Array> {
  for (const index of await custodian.segmentsOf({ household, id: clip })) {
    const segment = await custodian.segment({ household, id: clip }, index);
    if (segment === undefined) continue;
    const name = `clips/${clip}/${String(index).padStart(3, "0")}`;
    // A damaged body is said, not sent: what is sent is what the camera signed.
    if (!(await segment.isWhole())) yield member({ name: `${name}.damaged`, bytes: new Uint8Array() });
    else yield member({ name: `${name}.age`, bytes: await collected(segment) });
  }
}

async function collected(segment: {
  readonly bytes: number;
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}): Promise<Uint8Array> {
  const bytes = new Uint8Array(segment.bytes);
  let at = 0;
  for await (const piece of segment.read(0, segment.bytes)) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function member(file: TarFile): Uint8Array {
  const tar = writeTar([file]);
  return tar.subarray(0, tar.length - tarEnd.length);
}
