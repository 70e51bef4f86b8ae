import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { t as tap, test } from "tap";
import { millis } from "../shared/kernel/brand.js";
import { describeConfig, readConfig } from "./config.js";
import { openDatabase } from "./database.io.js";
import { openAuthority } from "./household/ca.io.js";
import { claimEnd, claimStateOf } from "./household/claimstate.js";
import { readPrivate } from "./household/privatefile.io.js";
import { keepAt, SettingFault } from "./startup.js";
import { systemClock, systemRandom } from "./system.io.js";

const room = await mkdtemp(join(tmpdir(), "lintel-cloud-"));
tap.teardown(() => rm(room, { recursive: true }));

test("what would be unsafe or unreachable is refused, with what to set", (t) => {
  const refusals = [
    [{ LINTEL_HTTP: "192.0.2.1:80" }, /LINTEL_HTTP_TLS=on/],
    [{ LINTEL_HTTP: "0.0.0.0:443", LINTEL_HTTP_TLS: "on" }, /LINTEL_PUBLIC_URL/],
    [{ LINTEL_MQTT: "[::]:8883" }, /LINTEL_PUBLIC_MQTT/],
    [{ LINTEL_PUBLIC_URL: "http://example.org" }, /only https is safe/],
    [{ LINTEL_PUBLIC_URL: "https://example.org/path" }, /an origin/],
    [{ LINTEL_PUBLIC_URL: "https://example.org:65536" }, /LINTEL_PUBLIC_URL is .*host:port/],
    [{ LINTEL_PUBLIC_URL: "https://::" }, /LINTEL_PUBLIC_URL is .*host:port/],
    [{ LINTEL_PUBLIC_MQTT: "mqtts://b:99999" }, /LINTEL_PUBLIC_MQTT is .*host:port/],
    [{ LINTEL_BROKER: "mqtts://b:99999", LINTEL_PUBLIC_MQTT: "mqtts://b:1" }, /LINTEL_BROKER is .*host:port/],
    [{ LINTEL_BROKER: "mqtts://b:1" }, /LINTEL_PUBLIC_MQTT/],
    [
      { LINTEL_BROKER: "mqtts://b:1", LINTEL_PUBLIC_MQTT: "mqtts://b:1", LINTEL_BROKER_CA: "x" },
      /all three or none/,
    ],
    [{ LINTEL_BROKER: "mqtt://b:1" }, /mqtts:/],
    [{ LINTEL_METRICS_TOKEN: "short" }, /16 to 256/],
    [{ LINTEL_NODE: "aaaaaaaaaaaaaaaa" }, /cloud-/],
    [{ LINTEL_VAULT_LIMIT: "0" }, /whole number/],
    [{ LINTEL_HOUSEHOLD_LIMIT: "50 GiB" }, /LINTEL_HOUSEHOLD_LIMIT is .*whole number/],
    [{ LINTEL_CLOCK_CHECKED: "2026-02-31" }, /LINTEL_CLOCK_CHECKED is .*a day like/],
    [{ LINTEL_CLOCK_CHECKED: "2026-02-29" }, /LINTEL_CLOCK_CHECKED is .*a day like/],
    [{ LINTEL_HOURLY: "0" }, /LINTEL_HOURLY is .*whole number/],
  ] as const;
  for (const [environment, why] of refusals) {
    const config = readConfig(environment);
    t.equal(config.ok, false, JSON.stringify(environment));
    if (!config.ok) t.match(config.error.join("\n"), why);
  }
  t.match(readConfig({ LINTEL_RELEASES: "on" }), {
    ok: false,
    error: [/name two operators in LINTEL_OPERATORS/],
  });
  t.ok(readConfig({ LINTEL_RELEASES: "on", LINTEL_OPERATORS: "/etc/lintel/operators" }).ok);
  t.ok(readConfig({}).ok, "the defaults stand");
  t.ok(readConfig({ LINTEL_CLOCK_CHECKED: "2028-02-29" }).ok);
  t.ok(
    readConfig({
      LINTEL_HTTP: "0.0.0.0:443",
      LINTEL_HTTP_TLS: "on",
      LINTEL_PUBLIC_URL: "https://example.org",
    }).ok,
  );
  t.match(describeConfig(), /LINTEL_RETENTION_DAYS/);
  t.end();
});

