import { putPiece } from "../../../cloud/api/releases.contract.js";
import { call, tokenOf } from "../../../cloud/api/testcalls.js";
import { newHousehold, storeClip, type TestCloud } from "../../../cloud/api/testing.js";
import { charterEntry, charterSalt, householdLogOf } from "../../../shared/charter/logtag.js";
import { formatSegment } from "../../../shared/clip/segment.js";
import { bytes, millis } from "../../../shared/kernel/brand.js";
import { toBase64, toUtf8 } from "../../../shared/kernel/bytes.js";
import { newReleaseId } from "../../../shared/kernel/ids.js";
import { seededPrng } from "../../../shared/kernel/prng.js";
import { openFirstAgreement } from "../../../shared/release/agreement.js";
import { type Authorisation, formatAuthorisation } from "../../../shared/release/authorisation.js";
import { batchCommitment, batchFillers, batchOf, formatBatchPath } from "../../../shared/release/batch.js";
import { film, filmed } from "../../../shared/release/home.contract.js";
import { noticeHash } from "../../../shared/release/notice.js";
import { type PackageParts, packRelease } from "../../../shared/release/package.js";
import { parseRequest } from "../../../shared/release/request.js";
import { type Slice, slice } from "../../../shared/release/slice.js";
import { hour } from "../../../shared/release/testing.contract.js";
import { formatWithdrawal } from "../../../shared/release/withdrawal.js";
import { seal } from "../../../shared/seal/age.js";
import { hashOf, hashOfText } from "../../../shared/seal/hash.js";
import { signNote, textOf } from "../../../shared/seal/note.js";
import { formatEntry, type LogEntry } from "../../../shared/tlog/entry.js";

// A household on a test's cloud that releases a clip for a published request, packed as its own client would.

type Household = Awaited<ReturnType<typeof newHousehold>>;

export async function homeThatReleases(
  cloud: TestCloud,
  note: string,
  wish: { readonly forge?: boolean; readonly child?: boolean } = {},
) {
  const home = await newHousehold(cloud);
  const request = parseRequest(textOf(note));
  if (!request.ok) throw new Error(request.error.kind);
  const start = millis(request.value.from + hour / 2);
  const { board, chain, charter, owner, household } = home;
  const random = seededPrng(9);
  const people = { members: [], chain, charter, random };
  const clip = filmed({ ...people, camera: board.line, cameraSigner: board.note }, film(), start);
  const one = slice(clip, { from: start, to: millis(start + 5_200), audio: false });
  if (one === undefined) throw new Error("nothing was cut");
  await storeClip(cloud, home, new Uint8Array(10), one.released.clip);
  const { parts, authorisation } = await packed(cloud, home, {
    note,
    slice: one,
    child: wish.child ?? false,
  });
  const [only] = parts.clips;
  const clips =
    wish.forge === true && only ? [{ ...only, segments: [...only.segments].reverse() }] : parts.clips;
  const tar = packRelease({ ...parts, clips });
  if (!tar.ok) throw new Error(tar.error.kind);
  const sealed = await seal(tar.value, [request.value.recipient]);
  const id = authorisation.record;
  const token = await tokenOf(cloud, owner, household);
  return {
    id,
    async offer(): Promise<void> {
      const body = { authorisation: parts.authorisation, pieces: 2 };
      const prepared = await call(cloud, "POST", "/v1/releases", { token, body });
      if (prepared.status !== 201) throw new Error(prepared.text);
      const half = Math.ceil(sealed.length / 2);
      const [charterOf, camera] = [charter, board.id];
      const at = { owner, token, charter: charterOf, household, camera };
      await putPiece(cloud, at, [id, 0], sealed.subarray(0, half));
      await putPiece(cloud, at, [id, 1], sealed.subarray(half));
      const escrowed = await call(cloud, "POST", `/v1/releases/${id}/escrow`, { token });
      if (escrowed.status !== 200) throw new Error(escrowed.text);
      await cloud.casework.batches.publish();
      await cloud.casework.tick();
    },
    async withdraw(): Promise<void> {
      const text = formatWithdrawal({ release: id, household, at: cloud.clock.wall() });
      const body = { note: signNote(text, [owner.note]) };
      const done = await call(cloud, "POST", `/v1/releases/${id}/withdraw`, { token, body });
      if (done.status !== 200) throw new Error(done.text);
    },
  };
}

