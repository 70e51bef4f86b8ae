import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { InjectOptions } from "fastify";
import Fastify from "fastify";
import type { Kysely } from "kysely";
import {
  type Charter,
  type OpenedCharter,
  openCharterChain,
  type SignedCharter,
  signCharter,
} from "../../shared/charter/charter.js";
import { answerClaim, type Claim, claimIdOf } from "../../shared/charter/claim.js";
import { memberKeys } from "../../shared/charter/keys.js";
import {
  type CharterCamera,
  cameraKeyName,
  type Member,
  memberKeyName,
  type Role,
} from "../../shared/charter/lines.js";
import { formatLogin, loginKeyName } from "../../shared/charter/login.js";
import { formatSegment, openSegment } from "../../shared/clip/segment.js";
import { assert } from "../../shared/kernel/assert.js";
import { bytes, millis } from "../../shared/kernel/brand.js";
import { toBase64, toUtf8 } from "../../shared/kernel/bytes.js";
import {
  type CameraId,
  type ClipId,
  cameraIdOf,
  type HouseholdId,
  householdIdOf,
  memberIdOf,
  newClipId,
} from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import { floorPolicy } from "../../shared/release/floor.js";
import type { Operator } from "../../shared/release/operators.js";
import { type Identity, newIdentity, recipientOf, seal, splitHeader } from "../../shared/seal/age.js";
import { hashOf } from "../../shared/seal/hash.js";
import { type Signer, signNote, verifierOf } from "../../shared/seal/note.js";
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
import type { Who } from "../household/person.js";
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

// People and boards for the API's tests. Everything here is real but the clock, which can be set forward.

const audience = "http://cloud.test";
export const metricsToken = "operators-own-token";

/** A member with all secrets, as only their own client has them. */
export interface Person {
  readonly member: Member;
  readonly note: Signer;
  readonly login: Signer;
  readonly identity: Identity;
}

export async function newPerson(role: Role, name: string): Promise<Person> {
  const { noteSecret, loginSecret, identity } = memberKeys(random.bytes(32), 0);
  const noteKey = verifierOf({ name: "", secretKey: noteSecret }).publicKey;
  const loginKey = verifierOf({ name: "", secretKey: loginSecret }).publicKey;
  const id = memberIdOf(noteKey);
  return {
    member: { id, role, noteKey, loginKey, recipient: await recipientOf(identity), name },
    note: { name: memberKeyName(id), secretKey: noteSecret },
    login: { name: loginKeyName(id), secretKey: loginSecret },
    identity,
  };
}

/** A camera with all secrets: the board's, and the identity that opens its clips. */
export interface Board {
  readonly id: CameraId;
  readonly note: Signer;
  readonly tlsKey: Uint8Array;
  readonly tlsPrivatePem: string;
  readonly identity: Identity;
  readonly line: CharterCamera;
}

export async function newBoard(name: string, place: CharterCamera["place"] = "outdoor"): Promise<Board> {
  const secretKey = random.bytes(32);
  const noteKey = verifierOf({ name: "", secretKey }).publicKey;
  const id = cameraIdOf(noteKey);
  const tls = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const tlsKey = new Uint8Array(tls.publicKey.export({ format: "der", type: "spki" }));
  const identity = await newIdentity();
  const obeys = { audio: false, modes: ["record"], masks: [], zones: [] } as const;
  const recipient = await recipientOf(identity);
  return {
    id,
    note: { name: cameraKeyName(id), secretKey },
    tlsKey,
    tlsPrivatePem: tls.privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    identity,
    line: { id, noteKey, tlsKeyHash: hashOf(tlsKey), epoch: 1, recipient, place, ...obeys, name },
  };
}

/** The first charter of a household. */
export function firstCharter(people: readonly Person[]): Charter {
  const [founder] = people;
  assert(founder !== undefined, "a household needs somebody");
  return {
    household: householdIdOf(founder.member.noteKey),
    version: 1,
    previous: "none",
    issued: systemClock.wall(),
    change: "any-owner",
    release: "all-owners",
    members: people.map(({ member }) => member),
    cameras: [],
  };
}

