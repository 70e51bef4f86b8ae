import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { t as tap, test } from "tap";
import { agencyWith, newStaff } from "../../cloud/api/officetesting.js";
import { openTestCloud } from "../../cloud/api/testing.js";
import { agencyIdOf } from "../../shared/kernel/ids.js";
import { parseOperators } from "../../shared/release/operators.js";
import { newIdentity, recipientOf } from "../../shared/seal/age.js";
import { quiet } from "../demo/home.io.js";
import { memberInit } from "./member/init.io.js";
import { memberReport, memberReports } from "./member/report.io.js";
import { operatorInit } from "./office/init.io.js";
import { officeLogin } from "./office/login.io.js";
import { pressureFind, pressureList, pressureRead } from "./office/pressure.io.js";
import { operatorCallback, operatorQueue } from "./office/queue.io.js";

const room = mkdtempSync(join(tmpdir(), "lintel-report-"));
tap.teardown(() => rmSync(room, { recursive: true }));
const agency = agencyIdOf(Uint8Array.of(1));

/** What a command gives to programs. */
async function heard(command: (terminal: ReturnType<typeof quiet>) => Promise<void>) {
  const values: Record<string, string>[] = [];
  await command({ ...quiet((value) => values.push(value as Record<string, string>)), warn: () => undefined });
  return values[0] ?? {};
}

/** A cloud with an agency, two operators and an owner, each in a folder of their own; `board` makes the operators' file. */
async function workplace(name: string, board = (lines: readonly string[]) => lines.join("\n")) {
  const [first = "", second = "", owner = ""] = ["olga", "omar", "ada"].map((who) => join(room, name, who));
  const lines = [];
  for (const [at, folder] of [first, second].entries())
    lines.push(
      (await heard((terminal) => operatorInit(folder, { name: `Operator ${at}` }, terminal))).line ?? "",
    );
  const parsed = parseOperators(board(lines));
  if (!parsed.ok) throw new Error(parsed.error.join());
  const operators = [...parsed.value];
  const known = agencyWith([newStaff("supervisor", "Gus")], "active", agency);
  const cloud = await openTestCloud({
    operators,
    agencyOf: async (id) => (id === agency ? known : undefined),
  });
  const url = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
  cloud.origins.push(url);
  const silent = { ...quiet(), warn: () => undefined };
  await memberInit(owner, { cloud: url, name: "Ada" }, quiet());
  for (const folder of [first, second]) await officeLogin(folder, "operator", { cloud: url }, silent);
  return { first, second, owner, cloud, operators };
}

const wish = {
  agency,
  kind: "threatened",
  at: "2026-11-01T09:00:00.000Z",
  text: "They said: or else.",
} as const;

