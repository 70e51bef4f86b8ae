import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { t as tap, test } from "tap";
import { openTestCloud } from "../../cloud/api/testing.js";
import { millis } from "../../shared/kernel/brand.js";
import { parseOfficer } from "../../shared/release/agreement.js";
import { parseOperators } from "../../shared/release/operators.js";
import { day, hour, square } from "../../shared/release/testing.contract.js";
import { quiet } from "../demo/home.io.js";
import {
  type AgreementWish,
  agreementAmend,
  agreementApply,
  agreementAttest,
  agreementLostKey,
  agreementNew,
  agreementShow,
} from "./agency/agreement.io.js";
import { giveWord } from "./agency/custody.io.js";
import { homeThatReleases } from "./agency/home.contract.js";
import { releaseFetch, releaseList } from "./agency/releases.io.js";
import {
  type RequestWish,
  requestCosign,
  requestEnd,
  requestErratum,
  requestList,
  requestNew,
  requestSubmit,
} from "./agency/requests.io.js";
import { agencyDecide, agencyList, agencySentence } from "./desk/agencies.io.js";
import { requestModerate, requestQueue } from "./desk/requests.io.js";
import { reviewGive, reviewList } from "./desk/reviews.io.js";
import { agencyInit, operatorInit } from "./office/init.io.js";
import { officeLogin } from "./office/login.io.js";
import { recordAgencies, recordCheck, recordReport, recordRequests } from "./record/record.io.js";
import type { Terminal } from "./terminal.io.js";

// An agency and two operators, each at their own command line, on one cloud.

const room = mkdtempSync(join(tmpdir(), "lintel-agencies-"));
tap.teardown(() => rmSync(room, { recursive: true }));
const at = (name: string): string => join(room, name);

interface Heard {
  readonly values: readonly Record<string, unknown>[];
  readonly warned: string;
}

/** What a command gives to programs, and what it shows to whoever is asked. */
async function heard(command: (terminal: Terminal) => Promise<void>, agreed = true): Promise<Heard> {
  const values: Record<string, unknown>[] = [];
  const warned: string[] = [];
  await command({
    ...quiet((value) => values.push(value as Record<string, unknown>)),
    warn: (line) => void warned.push(line),
    agreed: async () => agreed,
  });
  return { values, warned: warned.join("\n") };
}

const line = async (command: (terminal: Terminal) => Promise<void>): Promise<string> =>
  String((await heard(command)).values[0]?.line);

const operatorLines = [
  await line((terminal) => operatorInit(at("olga"), { name: "Olga" }, terminal)),
  await line((terminal) => operatorInit(at("omar"), { name: "Omar" }, terminal)),
];
const operators = parseOperators(operatorLines.join("\n"));
if (!operators.ok) throw new Error(operators.error.join());
const cloud = await openTestCloud({ operators: operators.value });
tap.teardown(cloud.close);
const url = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
cloud.origins.push(url);
const { clock } = cloud;
for (const operator of ["olga", "omar"])
  await heard((terminal) => officeLogin(at(operator), "operator", { cloud: url }, terminal));

const officers = [
  await line((terminal) => agencyInit(at("sofia"), { name: "Sofia", role: "supervisor" }, terminal)),
  await line((terminal) => agencyInit(at("oscar"), { name: "Oscar", role: "officer" }, terminal)),
].flatMap((text) => parseOfficer(text) ?? []);
writeFileSync(at("terms.txt"), "terms\n");
const body: Omit<AgreementWish, "officer"> = {
  ...{ name: "Police municipale", kind: "municipal-police", jurisdiction: "fr" },
  ...{ territory: square(400_000), phone: "+33123456789", terms: at("terms.txt"), out: at("agreement.note") },
};

const ask = (changes: Partial<RequestWish> = {}): RequestWish => {
  const happened = millis(clock.wall() - day);
  return {
    ...{ file: "2026/0815", category: "burglary", statute: "none", happened, area: square(400) },
    ...{ from: millis(happened - hour), to: millis(happened + hour), out: at("request.note") },
    ...changes,
  };
};

