import { cpSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Test, t as tap, test } from "tap";
import { openTestCloud, type TestCloud } from "../../../cloud/api/testing.js";
import { millis } from "../../../shared/kernel/brand.js";
import { hashOfText } from "../../../shared/seal/hash.js";
import { formatVerifier, keyTypes } from "../../../shared/seal/note.js";
import type { LogEntry } from "../../../shared/tlog/entry.js";
import { exit } from "../program.js";
import type { Terminal } from "../terminal.io.js";
import { audit, type LogOptions } from "./audit.io.js";
import { showProof } from "./proof.io.js";

// A whole log, and whoever stands between it and an auditor and changes what it says.

const entry = (number: number, what = "text"): LogEntry => ({
  kind: number % 2 === 0 ? "request" : "operator",
  id: `entry-${number}`,
  at: millis(1_795_000_000_000 + number),
  agency: "none",
  state: "published",
  hash: hashOfText(`${what} ${number}`),
});
const fill = (cloud: TestCloud, from: number, to: number, what?: string) =>
  Promise.all(Array.from({ length: to - from }, (_, at) => cloud.log.append(entry(from + at, what))));

const cloud = await openTestCloud();
tap.teardown(cloud.close);
await fill(cloud, 0, 600);

type Change = (body: Buffer, path: string) => Buffer | undefined;

/** The cloud's address, by way of somebody who changes answers; `undefined` is 404. */
async function through(t: Test, { app }: TestCloud, change: Change = (body) => body): Promise<string> {
  const server = createServer(async (request, response) => {
    const path = request.url ?? "";
    const answer = await app.inject({ url: path });
    const body = answer.statusCode === 200 ? change(answer.rawPayload, path) : answer.rawPayload;
    response.writeHead(body === undefined ? 404 : answer.statusCode).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function listening(): Terminal & { readonly said: string[]; readonly shown: object[] } {
  const [said, shown]: [string[], object[]] = [[], []];
  return {
    said,
    shown,
    say: (line) => void said.push(line),
    json: (value) => void shown.push(value),
    warn: (line) => void said.push(line),
    progress: () => undefined,
    agreed: async () => false,
    typed: async () => undefined,
  };
}

async function auditOf(options: LogOptions) {
  const terminal = listening();
  await audit(options, terminal);
  return terminal;
}

test("a whole log is computed anew, and compared with what it showed before", async (t) => {
  const options = { server: { url: await through(t, cloud) }, state: t.testdir({}) };
  const first = await auditOf(options);
  t.match(first.said[0], /The log itself names its key and witnesses/);
  t.match(first.shown, [{ event: "audited", size: 600, seen: 0, kinds: { operator: 300, request: 300 } }]);
  await fill(cloud, 600, 900);
  const second = await auditOf(options);
  t.match(second.shown, [{ size: 900, seen: 600 }]);
  t.match(second.said.at(-1), /agrees, also with the 600 entries seen before/);
  const terminal = listening();
  await showProof({ ...options, index: 601 }, terminal);
  t.match(terminal.said, [/^entry\/v1\nentry-601\n/, /^c2sp\.org\/tlog-proof@v1\nindex 601\n/]);
  await t.rejects(showProof({ ...options, index: 900 }, terminal), /shows no entry 900/);
});

const at = (wanted: string, change: (body: Buffer) => Buffer | undefined): Change => {
  return (body, path) => (path.startsWith(`/tlog/${wanted}`) ? change(body) : body);
};
const flip = (body: Buffer): Buffer => {
  const other = Buffer.from(body);
  other[40] = (other[40] ?? 0) ^ 1;
  return other;
};
const replaced = (from: string, to: string) => (body: Buffer) =>
  Buffer.from(body.toString("latin1").replace(from, to), "latin1");

test("whatever somebody changes on the way, or the log shows beside its entries, is refused with its reason", async (t) => {
  for (const [change, why] of [
    [at("tile/0/001", flip), /tile\/0\/001 is not what its entries give/],
    [at("tile/1/000.p/3", flip), /tile\/1\/000.p\/3 is not what its entries give/],
    [at("tile/0/002", () => undefined), /does not show tile\/0\/002, which its checkpoint covers/],
    [at("tile/entries/000", replaced("entry-7\n", "entry-8\n")), /tile\/0\/000 is not what its entries give/],
    [at("tile/entries/000", replaced("state p", "state P")), /Entry 0 of the log has not the form/],
    [at("tile/entries/002", (body) => body.subarray(0, 100)), /does not show tile\/entries\/002/],
    [at("checkpoint", replaced("\n900\n", "\n899\n")), /the signature of cloud.test\/tlog does not hold/],
    [at("entries", replaced('"entry-880"', '"entry-2"')), /shows as entry 880 .* is not what stands/],
    [
      at("entries", replaced('"index":880', '"index":879')),
      /Entry 880 stands in the log, but not in the list/,
    ],
    [at("entries", replaced('"index":880', '"index":881')), /has entry 881 twice/],
    [at("entries?limit=500&cursor=400", () => Buffer.from('{"entries":[]}')), /Entry 399 stands in the log/],
  ] as const)
    await t.rejects(auditOf({ server: { url: await through(t, cloud, change) }, state: t.testdir({}) }), why);
});

test("another key, too few witnesses, a hidden end and another history are refused", async (t) => {
  const url = await through(t, cloud);
  const other = await openTestCloud();
  t.teardown(other.close);
  const policy = (text: string): string => {
    const file = join(t.testdir({}), "policy");
    writeFileSync(file, text);
    return file;
  };
  const state = t.testdir({});
  await t.rejects(
    auditOf({ server: { url }, state, policy: policy(other.log.policy) }),
    /not to be believed: the key that you believe has not signed it/,
  );
  const witness = formatVerifier(other.log.verifier, keyTypes.cosignature);
  const strict = cloud.log.policy.replace("quorum none", `witness w ${witness}\nquorum w`);
  await t.rejects(
    auditOf({ server: { url }, state, policy: policy(strict) }),
    /0 of the 1 witnesses that it needs/,
  );
  await t.rejects(
    auditOf({ server: { url }, state, policy: policy("trust me\n") }),
    /no policy that can be used/,
  );

  const folder = join(t.testdir({}), "state");
  await auditOf({ server: { url }, state: folder });
  // A second tree under the same key: smaller, and then of the same size.
  const directory = mkdtempSync(join(tmpdir(), "lintel-fork-"));
  cpSync(join(cloud.directory, "identity"), join(directory, "identity"), { recursive: true });
  const fork = await openTestCloud({ directory });
  t.teardown(fork.close);
  await fill(fork, 0, 300, "other");
  const there = await through(t, fork);
  const kept = (address: string): string => join(folder, `${new URL(address).host.replace(":", "_")}.json`);
  cpSync(kept(url), kept(there));
  await t.rejects(
    auditOf({ server: { url: there }, state: folder }),
    /shows 300 entries, but this computer has seen 900/,
  );
  await fill(fork, 300, 950, "other");
  await t.rejects(
    auditOf({ server: { url: there }, state: folder }),
    /first 900 entries are not those .* another history/,
  );
});

test("a log that does not answer is neither good nor bad", async (t) => {
  const terminal = listening();
  await audit({ server: { url: "http://127.0.0.1:1" }, state: t.testdir({}) }, terminal);
  t.equal(exit.code, 3);
  exit.code = 0;
  t.match(terminal.said, [/could not be read to its end, and nothing was judged/]);
});