export function sign(charter: Charter, signers: readonly Person[]): SignedCharter {
  return signCharter(
    charter,
    signers.map(({ note }) => note),
    random,
  );
}

export function opened(...chain: readonly SignedCharter[]): OpenedCharter {
  const charter = openCharterChain(chain);
  assert(charter.ok, "the test's own charters hold");
  return charter.value;
}

/** What follows `current`, with changes. */
export function nextCharter(current: OpenedCharter, change: Partial<Charter>): Charter {
  const { hash, ...charter } = current;
  return { ...charter, version: current.version + 1, previous: hash, ...change };
}

/** The camera's identity as a key file for these members. */
export async function keyFile({ id, identity }: Board, people: readonly Person[]) {
  const file = await seal(
    toUtf8(identity),
    people.map(({ member }) => member.recipient),
  );
  return { camera: id, epoch: 1, file: toBase64(file) };
}

export function newClaim(charter: OpenedCharter): { claim: Claim; claimId: string } {
  const secret = random.bytes(16);
  const { household, hash } = charter;
  const claim = {
    cloudUrl: audience,
    caHash: hashOf(toUtf8("not asked here")),
    household,
    charter: hash,
    secret,
  };
  return { claim, claimId: claimIdOf(secret) };
}

export function answer(claim: Claim, { line, tlsKey }: Board) {
  return answerClaim(claim, line.noteKey, tlsKey);
}

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

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads fields of whatever came
  readonly body: any;
}

/** One request, without a network. */
export async function call(
  { app }: Pick<TestCloud, "app">,
  method: NonNullable<InjectOptions["method"]>,
  url: string,
  { body, token, headers = {} }: { body?: object; token?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await app.inject({
    method,
    url,
    headers: { ...authorization, ...headers },
    ...(body === undefined ? {} : { payload: body }),
  });
  const type = String(response.headers["content-type"] ?? "");
  return {
    status: response.statusCode,
    type,
    headers: response.headers,
    text: response.body,
    body: /json/.test(type) && !type.includes("ndjson") ? JSON.parse(response.body) : undefined,
  };
}

/** Requests with this token over a real socket, which is where ranges and streams live. */
export function getter(origin: string, token: string) {
  const authorization = `Bearer ${token}`;
  return (path: string, headers: Record<string, string> = {}, method = "GET"): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const sent = request(origin + path, { method, headers: { authorization, ...headers } }, resolve);
      sent.on("error", reject).end();
    });
}

export async function bytesOf(answer: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece);
  return Buffer.concat(pieces);
}

export async function loginNote(
  cloud: TestCloud,
  person: Person,
  household: HouseholdId,
  to = audience,
): Promise<string> {
  const { id } = person.member;
  const challenge = await call(cloud, "POST", "/v1/login/challenge", { body: { household, member: id } });
  const { nonce } = challenge.body;
  const text = formatLogin({ household, member: id, audience: to, nonce, at: systemClock.wall() });
  return signNote(text, [person.login]);
}

/** A token of a session that no login opened; `age` seconds old. */
export async function tokenFor(
  { app, sessions }: TestCloud,
  { household, member }: Who,
  age = 0,
): Promise<string> {
  const { id } = await sessions.open({ household, member }, { how: "key", client: "test" });
  const claims = { household, member, session: id, iat: Math.floor(Date.now() / 1_000) - age };
  return app.jwt.sign(claims);
}

export async function tokenOf(cloud: TestCloud, person: Person, household: HouseholdId): Promise<string> {
  const note = await loginNote(cloud, person, household);
  const login = await call(cloud, "POST", "/v1/login", { body: { note } });
  assert(login.status === 200, `login failed: ${login.text}`);
  return login.body.token;
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
