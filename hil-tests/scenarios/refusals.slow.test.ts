import { type Test, test } from "tap";
import type { AgencyId, HouseholdId, ReleaseId, RequestId } from "../../shared/kernel/ids.js";
import { agencyIdOf, householdIdOf, newReleaseId, newRequestId } from "../../shared/kernel/ids.js";
import type { OpenedAsk } from "../../shared/release/ask.js";
import { formatWord } from "../../shared/release/ownersword.js";
import { formatCustodyWord } from "../../shared/release/receipt.js";
import { formatRequest } from "../../shared/release/request.js";
import { newRequest, square } from "../../shared/release/testing.contract.js";
import { formatWithdrawal } from "../../shared/release/withdrawal.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { signNote } from "../../shared/seal/note.js";
import { agency, agreement, home, openTown, operators, type Town } from "./town.js";
import { authorisationFor, settleIn } from "./townsfolk.js";

// What the gate says to whoever names what is not theirs, is not there any more, or is too much: over all books as they are.

const { officer, supervisor } = agency;
const { agency: office, officers } = agreement;
const { household } = home.charter;
const owners = home.members.slice(0, 2).map(({ signer }) => signer);
const [zoe] = home.members;
const [olga] = operators;
const piece = Uint8Array.of(1);
let files = 0;

/** A town whose agency may ask, and what is done there again and again. */
async function townOf(t: Test) {
  const town = await openTown(1);
  t.teardown(() => town.close());
  await settleIn(town);
  const { requests, releases, releaseBook, agencies, speakersOf } = town.books();
  const submit = async (): Promise<OpenedAsk> => {
    const asker = (await agencies.find(office))?.state;
    if (asker === undefined) throw new Error("nobody knows the agency");
    files++;
    const request = newRequest(agency, town.time.now, {
      ...{ id: newRequestId(town.time.now, town.chance), file: `FILE-${files}` },
      ...{ area: square(400, 4_888_670 - files), category: "missing-or-endangered-person" },
    });
    const note = signNote(formatRequest(request), [officer.signer, supervisor.signer]);
    const known = { agreement, speakers: speakersOf(asker), agency: asker.kind, earlier: [] };
    const step = { kind: "submit", submission: { note, ...known } } as const;
    const kept = await requests.advance(request.id, step, officer.id);
    if (!kept.ok) throw new Error(JSON.stringify(kept.error));
    return kept.value.state.request;
  };
  const publish = async (): Promise<OpenedAsk> => {
    const asked = await submit();
    const step = { kind: "approve", operator: olga, agencysPeople: [] } as const;
    await requests.advance(asked.id, step, olga);
    return asked;
  };
  const authorised = (asked: OpenedAsk, child = false): string =>
    signNote(authorisationFor(town, asked, child), owners);
  const prepare = async (asked: OpenedAsk, child = false): Promise<ReleaseId> => {
    const prepared = await releases.prepare(household, authorised(asked, child), 1);
    if (!prepared.ok) throw new Error(JSON.stringify(prepared.error));
    const { record } = prepared.value.state;
    await releases.put(household, record, 0, piece);
    return record;
  };
  const stateOf = async (id: ReleaseId) => (await releaseBook.find(id))?.state.kind;
  return { town, ...{ releases, releaseBook, agencies, submit, publish, authorised, prepare, stateOf } };
}

const kindOf = (outcome: { readonly ok: boolean; readonly error?: { readonly kind: string } }): string =>
  outcome.error?.kind ?? "ok";
const strangers = (town: Town) => ({
  house: householdIdOf(town.chance.bytes(32)),
  agency: agencyIdOf(town.chance.bytes(32)),
  release: newReleaseId(town.time.now, town.chance),
  request: newRequestId(town.time.now, town.chance),
});
const withdrawal = (town: Town, release: ReleaseId, of: HouseholdId = household): string =>
  formatWithdrawal({ release, household: of, at: town.time.now });

