import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Test, test } from "tap";
import { openDatabase } from "../../cloud/database.io.js";
import { openPublicLog, type PublicLog } from "../../cloud/tlog/publiclog.io.js";
import { millis } from "../../shared/kernel/brand.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { formatVerifier, type Signer, textOf, type Verifier } from "../../shared/seal/note.js";
import { parseSigner } from "../../shared/seal/skey.js";
import { cosignatureLine, signCheckpoint } from "../../shared/tlog/checkpoint.js";
import { formatEntry, type LogEntry } from "../../shared/tlog/entry.js";
import { parsePolicy, type WitnessPolicy } from "../../shared/tlog/policy.js";
import { verifyProof } from "../../shared/tlog/proof.js";
import { formatAddCheckpoint, parseAddCheckpoint } from "../../shared/tlog/witness.js";

// A log that needs two of three witnesses, each a program of its own, of which one dies, one lies and one is a stranger.

const program = fileURLToPath(new URL("../../scripts/cli/main.js", import.meta.url));
const random = seededPrng(11);
const origin = "log.example/tlog";

const entry = (number: number): LogEntry => ({
  kind: "request",
  id: `entry-${number}`,
  at: millis(1_795_000_000_000 + number),
  agency: "springfield",
  state: "published",
  hash: hashOfText(`${number}`),
});

interface Witness {
  readonly child: ChildProcess;
  readonly vkey: string;
  readonly address: string;
}

