import { type ChildProcess, spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { t as tap, test } from "tap";
import { openKeystore } from "../../firmware/board/keystore.io.js";
import { formatClaim, parseClaim } from "../../shared/charter/claim.js";
import { hashOf, hashOfText } from "../../shared/seal/hash.js";
import { placesIn, settle, startCloud } from "../demo/home.io.js";
import { startProgram } from "../demo/program.io.js";
import { fetchUnverifiedCa } from "./http.io.js";
import { systemClock } from "./world.io.js";

const main = fileURLToPath(new URL("main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "lintel-cli-"));
const places = placesIn(folder);
const cloud = await startCloud(places, { http: 0, mqtt: 0 });
const url = cloud.ready.text("http");
const profile = ["--profile", places.member];
const source = ["--source", "scene:seed=1,size=320x180,fps=10"];
const place = (name: string): string => join(folder, name);
const modeOf = (path: string): number => statSync(path).mode & 0o777;

tap.teardown(async () => {
  await cloud.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** The first JSON line that has this field. */
  field(name: string): Promise<string>;
}

function start(...args: readonly string[]): Running {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  const values: Record<string, unknown>[] = [];
  const waiting: (() => void)[] = [];
  const wake = (): void => void waiting.splice(0).map((resume) => resume());
  createInterface({ input: child.stdout }).on("line", (line) => {
    out += `${line}\n`;
    if (line.startsWith("{")) values.push(JSON.parse(line));
    wake();
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    err += text;
  });
  let over = false;
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => {
      over = true;
      wake();
      resolve({ code, out, err });
    });
  });
  const field = async (name: string): Promise<string> => {
    for (;;) {
      const found = values.find((value) => name in value);
      if (found !== undefined) return `${found[name]}`;
      if (over) throw new Error(`lintel ${args.join(" ")} ended without ${name}: ${err}`);
      await new Promise<void>((resume) => waiting.push(resume));
    }
  };
  return { child, ended, field };
}

const lintel = (...args: readonly string[]): Promise<Ended> => start(...args).ended;
const claim = (...args: readonly string[]): Running =>
  start("member", "claim", ...profile, "--json", ...args);
const install = (text: string, state: string): Running =>
  start("install", "--no-test", "--claim", text, "--state", place(state), ...source, "--json");

test("usage faults exit with 2, refusals with 1, help with 0", async (t) => {
  const nobody = ["--profile", place("nobody")];
  const expected = [
    [["--help"], { code: 0, out: /member.*install.*doctor/s }],
    [["member", "open", "--help"], { code: 0, out: /<clip>/ }],
    [["member", "open"], { code: 2, err: /missing required argument/ }],
    [["member", "clips", "--limit", "none"], { code: 2, err: /from 1 to/ }],
    [["fly"], { code: 2, err: /unknown command/ }],
    [["--version"], { code: 0, out: /^\d+\.\d+\.\d+\n$/ }],
    [["install"], { code: 2, err: /--claim TEXT is needed where nobody can be asked/ }],
    [
      ["install", "--claim", "x", "--package", "x.deb"],
      { code: 1, err: /--package is for another board: .*--ssh/ },
    ],
    [["update", place("none.deb")], { code: 1, err: /holds no release key/ }],
    [["member", "clips", ...nobody], { code: 1, err: /member init/ }],
  ] as const;
  const ended = await Promise.all(expected.map(([args]) => lintel(...args)));
  for (const [i, [args, wanted]] of expected.entries()) t.match(ended[i], wanted, args.join(" "));
});

test("a member's keys are made once, kept private, and never printed", async (t) => {
  const wrong = await lintel(
    "member",
    "init",
    "--cloud",
    url,
    "--name",
    "A",
    ...profile,
    "--ca-hash",
    "A".repeat(43),
  );
  t.match(wrong, { code: 2, err: /--ca-hash.*it is no hash/s });
  t.match(await lintel("member", "init", "--cloud", "http://192.0.2.1", "--name", "A", ...profile), {
    code: 1,
    err: /this machine only/,
  });
  t.match(await lintel("member", "init", "--cloud", "http://127.0.0.1:1", "--name", "A", ...profile), {
    code: 1,
    err: /could not be reached/,
  });
  t.notOk(existsSync(join(places.member, "member.json")), "nothing is left of a failed start");
  const made = await lintel("member", "init", "--cloud", url, "--name", "Anna", ...profile);
  t.equal(made.code, 0, made.err);
  t.same([modeOf(places.member), modeOf(join(places.member, "member.json"))], [0o700, 0o600]);
  t.equal(modeOf(join(places.member, "recovery-sheet.txt")), 0o600);
  const { seed } = JSON.parse(readFileSync(join(places.member, "member.json"), "utf8"));
  t.notOk(
    made.out.includes(seed) || made.out.includes(Buffer.from(seed, "base64").toString("hex").slice(0, 8)),
  );
  t.match(await lintel("member", "init", "--cloud", url, "--name", "Anna", ...profile), {
    code: 1,
    err: /already/,
  });
  t.match(await lintel("member", "cameras", ...profile), { code: 0, out: /No camera yet/ });
  t.match(await lintel("member", "clips", ...profile), { code: 0, out: /No clips yet/ });
});

test("an interrupted init goes on with the same keys", async (t) => {
  const other = place("other");
  await lintel("member", "init", "--cloud", url, "--name", "Ben", "--profile", other);
  const path = join(other, "member.json");
  const kept = JSON.parse(readFileSync(path, "utf8"));
  t.notOk("unregistered" in kept);
  // As it was written before the cloud had answered: with its first charter.
  const token = JSON.parse((await lintel("member", "cameras", "--profile", other, "--json")).out || "{}");
  t.ok(token);
  const session = JSON.parse(readFileSync(join(other, "session.json"), "utf8"));
  const answer = await fetch(`${url}/v1/household`, {
    headers: { authorization: `Bearer ${session.token}` },
  });
  const { charters } = (await answer.json()) as { charters: unknown[] };
  writeFileSync(path, JSON.stringify({ ...kept, unregistered: charters[0] }), { mode: 0o600 });
  t.match(await lintel("member", "clips", "--profile", other), { code: 1, err: /member init/ });
  const again = await lintel("member", "init", "--cloud", url, "--name", "Ben", "--profile", other, "--json");
  t.match(JSON.parse(again.out), { household: kept.household, member: kept.member });
});

test("a lost computer's member comes back from the recovery sheet, and from nobody else's", async (t) => {
  const { household, seed } = JSON.parse(readFileSync(place("other/member.json"), "utf8"));
  const restore = (sheet: string, to: string, ...args: readonly string[]): Promise<Ended> =>
    lintel("member", "restore", "--sheet", sheet, ...args, "--profile", place(to));
  const back = await restore(place("other/recovery-sheet.txt"), "back");
  t.match(back, { code: 0, out: /Ben .* is in/ }, back.err);
  t.match(JSON.parse(readFileSync(place("back/member.json"), "utf8")), { household, seed, name: "Ben" });
  t.equal(modeOf(place("back/member.json")), 0o600);
  t.match(await restore(join(places.member, "recovery-sheet.txt"), "theirs", "--household", household), {
    code: 1,
  });
  t.notOk(existsSync(place("theirs/member.json")));
});

test("keys that others can read are refused until the mode is right", async (t) => {
  const other = place("open");
  await lintel("member", "init", "--cloud", url, "--name", "Cleo", "--profile", other);
  const path = join(other, "member.json");
  const text = readFileSync(path);
  rmSync(path);
  writeFileSync(path, text, { mode: 0o644 });
  t.match(await lintel("member", "clips", "--profile", other), { code: 1, err: /chmod 600/ });
});

test("a camera is claimed, installed and named by the household; a kill in between costs nothing", async (t) => {
  const owner = claim("--yes", "--camera-name", "Garden gate");
  const text = await owner.field("claim");
  const first = install(text, "camera-1");
  const fingerprint = await first.field("fingerprint");
  first.child.kill("SIGKILL");
  await first.ended;
  t.equal(await owner.field("fingerprint"), fingerprint);
  const again = await install(text, "camera-1").ended;
  t.equal(again.code, 0, again.err);
  owner.child.kill();
  await owner.ended;
  const noteKey = readFileSync(place("camera-1/identity/note.key"), "utf8");
  const keystore = openKeystore(place("camera-1"), systemClock, () => undefined);
  const enrolment = keystore.readEnrolment();
  t.ok(enrolment.ok && enrolment.value.charter.cameras.some(({ name }) => name === "Garden gate"));
  for (const name of ["note.key", "tls.key"]) t.equal(modeOf(place(`camera-1/identity/${name}`)), 0o600);
  t.match(await install(text, "camera-1").ended, { code: 0 }, "once more changes nothing");
  t.same(readFileSync(place("camera-1/identity/note.key"), "utf8"), noteKey);
  t.match(await lintel("member", "cameras", ...profile), { code: 0, out: /Garden gate/ });
  t.match(readdirSync(join(places.member, "keys")), [/\.1\.json$/], "the sealed key is kept here too");

  t.comment("the same claim on another board");
  const thief = await install(text, "camera-2").ended;
  t.match(thief, { code: 1, err: /Another board has answered/ });
  t.same(readdirSync(place("camera-2")), [], "nothing half-installed stays");
});

test("masks and zones are signed, shown as they are typed, and not called in force before the camera says so", async (t) => {
  const camera = (...args: readonly string[]): Promise<Ended> =>
    lintel("member", "camera", "Garden gate", ...profile, "--wait", "1", ...args);
  const mask = "0,0 25.5,0 25.5,100 0,100";
  const zone = "0,0 100,0 100,40 sensitivity=0";
  const changed = await camera("--mask", mask, "--zone", zone, "--json");
  t.match(changed, { code: 1, err: /Charter 3 is signed, but not yet in force: .*never connected/ });
  const events = changed.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  t.match(events, [
    { event: "signed", charter: 3 },
    { event: "unconfirmed", charter: 3 },
  ]);
  const shown = await lintel("member", "cameras", ...profile);
  t.match(shown.out, `--mask "${mask}"`);
  t.match(shown.out, `--zone "${zone}"`);
  t.match(await camera("--mask", mask), { code: 1, out: /Charter 3 says so already/ });
  t.comment("two at once: neither undoes the other");
  const both = await Promise.all([camera("--no-masks"), camera("--audio", "on", "--modes", "record,off")]);
  t.match(both, [{ err: /not yet in force/ }, { err: /not yet in force/ }]);
  t.match(JSON.parse((await camera("--json")).out), {
    masks: [],
    zones: [{ corners: [{}, {}, { x: 10_000, y: 4_000 }], sensitivity: 0, sizeMin: 0 }],
    audio: true,
    modes: ["off", "record"],
  });
  t.match(await camera("--no-zones", "--audio", "off"), { code: 1, err: /Charter 6/ });
});

test("a camera's settings that cannot be are refused before anything is signed", async (t) => {
  const camera = (...args: readonly string[]): Promise<Ended> =>
    lintel("member", "camera", ...args, ...profile);
  const many = Array.from({ length: 17 }, () => ["--mask", "0,0 1,0 1,1"]).flat();
  const wrong = [
    [["Garden gate", "--mask", "0,0 100,100 100,0 0,100"], { code: 2, err: /cross or touch/ }],
    [["Garden gate", "--zone", "0,0 1,1"], { code: 2, err: /3 to 32/ }],
    [["Garden gate", "--zone", "0,0 101,0 1,1"], { code: 2, err: /0 to 100/ }],
    [["Garden gate", ...many], { code: 2, err: /more than 16/ }],
    [["Garden gate", "--mask", "0,0 1,0 1,1", "--no-masks"], { code: 2, err: /cannot be used with/ }],
    [["Garden gate", "--modes", "record,record"], { code: 2, err: /each once/ }],
    [["Garden gate", "--name", " x"], { code: 2, err: /1 to 64/ }],
    [["Back door", "--no-masks"], { code: 1, err: /no camera "Back door"/ }],
  ] as const;
  for (const [args, wanted] of wrong) t.match(await camera(...args), wanted, args.join(" "));
  t.match(JSON.parse((await camera("Garden gate", "--json")).out), { masks: [], zones: [], audio: false });
});

test("a claim that is cut, unknown or points to another authority is refused, and nothing is left", async (t) => {
  const owner = claim("--yes");
  const text = await owner.field("claim");
  const parsed = parseClaim(text);
  if (!parsed.ok) throw new Error("fixture");
  owner.child.kill();
  t.match(await install(text.slice(0, -4), "refused").ended, { code: 1, err: /not a whole claim/ });
  const unknown = formatClaim({ ...parsed.value, secret: new Uint8Array(16) });
  t.match(await install(unknown, "refused").ended, { code: 1, err: /knows no such claim/ });
  const elsewhere = formatClaim({ ...parsed.value, caHash: hashOfText("another") });
  t.match(await install(elsewhere, "refused").ended, { code: 1, err: /certificate authority/ });
  const nowhere = formatClaim({ ...parsed.value, cloudUrl: "http://127.0.0.1:1" });
  t.match(await install(nowhere, "refused").ended, { code: 1, err: /could not be reached/ });
  t.match(
    await lintel("install", "--claim", text, "--state", place("refused"), "--source", "file:/nowhere.mp4"),
    { code: 1, err: /nowhere\.mp4/ },
  );
  t.notOk(existsSync(place("refused/identity/note.key")));
});

test("a fingerprint that is not the installer's stops the claim before anything is signed", async (t) => {
  const owner = claim();
  const board = install(await owner.field("claim"), "camera-3");
  const refused = await owner.ended;
  t.match(refused, { code: 1, err: /Nobody can be asked here/ });
  board.child.kill();
  await board.ended;
  t.notMatch((await lintel("member", "cameras", ...profile)).out, /Front door/);
});

test("doctor tells what works: 2 for a board that is not installed, and no secrets", async (t) => {
  const none = await lintel("doctor", "--state", place("nothing"), ...source);
  t.match(none, { code: 2, out: /BAD +installation.*lintel install/s });
  const some = await lintel("doctor", "--state", place("camera-1"), "--json");
  t.ok([0, 1].includes(some.code ?? -1), some.out);
  const checks = some.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).check);
  const wanted = ["ffmpeg", "camera", "disk", "button", "keys", "certificate", "cloud", "clock", "queue"];
  t.same(
    wanted.filter((check) => !checks.includes(check)),
    [],
  );
  const nowhere = await lintel("doctor", "--state", "/dev/null/x", ...source);
  t.match(nowhere, { code: 2, out: /BAD +disk .*cannot be written/ });
  t.match(await lintel("doctor", "--source", "v4l2:/dev/video99"), { code: 2, out: /video99/ });
});

