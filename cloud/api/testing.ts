import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Fastify from "fastify";
import type { Kysely } from "kysely";
import type { CharterCamera } from "../../shared/charter/lines.js";
import { formatSegment, openSegment } from "../../shared/clip/segment.js";
import { assert } from "../../shared/kernel/assert.js";
import { bytes, millis } from "../../shared/kernel/brand.js";
import { type ClipId, newClipId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import { floorPolicy } from "../../shared/release/floor.js";
import type { Operator } from "../../shared/release/operators.js";
import { seal, splitHeader } from "../../shared/seal/age.js";
import { hashOf } from "../../shared/seal/hash.js";
import { signNote } from "../../shared/seal/note.js";
import { openCasework } from "../casework.io.js";
import type { Taking } from "../config.js";
import { type Database, openDatabase } from "../database.io.js";
import { openDesk } from "../desk.io.js";
import { openAuthority, type Pair } from "../household/ca.io.js";
import { createCameraDirectory } from "../household/cameras.io.js";
import { createCharters } from "../household/charters.io.js";
import { createClaims } from "../household/claims.io.js";
import { createFarewell, footageIn } from "../household/farewell.io.js";
import { createInvitations } from "../household/invitations.io.js";
import { createLogins } from "../household/logins.io.js";
import { createModes } from "../household/modes.io.js";
import { createPasskeys } from "../household/passkeys.io.js";
import { createPassphrases } from "../household/passphrases.io.js";
import { createPeople } from "../household/people.io.js";
import { createProposals } from "../household/proposals.io.js";
import { createRecoveries } from "../household/recoveries.io.js";
import { createRenewals } from "../household/renewals.io.js";
import { createRepeats } from "../household/repeats.io.js";
import { openSessionKey } from "../household/sessionkey.io.js";
import { createSessions } from "../household/sessions.io.js";
import { createThrottle } from "../household/throttle.io.js";
import { createAccessTokens } from "../household/tokens.io.js";
import { createWebhooks } from "../notify/webhooks.io.js";
import { createOfficeLogins } from "../office/logins.io.js";
import { type AgencyOf, createDirectory } from "../office/people.js";
import { createOfficeSessions } from "../office/sessions.io.js";
import { systemRandom as random, systemClock } from "../system.io.js";
import { openPublicLog } from "../tlog/publiclog.io.js";
import { createCustody } from "../vault/custody.io.js";
import type { Damage } from "../vault/rooms.io.js";
import { openVault } from "../vault/vault.io.js";
import { createHub } from "./hub.js";
import { type HourlyBudget, perMinute } from "./plugins/ratelimit.js";
import { accessTeller } from "./routes/accesses.js";
import { noticeTeller } from "./routes/notices.js";
import { createApi, type Patience } from "./server.js";
import { createSight } from "./sight.js";
import { call, tokenOf } from "./testcalls.js";
import {
  audience,
  firstCharter,
  keyFile,
  newBoard,
  newPerson,
  nextCharter,
  opened,
  type Person,
  sign,
} from "./testpeople.js";

// A cloud for the API's tests, and what lies in it. Everything here is real but the clock, which can be set forward.

export const metricsToken = "operators-own-token";

/** A clock that tests set forward. */
function testClock(): Clock & { forward(by: number): void } {
  let ahead = 0;
  return {
    wall: () => millis(systemClock.wall() + ahead),
    monotonic: () => millis(systemClock.monotonic() + ahead),
    forward(by) {
      ahead += by;
    },
  };
}

export type TestCloud = Awaited<ReturnType<typeof openTestCloud>>;

function doorsOf(
  db: Kysely<Database>,
  {
    clock,
    secret,
    wordsCost: N = 2 ** 10,
    operators = [],
    agencyOf = async () => undefined,
  }: TestOptions & { readonly clock: Clock; readonly secret: string },
) {
  const directory = createDirectory(operators, agencyOf);
  const people = createPeople(db, directory);
  return {
    ...{ directory, operators },
    officeLogins: createOfficeLogins(db, { directory, clock, random }),
    officeSessions: createOfficeSessions(db, { clock, random }),
    logins: createLogins(db, { clock, random }),
    sessions: createSessions(db, { clock, random }),
    passphrases: createPassphrases(db, { clock, random, people, N }),
    passkeys: createPasskeys(db, { clock, random, people, secret }),
    tokens: createAccessTokens(db, { clock, random }),
    repeats: createRepeats(db, { clock, secret }),
    throttle: createThrottle(db, { clock, secret }),
  };
}

export interface TestOptions {
  readonly openCallsPerMinute?: number;
  readonly openRegistration?: boolean;
  readonly budget?: HourlyBudget;
  readonly patience?: Patience;
  readonly householdBytesMax?: number;
  readonly trustProxy?: boolean;
  /** scrypt's N; a real cloud's is 2^15. */
  readonly wordsCost?: number;
  readonly webhookReach?: "public" | "any";
  readonly operators?: readonly Operator[];
  readonly agencyOf?: AgencyOf;
  /** As with LINTEL_HTTP_TLS=on, by the cloud's own authority. */
  readonly tls?: boolean;
  readonly releases?: Taking;
  /** Of a cloud that was closed with `stop`. */
  readonly directory?: string;
}

function fail(error: unknown): never {
  throw error;
}

/** What no test asks for. */
const unasked = { mqttUrl: () => "mqtts://127.0.0.1:1", checks: [], measures: [] };

/** The API over a database in memory and a vault in a temporary directory; not listening. */
export async function openTestCloud(options: TestOptions = {}) {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "lintel-api-")));
  const clock = testClock();
  const db = await openDatabase(join(directory, "cloud.db"));
  const identity = join(directory, "identity");
  const authority = await openAuthority({ directory: identity, hosts: ["127.0.0.1"], clock, random });
  const damages: Damage[] = [];
  const onDamage = (body: Damage): void => void damages.push(body);
  const vault = await openVault({
    directory: join(directory, "vault"),
    db,
    clock,
    onDamage,
    ...roomy(options),
  });
  const log = await openPublicLog({ db, data: directory, origin: "cloud.test/tlog" });
  const hub = createHub("test", { ofAll: 8, ofHousehold: 8 });
  const deletions: string[] = [];
  const parts = householdParts(db, { clock, log });
  const { charters } = parts;
  const casework = openCasework({
    ...{ db, data: directory, log, charters, vault: vault.reader, policy: floorPolicy, clock, random },
    onFault: fail,
  });
  const { agencyOf } = casework;
  const origins = [audience];
  const sessionKey = await openSessionKey(identity);
  const doors = doorsOf(db, { agencyOf, ...options, clock, secret: sessionKey.privatePem });
  const tellers = { tellAccess: accessTeller(hub), tellNotice: noticeTeller(hub) };
  const desk = openDesk(db, { ...parts, ...doors, ...tellers, ...casework, clock, random, vault });
  const app = await createApi(
    {
      ...parts,
      vault,
      roomOf: vault.reader.room,
      hub,
      authority,
      clock,
      sessionKey,
      log,
      ...{ ...doors, ...casework, ...desk },
      sight: createSight(parts.cameras, desk.emergencies),
      farewell: createFarewell(db, footageIn(vault), [casework, desk.pressures]),
      custody: createCustody(db, { clock, random }),
      webhooks: createWebhooks(db, { clock, reach: options.webhookReach ?? "any" }),
      states: { health: () => ({ online: false, identityConflict: false }) },
      vaultKey: vault.writer.vaultKey,
      orderDeletion: (_camera, note) => deletions.push(note),
      audiences: () => origins,
      openRegistration: options.openRegistration ?? true,
      limit: perMinute(options.openCallsPerMinute ?? 100_000),
      budget: options.budget ?? { perAddress: 100_000, total: 100_000 },
      ...unasked,
    },
    apiOptions(options, authority.server),
  );
  await app.ready();
  const stop = async (): Promise<void> => {
    for (const part of [app, vault, log]) await part.close();
    await db.destroy();
  };
  const close = (): Promise<void> => stop().then(() => rm(directory, { recursive: true }));
  const { sessions } = doors;
  const world = { db, hub, clock, directory, origins, docket: casework.docket, casework };
  return { ...world, app, authority, vault, log, sessions, deletions, damages, stop, close };
}

