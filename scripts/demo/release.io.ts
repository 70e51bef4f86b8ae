import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openTestCloud, type TestCloud } from "../../cloud/api/testing.js";
import { millis } from "../../shared/kernel/brand.js";
import { parseOfficer } from "../../shared/release/agreement.js";
import { parseOperators } from "../../shared/release/operators.js";
import { day, hour, square } from "../../shared/release/testing.contract.js";
import { type AgreementWish, agreementApply, agreementNew } from "../cli/agency/agreement.io.js";
import { giveWord } from "../cli/agency/custody.io.js";
import { releaseFetch, releaseList } from "../cli/agency/releases.io.js";
import { type RequestWish, requestCosign, requestNew, requestSubmit } from "../cli/agency/requests.io.js";
import { memberAuthorise } from "../cli/consent/authorise.io.js";
import { memberEmergencies } from "../cli/consent/emergencies.io.js";
import { filmed, type Home, newHome, type World } from "../cli/consent/home.contract.js";
import { memberRelease } from "../cli/consent/release.io.js";
import { memberPlace, memberRequests } from "../cli/consent/requests.io.js";
import { memberWithdraw } from "../cli/consent/withdraw.io.js";
import { agencyDecide } from "../cli/desk/agencies.io.js";
import { requestModerate } from "../cli/desk/requests.io.js";
import { audit } from "../cli/log/audit.io.js";
import { memberNotices } from "../cli/member/notices.io.js";
import {
  type ClaimWish,
  emergencyAnswer,
  emergencyClaim,
  emergencyCosign,
  emergencyList,
} from "../cli/office/emergency.io.js";
import { agencyInit, operatorInit } from "../cli/office/init.io.js";
import { officeLogin } from "../cli/office/login.io.js";
import { operatorCallback } from "../cli/office/queue.io.js";
import type { Terminal } from "../cli/terminal.io.js";
import { verifyFile } from "../cli/verify/verify.io.js";

// How a recording comes to an agency, and how it does not. The cloud's clock is set forward here, and in tests; the product has no such hand.

type Command = (terminal: Terminal) => Promise<void> | void;
type Say = (line: string) => void;

interface Stage extends World {
  readonly at: (name: string) => string;
  /** Plays a command as this person; what it shows is shown. */
  readonly as: (who: string, command: Command, shows?: "all" | "nothing") => Promise<Record<string, unknown>>;
  readonly heading: Say;
  readonly pass: (millisPassed: number, what: string) => Promise<void>;
}

/** Plays the whole story in `folder`; throws where anything does not go as it must. */
export async function playRelease(folder: string, say: Say): Promise<void> {
  const { stage, close } = await setStage(folder, say);
  try {
    await becomePublic(stage);
    const home = await moveIn(stage);
    await release(stage, home);
    await forge(stage, home);
    await withdraw(stage, home);
    await silence(stage, home);
    await answer(stage, home);
    stage.heading("What anybody can check");
    await stage.as("A stranger", (terminal) =>
      audit({ server: { url: stage.origin }, state: stage.at("stranger") }, terminal),
    );
  } finally {
    await close();
  }
}

/** A cloud with two operators, in memory of nothing else: its clock stands where it stands here, and then goes on. */
async function setStage(folder: string, say: Say) {
  const at = (name: string): string => join(folder, name);
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
  const as = player(say);
  const lines = [
    (
      await as(
        "Olga, operator",
        (terminal) => operatorInit(at("olga"), { name: "Olga" }, terminal),
        "nothing",
      )
    ).line,
    (
      await as(
        "Omar, operator",
        (terminal) => operatorInit(at("omar"), { name: "Omar" }, terminal),
        "nothing",
      )
    ).line,
  ];
  const operators = parseOperators(lines.join("\n"));
  if (!operators.ok) throw new Error(operators.error.join(" "));
  const cloud = await openTestCloud({ operators: operators.value });
  const origin = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
  cloud.origins.push(origin);
  for (const who of ["olga", "omar"])
    await as(who, (terminal) => officeLogin(at(who), "operator", { cloud: origin }, terminal), "nothing");
  const heading = (line: string): void => say(`\n${line}`);
  const pass = async (by: number, what: string): Promise<void> => {
    say(`        … ${what}`);
    cloud.clock.forward(by);
    await cloud.casework.tick();
    await cloud.casework.footage.publishHourly();
  };
  return { stage: { cloud, origin, room: folder, at, as, heading, pass }, close: cloud.close };
}

