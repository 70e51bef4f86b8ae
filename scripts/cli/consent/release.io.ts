import { charterEntry, charterSalt, charterTag, householdLogOf } from "../../../shared/charter/logtag.js";
import { fromUtf8, toBase64 } from "../../../shared/kernel/bytes.js";
import type { Clock } from "../../../shared/kernel/ports.js";
import { isClaim } from "../../../shared/release/ask.js";
import type { Evidence } from "../../../shared/release/evidence.js";
import { packagePieceBytesMax, packagePiecesMax } from "../../../shared/release/limits.js";
import { type PackageParts, type PackedClip, packRelease } from "../../../shared/release/package.js";
import { verifyPackage } from "../../../shared/release/verify.js";
import { seal } from "../../../shared/seal/age.js";
import { nativeHashOf } from "../../../shared/seal/native.io.js";
import { formatEntry } from "../../../shared/tlog/entry.js";
import { counted } from "../counted.js";
import { type Fields, UnexpectedAnswer } from "../fields.js";
import { fetchText } from "../http.io.js";
import { listed } from "../member/logcheck.io.js";
import { readSignedCharter } from "../member/profile.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { verifySentence } from "../verify/sentences.js";
import { systemClock } from "../world.io.js";
import { draftsIn, findDraft, namesOf } from "./authorise.io.js";
import { wordsUnder } from "./contacts.io.js";
import { type Draft, without } from "./drafts.js";
import { readEvidence, type TrustedAsk } from "./feed.js";
import { beginAnswer, findAsk, type Round } from "./owner.io.js";
import { cutAgain, type OpenedSlice } from "./slices.io.js";
import type { HeardWord } from "./words.io.js";

const path = "/v1/releases";
const proofBytesMax = 64 * 1024;

/** Hands over what all have signed who must, once it has rested: sealed here, to the request's own key. */
export async function memberRelease(
  folder: string,
  record: string,
  terminal: Terminal,
  clock: Clock = systemClock,
): Promise<void> {
  const round = await beginAnswer(folder, { terminal, clock });
  const draft = findDraft(round, record);
  const ask = findAsk(round, draft.request);
  refuseEarly(draft);
  const words = await wordsUnder(round, ask, draft);
  const parts: OpenedSlice[] = [];
  for (const released of draft.clips) parts.push(await cutAgain(round, released));
  terminal.progress("packing …");
  const tar = await pack(round, { ask, draft, parts, words });
  const sealed = await seal(tar, [draft.recipient]);
  const state = await hand(round, draft, sealed);
  await beginAnswer(folder, {
    terminal,
    clock,
    change: (now) => ({ ...now, drafts: without(now.drafts, record) }),
  });
  terminal.json({ record, state, bytes: sealed.length, clips: parts.length });
  terminal.say(
    `Handed over, sealed to the request's own key: ${counted(parts.length, "recording")}, ${sealed.length} bytes.`,
  );
  if (isClaim(ask.request))
    terminal.say(
      "  At the emergency's fixed time the agency is told, and may fetch it for 14 days; not before.",
    );
  else
    terminal.say(
      state === "available"
        ? "  The public log holds that there was a release, and the agency may fetch it for 14 days."
        : "  The agency may fetch it once the public log commits to it, today or tomorrow, for 14 days.",
    );
  terminal.say(`  Take it back before that: lintel member withdraw ${record}`);
}

function refuseEarly(draft: Draft): void {
  const { kind, from } = draft;
  if (kind === "pending-co-owners")
    throw new Refused(`Still to sign: ${namesOf(draft)}. Without them there is no release.`);
  if (kind === "held")
    throw new Refused(
      `It rests until ${new Date(from).toISOString()}. Until then nobody outside knows of it.`,
    );
}

interface Wanted {
  readonly ask: TrustedAsk;
  readonly draft: Draft;
  readonly parts: readonly OpenedSlice[];
  readonly words: readonly HeardWord[];
}

/** The package, verified here as the agency will verify it. */
async function pack(round: Round, { ask, draft, parts, words }: Wanted): Promise<Uint8Array> {
  const { policy, policyText, clock } = round;
  const footage = await footageOf(round, parts);
  const whole: PackageParts = {
    ...{ authorisation: draft.note, request: ask.note, agreements: ask.agency.agreements },
    ...(words.length > 0 && { words: words.map(({ note }) => note) }),
    ...(await chartersOf(round, draft)),
    ...{ clips: footage.clips, footageEvidence: footage.evidence },
    ...{ terms: ask.agency.terms, policy: policyText },
    ...{ requestEvidence: ask.requestEvidence, agreementEvidence: ask.agency.agreementEvidence },
  };
  const tar = packRelease(whole, nativeHashOf);
  if (!tar.ok) throw new Refused(`The package does not hold. ${verifySentence(tar.error)} Nothing was sent.`);
  const now = clock.wall();
  const verified = verifyPackage(tar.value, { policy, now, stage: "packed", hash: nativeHashOf });
  if (!verified.ok)
    throw new Refused(`The package would not verify. ${verifySentence(verified.error)} Nothing was sent.`);
  return tar.value;
}

