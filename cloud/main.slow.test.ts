import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { appendFile, chmod, mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { request } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { fileURLToPath } from "node:url";
import { t as tap, test } from "tap";
import { millis } from "../shared/kernel/brand.js";
import { freePort } from "../shared/kernel/freeport.contract.js";
import { hashOf } from "../shared/seal/hash.js";
import { firstCharter, newPerson, sign } from "./api/testpeople.js";
import { openDatabase } from "./database.io.js";
import { openSessionKey } from "./household/sessionkey.io.js";
import { BetterSqlite3 } from "./sqlite.io.js";

const program = fileURLToPath(new URL("main.js", import.meta.url));
const room = await mkdtemp(join(tmpdir(), "lintel-cloud-"));
tap.teardown(() => rm(room, { recursive: true }));

interface Cloud {
  readonly child: ChildProcess;
  readonly ready: Readonly<Record<"http" | "mqtt" | "docs" | "caHash", string>>;
  readonly log: () => string;
}

/** A real process with its log; killed at the end of the test whatever happens. */
function spawnCloud(t: Teardown, settings: Record<string, string>, flags: readonly string[] = []) {
  const free = { LINTEL_HTTP: "127.0.0.1:0", LINTEL_MQTT: "127.0.0.1:0" };
  const env = { PATH: process.env.PATH ?? "", ...free, ...settings };
  const child = spawn(process.execPath, [program, ...flags], { env, stdio: ["ignore", "pipe", "pipe"] });
  t.teardown(() => child.kill("SIGKILL"));
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  return { child, log: () => log };
}

interface Teardown {
  teardown(work: () => unknown): void;
}

async function startCloud(t: Teardown, settings: Record<string, string>): Promise<Cloud> {
  const { child, log } = spawnCloud(t, settings);
  const ended = once(child, "close").then(() => Promise.reject(new Error(log())));
  const [line] = await Promise.race([once(child.stdout.setEncoding("utf8"), "data"), ended]);
  return { child, log, ready: JSON.parse(String(line)) };
}

async function stop({ child }: Cloud, signal: "SIGTERM" | "SIGKILL"): Promise<number> {
  const exited = once(child, "exit");
  child.kill(signal);
  const [code] = await exited;
  return code;
}

/** Runs it to its end: its code and what it said on stderr. */
async function fails(t: Teardown, settings: Record<string, string>): Promise<{ code: number; said: string }> {
  const { child, log } = spawnCloud(t, settings);
  const [code] = await once(child, "close");
  return { code, said: log() };
}

test("a running cloud is backed up by one command, and another one brings it back", async (t) => {
  const [data, backup] = [join(room, "lived"), join(room, "backup")];
  const cloud = await startCloud(t, { LINTEL_DATA: data });
  const owner = await newPerson("owner", "Ada");
  const charter = sign(firstCharter([owner]), [owner]);
  const { caHash, http } = cloud.ready;
  t.equal((await ask(`${http}/v1/households`, "", { charter })).status, 201);
  const logOf = async ({ ready }: Cloud) => ({
    policy: (await ask(`${ready.http}/tlog/policy`, "")).text,
    kinds: JSON.parse((await ask(`${ready.http}/tlog/entries`, "")).text).entries.map(
      ({ kind }: { kind: string }) => kind,
    ),
  });
  t.match(await logOf(cloud), { policy: /^log localhost\/tlog\+/, kinds: ["charter"] });
  const order = async (...words: readonly string[]) => {
    const { child, log } = spawnCloud(t, { LINTEL_DATA: data }, words);
    child.stdout.resume();
    const [code] = await once(child, "close");
    return { code, said: log() };
  };
  t.equal((await order("backup")).code, 64, "no folder");
  t.same(await order("backup", backup), { code: 0, said: "" });
  t.match(await order("restore", backup), { code: 1, said: /is not empty/ });
  await stop(cloud, "SIGKILL");
  await rm(data, { recursive: true });
  t.same(await order("restore", backup), { code: 0, said: "" });
  const again = await startCloud(t, { LINTEL_DATA: data });
  t.equal(again.ready.caHash, caHash, "cameras know it");
  t.equal((await ask(`${again.ready.http}/v1/households`, "", { charter })).status, 201, "the same answer");
  // What the lost log showed nobody can know: this is another one, with all that the backup knows.
  t.match(await logOf(again), { policy: /^log localhost\/tlog-\d{8}t\d{6}\+/, kinds: ["charter"] });
  await stop(again, "SIGTERM");
});

test("a cloud makes its own backup each day, and not again because it was started anew", async (t) => {
  const [data, folder] = [join(room, "daily"), join(room, "daily-backup")];
  const settings = { LINTEL_DATA: data, LINTEL_BACKUP: folder };
  const first = await startCloud(t, settings);
  const states = async (): Promise<readonly string[]> => {
    const names = await readdir(join(folder, "states")).catch(() => []);
    return names.filter((name) => /^\d+$/.test(name));
  };
  while (!first.log().includes("backup.made")) await once(first.child.stderr ?? first.child, "data");
  const made = await states();
  t.equal(made.length, 1);
  t.equal(await stop(first, "SIGTERM"), 0);
  const again = await startCloud(t, settings);
  t.equal(await stop(again, "SIGTERM"), 0);
  t.same(await states(), made);
  t.match(await fails(t, { ...settings, LINTEL_BACKUP: "here" }), {
    said: /LINTEL_BACKUP .* an absolute path/,
  });
});

/** A request by a client that trusts this authority only; plain where the cloud is. */
async function ask(
  url: string,
  ca: string,
  body?: object,
): Promise<{ status: number | undefined; text: string }> {
  if (url.startsWith("http:")) {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(url, body && { method: "POST", headers, body: JSON.stringify(body) });
    return { status: answer.status, text: await answer.text() };
  }
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const sent = request(
      url,
      { ca, method: body === undefined ? "GET" : "POST", headers },
      async (answer) => {
        let text = "";
        for await (const piece of answer) text += piece;
        resolve({ status: answer.statusCode, text });
      },
    );
    sent.on("error", reject).end(body && JSON.stringify(body));
  });
}