test("a body applies, two operators call it back, and after 30 days its officers ask in public", async (t) => {
  const sign = (officer: typeof officers, agreed = true) =>
    heard((terminal) => agreementNew(at("sofia"), { ...body, officer }, terminal, clock), agreed);
  await t.rejects(sign(officers.slice(1)), { message: /Your own line must stand among --officer/ });
  await t.rejects(sign(officers, false), { message: /Nothing was signed/ });
  const signed = await sign(officers);
  t.match(signed.warned, /^ {2}agreement\/v1\n.*\n {2}version 1\n/s, "the whole text is shown first");
  const agency = String(signed.values[0]?.agency);
  const applied = await heard((terminal) =>
    agreementApply(at("agreement.note"), { cloud: url, terms: at("terms.txt") }, terminal),
  );
  t.match(applied.values, [{ agency, state: "applied", name: "Police municipale" }]);

  const vet = (who: string, agreed = true) =>
    heard((terminal) => agencyDecide(at(who), agency, "vet", terminal), agreed);
  await t.rejects(vet("olga", false), { message: /Nothing was decided/ });
  const first = await vet("olga");
  t.match(first.warned, /call it back.*Another operator must say the same/s);
  t.match(first.warned, /\+33123456789/);
  await t.rejects(vet("olga"), { message: /a second operator must/ });
  t.match((await vet("omar")).values, [{ state: "public" }]);
  const listed = await heard((terminal) => agencyList(at("olga"), { state: "public" }, terminal));
  t.match(listed.values, [{ id: agency, phone: "+33123456789" }]);

  for (const who of ["sofia", "oscar"])
    await heard((terminal) => officeLogin(at(who), "agency", { cloud: url, agency }, terminal));
  await t.rejects(
    heard((terminal) => requestNew(at("oscar"), ask({}), terminal, clock)),
    { message: /it is "public"\. It may from \d{4}-.*Nothing was signed/ },
  );
  clock.forward(30 * day + 1);
  await cloud.casework.tick();
  const known = await heard((terminal) => agreementShow(at("oscar"), terminal));
  t.match(known.values, [{ version: 1, officers: [{ name: "Sofia" }, { name: "Oscar", role: "officer" }] }]);
});

