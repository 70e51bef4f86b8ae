import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTestCloud } from "../../cloud/api/testing.js";
import { millis } from "../../shared/kernel/brand.js";
import { parseOfficer } from "../../shared/release/agreement.js";
import { parseOperators } from "../../shared/release/operators.js";
import { day, hour, square } from "../../shared/release/testing.contract.js";
import { quiet } from "../demo/home.io.js";
import { agreementApply, agreementNew } from "./agency/agreement.io.js";
import { releaseList } from "./agency/releases.io.js";
import { memberAuthorise } from "./consent/authorise.io.js";
import { memberEmergencies } from "./consent/emergencies.io.js";
import { filmed, type Home, newHome } from "./consent/home.contract.js";
import { agencyDecide } from "./desk/agencies.io.js";
import { memberAdd, memberInvite, memberJoin } from "./member/join.io.js";
import {
  type ClaimWish,
  emergencyAnswer,
  emergencyClaim,
  emergencyCosign,
  emergencyList,
} from "./office/emergency.io.js";
import { agencyInit, operatorInit } from "./office/init.io.js";
import { officeLogin } from "./office/login.io.js";
import { operatorCallback } from "./office/queue.io.js";
import type { Terminal } from "./terminal.io.js";

// A cloud with an agency and two operators, everybody at their own command line; the waits pass on the cloud's clock.

export const minute = 60_000;

interface Heard {
  readonly values: readonly Record<string, unknown>[];
  readonly said: string;
}
/** What a command says, to programs and to people. */
export async function heard(command: (terminal: Terminal) => Promise<void>): Promise<Heard> {
  const values: Record<string, unknown>[] = [];
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  await command({ ...quiet((value) => values.push(value as Record<string, unknown>)), say, warn: say });
  return { values, said: said.join("\n") };
}
const line = async (command: (terminal: Terminal) => Promise<void>): Promise<string> =>
  String((await heard(command)).values[0]?.line);

export async function openEmergencyWorld() {
  const room = mkdtempSync(join(tmpdir(), "lintel-emergency-"));
  const at = (name: string): string => join(room, name);
  const operators = parseOperators(
    [
      await line((terminal) => operatorInit(at("olga"), { name: "Olga" }, terminal)),
      await line((terminal) => operatorInit(at("omar"), { name: "Omar" }, terminal)),
    ].join("\n"),
  );
  if (!operators.ok) throw new Error(operators.error.join());
  const cloud = await openTestCloud({ operators: operators.value });
  const origin = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
  cloud.origins.push(origin);
  for (const who of ["olga", "omar"])
    await heard((terminal) => officeLogin(at(who), "operator", { cloud: origin }, terminal));
  const pass = async (by: number): Promise<void> => {
    cloud.clock.forward(by);
    await cloud.casework.tick();
  };
  const world = { cloud, origin, room, clock: cloud.clock, at, pass };
  await becomeActive(world);
  const close = (): Promise<void> => cloud.close().then(() => rmSync(room, { recursive: true }));
  return { ...world, ...waysIn(world), close };
}

interface Base {
  readonly cloud: Awaited<ReturnType<typeof openTestCloud>>;
  readonly origin: string;
  readonly room: string;
  readonly clock: Base["cloud"]["clock"];
  readonly at: (name: string) => string;
  readonly pass: (by: number) => Promise<void>;
}