test("the cloud starts on free ports, survives kill -9 with all that it answered, and ends on SIGTERM", async (t) => {
  const data = join(room, "one");
  const first = await startCloud(t, { LINTEL_DATA: data });
  t.match(first.ready, { http: /^http:\/\/127\.0\.0\.1:\d+$/, mqtt: /^mqtts:\/\/127\.0\.0\.1:\d+$/ });
  const readiness = await ask(`${first.ready.http}/readyz`, "");
  const checks = { database: true, vault: true, clock: true, broker: true, log: true };
  t.same(JSON.parse(readiness.text), { status: "ready", checks });
  const ada = await newPerson("owner", "Ada");
  const charter = sign(firstCharter([ada]), [ada]);
  t.equal((await ask(`${first.ready.http}/v1/households`, "", { charter })).status, 201);
  const ca = (await ask(`${first.ready.http}/ca.pem`, "")).text;
  const der = new X509Certificate(ca).raw;
  t.equal(first.ready.caHash, hashOf(der), "what members pin");
  const twin = await fails(t, { LINTEL_DATA: data });
  t.equal(twin.code, 1);
  t.match(twin.said, /another cloud is running on .*one; stop it first/);
  await stop(first, "SIGKILL");
  t.notMatch(first.log(), /remoteAddress|"ip"/, "callers' addresses are not logged");

  const second = await startCloud(t, { LINTEL_DATA: data, LINTEL_HTTP_TLS: "on" });
  const { http, mqtt } = second.ready;
  t.match(http, /^https:/);
  t.equal((await ask(`${http}/ca.pem`, ca)).text, ca, "the same authority, which vouches for the API");
  const fork = sign({ ...firstCharter([ada]), issued: millis(5) }, [ada]);
  t.equal((await ask(`${http}/v1/households`, ca, { charter: fork })).status, 409, "the household is known");
  const { hostname, port } = new URL(mqtt);
  const shown = await new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), ca }, () => {
      resolve(socket.getPeerCertificate().subject.CN);
      socket.destroy();
    }).on("error", reject);
  });
  t.equal(shown, "lintel-cloud", "and for the broker");
  for (const file of ["ca.key", "server.key", "session.key"])
    t.equal((await stat(join(data, "identity", file))).mode & 0o777, 0o600, file);
  t.equal((await stat(data)).mode & 0o777, 0o700);
  t.equal(await readFile(join(data, "identity/ca.pem"), "utf8"), ca);
  t.equal(await stop(second, "SIGTERM"), 0);
});