test("the owner's key of a camera is exported for age with a warning", async (t) => {
  const exported = await lintel("member", "export-identity", ...profile);
  t.match(exported, { code: 0, out: /^# camera .*\nAGE-SECRET-KEY-1/, err: /door key/ });
  t.match(await lintel("member", "open", "nonsense", ...profile), { code: 1, err: /not a clip id/ });
  const clip = "0197f000-0000-7000-8000-000000000000";
  t.match(await lintel("member", "open", clip, ...profile), { code: 1, err: /not yours/ });
  t.match(await lintel("member", "delete", clip, "--yes", ...profile), { code: 1, err: /not yours/ });
});

test("a cloud that shows an older household than before is caught", async (t) => {
  const path = join(places.member, "member.json");
  const kept = readFileSync(path, "utf8");
  const profileNow = JSON.parse(kept);
  writeFileSync(path, JSON.stringify({ ...profileNow, seen: { version: 9, hash: hashOfText("later") } }));
  t.match(await lintel("member", "cameras", ...profile), { code: 1, err: /withholds/ });
  writeFileSync(path, JSON.stringify({ ...profileNow, seen: { version: 1, hash: hashOfText("other") } }));
  t.match(await lintel("member", "cameras", ...profile), { code: 1, err: /Somebody replaced/ });
  writeFileSync(path, kept);
  t.equal((await lintel("member", "logout", ...profile)).code, 0);
  t.equal((await lintel("member", "cameras", ...profile)).code, 0, "logs in again by itself");
});

test("this computer's session is listed, renewed by itself, and revoked everywhere at once", async (t) => {
  const list = async () =>
    (await lintel("member", "sessions", ...profile, "--json")).out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  const [current] = (await list()).filter(({ current }) => current);
  t.match(current, { how: "key", client: `lintel on ${hostname()}` });
  const path = join(places.member, "session.json");
  const kept = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...kept, expiresAt: new Date().toISOString() }));
  const both = await Promise.all([list(), list()]);
  for (const sessions of both)
    t.equal(sessions.find((one) => one.current).id, current.id, "renewed once, by one of two commands");
  t.match(await lintel("member", "sessions", "revoke", ...profile), { code: 1, err: /Say which/ });
  t.match(await lintel("member", "sessions", "revoke", current.id, ...profile), { code: 0 });
  const after = await list();
  t.notOk(after.some(({ id }) => id === current.id));
  t.equal(
    after.filter((one) => one.current).length,
    1,
    "whoever holds the key comes in again, as a new session",
  );
});