test("a request is checked before it is signed, needs two, and is moderated as a household would read it", async (t) => {
  const sign = (who: string, changes: Partial<RequestWish> = {}) =>
    heard((terminal) => requestNew(at(who), ask(changes), terminal, clock));
  await t.rejects(sign("oscar", { area: square(900) }), { message: /rules forbid.*81\.0 hectares/ });
  await t.rejects(sign("oscar", { file: "please help" }), { message: /given for "file"/ });
  const signed = await sign("oscar");
  const request = String(signed.values[0]?.request);
  t.match(signed.warned, /Households will read:\n.*You do not have to answer/);
  const key = join(at("oscar"), "requests", `${request}.key`);
  t.match(readFileSync(key, "utf8"), /^AGE-SECRET-KEY-1/);
  t.equal(statSync(key).mode & 0o077, 0);

  const submit = () => heard((terminal) => requestSubmit(at("oscar"), at("request.note"), terminal));
  await t.rejects(submit(), { message: /somebody else, a supervisor/ });
  const cosigned = (who: string) => heard((terminal) => requestCosign(at(who), at("request.note"), terminal));
  await t.rejects(cosigned("oscar"), { message: /You have signed this request already/ });
  t.match((await cosigned("sofia")).warned, /Signed by Oscar \(officer\)/);
  t.match((await submit()).values, [{ id: request, state: "review", file: "2026/0815" }]);

  t.match((await heard((terminal) => requestQueue(at("olga"), {}, terminal))).values, [{ id: request }]);
  const approve = (id: string) =>
    heard((terminal) => requestModerate(at("olga"), id, { act: "approve" }, terminal));
  await t.rejects(approve("nothing"), { message: /No request nothing waits/ });
  const approved = await approve(request);
  t.match(approved.values, [{ state: "published" }]);
  t.match(approved.warned, /area 16\.0 hectares.*Vous n'êtes pas tenu de répondre/s);

  await heard((terminal) => requestErratum(at("oscar"), request, "wrong-time", terminal));
  await heard((terminal) => requestEnd(at("oscar"), request, "resolve", terminal));
  const all = await heard((terminal) => requestList(at("sofia"), terminal));
  t.match(all.values, [{ id: request, state: "resolved", errata: ["wrong-time"] }]);
  const other = ask({ file: "2026/0816", area: square(400, 4_900_000), out: at("other.note") });
  const second = await heard((terminal) => requestNew(at("sofia"), other, terminal, clock));
  await heard((terminal) => requestCosign(at("oscar"), at("other.note"), terminal));
  await heard((terminal) => requestSubmit(at("sofia"), at("other.note"), terminal));
  const turned = await heard((terminal) =>
    requestModerate(
      at("omar"),
      String(second.values[0]?.request),
      { act: "reject", why: "not-plausible" },
      terminal,
    ),
  );
  t.match(turned.values, [{ state: "rejected", rejection: "not-plausible" }]);
});

test("a release is fetched, opened and verified before anything good is said of it, and then receipted and disposed of", async (t) => {
  const wish = ask({ file: "2026/0818", area: square(400, 4_930_000), out: at("third.note") });
  await heard((terminal) => requestNew(at("oscar"), wish, terminal, clock));
  await heard((terminal) => requestCosign(at("sofia"), at("third.note"), terminal));
  const [submitted] = (await heard((terminal) => requestSubmit(at("oscar"), at("third.note"), terminal)))
    .values;
  const request = String(submitted?.id);
  await heard((terminal) => requestModerate(at("omar"), request, { act: "approve" }, terminal));
  clock.forward(3 * hour);
  const { id, offer } = await homeThatReleases(cloud, readFileSync(at("third.note"), "utf8"));
  const fetch = (who: string) =>
    heard((terminal) => releaseFetch(at(who), id, { out: at("package.tar") }, terminal, clock));
  await t.rejects(fetch("oscar"), { message: /Nothing was released to the agency as/ });
  await offer();
  await t.rejects(fetch("sofia"), { message: /It is with whoever made the request/ });
  const give = (act: "received" | "disposed") =>
    heard((terminal) => giveWord(at("oscar"), id, { act, ground: "none" }, terminal, clock));
  await t.rejects(give("received"), { message: /It was not fetched on this computer/ });
  const fetched = await fetch("oscar");
  t.match(fetched.values, [{ verified: true, release: id, request, out: at("package.tar") }]);
  t.match((await heard((terminal) => releaseList(at("sofia"), terminal))).values, [
    { id, state: "retrieved" },
  ]);
  t.notOk(existsSync(join(at("oscar"), "fetching", id)), "no sealed pieces are left");

  t.match((await give("received")).values, [{ state: "custody" }]);
  await t.rejects(give("disposed"), { message: /package\.tar is still there/ });
  rmSync(at("package.tar"));
  t.match((await give("disposed")).values, [{ state: "attested" }]);

  const forged = await homeThatReleases(cloud, readFileSync(at("third.note"), "utf8"), { forge: true });
  await forged.offer();
  const wanted = { out: at("forged.tar") };
  await t.rejects(
    heard((terminal) => releaseFetch(at("oscar"), forged.id, wanted, terminal, clock)),
    { message: /does not hold\. .*sealed segments beside clip.*give no receipt/ },
  );
  t.notOk(existsSync(wanted.out), "nothing is written of what does not verify");
  await forged.withdraw();
  rmSync(join(at("oscar"), "fetching", forged.id, "1"));
  await t.rejects(
    heard((terminal) => releaseFetch(at("oscar"), forged.id, wanted, terminal, clock)),
    {
      message: /can no longer be fetched/,
    },
  );
  t.notOk(existsSync(join(at("oscar"), "fetching", forged.id)), "and what had come is deleted");

  const young = await homeThatReleases(cloud, readFileSync(at("third.note"), "utf8"), { child: true });
  await young.offer();
  t.match((await heard((terminal) => reviewList(at("olga"), terminal))).values, [
    { id: young.id, child: true, clips: 1 },
  ]);
  const review = (who: string) => heard((terminal) => reviewGive(at(who), young.id, terminal));
  t.match((await review("olga")).warned, /a child is seen {2}0 of 2 reviewed/);
  t.match((await review("omar")).values, [{ id: young.id, reviewed: true }]);
  await t.rejects(review("omar"), { message: /No release .* waits for a review/ });
  await heard((terminal) => requestEnd(at("oscar"), request, "withdraw", terminal));
});

test("a supervisor changes the people, attests, and reports a lost key; operators suspend by two", async (t) => {
  const pia = parseOfficer(
    await line((terminal) => agencyInit(at("pia"), { name: "Pia", role: "officer" }, terminal)),
  );
  const amend = (who: string, wish: Parameters<typeof agreementAmend>[1]) =>
    heard((terminal) => agreementAmend(at(who), wish, terminal, clock));
  await t.rejects(amend("oscar", { phone: "+33987654321" }), { message: /by one of its supervisors/ });
  await t.rejects(amend("sofia", {}), { message: /Say what changes/ });
  await t.rejects(amend("sofia", { remove: ["nobody"] }), { message: /names no officer nobody/ });
  const [, oscar] = officers;
  const changed = await amend("sofia", { remove: [oscar?.id ?? ""], ...(pia && { add: [pia] }) });
  t.match(changed.warned, /^Only people or the telephone number change/);
  t.match(changed.values, [{ state: "active" }]);
  await t.rejects(
    heard((terminal) => requestNew(at("oscar"), ask({ file: "2026/0817" }), terminal, clock)),
    { message: /names for you|does not name your key/ },
  );
  await heard((terminal) => agreementAttest(at("sofia"), terminal));

  const agency = String((await heard((terminal) => agreementShow(at("sofia"), terminal))).values[0]?.agency);
  const suspend = (who: string) =>
    heard((terminal) => agencySentence(at(who), agency, "suspended", terminal));
  t.match((await suspend("olga")).warned, /Another operator must say the same/);
  t.match((await heard((terminal) => agencyList(at("omar"), {}, terminal))).values, [
    { proposed: { to: "suspended" } },
  ]);
  t.match((await suspend("omar")).values, [{ state: "suspended" }]);
  await heard((terminal) => agreementLostKey(at("sofia"), terminal));
  await t.rejects(
    heard((terminal) => agreementAttest(at("sofia"), terminal)),
    { message: /agreement in force/ },
  );
  const listed = await heard((terminal) => agencyList(at("omar"), {}, terminal));
  t.match(listed.values, [{ state: "compromised" }]);
});

test("anybody reads the public record, and sees whether each step of it stands in the log", async (t) => {
  const server = { url };
  const requests = await heard((terminal) => recordRequests(server, terminal));
  t.equal(requests.values.length, 3);
  t.match(requests.values[2], { file: "2026/0815", steps: [{ kind: "review" }, { kind: "published" }] });
  const agencies = await heard((terminal) => recordAgencies(server, terminal));
  t.match(agencies.values, [{ name: "Police municipale", state: "compromised", agreements: 2 }]);
  const year = new Date(clock.wall()).getUTCFullYear();
  const report = await heard((terminal) => recordReport(server, year, terminal));
  t.match(report.values.at(-1), { year, totals: { "agency compromised": 1 } });

  const check = () => heard((terminal) => recordCheck({ server, state: at("logs") }, terminal));
  t.match((await check()).values, [{ documents: 4, faults: [] }]);
  const { at: time } = await cloud.db
    .selectFrom("docket_step")
    .select("at")
    .where("machine", "=", "request")
    .where("kind", "=", "published")
    .executeTakeFirstOrThrow();
  const move = (by: number) =>
    cloud.db
      .updateTable("docket_step")
      .set({ at: Number(time) + by })
      .where("machine", "=", "request")
      .where("at", "=", time)
      .execute();
  await move(1);
  await t.rejects(check(), { message: /not what the log says, in \d+ of \d+ steps/ });
});
