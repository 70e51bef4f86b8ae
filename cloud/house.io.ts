import { join } from "node:path";
import type { Logger } from "pino";
import { millis } from "../shared/kernel/brand.js";
import { openCasework } from "./casework.io.js";
import { type Config, hostOf, isWildcard } from "./config.js";
import { openDatabase } from "./database.io.js";
import { type Authority, openAuthority } from "./household/ca.io.js";
import { createCameraDirectory } from "./household/cameras.io.js";
import { enterOldCharters } from "./household/charterlog.io.js";
import { createCharters } from "./household/charters.io.js";
import { createModes } from "./household/modes.io.js";
import { privateDirectory } from "./household/privatefile.io.js";
import { openSessionKey } from "./household/sessionkey.io.js";
import { lockDirectory } from "./lock.io.js";
import { readOperators } from "./office/operators.io.js";
import { createDirectory } from "./office/people.js";
import { readPolicyFile } from "./policy.io.js";
import { refuseAbandoning } from "./startup.js";
import { systemClock as clock, systemRandom as random } from "./system.io.js";
import { openPublicLog, type PublicLog } from "./tlog/publiclog.io.js";
import { readWitnesses } from "./tlog/witnessfile.io.js";
import type { Started } from "./upkeep.io.js";
import type { Damage } from "./vault/rooms.io.js";
import { openVault } from "./vault/vault.io.js";

const damageAdvice =
  "Put the file back into vault/clips from a backup (a thumbnail lies in cloud.db), and look at the disk that it lay on.";

export type House = Awaited<ReturnType<typeof openHouse>>;

/** Database, keys, households, vault. */
export async function openHouse(config: Config, log: Logger, started: Started) {
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

export function openKeys({ data, http, mqtt, publicUrl, publicMqtt }: Config): Promise<Authority> {
  const named = [publicUrl, publicMqtt].flatMap((url) => (url === undefined ? [] : hostOf(url)));
  const listening = [http.host, mqtt.host].filter((host) => !isWildcard(host));
  const hosts = [...new Set(["localhost", "127.0.0.1", "::1", ...listening, ...named])];
  return openAuthority({ directory: join(data, "identity"), hosts, clock, random });
}