function roomy({ householdBytesMax = 1_000_000_000 }: TestOptions) {
  return { retentionDays: 30, longestDays: 60, bytesMax: 1_000_000_000, householdBytesMax };
}

function apiOptions(
  { patience, trustProxy = false, tls = false, releases = "on" }: TestOptions,
  { key, certificate: cert }: Pair,
): Parameters<typeof createApi>[1] {
  return {
    ...(tls && { tls: { key, cert } }),
    log: Fastify().log,
    trustProxy,
    metricsToken,
    releases,
    ...(patience === undefined ? {} : { patience }),
  };
}

function householdParts(
  db: Parameters<typeof createCharters>[0],
  { clock, log }: Parameters<typeof createCharters>[1],
) {
  const charters = createCharters(db, { clock, log });
  const cameras = createCameraDirectory(db);
  return {
    charters,
    cameras,
    modes: createModes(db, charters, clock),
    proposals: createProposals(db, { charters, clock }),
    recoveries: createRecoveries(db, clock),
    claims: createClaims(db, charters, clock),
    invitations: createInvitations(db, clock),
    renewals: createRenewals(db, cameras, clock),
  };
}

/** A household that is registered, with one camera signed in and its owner logged in. */
export async function newHousehold(
  cloud: TestCloud,
  others: readonly Person[] = [],
  place: CharterCamera["place"] = "outdoor",
) {
  const owner = await newPerson("owner", "Ada");
  const people = [owner, ...others];
  const first = sign(
    firstCharter(people),
    people.filter(({ member }) => member.role === "owner"),
  );
  const registered = await call(cloud, "POST", "/v1/households", { body: { charter: first } });
  assert(registered.status === 201, `registration failed: ${registered.text}`);
  const { household } = opened(first);
  const token = await tokenOf(cloud, owner, household);
  const board = await newBoard("Front door", place);
  const second = sign(nextCharter(opened(first), { cameras: [board.line] }), [owner]);
  const keyFiles = [await keyFile(board, people)];
  const put = await call(cloud, "PUT", "/v1/household/charter", {
    token,
    body: { charter: second, keyFiles },
  });
  assert(put.status === 200, `charter refused: ${put.text}`);
  return { household, owner, token, board, chain: [first, second], charter: opened(first, second) };
}

