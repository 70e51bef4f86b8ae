import { askedBy } from "../../cloud/request/request.js";
import { millis } from "../../shared/kernel/brand.js";
import { toUtf8 } from "../../shared/kernel/bytes.js";
import { newReleaseId, newRequestId, type ReleaseId, type RequestId } from "../../shared/kernel/ids.js";
import { needsNoHold, type OpenedAsk, purposeOf } from "../../shared/release/ask.js";
import { formatAuthorisation } from "../../shared/release/authorisation.js";
import { noticeHash } from "../../shared/release/notice.js";
import { type CustodyWord, formatCustodyWord } from "../../shared/release/receipt.js";
import { formatRequest } from "../../shared/release/request.js";
import { newRequest, square } from "../../shared/release/testing.contract.js";
import { formatWithdrawal } from "../../shared/release/withdrawal.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { signNote } from "../../shared/seal/note.js";
import { agency, agreement, clip, day, home, operators, type Town, turns } from "./town.js";
import { type Act, type Acts, about, nobodyThere, oneOf, operator, some } from "./townacts.js";
import { orderActs } from "./townorders.js";
import type { Watch } from "./townwatch.js";

// What officers, supervisors, moderators and owners do, rightly and wrongly, at any time.

/** Until somebody finds something to do. */
const triesMax = 6;
const hour = 60 * 60_000;
const { officer, supervisor } = agency;
const { agency: office } = agreement;
const { household } = home.charter;
const [zoe, ben, cleo] = home.members;
const agencysPeople = [supervisor.id, officer.id];
const piece = toUtf8("age-encryption.org/v1\n");

/** Applied, vetted by two and public for 30 days. */
export async function settleIn(town: Town): Promise<void> {
  const { agencies } = town.books();
  const [olga, omar] = operators;
  await agencies.advance(office, { kind: "apply", note: agency.note, terms: "terms\n" }, supervisor.id);
  for (const by of [olga, omar]) await agencies.advance(office, { kind: "vet", operator: by }, by);
  town.pass(30 * day);
  await town.books().tick();
}

const submit: Act = async (town) => {
  const { requests, agencies, speakersOf } = town.books();
  const now = town.time.now;
  const at = town.chance.between(0, 9_000);
  const request = newRequest(agency, now, {
    ...{ id: newRequestId(now, town.chance), file: `FILE-${at}`, area: square(400, 4_888_670 - at) },
    category: oneOf(town, "burglary", "missing-or-endangered-person"),
  });
  const note = signNote(formatRequest(request), oneOf(town, both, both, both, [officer.signer]));
  const submission = async () => {
    const asker = (await agencies.find(office))?.state;
    if (asker === undefined) throw new Error("nobody knows the agency");
    const earlier = (await requests.list({ agency: office })).map(({ state }) => askedBy(state));
    const known = { agreement, speakers: speakersOf(asker), agency: asker.kind };
    return { kind: "submit", submission: { note, ...known, earlier } } as const;
  };
  return requests.advance(request.id, submission, officer.id);
};
const both = [officer.signer, supervisor.signer];

const moderate = about<RequestId>(["request", "review"], (town, id) => {
  const by = oneOf(town, operator(town), operator(town), officer.id);
  const moderation = { operator: by, agencysPeople };
  const kind = oneOf(town, "approve", "approve", "approve", "reject");
  const event =
    kind === "approve"
      ? ({ kind, ...moderation } as const)
      : ({ kind: "reject", why: "not-plausible", ...moderation } as const);
  return town.books().requests.advance(id, event, by);
});

const endRequest = about<RequestId>(["request", "review", "published"], (town, id) =>
  town.books().requests.advance(id, { kind: oneOf(town, "resolve", "withdraw") }, officer.id),
);

/** Mostly what another one wants, too. */
const sentence: Act = async (town) => {
  const { agencies } = town.books();
  const proposed = (await agencies.find(office))?.state.proposed?.to ?? "suspended";
  const to = oneOf(town, proposed, proposed, "active", "probation", "suspended", "compromised");
  const by = operator(town);
  return agencies.advance(office, { kind: "sentence", to, operator: by }, by);
};

const attest: Act = (town) => town.books().agencies.advance(office, { kind: "attest" }, supervisor.id);

/** The owners answer: all of them, or not all of them, to a request or to an emergency. */
const authorise: Act = async (town, watch) => {
  const { requests, emergencies, releases } = town.books();
  const id = await some(town, oneOf(town, "request", "request", "emergency"), "published", "asked");
  const found = [await requests.find(id as RequestId), await emergencies.find(id as RequestId)];
  const [asked] = found.flatMap(
    (kept) => (kept && ("request" in kept.state ? kept.state.request : kept.state.claim)) ?? [],
  );
  if (asked === undefined) return submit(town, watch);
  const signers = oneOf(town, [zoe, ben], [zoe, ben], [zoe, ben], [zoe], [zoe, cleo], [cleo]);
  const note = signNote(
    authorisationFor(town, asked),
    signers.flatMap((one) => one?.signer ?? []),
  );
  if (!needsNoHold(asked)) town.pass(hour);
  const prepared = await releases.prepare(household, note, 1);
  if (!prepared.ok) return;
  const release = prepared.value.state.record;
  await releases.put(household, release, 0, piece);
  return releases.escrow(household, release);
};