test("a member reports pressure, two operators read and uphold it, each in their own command", async (t) => {
  const { first, second, owner, cloud } = await workplace("board");
  t.teardown(cloud.close);
  const report = (changes: Partial<Record<keyof typeof wish | "about", string>> = {}) =>
    heard((terminal) => memberReport(owner, { ...wish, ...changes, kind: wish.kind }, terminal));
  t.match(await heard((terminal) => memberReports(owner, terminal)), {});
  await t.rejects(report({ agency: "Metro" }), { message: /--agency must be an agency's id/ });
  await t.rejects(report({ agency: "a".repeat(16) }), { message: /No agency that was vetted here/ });
  await t.rejects(report({ about: "file 7" }), { message: /--about must be the id/ });
  await t.rejects(report({ text: "x".repeat(2_049) }), { message: /must fit into 2,048 bytes/ });
  await t.rejects(report({ at: "2999-01-01T00:00:00.000Z" }), { message: /--at lies in the future/ });
  const { id = "" } = await report();
  await t.rejects(report(), { message: /has reported this already/ });

  t.match(await heard((terminal) => operatorQueue(first, terminal)), {
    id,
    what: "pressure",
    phone: undefined,
  });
  await t.rejects(operatorCallback(first, id, { called: "+15550100" }, quiet()), {
    message: /No call-back about/,
  });
  t.match(await heard((terminal) => pressureList(first, terminal)), {
    id,
    state: "received",
    kind: "threatened",
  });
  for (const folder of [first, second])
    t.match(await heard((terminal) => pressureRead(folder, id, terminal)), { text: wish.text });
  const find = (folder: string, finding: string) =>
    heard((terminal) => pressureFind(folder, id, finding, terminal));
  t.match(await find(first, "upheld"), { state: "received", findings: [{ finding: "upheld" }] });
  await t.rejects(find(first, "upheld"), { message: /takes two people/ });
  t.match(await find(second, "upheld"), { state: "upheld", until: /T00:00:00.000Z$/ });
  t.match(await heard((terminal) => memberReports(owner, terminal)), { id, state: "upheld" });
});

test("where no two operators could read it, nothing is sent", async (t) => {
  const before = (lines: readonly string[]) => lines.map((line) => line.replace(/ age1\S+/, "")).join("\n");
  const { owner, cloud } = await workplace("before", before);
  t.teardown(cloud.close);
  await t.rejects(memberReport(owner, wish, quiet()), {
    message: /no two operators who could read a report/,
  });
});

test("an operator whose own key the operators' file does not name opens nothing", async (t) => {
  const eve = await heard((terminal) => operatorInit(join(room, "eve"), { name: "Eve" }, terminal));
  const hers = / age1\S+/.exec(eve.line ?? "")?.[0] ?? "";
  const { first, second, owner, cloud } = await workplace("eve", ([one = "", two = ""]) =>
    [one, two.replace(/ age1\S+/, hers)].join("\n"),
  );
  t.teardown(cloud.close);
  const { id = "" } = await heard((terminal) => memberReport(owner, wish, terminal));
  t.match(await heard((terminal) => pressureRead(first, id, terminal)), { text: wish.text });
  await t.rejects(pressureRead(second, id, quiet()), { message: /does not open with your key/ });
});

test("the board's keys are shown once and remembered: others that the cloud names later are believed only by a person", async (t) => {
  const { first, owner, cloud, operators } = await workplace("pinned");
  t.teardown(cloud.close);
  const warned: string[] = [];
  const asked: string[] = [];
  const report = (changes: object = {}, agreed = true) => {
    const answers = async (question: string) => {
      asked.push(question);
      return agreed;
    };
    const terminal = { ...quiet(undefined, answers), warn: (line: string) => void warned.push(line) };
    return memberReport(owner, { ...wish, ...changes }, terminal);
  };
  await t.rejects(report({}, false), { message: "Nothing was sent." });
  const shownOnce = warned.splice(0);
  await report();
  t.same(warned, shownOnce, "who does not agree has believed nothing");
  const fingerprints = () =>
    warned.filter((line) => /^ {2}Operator \d, fingerprint [a-z2-7]{4}(-|$)/.test(line));
  t.equal(fingerprints().length, 2);
  const own: string[] = [];
  const operator = { ...quiet(), warn: (line: string) => void own.push(line) };
  await operatorInit(first, { name: "Operator 0" }, operator);
  const [, fingerprint = "none"] = /, which members compare: (\S+)/.exec(own.join("\n")) ?? [];
  t.ok(fingerprints()[0]?.endsWith(fingerprint), "an operator sees the same of their own");
  operators.reverse();
  await report({ kind: "called" });
  t.equal(fingerprints().length, 2, "the same keys say nothing anew");

  const [one, two] = operators;
  if (one === undefined || two === undefined) throw new Error("no operators");
  operators.splice(0, 2, one, { ...two, recipient: await recipientOf(await newIdentity()) });
  const wrote = { kind: "wrote" } as const;
  const change = /keys are not those .* New: Operator 0, fingerprint .* No more there: Operator 0/;
  await t.rejects(report({ ...wrote, yes: true }), { message: change });
  await t.rejects(report(wrote, false), { message: /Nothing was sent. The keys/ });
  await t.rejects(report({ ...wrote, yes: true }), { message: change }, "a no is not remembered as a yes");
  asked.length = 0;
  await report(wrote);
  t.match(asked, [change, /^Send this to the review board/]);
  await report({ kind: "offered-a-reward", yes: true });
  t.equal(
    (await cloud.db.selectFrom("docket").select("id").where("machine", "=", "pressure").execute()).length,
    4,
  );
});
