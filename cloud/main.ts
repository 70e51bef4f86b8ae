import { resolve } from "node:path";
import { type Logger, pino } from "pino";
import { toHex } from "../shared/kernel/bytes.js";
import { operatorOffice } from "../shared/release/officelogin.js";
import { createHub, type Hub } from "./api/hub.js";
import { measuresOf } from "./api/measures.js";
import { perMinute } from "./api/plugins/ratelimit.js";
import { accessTeller } from "./api/routes/accesses.js";
import { noticeTeller } from "./api/routes/notices.js";
import { endWaysOfOthers } from "./api/routes/officeways.js";
import { createApi } from "./api/server.js";
import { createSight } from "./api/sight.js";
import { carryOut } from "./backup/commands.io.js";
import { type Config, describeConfig, endpointOf, isLoopback, readConfig, urlHost } from "./config.js";
import { openDesk } from "./desk.io.js";
import { readFlags, seeHelp } from "./flags.io.js";
import { type Gate, openGate } from "./gate.io.js";
import { type House, openHouse, openKeys } from "./house.io.js";
import { createClaims } from "./household/claims.io.js";
import { createFarewell, footageIn } from "./household/farewell.io.js";
import { createInvitations } from "./household/invitations.io.js";
import { createLogins } from "./household/logins.io.js";
import { createPasskeys } from "./household/passkeys.io.js";
import { createPassphrases } from "./household/passphrases.io.js";
import { createPeople } from "./household/people.io.js";
import { privateDirectory } from "./household/privatefile.io.js";
import { createProposals } from "./household/proposals.io.js";
import { createRecoveries } from "./household/recoveries.io.js";
import { createRenewals } from "./household/renewals.io.js";
import { createRepeats } from "./household/repeats.io.js";
import { createSessions } from "./household/sessions.io.js";
import { createThrottle } from "./household/throttle.io.js";
import { createAccessTokens } from "./household/tokens.io.js";
import type { Announce } from "./ingest/ports.js";
import { writeMosquittoFiles } from "./mosquitto.io.js";
import { createWebhooks } from "./notify/webhooks.io.js";
import { createOfficeLogins } from "./office/logins.io.js";
import { createOfficeSessions } from "./office/sessions.io.js";
import { exitCodes, keepAt, listenAs, SettingFault } from "./startup.js";
import { systemClock as clock, systemRandom as random } from "./system.io.js";
import type { LogHealth } from "./tlog/publiclog.io.js";
import { type Started, startBackups, startSweeps, startTicks } from "./upkeep.io.js";
import { createCustody } from "./vault/custody.io.js";
import type { VaultHealth } from "./vault/vault.io.js";

/** Shutting down takes at most this long; then the process ends as if power were lost, which is safe too. */
const shutdownMillisMax = 10_000;

/** So long may what is in the log wait for its publication before the cloud calls itself not ready. */
const logLateMillisMax = 60_000;

/** From the ground up; what is pushed to `started` is closed again in reverse order. */
async function start(config: Config, log: Logger, started: Started): Promise<void> {
  const house = await keepAt("LINTEL_DATA", config.data, () => openHouse(config, log, started));
  startSweeps(house.vault, log, started);
  if (config.backup !== undefined)
    startBackups({ data: config.data, folder: config.backup, reader: house.vault.reader }, log, started);
  const hub = createHub(toHex(random.bytes(6)));
  const announce: Announce = ({ household, camera, kind, ...data }) =>
    hub.publish({ household, camera, kind, data });
  const gate = await openGate(config, { ...house, announce }, log, started);
  const url = await serve(config, { ...house, ...gate, hub }, log, started);
  const { caHash } = house.authority;
  const places = { http: url, mqtt: gate.mqttUrl, docs: `${url}/docs`, data: config.data };
  const ready = { event: "ready", ...places, caHash };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}

/** What people sign in with from browsers, and the sessions of offices. */
function createWays(db: House["db"], { directory, sessionKey }: Pick<House, "directory" | "sessionKey">) {
  const people = createPeople(db, directory);
  return {
    passphrases: createPassphrases(db, { clock, random, people }),
    passkeys: createPasskeys(db, { clock, random, people, secret: sessionKey.privatePem }),
    officeSessions: createOfficeSessions(db, { clock, random }),
  };
}

