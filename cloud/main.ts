import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Logger, pino } from "pino";
import { millis } from "../shared/kernel/brand.js";
import { toHex } from "../shared/kernel/bytes.js";
import { operatorOffice } from "../shared/release/officelogin.js";
import { createHub } from "./api/hub.js";
import { measuresOf } from "./api/measures.js";
import { perMinute } from "./api/plugins/ratelimit.js";
import { accessTeller } from "./api/routes/accesses.js";
import { noticeTeller } from "./api/routes/notices.js";
import { endWaysOfOthers } from "./api/routes/officeways.js";
import { createApi } from "./api/server.js";
import { createSight } from "./api/sight.js";
import { carryOut } from "./backup/commands.io.js";
import type { Bus, Log } from "./broker/bus.js";
import { EmbeddedBroker } from "./broker/embedded.io.js";
import { ExternalBroker } from "./broker/external.io.js";
import { openCasework } from "./casework.io.js";
import {
  type BrokerFiles,
  type Config,
  describeConfig,
  endpointOf,
  hostOf,
  isLoopback,
  isWildcard,
  readConfig,
} from "./config.js";
import { openDatabase } from "./database.io.js";
import { openDesk } from "./desk.io.js";
import { readFlags, seeHelp } from "./flags.io.js";
import { type Authority, openAuthority, type Pair } from "./household/ca.io.js";
import { createCameraDirectory } from "./household/cameras.io.js";
import { enterOldCharters } from "./household/charterlog.io.js";
import { createCharters } from "./household/charters.io.js";
import { createClaims } from "./household/claims.io.js";
import { createFarewell, footageIn } from "./household/farewell.io.js";
import { createInvitations } from "./household/invitations.io.js";
import { createLogins } from "./household/logins.io.js";
import { createModes } from "./household/modes.io.js";
import { createPasskeys } from "./household/passkeys.io.js";
import { createPassphrases } from "./household/passphrases.io.js";
import { createPeople } from "./household/people.io.js";
import { privateDirectory } from "./household/privatefile.io.js";
import { createProposals } from "./household/proposals.io.js";
import { createRecoveries } from "./household/recoveries.io.js";
import { createRenewals } from "./household/renewals.io.js";
import { createRepeats } from "./household/repeats.io.js";
import { openSessionKey } from "./household/sessionkey.io.js";
import { createSessions } from "./household/sessions.io.js";
import { createThrottle } from "./household/throttle.io.js";
import { createAccessTokens } from "./household/tokens.io.js";
import { startIngest } from "./ingest/ingest.io.js";
import { lockDirectory } from "./lock.io.js";
import { writeMosquittoFiles } from "./mosquitto.io.js";
import { startCourier } from "./notify/courier.io.js";
import { createWebhooks } from "./notify/webhooks.io.js";
import { createOfficeLogins } from "./office/logins.io.js";
import { readOperators } from "./office/operators.io.js";
import { createDirectory } from "./office/people.js";
import { createOfficeSessions } from "./office/sessions.io.js";
import { readPolicyFile } from "./policy.io.js";
import { exitCodes, keepAt, listenAs, refuseAbandoning, SettingFault } from "./startup.js";
import { systemClock as clock, systemRandom as random } from "./system.io.js";
import { type LogHealth, openPublicLog, type PublicLog } from "./tlog/publiclog.io.js";
import { readWitnesses } from "./tlog/witnessfile.io.js";
import { type Started, startBackups, startSweeps, startTicks } from "./upkeep.io.js";
import { createCustody } from "./vault/custody.io.js";
import type { Damage } from "./vault/rooms.io.js";
import { openVault, type VaultHealth } from "./vault/vault.io.js";

/** Shutting down takes at most this long; then the process ends as if power were lost, which is safe too. */
const shutdownMillisMax = 10_000;

/** So long may what is in the log wait for its publication before the cloud calls itself not ready. */
const logLateMillisMax = 60_000;

const damageAdvice =
  "Put the file back into vault/clips from a backup (a thumbnail lies in cloud.db), and look at the disk that it lay on.";

/** From the ground up; what is pushed to `started` is closed again in reverse order. */
async function start(config: Config, log: Logger, started: Started): Promise<void> {
  const house = await keepAt("LINTEL_DATA", config.data, () => openHouse(config, log, started));
  startSweeps(house.vault, log, started);
  if (config.backup !== undefined)
    startBackups({ data: config.data, folder: config.backup, reader: house.vault.reader }, log, started);
  const gate = await openGate(config, house, log, started);
  const url = await serve(config, { ...house, ...gate }, log, started);
  const { caHash } = house.authority;
  const places = { http: url, mqtt: gate.mqttUrl, docs: `${url}/docs`, data: config.data };
  const ready = { event: "ready", ...places, caHash };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}

type House = Awaited<ReturnType<typeof openHouse>>;