/** Carries out a command, with what it shows to its person line by line; hands on what it gives to programs. */
function player(say: Say): Stage["as"] {
  return async (who, command, shows = "all") => {
    let last: Record<string, unknown> = {};
    const show = (line: string): void => {
      if (shows === "all") for (const one of line.split("\n")) say(`${who.padEnd(22)} ${one}`);
    };
    await command({
      say: show,
      warn: show,
      progress: () => undefined,
      agreed: async (question) => {
        show(`${question} Yes.`);
        return true;
      },
      typed: async () => undefined,
      json: (value) => {
        last = { ...value };
      },
    });
    return last;
  };
}

/** Applied, vetted by two, and seen by the public for 30 days. */
async function becomePublic(stage: Stage): Promise<void> {
  stage.heading("An agency becomes public");
  const agency = await found(stage, ["sofia", "oscar"], "Police municipale de Montmartre");
  await vet(stage, agency);
  await stage.pass(30 * day + 1, "30 days, in which anybody can read the agreement and its place in the log");
  await signIn(stage, agency, ["sofia", "oscar"]);
}

async function found(
  stage: Stage,
  [supervisor, officer]: readonly [string, string],
  name: string,
): Promise<string> {
  const { at, as, cloud, origin } = stage;
  const init = async (who: string, role: "supervisor" | "officer") =>
    (await as(who, (terminal) => agencyInit(at(who), { name: who, role }, terminal), "nothing")).line;
  const lines = [await init(supervisor, "supervisor"), await init(officer, "officer")];
  const [terms, out] = [at(`${supervisor}-terms.txt`), at(`${supervisor}-agreement.note`)];
  writeFileSync(terms, "What we get we use for the named file only, keep for 90 days, and give to nobody.\n");
  const wish: AgreementWish = {
    ...{ name, territory: square(40_000), phone: "+33123456789", terms, out },
    kind: "municipal-police",
    jurisdiction: "fr",
    officer: lines.flatMap((line) => parseOfficer(String(line)) ?? []),
  };
  await as(supervisor, (terminal) => agreementNew(at(supervisor), wish, terminal, cloud.clock), "nothing");
  const apply: Command = (terminal) => agreementApply(out, { cloud: origin, terms }, terminal);
  const applied = await as(supervisor, apply, "nothing");
  await as(`${supervisor}, supervisor`, (terminal) =>
    terminal.say(
      `${name} applies with a signed agreement: its terms, territory and people are public from now on`,
    ),
  );
  return String(applied.agency);
}

async function vet({ at, as }: Stage, agency: string): Promise<void> {
  for (const who of ["olga", "omar"])
    await as(`${who}, operator`, (terminal) => agencyDecide(at(who), agency, "vet", terminal), "nothing");
  await as("omar, operator", (terminal) =>
    terminal.say("called back and vetted, by two operators: public now"),
  );
}

async function signIn({ at, as, origin }: Stage, agency: string, people: readonly string[]): Promise<void> {
  for (const who of people)
    await as(
      who,
      (terminal) => officeLogin(at(who), "agency", { cloud: origin, agency }, terminal),
      "nothing",
    );
}

/** With a camera at the corner, and what came past it three hours ago. */
async function moveIn(stage: Stage): Promise<Home & { readonly clip: string }> {
  const home = await newHome(stage, "anna");
  const { clock } = stage.cloud;
  await stage.as("Anna, owner", (terminal) =>
    memberPlace(home.folder, { camera: "Front door", place: "48.8867, 2.3431" }, terminal, clock),
  );
  const clip = await filmed(stage, home, millis(clock.wall() - 2 * hour));
  await stage.pass(hour, "an hour, after which the log commits to the footage that came in it");
  return { ...home, clip };
}

