import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "tap";
import { toUtf8 } from "../../shared/kernel/bytes.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { formatVerifier, keyTypes, type Signer, verifierOf } from "../../shared/seal/note.js";
import { openCheckpoint, type WitnessedCheckpoint } from "../../shared/tlog/checkpoint.js";
import { parseBundle, parseTile, tileNodes, tilePath, tileWidth } from "../../shared/tlog/tiles.js";
import {
  consistencyProof,
  leafHash,
  type NodeReader,
  rootOf,
  verifyConsistency,
} from "../../shared/tlog/tree.js";
import { emptyEdge, grow, rootOfEdge } from "./edge.js";
import { LogFiles } from "./files.io.js";
import { openLogKey } from "./logkey.io.js";
import { Nodes } from "./nodes.io.js";
import { openLog as openFiles, type TransparencyLog } from "./sequencer.io.js";
import { askWitnesses } from "./witnesses.io.js";
import { readWitnesses } from "./witnessfile.io.js";

const signer: Signer = { name: "log.example/test", secretKey: seededPrng(1).bytes(32) };
const policy = { log: verifierOf(signer), witnesses: [], quorum: 0 };
const openLog = (directory: string, by = signer) => openFiles(new LogFiles(directory), by);
const entry = (index: number): Uint8Array => toUtf8(`entry-${index}`);

function newest(log: TransparencyLog): WitnessedCheckpoint {
  const opened = openCheckpoint(log.checkpoint(), policy);
  if (!opened.ok) throw new Error(opened.error.kind);
  return opened.value;
}

/** All tiles of level 0 that the log serves, as somebody who knows nothing else. */
async function nodesOf(log: TransparencyLog): Promise<NodeReader> {
  const { size } = newest(log);
  const rows = new Map<number, Map<number, readonly Uint8Array[]>>();
  for (let [level, count] = [0, size]; count > 0; level++, count = Math.floor(count / tileWidth)) {
    const row = new Map<number, readonly Uint8Array[]>();
    for (let index = 0; index * tileWidth < count; index++) {
      const width = Math.min(count - index * tileWidth, tileWidth);
      const bytes = await log.read(tilePath({ level, index, width }));
      row.set(index, (bytes && parseTile(bytes, width)) ?? []);
    }
    rows.set(level, row);
  }
  return tileNodes((level, index) => rows.get(level)?.get(index) ?? []);
}

test("whatever the batches, the tree is that of all entries, and grows without a break", async (t) => {
  const random = seededPrng(7);
  let edge = emptyEdge;
  const leaves: Uint8Array[] = [];
  for (let run = 0; run < 60; run++) {
    const [high = 0, low = 0] = random.bytes(2);
    const count = (high * 256 + low) % (run % 3 === 0 ? 700 : 9);
    const added = Array.from({ length: count }, (_, at) => entry(leaves.length + at));
    leaves.push(...added.map(leafHash));
    const grown = grow(edge, added);
    edge = grown.edge;
    const widths = grown.files.map(
      ({ tile, bytes }) => tile.level === "entries" || bytes.length === 32 * tile.width,
    );
    t.ok(widths.every(Boolean));
  }
  const whole = grow(
    emptyEdge,
    Array.from({ length: leaves.length }, (_, at) => entry(at)),
  ).edge;
  t.same(edge, whole);
  t.equal(edge.size, leaves.length);
});

test("entries are in the log once they are answered, and the log is whole after a stop", async (t) => {
  const directory = t.testdir();
  let log = await openLog(directory);
  t.equal(newest(log).size, 0);
  const indexes = await Promise.all(Array.from({ length: 600 }, (_, at) => log.append(entry(at))));
  t.same(
    indexes,
    Array.from({ length: 600 }, (_, at) => at),
  );
  const before = newest(log);
  t.equal(before.size, 600);
  t.same(newest(log).root, rootOf(await nodesOf(log), 600));
  await log.close();
  await t.rejects(log.append(entry(0)), /closed/);
  log = await openLog(directory);
  await Promise.all(Array.from({ length: 300 }, (_, at) => log.append(entry(600 + at))));
  const now = newest(log);
  const nodes = await nodesOf(log);
  t.ok(verifyConsistency(before, now, consistencyProof(nodes, 600, 900)));
  const bundle = await log.read("tile/entries/003.p/132");
  t.same(bundle && parseBundle(bundle)?.at(-1), entry(899));
  for (const path of ["tile/0/003", "tile/0/004.p/1", "tile/9/000", "../state", "state", "tile/0/3.p/132"])
    t.equal(await log.read(path), undefined, path);
  await t.rejects(log.append(new Uint8Array(65_536)), /more than 65535/);
  await log.close();
  t.same(
    await readdir(join(directory, "tile/0")),
    ["000", "001", "002", "003.p"],
    "partial tiles go when full",
  );
});