/** Database, keys, households, vault. */
async function openHouse(config: Config, log: Logger, started: Started) {
  const {
    data,
    vaultBytesMax: bytesMax,
    householdBytesMax,
    retentionDays,
    longestDays,
    clockChecked,
  } = config;
  await privateDirectory(data);
  const lock = lockDirectory(data);
  started.push(() => lock.release());
  const db = await openDatabase(join(data, "cloud.db"));
  started.push(() => db.destroy());
  const authority = await openKeys(config);
  const sessionKey = await openSessionKey(join(data, "identity"));
  const publicLog = await openLog(config, db, log);
  started.push(() => publicLog.close());
  await enterOldCharters(db, publicLog);
  const charters = createCharters(db, { clock, log: publicLog });
  const modes = createModes(db, charters, clock);
  const cameras = createCameraDirectory(db);
  const noon = clockChecked === undefined ? undefined : millis(Date.parse(`${clockChecked}T12:00:00Z`));
  const limits = { retentionDays, longestDays, bytesMax, householdBytesMax, clockChecked: noon };
  const onDamage = (body: Damage): void => log.error({ ...body, next: damageAdvice }, "vault.body-damaged");
  const vault = await openVault({ directory: join(data, "vault"), db, clock, onDamage, ...limits });
  started.push(() => vault.close());
  const policy = await readPolicyFile(config.policy);
  const casework = openCasework({
    db,
    data,
    log: publicLog,
    charters,
    vault: vault.reader,
    policy,
    clock,
    random,
    onFault: (error) => log.error({ error: `${error}` }, "release.not-ended"),
  });
  await refuseAbandoning(config.releases, casework);
  const operators = await readOperators(config.operators);
  const directory = createDirectory(operators, casework.agencyOf);
  return {
    db,
    authority,
    operators,
    directory,
    sessionKey,
    log: publicLog,
    charters,
    casework,
    modes,
    cameras,
    vault,
  };
}

async function openLog(
  { data, logOrigin: origin, witnesses: file }: Config,
  db: House["db"],
  log: Logger,
): Promise<PublicLog> {
  const witnesses = file === undefined ? undefined : await readWitnesses(file);
  const onFault = (witness: string, why: string): void => log.warn({ witness, why }, "log.not-cosigned");
  return openPublicLog({ db, data, origin, witnesses, onFault });
}

function openKeys({ data, http, mqtt, publicUrl, publicMqtt }: Config): Promise<Authority> {
  const named = [publicUrl, publicMqtt].flatMap((url) => (url === undefined ? [] : hostOf(url)));
  const listening = [http.host, mqtt.host].filter((host) => !isWildcard(host));
  const hosts = [...new Set(["localhost", "127.0.0.1", "::1", ...listening, ...named])];
  return openAuthority({ directory: join(data, "identity"), hosts, clock, random });
}

type Gate = Awaited<ReturnType<typeof openGate>>;

/** Broker and ingest: from here on cameras may come. */
async function openGate(config: Config, house: House, log: Logger, started: Started) {
  const { db, authority, cameras, charters, modes, vault } = house;
  const hub = createHub(toHex(random.bytes(6)));
  const bus = await createBus(config, house, log);
  const { mqtt, webhookReach: reach } = config;
  const onFault = (error: unknown): void => log.error({ error: `${error}` }, "webhook.failed");
  const courier = startCourier(db, { clock, reach, onFault });
  const ingest = await listenAs("LINTEL_MQTT", `${urlHost(mqtt.host)}:${mqtt.port}`, () =>
    startIngest({
      bus,
      db,
      charters,
      modes,
      certifier: authority,
      clock,
      vault: vault.writer,
      directory: cameras,
      announce: ({ household, camera, kind, ...data }) => {
        hub.publish({ household, camera, kind, data });
        courier.wake();
      },
      log: logTo(log),
    }),
  );
  started.push(() => ingest.close());
  // Stops first: what ingest stores at the end is told after the next start.
  started.push(() => courier.close());
  const notTold = (error: unknown): void => log.error({ error: `${error}` }, "charter.not-told");
  charters.onChange(({ household }) => void ingest.charterChanged(household).catch(notTold));
  modes.onChange((household) => void ingest.modeChanged(household).catch(notTold));
  const { host, port } = ingest.address;
  return { bus, ingest, hub, mqttUrl: config.publicMqtt ?? `mqtts://${urlHost(host)}:${port}` };
}

async function createBus(config: Config, { authority, cameras }: House, log: Logger): Promise<Bus> {
  const { mqtt, broker, node } = config;
  const { caPem: ca, server } = authority;
  if (broker === undefined)
    return new EmbeddedBroker({
      ...mqtt,
      ca,
      ...server,
      mayConnect: cameras.mayConnect,
      isAllowed: cameras.isAllowed,
      clock,
      log: logTo(log),
    });
  const { url, files } = broker;
  const own = (): Promise<Pair> => authority.own({ file: node, commonName: node, use: "client", hosts: [] });
  const trust = files === undefined ? { ca, ...(await own()) } : await readFiles(files);
  return new ExternalBroker({ url, node, ...trust, random, log: logTo(log) });
}

async function readFiles({ ca, certificate, key }: BrokerFiles): Promise<BrokerFiles> {
  const read = (path: string): Promise<string> => readFile(path, "utf8");
  return { ca: await read(ca), certificate: await read(certificate), key: await read(key) };
}

function logTo(log: Logger): Log {
  return (event, fields) => log.info(fields, event);
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
  { db, bus, ingest, mqttUrl, hub, ...house }: House & Gate,
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
      sight: createSight(cameras),
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

function urlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
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