/** Stores one sealed segment as ingest would. */
export async function storeClip(
  { vault }: Pick<TestCloud, "vault">,
  { board, household }: Pick<Awaited<ReturnType<typeof newHousehold>>, "board" | "household">,
  plain: Uint8Array,
  clip: ClipId = newClipId(systemClock.wall(), random),
): Promise<{ readonly clip: ClipId; readonly sealed: Uint8Array }> {
  const sealed = await seal(plain, [board.line.recipient]);
  const split = splitHeader(sealed);
  assert(split.ok, "an age file has a header");
  const text = formatSegment({
    household,
    camera: board.id,
    clip,
    index: 0,
    previous: "none",
    bytes: bytes(sealed.length),
    sha256: hashOf(sealed),
    end: "complete",
  });
  const signed = signNote(text, [board.note]);
  const note = openSegment(signed, { name: board.note.name, publicKey: board.line.noteKey });
  assert(note.ok, "the test's own note holds");
  const offered = { note: note.value, signed, header: split.value.header };
  const part = await vault.writer.openPart(offered);
  await part.append([split.value.body]);
  const stored = await vault.writer.commit({ ...offered, part });
  assert(stored.kind === "stored", `the vault answers ${stored.kind}`);
  return { clip, sealed };
}

/** Rows of clips as ingest leaves them, one every ten minutes, without bodies. Their ids, newest first. */
export async function fillClips(
  { db, clock }: Pick<TestCloud, "db" | "clock">,
  { board, household }: Pick<Awaited<ReturnType<typeof newHousehold>>, "board" | "household">,
  count: number,
): Promise<readonly ClipId[]> {
  const atOnce = 1_000;
  const newest = clock.wall();
  const ids: ClipId[] = [];
  while (ids.length < count) {
    const rows = Array.from({ length: Math.min(atOnce, count - ids.length) }, (_, at) => {
      const arrived = millis(newest - (ids.length + at) * 600_000);
      const times = { arrived_at: arrived, last_arrived_at: arrived, deleted_at: null, kept_at: null };
      const facts = { segments: 10, last_index: 9, bytes: 3_000_000, end: "complete", trigger: "motion" };
      return {
        household,
        id: newClipId(arrived, random),
        camera: board.id,
        deletion: null,
        ...times,
        ...facts,
      };
    });
    await db.insertInto("clip").values(rows).execute();
    ids.push(...rows.map(({ id }) => id));
  }
  return ids;
}