test("a crash between any two writes leaves the log of before or the new one, and it goes on", async (t) => {
  const directory = t.testdir();
  const first = await openLog(directory);
  await Promise.all(Array.from({ length: 255 }, (_, at) => first.append(entry(at))));
  await first.close();
  // The tiles of a batch that was cut off before its state: others' entries, never answered.
  const { files } = grow(
    emptyEdge,
    Array.from({ length: 300 }, (_, at) => toUtf8(`lost-${at}`)),
  );
  for (const { tile, bytes } of files) {
    const path = join(directory, tilePath(tile));
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, bytes);
  }
  const log = await openLog(directory);
  t.equal(newest(log).size, 255);
  t.equal(await log.read("tile/0/000"), undefined, "no checkpoint covers it");
  t.equal(await log.append(entry(255)), 255);
  t.same(
    newest(log).root,
    rootOfEdge(
      grow(
        emptyEdge,
        Array.from({ length: 256 }, (_, at) => entry(at)),
      ).edge,
    ),
  );
  t.same(newest(log).root, rootOf(await nodesOf(log), 256));
  await log.close();
  // Cut off between state and publication.
  await writeFile(join(directory, "checkpoint"), first.checkpoint());
  const late = await openLog(directory);
  t.equal(newest(late).size, 256, "the next start publishes it");
  t.equal(await readFile(join(directory, "checkpoint"), "utf8"), late.checkpoint());
  await late.close();
});