test("whoever names a release that is not theirs finds nothing there", async (t) => {
  const { town, releases, publish, authorised, prepare } = await townOf(t);
  const asked = await publish();
  const id = await prepare(asked);
  const { house, agency: others, release } = strangers(town);
  const signed = (text: string) => signNote(text, owners);
  t.equal(await releases.put(house, id, 0, piece), false);
  const word = (of: ReleaseId, by: AgencyId): string =>
    signNote(
      formatCustodyWord({
        ...{ release: of, agency: by, act: "received", ground: "none", at: town.time.now },
        package: hashOfText(""),
      }),
      [officer.signer],
    );
  const hear = (by: AgencyId, note: string) => releases.hear(by, id, { note, officers, officer: officer.id });
  for (const [what, outcome, kind] of [
    ["another's rules", releases.prepare(house, authorised(asked), 1), "not-there"],
    ["another's package", releases.escrow(house, id), "not-there"],
    ["another's to withdraw", releases.withdraw(house, id, signed(withdrawal(town, id))), "not-there"],
    [
      "another one withdrawn",
      releases.withdraw(household, id, signed(withdrawal(town, release))),
      "not-there",
    ],
    ["no withdrawal", releases.withdraw(household, id, signed("hello/v1\n")), "other-note-type"],
    ["none to review", releases.review(release, olga), "not-there"],
    ["another agency's", hear(others, word(id, others)), "not-there"],
    ["about another one", hear(office, word(release, office)), "not-there"],
    ["in another's name", hear(office, word(id, others)), "not-there"],
    ["no word", hear(office, signNote("hello/v1\n", [officer.signer])), "other-note-type"],
  ] as const)
    t.equal(kindOf(await outcome), kind, what);
});

test("nothing is taken that answers nothing, or before it is asked in public", async (t) => {
  const { town, releases, submit, publish, authorised } = await townOf(t);
  const offer = (note: string) => releases.prepare(household, note, 1);
  t.equal(kindOf(await offer(signNote("hello/v1\n", owners))), "other-note-type");
  const asked = await publish();
  const nobodys = { ...asked, id: strangers(town).request as RequestId };
  t.equal(kindOf(await offer(authorised(nobodys))), "not-there");
  const early = await offer(authorised(await submit()));
  t.match(early, { ok: false, error: { decision: { reasons: [{ kind: "not-open", state: "review" }] } } });
});

test("a word that is not of the household's owners counts for nothing, and stops nothing", async (t) => {
  const { town, publish, prepare, stateOf } = await townOf(t);
  const { ownersWords } = town.books();
  if (zoe === undefined) return t.fail("a home without owners");
  const said = { member: zoe.member.id, at: town.time.now, sealed: hashOfText("") };
  const note = signNote(formatWord({ household: strangers(town).house, ...said }), owners.slice(0, 1));
  await ownersWords.put({ household, ...said }, { note, file: "" }, town.time.now);
  t.equal(await stateOf(await prepare(await publish())), "preparing");
});

test("of one household eight releases are under way at a time", async (t) => {
  const { releases, publish, authorised, prepare } = await townOf(t);
  const asked = await publish();
  for (let at = 0; at < 8; at++) await prepare(asked);
  t.equal(kindOf(await releases.prepare(household, authorised(asked), 1)), "too-many-releases");
});

test("an agency that may not ask any more gets no piece of what it had begun to fetch", async (t) => {
  const { town, releases, agencies, publish, prepare, stateOf } = await townOf(t);
  const id = await prepare(await publish());
  t.equal(kindOf(await releases.escrow(household, id)), "ok");
  await town.books().tick();
  let sent = 0;
  const fetch = () =>
    releases.fetch(office, { id, index: 0, officer: officer.id }, () => {
      sent++;
    });
  t.equal(await fetch(), true);
  for (const operator of operators.slice(0, 2))
    await agencies.advance(office, { kind: "sentence", to: "suspended", operator }, operator);
  t.equal(await stateOf(id), "retrieved");
  t.equal(await fetch(), false);
  t.equal(sent, 1);
});

test("of a household that has left nothing is taken, reviewed or withdrawn any more", async (t) => {
  const { town, releases, publish, prepare } = await townOf(t);
  const asked = await publish();
  const [waiting, ready] = [await prepare(asked), await prepare(asked, true)];
  t.equal(kindOf(await releases.escrow(household, ready)), "ok");
  town.household.leave();
  t.equal(kindOf(await releases.escrow(household, waiting)), "not-there");
  t.equal(kindOf(await releases.review(ready, olga)), "not-there");
  const note = signNote(withdrawal(town, ready), owners);
  t.equal(kindOf(await releases.withdraw(household, ready, note)), "not-there");
});

test("more releases than one look takes in are frozen when the household's rules change", async (t) => {
  const { town, publish, prepare } = await townOf(t);
  const id = await prepare(await publish());
  const row = await town.db.selectFrom("docket").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  const copies = Array.from({ length: 250 }, () => {
    const record = newReleaseId(town.time.now, town.chance);
    return { ...row, id: record, state: row.state.replaceAll(id, record) };
  });
  for (const copy of copies) await town.db.insertInto("docket").values(copy).execute();
  town.household.forgetListeners();
  town.household.renew();
  await town.books().tick();
  const left = await town.db
    .selectFrom("docket")
    .select("kind")
    .where("machine", "=", "releases")
    .where("kind", "!=", "destroyed")
    .execute();
  t.same(left, []);
});