test("a link for a passkey leads to the page of this cloud, which is there", async (t) => {
  const passkey = (...words: string[]) => lintel("member", "passkey", ...words, ...profile);
  const { url: link } = JSON.parse((await passkey("add", "Phone", "--json")).out);
  t.match(link, /^http:\/\/localhost:\d+\/sign-in#add=[a-z2-7]{32}$/);
  t.match(await (await fetch(link)).text(), /\/pages\/sign-in\.js/);
  t.match(await passkey("add", "--qr"), { code: 0, out: /█.*once, for 10 minutes/s });
  t.match(await passkey("list"), { code: 0, out: /No passkey/ });
  t.match(await passkey("remove", "A".repeat(22)), { code: 1, err: /not yours/ });
});

test("a passphrase is shown once, with what an authenticator reads, and removed", async (t) => {
  const passphrase = (...words: string[]) => lintel("member", "passphrase", ...words, ...profile);
  t.match(await passphrase("new", "--qr"), {
    code: 0,
    out: /name {3}[a-z2-7]{8}\n {2}words {2}([a-z-]+ ){6}[a-z-]+\n.*█.*otpauth:\/\/totp\/Lintel:/s,
  });
  t.match(await passphrase("remove"), { code: 0, out: /sign nobody in/ });
  t.match(await passphrase("remove"), { code: 1, err: /not yours/ });
});

test("a script's token does what its scopes say until it is revoked", async (t) => {
  const token = (...words: string[]) => lintel("member", "token", ...words, ...profile, "--json");
  const made = JSON.parse(
    (await token("create", "script", "--scopes", "clips:read,cameras:read", "--days", "2")).out,
  );
  const ask = async (path: string) =>
    (await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${made.token}` } })).status;
  t.same([await ask("/v1/clips"), await ask("/v1/cameras"), await ask("/v1/tokens")], [200, 200, 403]);
  const listed = (await token("list")).out;
  t.match(JSON.parse(listed), { id: made.id, name: "script", scopes: ["clips:read", "cameras:read"] });
  t.notOk(listed.includes(made.token));
  t.match(await token("create"), { code: 1, err: /Say which/ });
  t.equal((await token("revoke", made.id)).code, 0);
  t.equal(await ask("/v1/clips"), 401);
});

test("a household is deleted in the cloud by one command that asks first; the keys stay here", async (t) => {
  const leaving = ["--profile", place("leaving")];
  const made = await lintel("member", "init", "--cloud", url, "--name", "Eve", "--json", ...leaving);
  t.match(await lintel("member", "delete-household", ...leaving), { code: 1, err: /--yes/ });
  const gone = await lintel("member", "delete-household", "--yes", "--json", ...leaving);
  t.match(JSON.parse(gone.out), { deleted: JSON.parse(made.out).household });
  t.match(await lintel("member", "cameras", ...leaving), { code: 1, err: /does not know this member/ });
});

test("over TLS the cloud is trusted by its own CA's hash, by owner and board alike", async (t) => {
  const data = place("tls-cloud");
  const tls = await startProgram({
    name: "cloud",
    main: "cloud/main.js",
    environment: {
      LINTEL_DATA: data,
      LINTEL_HTTP: "127.0.0.1:0",
      LINTEL_HTTP_TLS: "on",
      LINTEL_MQTT: "127.0.0.1:0",
    },
  });
  t.teardown(() => tls.stop());
  const init = [
    "member",
    "init",
    "--cloud",
    tls.ready.text("http"),
    "--name",
    "Dora",
    "--profile",
    place("dora"),
  ];
  const unknown = await lintel(...init);
  t.match(unknown, { code: 1, err: /by its own CA only.*--ca-hash/ });
  const caHash = hashOf(new X509Certificate(await fetchUnverifiedCa(tls.ready.text("http"))).raw);
  t.notMatch(unknown.err, caHash, "only the operator tells the hash");
  t.match(await lintel(...init, "--ca-hash", hashOfText("another")), { code: 1, err: /do not go on/ });
  t.equal((await lintel(...init, "--ca-hash", caHash)).code, 0);
  const owner = start("member", "claim", "--yes", "--json", "--profile", place("dora"));
  t.match(await install(await owner.field("claim"), "tls-camera").ended, { code: 0 });
  owner.child.kill();
  t.match(await lintel("doctor", "--state", place("tls-camera"), "--json"), {
    out: /"check":"clock","state":"good"/,
  });
});

test("the demo's household settles by the same commands, also where a kill left a member unfinished", async (t) => {
  const other = placesIn(place("demo"));
  const ca = await (await fetch(`${url}/ca.pem`)).text();
  const broken = createServer((asked, answer) => {
    answer.writeHead(asked.url === "/ca.pem" ? 200 : 500).end(ca);
  }).listen(0, "127.0.0.1");
  t.teardown(() => broken.close());
  await once(broken, "listening");
  const { port } = broken.address() as AddressInfo;
  await t.rejects(settle(other, `http://127.0.0.1:${port}`, source[1] ?? ""));
  const path = join(other.member, "member.json");
  const begun = JSON.parse(readFileSync(path, "utf8"));
  t.ok("unregistered" in begun);
  writeFileSync(path, JSON.stringify({ ...begun, cloudUrl: url }));
  const { fingerprint } = await settle(other, url, source[1] ?? "");
  t.match(fingerprint, /^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/);
});

test("people join, are listed and leave by the commands they type", async (t) => {
  const member = (...args: readonly string[]): Promise<Ended> => lintel("member", ...args, ...profile);
  const { invitation } = JSON.parse((await member("invite", "--for", "2d", "--json")).out);
  const bea = ["--profile", place("bea")];
  const joining = await lintel("member", "join", invitation, "--name", "Bea", ...bea, "--json");
  const { fingerprint } = JSON.parse(joining.out);
  t.match(await member("invitations"), {
    code: 0,
    out: new RegExp(`answered .* Bea, fingerprint ${fingerprint}`),
  });
  t.match(await member("add", "Bea", "--role", "adult"), { code: 1, err: /Nobody can be asked here/ });
  t.match(await member("add", "Bea", "--role", "adult", "--fingerprint", fingerprint), {
    code: 0,
    out: /Bea .* is adult/,
  });
  t.match(await member("change", "Bea", "--camera", "Garden gate"), {
    code: 0,
    out: /sees Garden gate only/,
  });
  t.match(await member("remove", "Bea", "--yes"), { code: 0, out: /Bea is no member/ });
  t.match(await member("members"), { code: 0, out: /owner {4}Anna \(you\)/ });
});