test("a log whose files are not its own is not opened", async (t) => {
  const directory = t.testdir();
  const log = await openLog(directory);
  await Promise.all(Array.from({ length: 10 }, (_, at) => log.append(entry(at))));
  await log.close();
  const other: Signer = { ...signer, secretKey: seededPrng(2).bytes(32) };
  await t.rejects(openLog(directory, other), /not signed by this log's key/);
  const tile = join(directory, "tile/0/000.p/10");
  const bytes = await readFile(tile);
  await writeFile(tile, Buffer.concat([bytes.subarray(32), bytes.subarray(0, 32)]));
  await t.rejects(openLog(directory), /not those of its signed state/);
  await writeFile(tile, bytes.subarray(1));
  await t.rejects(openLog(directory), /missing or cut/);
  await rm(tile);
  await t.rejects(openLog(directory), /missing or cut/);
});

test("a file of witnesses that names nobody to ask, or no quorum, is refused with what is wrong in it", async (t) => {
  const key = { name: "w.example/w1", publicKey: verifierOf(signer).publicKey };
  const vkey = formatVerifier(key, keyTypes.cosignature);
  const file = join(t.testdir({}), "witnesses");
  const read = async (...lines: string[]) => {
    await writeFile(file, [...lines, ""].join("\n"));
    return readWitnesses(file);
  };
  const url = "https://w.example";
  t.same(await read(`witness w ${vkey} ${url}`, "quorum w"), {
    logs: [],
    witnesses: [{ key, url }],
    quorum: 1,
  });
  await t.rejects(read(`witness w ${vkey}`, "quorum w"), /at which http\(s\) address w.example\/w1 is asked/);
  await t.rejects(read(`witness w ${vkey} ${url}`, "quorum none"), /its quorum is none/);
  await t.rejects(read("", "witness w w+0+0"), /in line 2 a witness is a name/);
  await t.rejects(read(`witness w ${vkey} ${url}`), /but it has no quorum/);
  await t.rejects(readWitnesses(`${file}.not`), /LINTEL_WITNESSES is .* cannot be read \(ENOENT\)/);
});

test("a log's key is one of a log, and of the name that is wanted", async (t) => {
  const directory = t.testdir();
  const open = (wanted: string) => openLogKey(directory, wanted, async () => `${wanted}-2`);
  t.equal((await open("log.example/one")).name, "log.example/one-2");
  await t.rejects(open("log.example/two"), /log.example\/one-2 for ever, but LINTEL_LOG_ORIGIN asks for/);
  await writeFile(join(directory, "log.key"), "no key\n");
  await t.rejects(open("log.example/one"), /is not the key of a log/);
});

class FullDisk extends LogFiles {
  isFull = false;

  override async write(path: string, bytes: Uint8Array): Promise<void> {
    if (this.isFull && path === "state") throw new Error("No space left.");
    await super.write(path, bytes);
  }
}

test("a log whose state could not be written signs no other root, and answers nobody before the next start", async (t) => {
  const files = new FullDisk(t.testdir());
  const log = await openFiles(files, signer);
  await log.append(entry(0));
  files.isFull = true;
  const refused = t.rejects(log.append(entry(1)), /state could not be written/);
  // More than may wait behind the first.
  const many = Array.from({ length: 20_001 }, (_, at) => log.append(entry(at)));
  const why = (await Promise.allSettled(many)).map((one) => `${one.status === "rejected" && one.reason}`);
  t.equal(why.filter((one) => /state could not be written/.test(one)).length, 19_999);
  t.match(why.at(-1), /Too many entries wait for the log/);
  await refused;
  t.equal(log.health().writable, false);
  files.isFull = false;
  await t.rejects(log.append(entry(2)), /state could not be written/);
  await log.close();
  await t.rejects(log.published(5), /closed/);
  const after = await openFiles(files, signer);
  t.equal(after.health().entries, 1);
  await after.close();
});

test("a tree has no nodes but its own, and a tile that is missing is said to be", async (t) => {
  const directory = t.testdir();
  const log = await openLog(directory);
  await Promise.all(Array.from({ length: 10 }, (_, at) => log.append(entry(at))));
  await log.close();
  const nodes = new Nodes(new LogFiles(directory));
  t.equal((await nodes.of(10, (node) => node(0, 9))).length, 32);
  await t.rejects(
    nodes.of(10, (node) => node(0, 10)),
    /no node 10 of level 0/,
  );
  await t.rejects(
    nodes.of(600, (node) => node(0, 0)),
    /is missing/,
  );
  t.equal((await nodes.of(10, (node) => node(0, 0))).length, 32);
});

test("nodes are the same where few tiles are kept in memory", async (t) => {
  const directory = t.testdir();
  const log = await openLog(directory);
  await Promise.all(Array.from({ length: 600 }, (_, at) => log.append(entry(at))));
  await log.close();
  const [many, few] = [new Nodes(new LogFiles(directory)), new Nodes(new LogFiles(directory), 1)];
  for (const at of [0, 599, 300, 1]) {
    const leaf = (nodes: Nodes) => nodes.of(600, (node) => node(0, at));
    t.same(await leaf(few), await leaf(many), `${at}`);
  }
});

test("a witness that answers something else than its cosignature is said to, and counts for nothing", async (t) => {
  const directory = t.testdir();
  const log = await openLog(directory);
  const answers: (readonly [number, string])[] = [];
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      const [status, body] = answers.shift() ?? [500, ""];
      response.writeHead(status).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const key = { name: "w.example/w1", publicKey: verifierOf(signer).publicKey };
  const faults: string[] = [];
  const ask = askWitnesses({
    policy: { logs: [], witnesses: [{ key, url: `http://127.0.0.1:${port}/` }], quorum: 1 },
    consistency: async () => [],
    onFault: (_witness, why) => void faults.push(why),
  });
  for (const [answer, why] of [
    [[500, ""], /status 500/],
    [[409, "many\n"], /does not say what it has seen/],
    [[409, "9\n"], /has seen 9 entries, more than the log has/],
    [[200, "nothing\n"], /not its cosignature/],
    [[200, "x".repeat(20_000)], /more than a witness has to say/],
  ] as const) {
    answers.push(answer);
    t.equal(await ask(log.checkpoint()), undefined);
    t.match(faults.pop(), why);
  }
  answers.push([500, ""]);
  await Promise.all([ask(log.checkpoint()), ask(log.checkpoint())]);
  t.match(faults.sort()[1], /has not answered the question before/);
  await log.close();
  await new Promise((resolve) => server.close(resolve));
});