test("keys that others may read, a newer database, a port in use, wrong settings: each a sentence and no start", async (t) => {
  const [open, newer, shared] = [join(room, "open"), join(room, "newer"), join(room, "shared")];
  await mkdir(join(shared, "theirs"), { recursive: true });
  await chmod(shared, 0o755);
  await openSessionKey(join(open, "identity"));
  await chmod(open, 0o700);
  await chmod(join(open, "identity/session.key"), 0o644);
  await openSessionKey(newer);
  await (await openDatabase(join(newer, "cloud.db"))).destroy();
  const sqlite = new BetterSqlite3(join(newer, "cloud.db"));
  sqlite.exec("insert into kysely_migration values ('9999-future', '2030-01-01T00:00:00.000Z')");
  sqlite.close();
  const taken = createServer().listen(0, "127.0.0.1");
  t.teardown(() => taken.close());
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const wrong = { LINTEL_HTTP: "x", LINTEL_RETENTION_DAYS: "61", LINTEL_LOG: "loud" };
  const cases = [
    [{ LINTEL_DATA: open }, 1, /session\.key holds keys but has mode 644.*chmod 600/],
    [{ LINTEL_DATA: shared }, 1, /shared is not empty and has mode 755.*choose a directory of its own/],
    [{ LINTEL_DATA: newer }, 1, /written by a newer Lintel \(it has 9999-future\)/],
    ...(["HTTP", "MQTT"] as const).map(
      (what) =>
        [
          { LINTEL_DATA: join(room, `busy-${what}`), [`LINTEL_${what}`]: `127.0.0.1:${port}` },
          78,
          new RegExp(
            `^The cloud does not start: LINTEL_${what} is 127.0.0.1:${port}, but another [^\\n]*\\n$`,
          ),
        ] as const,
    ),
    [
      { LINTEL_DATA: join(open, "identity/session.key/x") },
      78,
      /^The cloud does not start: LINTEL_DATA is [^\n]*, but it is not in a directory[^\n]*\n$/,
    ],
    [
      { LINTEL_DATA: join(open, "identity/session.key") },
      78,
      /^The cloud does not start: LINTEL_DATA is [^\n]*, but it is not a directory[^\n]*\n$/,
    ],
    [{ LINTEL_DATA: "/proc/lintel/cloud" }, 78, /LINTEL_DATA is [^\n]*, but it cannot be made there/],
    [
      { LINTEL_DATA: join(room, "hosted"), LINTEL_OPERATORS: join(room, "nobody") },
      78,
      /^The cloud does not start: LINTEL_OPERATORS is [^\n]*, but it cannot be read \(ENOENT\)/,
    ],
    [wrong, 78, /LINTEL_HTTP is[\s\S]*LINTEL_RETENTION_DAYS is[\s\S]*LINTEL_LOG is/],
  ] as const;
  const ends = await Promise.all(cases.map(([settings]) => fails(t, settings)));
  for (const [index, [, code, sentence]] of cases.entries()) {
    t.equal(ends[index]?.code, code);
    t.match(ends[index]?.said, sentence);
  }
});

test("a word that it does not know ends it as wrong usage, in one line", async (t) => {
  for (const flags of [["--foo"], ["start"], ["--mosquitto"]]) {
    const { child, log } = spawnCloud(t, { LINTEL_DATA: join(room, "never") }, flags);
    t.equal((await once(child, "close"))[0], 64, flags.join());
    t.match(log(), /^[A-Z][^\n]*\. lintel-cloud --help lists every setting\.\n$/);
  }
});

test("a reader that has enough ends the help quietly, and the cloud not at all", async (t) => {
  const { child, log } = spawnCloud(t, {}, ["--help"]);
  child.stdout.destroy();
  t.equal((await once(child, "close"))[0], 0);
  t.equal(log(), "");
  const port = await freePort();
  const running = spawnCloud(t, { LINTEL_DATA: join(room, "unread"), LINTEL_HTTP: `127.0.0.1:${port}` });
  running.child.stdout.destroy();
  const ended = once(running.child, "close");
  for (let answers = false; !answers; ) {
    if (running.child.exitCode !== null) return t.fail(running.log());
    answers = (await ask(`http://127.0.0.1:${port}/healthz`, "").catch(() => undefined)) !== undefined;
  }
  running.child.kill("SIGTERM");
  t.equal((await ended)[0], 0);
});

const noMosquitto = spawnSync("mosquitto", ["-h"]).error === undefined ? false : "mosquitto is not installed";

test("a Mosquitto started with the written configuration takes the cloud in", {
  skip: noMosquitto,
}, async (t) => {
  const directory = join(room, "mosquitto");
  const port = await freePort();
  const url = `mqtts://127.0.0.1:${port}`;
  const settings = { LINTEL_DATA: join(room, "outside"), LINTEL_PUBLIC_MQTT: url };
  const [code] = await once(spawnCloud(t, settings, ["--mosquitto", directory]).child, "close");
  t.equal(code, 0);
  const config = join(directory, "mosquitto.conf");
  await appendFile(config, `user ${userInfo().username}\n`);
  const broker = spawn("mosquitto", ["-c", config], { stdio: "ignore" });
  t.teardown(() => broker.kill("SIGKILL"));
  const cloud = await startCloud(t, { ...settings, LINTEL_BROKER: url });
  t.equal(cloud.ready.mqtt, url);
  t.match(await untilReady(cloud), { broker: true });
  t.equal(await stop(cloud, "SIGTERM"), 0);
});

/** The checks of /readyz once all hold; the broker may come up after the cloud. */
async function untilReady({ ready }: Cloud): Promise<Record<string, boolean>> {
  for (;;) {
    const answer = await ask(`${ready.http}/readyz`, "");
    if (answer.status === 200) return JSON.parse(answer.text).checks;
  }
}
