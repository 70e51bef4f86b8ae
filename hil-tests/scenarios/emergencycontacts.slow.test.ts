import { test } from "tap";
import { decide, type Matter } from "../../cloud/consent/decide.js";
import type { Machine } from "../../cloud/docket/machine.js";
import { begun, cosigned, type Draft, type KeptDraft, standing } from "../../scripts/cli/consent/drafts.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import {
  agencyIdOf,
  type ClipId,
  newClipId,
  newReleaseId,
  newRequestId,
  type ReleaseId,
  type RequestId,
} from "../../shared/kernel/ids.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { formatAuthorisation } from "../../shared/release/authorisation.js";
import { answerMillis, ownersAloneMillis } from "../../shared/release/emergency.js";
import { floorPolicy } from "../../shared/release/floor.js";
import { newHome, type TestHome } from "../../shared/release/home.contract.js";
import { type Hash, hashOfText } from "../../shared/seal/hash.js";
import { signNote, textOf } from "../../shared/seal/note.js";
import { type Exploration, ended, explore, type Step, start, walk } from "./explorer.js";

// What contacts can make of an emergency that no owner answers: their clients' own functions, and the cloud's decision, over every order
// of owners' words, contacts' signatures, an owner's yes, a new charter and the clock.

const minute = 60_000;
const day = 24 * 60 * minute;
const walks = Number(process.env.LINTEL_WALKS ?? 100) / 10;
const end = millis(start + answerMillis);
const turn = start + ownersAloneMillis;
const agency = agencyIdOf(new Uint8Array(32));

/** An owner's newest word. What it says, only contacts' clients can read. */
interface Word {
  readonly owner: number;
  readonly at: Millis;
  readonly says: "no" | "silent";
}

interface Seen {
  readonly kind: "asked" | "handed-over" | "over";
  readonly words: readonly Word[];
  readonly drafts: readonly KeptDraft[];
  /** An owner's own yes lies ready. */
  readonly isAnswered: boolean;
  readonly charter: "as signed" | "another";
}

type Act =
  | { readonly kind: "word"; readonly owner: number; readonly says: Word["says"] }
  | { readonly kind: "begin" | "sign"; readonly by: number }
  | { readonly kind: "hand-over" | "owner-says-yes" | "owner-takes-back" | "change-charter" | "clock" };

type Way = Step<Seen, Act>;
/** `honest` ones read owners' words before they sign; the others sign and hand in whatever the cloud might take. */
type Clients = "honest" | "lying";
type Outcome = Result<{ readonly state: Seen }, { readonly kind: string }>;

const recipient = `age1${"q".repeat(58)}`;
const hash = hashOfText("claim\n");
const first: Seen = { kind: "asked", words: [], drafts: [], isAnswered: false, charter: "as signed" };

interface House {
  readonly home: TestHome;
  readonly owners: number;
  readonly clients: Clients;
  readonly request: RequestId;
  readonly record: ReleaseId;
  readonly clip: ClipId;
  /** Signing and verifying is slow, and most ways differ elsewhere. */
  readonly notes: Map<string, string>;
  readonly standings: Map<string, Draft | undefined>;
  readonly signed: Map<string, ReturnType<typeof cosigned>>;
}

function newHouse(owners: number, clients: Clients): House {
  const roles = [...Array.from({ length: owners }, () => "owner" as const), ...contacts];
  const home = newHome({ roles });
  const { random } = home;
  const ids = { request: newRequestId(start, random), record: newReleaseId(start, random) };
  return {
    home,
    owners,
    clients,
    ...ids,
    clip: newClipId(filmedAt, random),
    notes: new Map(),
    standings: new Map(),
    signed: new Map(),
  };
}

const contacts = ["contact", "contact", "contact"] as const;
const filmedAt = millis(start - 60 * minute);
const wordHash = ({ owner, at, says }: Word): Hash => hashOfText(`${owner} ${at} ${says}\n`);
const charterOf = ({ home }: House, { charter }: Pick<Seen, "charter">) =>
  charter === "as signed" ? home.charter : { ...home.charter, hash: hashOfText("another\n") };
const signerOf = ({ home, owners }: House, by: number) => home.members[owners + by]?.signer;

/** The words that a contact's client signs for; `undefined` where it refuses. */
function wordsToSign({ owners, clients }: House, { words }: Seen, now: Millis): readonly Hash[] | undefined {
  const isSilent = words.length === owners && words.every(({ says }) => says === "silent");
  const mayLook = clients === "lying" ? words.length > 0 : isSilent && now >= turn;
  return mayLook ? words.map(wordHash) : undefined;
}