/** The charters that the authorisation and its clips name, by rising version, each with its line of the log. */
async function chartersOf(
  { cloud, household }: Round,
  draft: Draft,
): Promise<Pick<PackageParts, "charters" | "charterEvidence">> {
  const chain = (await cloud.get("/v1/household")).list("charters", readSignedCharter);
  const [first] = chain;
  if (first === undefined) throw new UnexpectedAnswer("/v1/household holds no charter");
  const keys = householdLogOf(first);
  const named = new Set([draft.charter, ...draft.clips.map(({ charter }) => charter)]);
  const used = household.charters.filter(({ hash }) => named.has(hash));
  const server = { url: cloud.profile.cloudUrl, ca: cloud.profile.ca };
  const lines = await listed(
    server,
    used.map(({ version }) => charterTag(keys, version)),
  );
  const charterEvidence = [];
  for (const { version, hash } of used) {
    const line = lines.find(({ id }) => id === charterTag(keys, version));
    if (line === undefined)
      throw new Refused(`Charter ${version} does not stand in the public log yet. Try again in a minute.`);
    const proof = await fetchText(server, `/tlog/proof/${line.index}`, proofBytesMax);
    const entry = textIn(formatEntry(charterEntry(keys, { version, hash, at: line.at })));
    charterEvidence.push({ entry, proof, salt: toBase64(charterSalt(keys, version)) });
  }
  const charters = used.map(({ version }) => chain[version - 1] ?? first);
  return { charters, charterEvidence };
}

function textIn(bytes: Uint8Array): string {
  const text = fromUtf8(bytes);
  return text.ok ? text.value : "";
}

/** Since when the log knows of the footage. */
async function footageOf(
  { cloud }: Round,
  parts: readonly OpenedSlice[],
): Promise<{ readonly clips: readonly PackedClip[]; readonly evidence: readonly Evidence[] }> {
  const evidence = new Map<string, Evidence>();
  const clips: PackedClip[] = [];
  for (const { released, mp4, manifest, init } of parts) {
    const answer = await cloud.get(`/v1/clips/${released.clip}/evidence`);
    const segments = answer.list("segments", (item: Fields) => {
      const found = readEvidence(item);
      evidence.set(found.entry, found);
      return { note: item.text("note"), path: item.text("path") };
    });
    if (segments.length === 0)
      throw new Refused(
        `The public log does not know of clip ${released.clip} yet: it commits to footage once an hour. Try again in an hour.`,
      );
    clips.push({ clip: released.clip, mp4, manifest, init, segments });
  }
  return { clips, evidence: [...evidence.values()] };
}

/** Resolves with the release's state. The same again goes on where an answer was lost. */
async function hand(
  { cloud, terminal }: Round,
  { note, record }: Draft,
  sealed: Uint8Array,
): Promise<string> {
  const pieces = Math.ceil(sealed.length / packagePieceBytesMax);
  if (pieces > packagePiecesMax)
    throw new Refused("These recordings are longer than a package can hold. Choose fewer, or shorter parts.");
  await cloud.create(path, { authorisation: note, pieces });
  for (let piece = 0; piece < pieces; piece++) {
    terminal.progress(`sending piece ${piece + 1} of ${pieces} …`);
    const bytes = sealed.subarray(piece * packagePieceBytesMax, (piece + 1) * packagePieceBytesMax);
    await cloud.call({ method: "PUT", path: `${path}/${record}/pieces/${piece}`, bytes, repeatable: true });
  }
  await cloud.call({ method: "POST", path: `${path}/${record}/escrow` });
  return (await cloud.get(`${path}/${record}`)).text("state");
}

/** What is under way, and what became of what was handed over. */
export async function memberAuthorisations(
  folder: string,
  terminal: Terminal,
  clock: Clock = systemClock,
): Promise<void> {
  const round = await beginAnswer(folder, { terminal, clock });
  const drafts = draftsIn(round);
  for (const draft of drafts) {
    const { record, request, clips, kind: state } = draft;
    const missing = draft.missing.map(({ name }) => name);
    const from = new Date(draft.from).toISOString();
    terminal.json({ record, request, state, missing, releasableFrom: from, clips: clips.length });
    const waits =
      missing.length > 0 ? `still to sign: ${namesOf(draft)}` : `can be handed over from ${from} on`;
    terminal.say(`${record}  request ${request}  ${counted(clips.length, "recording")}, ${waits}`);
  }
  const releases = round.role === "owner" ? await releasesOf(round) : [];
  for (const one of releases) {
    terminal.json(one);
    terminal.say(`${one.record}  request ${one.request}  ${stateSentence(one)}`);
  }
  if (drafts.length + releases.length === 0)
    terminal.say("Nothing was ever released, and nothing is under way.");
}

/** The household's, newest first; contacts are shown none. */
function releasesOf({ cloud }: Round) {
  return cloud.list(path, "releases", (item) => ({
    record: item.text("id"),
    request: item.text("request"),
    agency: item.text("agency"),
    state: item.text("state"),
    until: item.maybeText("until"),
  }));
}

function stateSentence({
  state,
  until,
}: {
  readonly state: string;
  readonly until: string | undefined;
}): string {
  const by = until === undefined ? "" : ` until ${until}`;
  const sentences: Readonly<Record<string, string>> = {
    preparing: "is being handed over",
    "in-review": "two operators look at its circumstances first",
    escrowed: "waits for the public log",
    available: `lies ready for the agency${by}`,
    retrieved: `fetched by the agency; its receipt is due${by}`,
    custody: `with the agency${by}`,
    "disposal-asked": `the agency was asked to dispose of it${by}`,
    attested: "the agency attests that nothing is left",
    retained: "the agency retains it under a court's order",
    overdue: "the agency neither disposed of it nor said why: it is named in public",
    destroyed: "destroyed before anybody fetched it",
    forgotten: "was never handed over whole",
  };
  return sentences[state] ?? state;
}
