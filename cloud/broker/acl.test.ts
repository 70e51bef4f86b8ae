import { test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { type Identity, identityOf, mayRead, mayWrite, mosquittoAcl } from "./acl.js";
import { packetGuard } from "./guard.js";
import { conflictMillis, conflictTakeovers, noteTakeover } from "./takeovers.js";

const mine = "aaaaaaaaaaaaaaaa";
const other = "bbbbbbbbbbbbbbbb";

function identity(name: string): Identity {
  const found = identityOf(name);
  if (found === undefined) throw new Error(`${name} is nobody`);
  return found;
}

test("a certificate names a camera, a node of the cloud, or nobody", (t) => {
  t.match(identityOf(mine), { kind: "camera", camera: mine });
  t.match(identityOf("cloud-a"), { kind: "cloud", name: "cloud-a" });
  for (const name of ["", "A".repeat(16), `${mine}a`, "cloud", "cloud-", "admin", `${mine}\n`, "#", "+"]) {
    t.equal(identityOf(name), undefined, JSON.stringify(name));
  }
  t.end();
});

test("a camera writes its own up and reads its own down, and nothing else", (t) => {
  const camera = identity(mine);
  for (const topic of ["init", "ev", "status", "charter", "c/local/x/0/0"]) {
    t.ok(mayWrite(camera, `lt1/${mine}/up/${topic}`), topic);
  }
  const notToWrite = [
    `lt1/${other}/up/init`,
    `lt1/${mine}/down/clip`,
    `lt1/${mine}/up`,
    `lt1/${mine}/upx/init`,
    `lt2/${mine}/up/init`,
    `lt1/${mine}/up/+`,
    `/lt1/${mine}/up/init`,
    "$SYS/broker/uptime",
    "",
  ];
  for (const topic of notToWrite) t.notOk(mayWrite(camera, topic), topic);
  for (const filter of [`lt1/${mine}/down/#`, `lt1/${mine}/down/clip`, `lt1/${mine}/down/+`]) {
    t.ok(mayRead(camera, filter), filter);
  }
  const notToRead = [
    "#",
    "lt1/#",
    "lt1/+/down/clip",
    `lt1/${other}/down/#`,
    `lt1/${mine}/up/#`,
    `lt1/${mine}/#`,
    `lt1/${mine}/+/clip`,
    `lt1/${mine}/down`,
    `$share/g/lt1/${mine}/down/#`,
    "$SYS/#",
  ];
  for (const filter of notToRead) t.notOk(mayRead(camera, filter), filter);
  t.end();
});

test("a node of the cloud reads every camera's up and writes every camera's down", (t) => {
  const cloud = identity("cloud-a");
  t.ok(mayRead(cloud, "lt1/+/up/init"));
  t.ok(mayRead(cloud, "lt1/+/up/c/cloud-a/#"));
  t.ok(mayWrite(cloud, `lt1/${mine}/down/clip`));
  t.notOk(mayWrite(cloud, `lt1/${mine}/up/init`));
  t.notOk(mayRead(cloud, "#"));
  t.equal(
    mosquittoAcl(["cloud-a"]),
    `${[
      "# Generated: a camera writes its own up and reads its own down.",
      "pattern write lt1/%u/up/#",
      "pattern read lt1/%u/down/#",
      "",
      "user cloud-a",
      "topic read lt1/+/up/#",
      "topic write lt1/+/down/#",
    ].join("\n")}\n`,
  );
  t.end();
});

/** A packet of this many bytes behind its fixed header. */
function packet(length: number): Uint8Array {
  const header = [0x30];
  for (let rest = length; ; rest >>= 7) {
    header.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    if (rest <= 0x7f) break;
  }
  const bytes = new Uint8Array(header.length + length);
  bytes.set(header);
  return bytes;
}

test("the guard lets packets up to the limit pass, however they are cut, and refuses the first larger one", (t) => {
  const prng = seededPrng(7);
  for (let round = 0; round < 200; round++) {
    const guard = packetGuard({ firstBytesMax: 100, bytesMax: 1000 });
    const lengths = [prng.between(0, 101), ...Array.from({ length: 5 }, () => prng.between(0, 1001))];
    const stream = Buffer.concat(lengths.map(packet));
    for (let at = 0; at < stream.length; ) {
      const next = at + prng.between(1, 400);
      if (!guard.accepts(stream.subarray(at, next))) return t.fail(`round ${round} refused ${lengths}`);
      at = next;
    }
    if (guard.accepts(packet(1001).subarray(0, 3))) return t.fail(`round ${round} let 1001 bytes pass`);
    if (guard.accepts(packet(1))) return t.fail("the guard forgot that it refused");
  }
  const first = packetGuard({ firstBytesMax: 100, bytesMax: 1000 });
  t.notOk(first.accepts(packet(101).subarray(0, 2)), "the first packet has its own limit");
  const endless = packetGuard({ firstBytesMax: 2 ** 40, bytesMax: 2 ** 40 });
  t.notOk(endless.accepts(Uint8Array.of(0x30, 0x80, 0x80, 0x80, 0x80)), "a length of more than four bytes");
  t.end();
});

test("takeovers of one identity are a conflict only when they come thick and fast", (t) => {
  const takeovers = new Map();
  const at = (index: number, pause: number): boolean => noteTakeover(takeovers, mine, millis(index * pause));
  const slow = Array.from({ length: 20 }, (_, index) => at(index, conflictMillis / 2));
  t.notOk(slow.includes(true), "a link that flaps twice a minute");
  const fast = Array.from({ length: conflictTakeovers * 2 }, (_, index) => at(index + 1e6, 1000));
  t.equal(fast.filter(Boolean).length, 2, "once per four takeovers");
  at(2e6, 1000);
  t.equal(takeovers.size, 1);
  noteTakeover(takeovers, other, millis(1e12));
  t.equal(takeovers.size, 1, "what is long past is forgotten");
  t.end();
});