async function startWitness(t: Test, name: string, state: string, log: string, port = "0"): Promise<Witness> {
  const words = ["witness", "--listen", `127.0.0.1:${port}`, "--log", log, "--state", state, "--json"];
  const child = spawn(process.execPath, [program, ...words, "--name", name], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.teardown(() => child.kill("SIGKILL"));
  const [line] = await once(createInterface(child.stdout), "line");
  return { child, ...JSON.parse(line) };
}

async function kill({ child }: Witness): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** Somebody who answers every question, whatever it is. */
async function listening(t: Test, answer: (body: string) => string): Promise<string> {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    response.end(answer(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function policyOf(witnesses: readonly Pick<Witness, "vkey" | "address">[], quorum = 2): WitnessPolicy {
  const lines = witnesses.map(({ vkey, address }, at) => `witness w${at} ${vkey} ${address}`);
  const names = witnesses.map((_, at) => `w${at}`).join(" ");
  const policy = parsePolicy([...lines, `group all ${quorum} ${names}`, "quorum all", ""].join("\n"));
  if (!policy.ok) throw new Error(policy.error.why);
  return policy.value;
}

const believes = (
  one: LogEntry,
  proof: string,
  log: Verifier,
  { witnesses, quorum }: WitnessPolicy,
): boolean =>
  verifyProof(proof, formatEntry(one), { log, witnesses: witnesses.map(({ key }) => key), quorum }).ok;

async function ask(address: string, body: string, path = "/add-checkpoint"): Promise<readonly unknown[]> {
  const answer = await fetch(address + path, { method: "POST", body });
  const text = await answer.text();
  return answer.status === 409 ? [409, answer.headers.get("content-type"), text] : [answer.status];
}

/** A data directory whose log has a key, and how to open that log with witnesses. */
async function logIn(t: Test) {
  const data = t.testdir({});
  mkdirSync(join(data, "identity"), { mode: 0o700 });
  const db = await openDatabase(":memory:");
  t.teardown(() => db.destroy());
  const faults = new Map<string, string>();
  const open = (witnesses?: WitnessPolicy): Promise<PublicLog> =>
    openPublicLog({ db, data, origin, witnesses, onFault: (who, why) => faults.set(who, why) });
  const unwitnessed = await open();
  const vkey = formatVerifier(unwitnessed.verifier);
  await unwitnessed.close();
  return { data, faults, open, vkey };
}

async function untilFaults(faults: ReadonlyMap<string, string>, count: number): Promise<void> {
  while (faults.size < count) await new Promise((resolve) => setImmediate(resolve));
}

test("nothing is published that two of three witnesses have not cosigned, whoever dies, lies or is a stranger", async (t) => {
  const { data, faults, open, vkey } = await logIn(t);
  const names = ["a.example/w", "b.example/w", "c.example/w"] as const;
  const state = (at: number): string => join(data, `witness-${at}`);
  const [a, b, c] = await Promise.all(names.map((name, at) => startWitness(t, name, state(at), vkey)));
  if (a === undefined || b === undefined || c === undefined) throw new Error("three witnesses");
  const policy = policyOf([a, b, c]);
  let log = await open(policy);

  const first = await Promise.all([0, 1, 2].map((number) => log.append(entry(number))));
  t.ok(first.every(({ proof }, at) => believes(entry(at), proof, log.verifier, policy)));
  await kill(c);
  const fourth = await log.append(entry(3));
  t.ok(believes(entry(3), fourth.proof, log.verifier, policy), "one dies: two are enough");
  t.match(faults.get("c.example/w"), /fetch failed/);

  await kill(b);
  const waiting = log.append(entry(4));
  t.equal(await log.enter(entry(4)), 4, "the log's own state has it");
  t.match(log.health(), { entries: 5, published: 4 });
  t.equal(await log.find(entry(4)), undefined, "nobody is told of what one witness alone has seen");
  const again = await startWitness(t, names[1], state(1), vkey, new URL(b.address).port);
  t.equal(again.vkey, b.vkey, "the same witness");
  t.ok(believes(entry(4), (await waiting).proof, log.verifier, policy), "once two are there it is published");
  t.equal(JSON.parse(readFileSync(join(state(1), "seen.json"), "utf8")).logs[0].size, 5);

  await log.close();
  faults.clear();
  const stranger: Signer = { name: "c.example/w", secretKey: random.bytes(32) };
  const strange = (body: string): string =>
    cosignatureLine(textOf(parseAddCheckpoint(body)?.checkpoint ?? ""), stranger, 1_795_000_000);
  const liar = await listening(t, () => "— b.example/w AAAA\n");
  log = await open(policyOf([a, { ...b, address: liar }, { ...c, address: await listening(t, strange) }]));
  await log.enter(entry(5));
  await untilFaults(faults, 2);
  t.match([...faults.values()], [/not its cosignature/, /not its cosignature/]);
  t.match(log.health(), { entries: 6, published: 5 }, "a liar and a stranger count for nobody");
  await log.close();
});

test("a witness cosigns no second history, and says what is wrong with every other question", async (t) => {
  const { data, open, vkey } = await logIn(t);
  const witness = await startWitness(t, "a.example/w", join(data, "witness"), vkey);
  const policy = policyOf([witness], 1);
  const log = await open(policy);
  await Promise.all([0, 1, 2, 3, 4, 5].map((number) => log.append(entry(number))));
  await log.close();
  // The same key over other entries: whoever got hold of it, or put an old copy back.
  const [faults, db] = [new Map<string, string>(), await openDatabase(":memory:")];
  t.teardown(() => db.destroy());
  const onFault = (who: string, why: string): void => void faults.set(who, why);
  const fork = await openPublicLog({
    ...{ db, data: copyOfKey(data), origin, witnesses: policy, onFault, appendMillisMax: 100 },
  });
  await fork.enter(entry(99));
  await untilFaults(faults, 1);
  t.match([...faults.values()], [/it has seen 6 entries, more than the log has/]);
  t.equal(fork.health().published, 0);
  await t.rejects(fork.append(entry(99)), /witnesses do not answer, so the entry is not published yet/);
  await fork.close();
  t.same(await statusesOf(witness.address, keyIn(data)), {
    "no question": [400],
    "another log": [404],
    "another key": [403],
    "older than itself": [400],
    "begins elsewhere": [409, "text/x.tlog.size", "6\n"],
    "does not follow": [422],
    "another root": [409, "text/x.tlog.size", "6\n"],
    "another path": [404],
    "too long": [413],
  });
});

test("a log that names witnesses later proves what stood in it before under what they have seen", async (t) => {
  const { data, open, vkey } = await logIn(t);
  const before = await open();
  const { proof } = await before.append(entry(0));
  await before.close();
  const policy = policyOf([await startWitness(t, "a.example/w", join(data, "witness"), vkey)], 1);
  const log = await open(policy);
  t.notOk(believes(entry(0), proof, log.verifier, policy));
  await log.append(entry(1));
  t.ok(believes(entry(0), (await log.proof(0)) ?? "", log.verifier, policy));
  t.ok(believes(entry(0), (await log.append(entry(0))).proof, log.verifier, policy));
  await log.close();
});

/** What a witness that saw six entries answers to what is wrong. */
async function statusesOf(address: string, signer: Signer): Promise<Readonly<Record<string, unknown>>> {
  const root = random.bytes(32);
  const asked = (old: number, size: number, by: Signer = signer): string =>
    formatAddCheckpoint({
      old,
      proof: [],
      checkpoint: signCheckpoint({ origin: by.name, size, root }, by),
    });
  const other = { ...signer, secretKey: random.bytes(32) };
  return {
    "no question": await ask(address, "old 1\n"),
    "another log": await ask(address, asked(0, 1, { ...other, name: "other.example/tlog" })),
    "another key": await ask(address, asked(6, 7, other)),
    "older than itself": await ask(address, asked(8, 7)),
    "begins elsewhere": await ask(address, asked(0, 7)),
    "does not follow": await ask(address, asked(6, 7)),
    "another root": await ask(address, asked(6, 6)),
    "another path": await ask(address, asked(6, 7), "/add"),
    "too long": await ask(address, "x".repeat(70_000)),
  };
}

function keyIn(data: string): Signer {
  const signer = parseSigner(readFileSync(join(data, "identity/log.key"), "utf8"));
  if (signer === undefined) throw new Error("the log has a key");
  return signer;
}

/** A data directory with the same key and nothing else. */
function copyOfKey(data: string): string {
  const other = join(data, "fork");
  mkdirSync(join(other, "identity"), { recursive: true, mode: 0o700 });
  copyFileSync(join(data, "identity/log.key"), join(other, "identity/log.key"));
  return other;
}