test("a full disk is told with its directory and what to do, and is no fault of the setting", async (t) => {
  const full = (code: string) => () =>
    Promise.reject(Object.assign(new Error("database or disk is full"), { code }));
  for (const code of ["SQLITE_FULL", "ENOSPC"]) {
    const error: unknown = await keepAt("LINTEL_DATA", "/srv/door", full(code)).catch((thrown) => thrown);
    t.match(error, { message: /the disk under \/srv\/door \(LINTEL_DATA\) is full\. Make room/ });
    t.notOk(error instanceof SettingFault);
  }
});

test("the public address is the origin that members sign, however it was written", (t) => {
  const origins = {
    "https://Door.Example:443": "https://door.example",
    "https://door.example:8443": "https://door.example:8443",
    "https://[2001:db8::443]": "https://[2001:db8::443]",
    "http://localhost:80": "http://localhost",
    "https://door.example:80": "https://door.example:80",
  };
  for (const [url, origin] of Object.entries(origins)) {
    const config = readConfig({ LINTEL_PUBLIC_URL: url });
    t.equal(config.ok && config.value.publicUrl, origin);
    t.equal(new URL(url).origin, origin);
  }
  t.end();
});

test("the server's certificate is made anew when it ends soon or names other hosts, the authority stays", async (t) => {
  const directory = join(room, "authority");
  const options = {
    directory,
    hosts: ["127.0.0.1", "cloud.example"],
    clock: systemClock,
    random: systemRandom,
  };
  const first = await openAuthority(options);
  t.equal((await openAuthority(options)).server.certificate, first.server.certificate, "kept");
  const moved = await openAuthority({ ...options, hosts: ["127.0.0.1", "elsewhere.example"] });
  t.not(moved.server.certificate, first.server.certificate);
  const years = 5 * 365 * 86_400_000;
  const later = { ...systemClock, wall: () => millis(systemClock.wall() + years - 29 * 86_400_000) };
  const renewed = await openAuthority({
    ...options,
    hosts: ["127.0.0.1", "elsewhere.example"],
    clock: later,
  });
  t.not(renewed.server.certificate, moved.server.certificate);
  t.same([renewed.caHash, moved.caHash], [first.caHash, first.caHash]);
  t.equal(renewed.server.key, first.server.key);
});

test("what is no file where a key belongs is named, and no pipe is waited for", async (t) => {
  const path = join(room, "ca.key");
  t.equal(await readPrivate(path), undefined);
  execFileSync("mkfifo", [path]);
  await t.rejects(readPrivate(path), { message: `${path} is no file. Move it away, or put back a copy.` });
});

test("a transaction that fails leaves nothing behind, and foreign keys hold", async (t) => {
  const db = await openDatabase(":memory:");
  t.teardown(() => db.destroy());
  await t.rejects(
    db.transaction().execute(async (tx) => {
      await tx.insertInto("household").values({ id: "a", registered_at: 0 }).execute();
      throw new Error("power");
    }),
  );
  t.same(await db.selectFrom("household").selectAll().execute(), []);
  const orphan = { household: "nobody", id: "m", role: "owner", login_key: "", name: "x" };
  await t.rejects(db.insertInto("member").values(orphan).execute(), /FOREIGN KEY/);
});

test("a claim's state and end follow the clock", (t) => {
  const [madeAt, expiresAt] = [millis(0), millis(600_000)];
  const at = (answered: boolean, signedIn: boolean, now: number) =>
    claimStateOf({ madeAt, expiresAt, answered, signedIn }, millis(now));
  t.equal(at(false, false, 599_999), "waiting");
  t.equal(at(false, false, 600_000), "expired");
  t.equal(at(true, false, 600_000), "answered");
  t.equal(at(true, true, 600_000), "enrolled");
  t.equal(at(true, true, 24 * 3_600_000), "expired");
  t.equal(claimEnd(millis(5), millis(5)), undefined);
  t.equal(claimEnd(millis(6), millis(5)), 6);
  t.equal(claimEnd(millis(9_999_999), millis(5)), 600_005);
  t.end();
});