/** What the owners sign. */
export function authorisationFor(
  town: Town,
  asked: OpenedAsk,
  child = town.chance.between(0, 5) === 0,
): string {
  const { now } = town.time;
  const charter = town.household.now();
  return formatAuthorisation({
    ...{ record: newReleaseId(now, town.chance), household, request: asked.id, requestHash: asked.hash },
    ...{ agency: office, recipient: asked.recipient, charter: charter.hash, basis: "consent" },
    ...{ purpose: purposeOf(asked), jurisdiction: "fr", notice: noticeHash(asked, agreement, "en") },
    ...{ language: "en", signed: now, hold: millis(needsNoHold(asked) ? 0 : hour) },
    ...{ expires: millis(now + day), keep: millis(90 * day), thirdParties: false },
    child,
    clips: [
      {
        ...{ clip, camera: home.camera.id, charter: home.charter.hash, manifest: asked.hash },
        ...{ from: asked.from, to: asked.to, first: 0, last: 1, audio: false, sha256: asked.hash },
      },
    ],
  });
}

const escrowAgain = about<ReleaseId>(["releases", "preparing"], (town, id) =>
  town.books().releases.escrow(household, id),
);

const review = about<ReleaseId>(["releases", "in-review"], (town, id) =>
  town.books().releases.review(id, operator(town)),
);

const fetch = about<ReleaseId>(["releases", "available", "retrieved"], async (town, id, watch) => {
  const { releases } = town.books();
  const seen = await watch.agency();
  let served = false;
  await releases.fetch(office, { id, index: 0, officer: officer.id }, (_piece, cut) => {
    served = true;
    const sending = watch.serves(id);
    const done = cut(() => sending.cut());
    void turns(town.chance.between(0, 20)).then(() => {
      done();
      sending.end();
    });
  });
  if (served) await watch.served(id, seen);
});

const withdraw = about<ReleaseId>(["releases"], async (town, release, watch) => {
  const text = formatWithdrawal({ release, household, at: town.time.now });
  const signer = oneOf(town, zoe, ben, cleo)?.signer;
  const withdrawn = await town
    .books()
    .releases.withdraw(household, release, signNote(text, signer === undefined ? [] : [signer]));
  if (withdrawn.ok) watch.withdrawn(release);
});

const giveWord = about<ReleaseId>(
  ["releases", "retrieved", "custody", "disposal-asked"],
  async (town, release) => {
    const { releases, releaseBook } = town.books();
    const sealed = (await releaseBook.find(release))?.state.package;
    const act = oneOf<CustodyWord["act"]>(town, "received", "received", "disposed", "retained");
    const ground = act === "retained" ? "ORDER 1" : "none";
    const word = {
      release,
      agency: office,
      act,
      ground,
      at: town.time.now,
      package: sealed ?? hashOfText(""),
    };
    const note = signNote(formatCustodyWord(word), [officer.signer]);
    return releases.hear(office, release, { note, officers: agreement.officers, officer: officer.id });
  },
);

const renewCharter: Act = async (town) => town.household.renew();

const wait: Act = async (town) => {
  town.pass(oneOf(town, 60_000, 10 * 60_000, 10 * 60_000, 31 * 60_000, 2 * hour, day, 4 * day, 16 * day));
  await town.books().tick();
};

const tick: Act = (town) => town.books().tick();

const acts: Acts = [
  ...([
    [2, submit],
    [4, moderate],
    [0.5, endRequest],
    [1.5, sentence],
    [0.5, attest],
  ] as const),
  ...([
    [6, authorise],
    [1, escrowAgain],
    [2, review],
    [6, fetch],
    [2, withdraw],
    [3, giveWord],
  ] as const),
  ...([
    [0.3, renewCharter],
    [1.5, wait],
    [2, tick],
  ] as const),
  ...orderActs,
];
const whole = acts.reduce((sum, [often]) => sum + often, 0);

/** Somebody does something, if there is anything to do. */
export async function actSomehow(town: Town, watch: Watch): Promise<void> {
  for (let tries = 0; tries < triesMax; tries++)
    if ((await anyAct(town)(town, watch)) !== nobodyThere) return;
}

function anyAct({ chance }: Town): Act {
  let left = chance.next() * whole;
  for (const [often, act] of acts) {
    left -= often;
    if (left < 0) return act;
  }
  return tick;
}