/** Signed by two officers, looked at by a moderator: in the one feed. */
async function ask(
  stage: Stage,
  [officer, supervisor]: readonly [string, string],
  wish: Partial<RequestWish>,
): Promise<string> {
  const { at, as, cloud } = stage;
  const now = cloud.clock.wall();
  const out = at(`${officer}-request.note`);
  const whole: RequestWish = {
    ...{ file: "2026/0815", category: "burglary", statute: "none", happened: millis(now - 3 * hour) },
    ...{ from: millis(now - 5 * hour), to: millis(now - 2 * hour), area: square(400), out },
    ...wish,
  };
  await as(officer, (terminal) => requestNew(at(officer), whole, terminal, cloud.clock), "nothing");
  await as(supervisor, (terminal) => requestCosign(at(supervisor), out, terminal), "nothing");
  const { id } = await as(`${officer}, officer`, (terminal) => requestSubmit(at(officer), out, terminal));
  await as(
    "olga",
    (terminal) => requestModerate(at("olga"), String(id), { act: "approve" }, terminal),
    "nothing",
  );
  await as("olga, operator", (terminal) =>
    terminal.say(`request ${id} published, in the log and in the one feed`),
  );
  cloud.clock.forward(11_000);
  return String(id);
}

const look = ({ as, cloud }: Stage, { folder }: Home) =>
  as("Anna, owner", (terminal) => memberRequests(folder, { language: "en" }, terminal, cloud.clock));

/** An endangered person: no hold. From the owner's signature to the agency's word, and back. */
async function release(stage: Stage, home: Home & { readonly clip: string }): Promise<void> {
  const { at, as, cloud, heading } = stage;
  heading("A request for an endangered person, and what the owner signs for");
  const request = await ask(stage, ["oscar", "sofia"], {
    category: "missing-or-endangered-person",
    area: square(900),
  });
  await look(stage, home);
  const wish = { request, clips: [home.clip], thirdParties: true, child: false, language: "en" } as const;
  const { record } = await as("Anna, owner", (terminal) =>
    memberAuthorise(home.folder, wish, terminal, cloud.clock),
  );
  const id = String(record);
  await as("Anna, owner", (terminal) => memberRelease(home.folder, id, terminal, cloud.clock));
  heading("What the agency gets");
  const out = at("package.tar");
  await as(
    "Oscar, officer",
    (terminal) => releaseFetch(at("oscar"), id, { out }, terminal, cloud.clock),
    "nothing",
  );
  await as("Oscar, officer", (terminal) => verifyFile(out, {}, terminal, cloud.clock));
  await as(
    "Oscar, officer",
    (terminal) => giveWord(at("oscar"), id, { act: "received", ground: "none" }, terminal, cloud.clock),
    "nothing",
  );
  await as("Oscar, officer", (terminal) => terminal.say("receipt signed and handed in"));
}

/** Operators who collude, and pose as an agency that the public never saw. */
async function forge(stage: Stage, home: Home): Promise<void> {
  stage.heading("A forged request: the operators pose as an agency, with the database in their hands");
  const agency = await found(stage, ["mallory", "mordred"], "Police municipale de Paris");
  await vet(stage, agency);
  await overrule(stage.cloud, agency);
  await signIn(stage, agency, ["mallory", "mordred"]);
  await ask(stage, ["mordred", "mallory"], { file: "2026/0001" });
  await look(stage, home);
}

/** What somebody who holds the database can do: 30 days are over at once. */
async function overrule({ db }: TestCloud, agency: string): Promise<void> {
  const row = await db
    .selectFrom("docket")
    .select("state")
    .where("id", "=", agency)
    .executeTakeFirstOrThrow();
  const state = JSON.stringify({ ...JSON.parse(row.state), kind: "active" });
  await db.updateTable("docket").set({ state, kind: "active" }).where("id", "=", agency).execute();
}