/** Everything that a package holds, out of what the cloud shows to everybody. */
async function packed(
  cloud: TestCloud,
  home: Household,
  { note, slice: one, child }: { readonly note: string; readonly slice: Slice; readonly child: boolean },
): Promise<{ readonly parts: PackageParts; readonly authorisation: Authorisation }> {
  cloud.clock.forward(11_000);
  const { body: feed } = await call(cloud, "GET", "/public/v1/feed");
  const asked = feed.requests.find((request: { note: string }) => request.note === note);
  const [agency] = feed.agencies;
  const authorisation = authorise(cloud, home, { note, slice: one, child, agreement: agency.agreements[0] });
  const [, second] = home.chain;
  const parts: PackageParts = {
    authorisation: signNote(formatAuthorisation(authorisation), [home.owner.note]),
    ...{ request: note, agreements: agency.agreements, terms: agency.terms, policy: cloud.log.policy },
    charters: second === undefined ? [] : [second],
    charterEvidence: [await charterEvidence(cloud, home)],
    requestEvidence: { entry: asked.entry, proof: asked.proof },
    agreementEvidence: agency.evidence,
    ...(await footage(cloud, home, one)),
  };
  return { parts, authorisation };
}

function authorise(
  cloud: TestCloud,
  { charter, household }: Household,
  {
    note,
    slice: one,
    child,
    agreement: text,
  }: { note: string; slice: Slice; child: boolean; agreement: string },
): Authorisation {
  const [request, agreement] = [parseRequest(textOf(note)), openFirstAgreement(text)];
  if (!request.ok || !agreement.ok) throw new Error("the request or its agreement does not open");
  const { id, recipient, category, agency, submitted } = request.value;
  const signed = millis(submitted + hour / 2);
  return {
    ...{ record: newReleaseId(cloud.clock.wall(), seededPrng(cloud.clock.wall())), household, request: id },
    ...{ requestHash: hashOfText(textOf(note)), agency, recipient, charter: charter.hash },
    ...{ basis: "consent", purpose: category, jurisdiction: agreement.value.jurisdiction },
    ...{ notice: noticeHash(request.value, agreement.value, "en"), language: "en", signed },
    ...{ hold: millis(hour), expires: millis(signed + 72 * hour), keep: millis(90 * 24 * hour) },
    ...{ thirdParties: true, child, clips: [one.released] },
  };
}

async function evidenceOf(cloud: TestCloud, entry: LogEntry) {
  const { index } = await cloud.log.append(entry);
  return { entry: new TextDecoder().decode(formatEntry(entry)), proof: (await cloud.log.proof(index)) ?? "" };
}

/** The cloud has logged it already; the same entry again stands once. */
async function charterEvidence(cloud: TestCloud, { chain, charter }: Household) {
  const [first] = chain;
  if (first === undefined) throw new Error("a household without a charter");
  const keys = householdLogOf(first);
  const { version, hash } = charter;
  const entry = charterEntry(keys, { version, hash, at: millis(cloud.clock.wall()) });
  return { ...(await evidenceOf(cloud, entry)), salt: toBase64(charterSalt(keys, version)) };
}

/** Two segments of the clip, in one batch with others. */
async function footage(cloud: TestCloud, { board, household }: Household, one: Slice) {
  const random = seededPrng(5);
  const notes: string[] = [];
  let previous = "none";
  for (const index of [0, 1]) {
    const text = formatSegment({
      ...{ household, camera: board.id, clip: one.released.clip, index, previous },
      ...{ bytes: bytes(1_000), sha256: hashOf(toUtf8(`${index}`)), end: index === 1 ? "complete" : "no" },
    });
    notes.push(signNote(text, [board.note]));
    previous = hashOfText(text);
  }
  const leaves = notes.map((segment) => ({ salt: random.bytes(16), text: textOf(segment) }));
  const batch = batchOf([...leaves.map(batchCommitment), ...batchFillers(leaves.length, random)]);
  const at = cloud.clock.wall();
  const entry: LogEntry = {
    kind: "footage",
    id: `hour-${at}`,
    agency: "none",
    at,
    state: "batch",
    hash: batch.root,
  };
  const segments = leaves.map((leaf, index) => ({
    note: notes[index] ?? "",
    path: formatBatchPath(batch.path(leaf)),
  }));
  const clips = [{ ...one, clip: one.released.clip, segments }];
  return { footageEvidence: [await evidenceOf(cloud, entry)], clips };
}