function noteOf(house: House, seen: Seen, by: number, now: Millis, words: readonly Hash[]): string {
  return once(house.notes, [by, now, words, seen.charter], () => signedNote(house, seen, by, now, words));
}

function signedNote(house: House, seen: Seen, by: number, now: Millis, words: readonly Hash[]): string {
  const { home, record, request, clip } = house;
  const text = formatAuthorisation({
    ...{ record, household: home.charter.household, request, requestHash: hash, agency, recipient },
    ...{ charter: charterOf(house, seen).hash, basis: "contacts", purpose: "abduction", words },
    ...{ jurisdiction: "fr", notice: hash, language: "en", signed: now, hold: millis(0) },
    ...{ expires: millis(now + answerMillis), keep: millis(day), thirdParties: false, child: false },
    clips: [
      {
        ...{ clip, camera: home.camera.id, charter: home.charter.hash, manifest: hash, from: filmedAt },
        ...{ to: millis(filmedAt + minute), first: 0, last: 1, audio: false, sha256: hash },
      },
    ],
  });
  const signer = signerOf(house, by);
  return signNote(text, signer === undefined ? [] : [signer]);
}

function once<T>(known: Map<string, T>, key: unknown, run: () => T): T {
  const name = JSON.stringify(key);
  if (!known.has(name)) known.set(name, run());
  return known.get(name) as T;
}

function standingOf(house: House, seen: Seen, now: Millis): Draft | undefined {
  const [kept] = seen.drafts;
  if (kept === undefined) return undefined;
  return once(house.standings, [kept, seen.charter, now], () => standing(kept, charterOf(house, seen), now));
}

function matterOf(house: House, seen: Seen, draft: Draft, now: Millis): Matter {
  const { home, request, clip } = house;
  const { household } = home.charter;
  const camera = home.camera.id;
  const window = { from: millis(filmedAt - minute), to: start };
  return {
    ask: {
      ...{ kind: "emergency", id: request, hash, agency, recipient, ...window, purpose: "abduction" },
      ...{ urgent: true, published: start, notices: { en: hash, fr: hash }, isAnswered: seen.isAnswered },
      ...{ about: { household, camera }, state: now < end ? "published" : "closed" },
    },
    asker: { agency, jurisdiction: "fr", state: "active" },
    authorisation: draft,
    charters: { now: charterOf(house, seen), recorded: [home.charter] },
    stored: [{ id: clip, camera, arrivedAt: start }],
    words: seen.words.flatMap((word) => {
      const member = home.members[word.owner]?.member.id;
      return member === undefined ? [] : [{ member, at: word.at, hash: wordHash(word) }];
    }),
    reviewers: [],
  };
}

function contactsMachine(owners: number, clients: Clients): Machine<Seen, Act, { readonly kind: string }> {
  const house = newHouse(owners, clients);
  return {
    kind: "emergency",
    due: { kind: "clock" },
    deadline: ({ kind }) => (kind === "over" ? undefined : end),
    step(seen, act, now) {
      if (seen === undefined) return ok({ state: first });
      if (act.kind === "clock") return ok({ state: { ...seen, kind: "over", drafts: [] } });
      if (seen.kind !== "asked" || now >= end) return refuse({ kind: "over" });
      switch (act.kind) {
        case "word":
          return ok({ state: { ...seen, words: withWord(seen.words, { ...act, at: now }) } });
        case "owner-says-yes":
        case "owner-takes-back":
          return ok({ state: { ...seen, isAnswered: act.kind === "owner-says-yes" } });
        case "change-charter":
          return ok({ state: { ...seen, charter: "another" } });
        case "hand-over":
          return handOver(house, seen, now);
        case "begin":
          return begin(house, seen, act.by, now);
        case "sign":
          return sign(house, seen, act.by, now);
      }
    },
  };
}

function withWord(words: readonly Word[], { owner, at, says }: Word): readonly Word[] {
  const others = words.filter((word) => word.owner !== owner);
  return [...others, { owner, at, says }].sort((a, b) => a.owner - b.owner);
}

/** One at a time: who begins anew leaves the one before. */
function begin(house: House, seen: Seen, by: number, now: Millis): Outcome {
  const words = wordsToSign(house, seen, now);
  if (words === undefined) return refuse({ kind: "will-not-sign" });
  const drafts = begun([], noteOf(house, seen, by, now, words), now);
  return drafts.ok ? ok({ state: { ...seen, drafts: drafts.value } }) : drafts;
}