async function becomeActive({ origin, clock, at, pass }: Base): Promise<void> {
  const officer = [
    await line((terminal) => agencyInit(at("sofia"), { name: "Sofia", role: "supervisor" }, terminal)),
    await line((terminal) => agencyInit(at("oscar"), { name: "Oscar", role: "officer" }, terminal)),
  ].flatMap((text) => parseOfficer(text) ?? []);
  const [terms, out] = [at("terms.txt"), at("agreement.note")];
  writeFileSync(terms, "terms\n");
  const facts = { kind: "municipal-police", jurisdiction: "fr", territory: square(400_000) } as const;
  const wish = { ...facts, name: "Police municipale", phone: "+33123456789", terms, out, officer };
  await heard((terminal) => agreementNew(at("sofia"), wish, terminal, clock));
  const { values } = await heard((terminal) => agreementApply(out, { cloud: origin, terms }, terminal));
  const agency = String(values[0]?.agency);
  for (const who of ["olga", "omar"])
    await heard((terminal) => agencyDecide(at(who), agency, "vet", terminal));
  await pass(30 * day + 1);
  for (const who of ["sofia", "oscar"])
    await heard((terminal) => officeLogin(at(who), "agency", { cloud: origin, agency }, terminal));
}

interface Witness {
  readonly home: Home;
  readonly clip: string;
  readonly contacts: readonly Pick<Home, "folder">[];
}

/** What households and the agency do in it. */
function waysIn({ cloud, origin, room, clock, at }: Base) {
  /** A household, with contacts of these names, whose camera saw something two hours ago, which the public log has. */
  async function witness(name: string, names: readonly string[] = []): Promise<Witness> {
    const home = await newHome({ cloud, origin, room }, name);
    const contacts = [];
    for (const one of names) contacts.push({ folder: await joined(home, one) });
    const clip = await filmed({ cloud, origin, room }, home, millis(clock.wall() - hour));
    clock.forward(hour);
    await cloud.casework.footage.publishHourly();
    return { home, clip, contacts };
  }

  /** Somebody comes into a household as a contact, by the owner's hand. */
  async function joined({ folder }: Home, name: string): Promise<Home["folder"]> {
    const theirs = at(name);
    const last = async (command: (terminal: Terminal) => Promise<void>) =>
      (await heard(command)).values.at(-1) ?? {};
    const byHand = { hours: 24, byHand: true } as const;
    const { invitation } = await last((terminal) => memberInvite(folder, byHand, terminal));
    const joining = { invitation: `${invitation}`, name };
    const { newcomer } = await last((terminal) => memberJoin(theirs, joining, terminal));
    await memberAdd(folder, { newcomer: `${newcomer}`, role: "contact" }, quiet());
    return theirs;
  }

  const wishFor = ({ household, board }: Home): ClaimWish => ({
    ...{ file: "24-119", danger: "abduction", household, camera: board.id },
    from: new Date(clock.wall() - 3 * hour).toISOString(),
    to: new Date(clock.wall() - hour).toISOString(),
  });

  /** Claimed, cosigned, called back and agreed to: the household is asked. */
  async function askedOf(home: Home): Promise<string> {
    const claim = (terminal: Terminal) => emergencyClaim(at("oscar"), wishFor(home), terminal, clock);
    const id = String((await heard(claim)).values[0]?.id);
    await emergencyCosign(at("sofia"), id, quiet());
    await operatorCallback(at("olga"), id, { called: "+33123456789" }, quiet());
    await emergencyAnswer(at("omar"), id, "agree", quiet());
    clock.forward(11_000);
    return id;
  }

  const look = (home: Pick<Home, "folder">) =>
    heard((terminal) => memberEmergencies(home.folder, "en", terminal, clock));
  const wish = { thirdParties: true, child: false, language: "en" } as const;
  const authorise = async (home: Pick<Home, "folder">, request: string, clip: string) => {
    const signed = await heard((terminal) =>
      memberAuthorise(home.folder, { ...wish, request, clips: [clip] }, terminal, clock),
    );
    return String(signed.values[0]?.record);
  };
  const stateOf = async (id: string) =>
    (await heard((terminal) => emergencyList(at("oscar"), "agency", terminal))).values.find(
      (one) => one.id === id,
    )?.state;
  const released = async () => (await heard((terminal) => releaseList(at("oscar"), terminal))).values;
  const batches = async () => (await fetch(`${origin}/tlog/entries?kind=releases`)).text();
  return { witness, wishFor, askedOf, look, authorise, stateOf, released, batches };
}