/** Signed, thought over while it rests, and taken back: nobody outside ever hears of it. */
async function withdraw(stage: Stage, home: Home): Promise<void> {
  const { at, as, cloud, heading, pass } = stage;
  heading("An authorisation that is withdrawn while it rests");
  await pass(15 * day, "two weeks, before which an agency may not ask about the same place again");
  const clip = await filmed(stage, home, millis(cloud.clock.wall() - 2 * hour));
  await pass(hour, "an hour");
  const request = await ask(stage, ["oscar", "sofia"], { file: "2026/0901" });
  const wish = { request, clips: [clip], thirdParties: false, child: false, language: "en" } as const;
  const { record } = await as("Anna, owner", (terminal) =>
    memberAuthorise(home.folder, wish, terminal, cloud.clock),
  );
  await pass(2 * hour, "two hours");
  await as("Anna, owner", (terminal) => memberWithdraw(home.folder, String(record), terminal, cloud.clock));
  await as("Oscar, officer", (terminal) => releaseList(at("oscar"), terminal));
}

/** A life is said to be in danger, two operators believe it, and the household is asked. */
async function claim(stage: Stage, home: Home, file: string): Promise<string> {
  const { at, as, cloud } = stage;
  const now = cloud.clock.wall();
  const times = { from: new Date(now - 2 * hour).toISOString(), to: new Date(now - hour).toISOString() };
  const camera = { household: home.household, camera: home.board.id };
  const wish: ClaimWish = { file, danger: "abduction", ...camera, ...times };
  const { id } = await as("Oscar, officer", (terminal) =>
    emergencyClaim(at("oscar"), wish, terminal, cloud.clock),
  );
  const which = String(id);
  await as("sofia", (terminal) => emergencyCosign(at("sofia"), which, terminal), "nothing");
  const called = { called: "+33123456789" };
  await as("olga", (terminal) => operatorCallback(at("olga"), which, called, terminal), "nothing");
  await as("Omar, operator", (terminal) => emergencyAnswer(at("omar"), which, "agree", terminal));
  cloud.clock.forward(11_000);
  return which;
}

/** Nobody answers: then nobody else does. */
async function silence(stage: Stage, home: Home): Promise<void> {
  const { at, as, heading, pass } = stage;
  heading("An emergency that nobody answers");
  await claim(stage, home, "2027/0042");
  await as("Anna, owner", (terminal) => memberNotices(home.folder, "en", terminal));
  await pass(2 * hour, "two hours, in which Anna sleeps");
  await as("Oscar, officer", (terminal) => emergencyList(at("oscar"), "agency", terminal));
}

/** The owner says yes within minutes; the agency hears of it at the time at which it hears of a no. */
async function answer(stage: Stage, home: Home): Promise<void> {
  const { at, as, cloud, heading, pass } = stage;
  heading("An emergency that the owner answers");
  const clip = await filmed(stage, home, millis(cloud.clock.wall() - hour));
  await pass(hour, "an hour");
  const request = await claim(stage, home, "2027/0043");
  await as("Anna, owner", (terminal) => memberEmergencies(home.folder, "en", terminal, cloud.clock));
  const wish = { request, clips: [clip], thirdParties: true, child: false, language: "en" } as const;
  const { record } = await as("Anna, owner", (terminal) =>
    memberAuthorise(home.folder, wish, terminal, cloud.clock),
  );
  const id = String(record);
  await as("Anna, owner", (terminal) => memberRelease(home.folder, id, terminal, cloud.clock));
  await as("Oscar, officer", (terminal) => emergencyList(at("oscar"), "agency", terminal));
  await pass(90 * 60_000, "90 minutes, the same whatever the household says");
  cloud.clock.forward(11_000);
  await as("Oscar, officer", (terminal) => emergencyList(at("oscar"), "agency", terminal));
  const out = at("emergency.tar");
  await as("Oscar, officer", (terminal) => releaseFetch(at("oscar"), id, { out }, terminal, cloud.clock));
}