function sign(house: House, seen: Seen, by: number, now: Millis): Outcome {
  const words = wordsToSign(house, seen, now);
  const [kept] = seen.drafts;
  const signer = signerOf(house, by);
  if (words === undefined || kept === undefined || signer === undefined) return refuse({ kind: "none" });
  const named = standingOf(house, seen, now)?.words?.join();
  if (house.clients === "honest" && named !== words.join()) return refuse({ kind: "newer-word" });
  const under = { charter: charterOf(house, seen), now };
  const drafts = once(house.signed, [kept, by, seen.charter, now], () =>
    cosigned([kept], { text: textOf(kept.note), signer }, under),
  );
  return drafts.ok ? ok({ state: { ...seen, drafts: drafts.value } }) : drafts;
}

/** Lying clients hand in what is not complete, too. */
function handOver(house: House, seen: Seen, now: Millis): Outcome {
  const draft = standingOf(house, seen, now);
  const isReady = draft?.kind === "releasable" || house.clients === "lying";
  if (draft === undefined || !isReady) return refuse({ kind: "none" });
  const decision = decide(matterOf(house, seen, draft, now), floorPolicy, now);
  return decision.kind === "release" ? ok({ state: { ...seen, kind: "handed-over" } }) : refuse(decision);
}

const isNew = ({ from, to }: Way): boolean => to.kind === "handed-over" && from.kind === "asked";
/** Who signed since the last time that anybody began. */
function signersOf({ path }: Way): ReadonlySet<number> {
  const began = path.findLastIndex(({ event }) => event.kind === "begin");
  const acts = path.slice(Math.max(began, 0)).map(({ event }) => event);
  return new Set(acts.flatMap((act) => (act.kind === "begin" || act.kind === "sign" ? [act.by] : [])));
}
const sinceBegun = ({ path }: Way) =>
  path.slice(path.findLastIndex(({ event }) => event.kind === "begin")).map(({ event }) => event);

function explorationOf(owners: number, clients: "honest" | "lying"): Exploration<Seen, Act, unknown> {
  const every = Array.from({ length: owners }, (_, owner) => owner);
  return {
    machine: contactsMachine(owners, clients),
    begin: { kind: "clock" },
    events: [
      ...every.flatMap((owner): Act[] => [
        { kind: "word", owner, says: "silent" },
        { kind: "word", owner, says: "no" },
      ]),
      // A third one only adds ways to the same, and each signature on them is verified.
      ...(clients === "honest" ? [0, 1, 2] : [0, 1]).flatMap((by): Act[] => [
        { kind: "begin", by },
        { kind: "sign", by },
      ]),
      ...(["hand-over", "owner-says-yes", "owner-takes-back", "change-charter"] as const).map(
        (kind): Act => ({ kind }),
      ),
    ],
    waits: [30 * minute],
    never: {
      "handed over by one contact": (way) => isNew(way) && signersOf(way).size < 2,
      "handed over in the owners' time, or after the fixed one": (way) =>
        isNew(way) && (way.at < turn || way.at >= end),
      "handed over though an owner was not heard of": (way) => isNew(way) && way.from.words.length < owners,
      "handed over past a newer word": (way) =>
        isNew(way) && sinceBegun(way).some(({ kind }) => kind === "word") && !hasSameWords(way),
      "handed over against an owner's no": (way) =>
        clients === "honest" && isNew(way) && way.from.words.some(({ says }) => says === "no"),
      "handed over beside an owner's yes": (way) => isNew(way) && way.from.isAnswered,
      "handed over past a new charter": (way) => isNew(way) && hasNewCharter(way),
      "came back": ended("over"),
    },
  };
}

function hasNewCharter({ path }: Way): boolean {
  const [changed, began] = (["change-charter", "begin"] as const).map((kind) =>
    kind === "begin"
      ? path.findLastIndex(({ event }) => event.kind === kind)
      : path.findIndex(({ event }) => event.kind === kind),
  );
  return (changed ?? -1) > (began ?? -1);
}

/** The same word at the same moment is the same word. */
function hasSameWords({ path, from }: Way): boolean {
  const began = path.findLastIndex(({ event }) => event.kind === "begin");
  const before = path.slice(0, began);
  return from.words.every(({ owner, says, at }) => {
    const word = before.findLast(({ event }) => event.kind === "word" && event.owner === owner);
    return word?.at === at && word.event.kind === "word" && word.event.says === says;
  });
}

test("two contacts hand over in their time alone, under each owner's newest word, and never against a no, beside a yes or past a new charter", (t) => {
  for (const clients of ["honest", "lying"] as const) {
    const { places, kinds } = explore(explorationOf(1, clients));
    const steps = walk(explorationOf(2, clients), { seed: 11, runs: walks, waitMax: 20 * minute });
    t.comment(`contacts, ${clients} clients: ${places.length} states, ${steps} steps at random`);
    t.same(kinds, ["asked", "handed-over", "over"]);
  }
  t.end();
});
