import { join } from "node:path";
import { pino } from "pino";
import { perMinute } from "./api/plugins/ratelimit.js";
import { createApi } from "./api/server.js";
import { type Config, describeConfig, hostOf, readConfig } from "./config.js";
import { openDatabase } from "./database.io.js";
import { openAuthority } from "./household/ca.io.js";
import { createCameraDirectory } from "./household/cameras.io.js";
import { createCharters } from "./household/charters.io.js";
import { createClaims } from "./household/claims.io.js";
import { createLogins } from "./household/logins.io.js";
import { privateDirectory } from "./household/privatefile.io.js";
import { openSessionKey } from "./household/sessionkey.io.js";
import { systemClock as clock, systemRandom as random } from "./system.io.js";

async function start(config: Config): Promise<void> {
  const log = pino({ level: config.logLevel }, pino.destination(2));
  await privateDirectory(config.data);
  const db = await openDatabase(join(config.data, "cloud.db"));
  const identity = join(config.data, "identity");
  const hosts = [config.publicUrl, config.publicMqtt].flatMap((url) =>
    url === undefined ? [] : [hostOf(url)],
  );
  const authority = await openAuthority({
    directory: identity,
    hosts: [...new Set(["localhost", "127.0.0.1", "::1", ...hosts])],
    clock,
    random,
  });
  const charters = createCharters(db, clock);
  const cameras = createCameraDirectory(db);
  const origins: string[] = config.publicUrl === undefined ? [] : [config.publicUrl];
  const app = await createApi(
    {
      charters,
      logins: createLogins(db, { clock, random }),
      claims: createClaims(db, charters, clock),
      authority,
      sessionKey: await openSessionKey(identity),
      vaultKey: "",
      clock,
      audiences: () => origins,
      mqttUrl: () => "",
      openRegistration: config.openRegistration,
      limit: perMinute(config.http.openCallsPerMinute),
      checks: [],
    },
    {
      log,
      trustProxy: config.http.trustProxy,
      ...(config.http.tls ? { tls: { key: authority.server.key, cert: authority.server.certificate } } : {}),
    },
  );
  const http = await app.listen({ host: config.http.host, port: config.http.port });
  origins.push(http);
  process.stdout.write(`${JSON.stringify({ event: "ready", http, mqtt: "", docs: `${http}/docs` })}\n`);
  void cameras;
}

if (process.argv.includes("--help")) process.stdout.write(describeConfig());
else {
  const config = readConfig(process.env);
  if (config.ok) await start(config.value);
  else {
    process.stderr.write(`${config.error.join("\n")}\nlintel-cloud --help lists every setting.\n`);
    process.exitCode = 2;
  }
}