/** The REST API; resolves with its origin. */
async function serve(
  { http, publicUrl, metricsToken, openRegistration, budget, webhookReach, releases }: Config,
  { db, bus, ingest, mqttUrl, hub, ...house }: House & Gate & { readonly hub: Hub },
  log: Logger,
  started: Started,
): Promise<string> {
  const { authority, charters, cameras, vault } = house;
  const { certificate: cert, key } = authority.server;
  const origins: string[] = publicUrl === undefined ? [] : [publicUrl];
  const ways = createWays(db, house);
  await endWaysOfOthers(ways, operatorOffice, house.operators);
  const desk = openDesk(db, {
    ...{ ...house, ...house.casework },
    ...{ clock, random, tellAccess: accessTeller(hub), tellNotice: noticeTeller(hub) },
  });
  const app = await createApi(
    {
      ...house,
      ...house.casework,
      ...desk,
      clock,
      openRegistration,
      hub,
      logins: createLogins(db, { clock, random }),
      sessions: createSessions(db, { clock, random }),
      ...ways,
      tokens: createAccessTokens(db, { clock, random }),
      officeLogins: createOfficeLogins(db, { directory: house.directory, clock, random }),
      throttle: createThrottle(db, { clock, secret: house.sessionKey.privatePem }),
      farewell: createFarewell(db, footageIn(vault), [house.casework, desk.pressures]),
      proposals: createProposals(db, { charters, clock }),
      recoveries: createRecoveries(db, clock),
      claims: createClaims(db, charters, clock),
      invitations: createInvitations(db, clock),
      renewals: createRenewals(db, cameras, clock),
      repeats: createRepeats(db, { clock, secret: house.sessionKey.privatePem }),
      webhooks: createWebhooks(db, { clock, reach: webhookReach }),
      sight: createSight(cameras, desk.emergencies),
      custody: createCustody(db, { clock, random }),
      states: ingest,
      vaultKey: vault.writer.vaultKey,
      roomOf: vault.reader.room,
      orderDeletion: ingest.deletion,
      audiences: () => origins,
      mqttUrl: () => mqttUrl,
      limit: perMinute(http.openCallsPerMinute),
      budget,
      checks: [
        { name: "database", works: () => answers(db) },
        { name: "vault", works: async () => takes(await vault.reader.health()) },
        { name: "clock", works: async () => !(await vault.reader.health()).clockDoubtful },
        { name: "broker", works: async () => bus.isUp() },
        { name: "log", works: async () => isCurrent(house.log.health()) },
      ],
      measures: measuresOf(house, ingest),
    },
    { log, trustProxy: http.trustProxy, metricsToken, releases, ...(http.tls ? { tls: { key, cert } } : {}) },
  );
  startTicks(
    [
      releases === "off" ? house.casework.docket : house.casework,
      { tick: house.casework.footage.publishHourly },
    ],
    log,
    started,
  );
  started.push(() => app.close());
  const listening = await listenAs("LINTEL_HTTP", `${urlHost(http.host)}:${http.port}`, () =>
    app.listen({ host: http.host, port: http.port }),
  );
  const { port } = new URL(listening);
  const here = isLoopback(http.host) ? ["localhost", "127.0.0.1", "[::1]"] : [];
  origins.push(listening, ...here.map((host) => `${http.tls ? "https" : "http"}://${host}:${port}`));
  return publicUrl ?? listening;
}

function takes({ writable, full }: VaultHealth): boolean {
  return writable && !full;
}

function isCurrent({ writable, lateMillis }: LogHealth): boolean {
  return writable && lateMillis < logLateMillisMax;
}

async function answers(db: House["db"]): Promise<boolean> {
  await db.selectFrom("household").select("id").limit(1).execute();
  return true;
}

/** Runs until a signal asks it to end. */
async function run(config: Config): Promise<void> {
  const log = pino({ level: config.logLevel, base: null }, pino.destination({ dest: 2, sync: true }));
  const started: Started = [];
  let stopping = false;
  const stop = async (code: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), shutdownMillisMax).unref();
    for (const close of started.reverse()) {
      await close().catch((error: unknown) => log.error({ error: `${error}` }, "cloud.stop-failed"));
    }
    process.exit(code);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      log.info({ why: signal }, "cloud.stopping");
      void stop(0);
    });
  }
  try {
    await start(config, log, started);
  } catch (error) {
    await stop(sayWhy(error));
  }
}

/** One sentence, and the exit code that goes with it. */
function sayWhy(error: unknown): number {
  process.stderr.write(`The cloud does not start: ${error instanceof Error ? error.message : error}\n`);
  return error instanceof SettingFault ? exitCodes.configuration : exitCodes.failed;
}

/** For an operator who runs a Mosquitto. */
async function writeMosquitto(config: Config, directory: string): Promise<void> {
  const { publicMqtt, data, node } = config;
  const at = publicMqtt === undefined ? config.mqtt : endpointOf(publicMqtt);
  const authority = await keepAt("LINTEL_DATA", data, async () => {
    await privateDirectory(data);
    return openKeys(config);
  });
  const path = await writeMosquittoFiles(authority, { directory, at, nodes: [node] });
  process.stdout.write(`Give ${directory} to the user that Mosquitto runs as, then: mosquitto -c ${path}\n`);
}

/** Resolves with the exit code once there is nothing more to do; a cloud that runs ends the process itself. */
async function main(): Promise<number> {
  const flags = readFlags();
  if (flags === undefined) return exitCodes.usage;
  if (flags.help === true) {
    process.stdout.write(describeConfig());
    return 0;
  }
  const config = readConfig(process.env);
  if (!config.ok) {
    process.stderr.write(`${config.error.join("\n")}\n${seeHelp}`);
    return exitCodes.configuration;
  }
  const { order } = flags;
  if (order !== undefined) await carryOut(order, resolve(config.value.data), clock.wall());
  else if (flags.mosquitto === undefined) await run(config.value);
  else await writeMosquitto(config.value, flags.mosquitto);
  return 0;
}

// Whoever read what it prints may have enough (`| head`): that ends nothing, and is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});
process.exitCode = await main().catch(sayWhy);
