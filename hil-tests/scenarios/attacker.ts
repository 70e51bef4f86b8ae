import { createHmac, createPrivateKey, hkdfSync } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ExternalBroker } from "../../cloud/broker/external.io.js";
import { openDatabase } from "../../cloud/database.io.js";
import { systemClock as clock, systemRandom as random } from "../../cloud/ingest/segment.contract.js";
import { openVault } from "../../cloud/vault/vault.io.js";
import { keysIn, stealCloud } from "../../scripts/demo/thief.io.js";
import {
  type Charter,
  type OpenedCharter,
  openCharterChain,
  type SignedCharter,
  signCharter,
} from "../../shared/charter/charter.js";
import { memberKeys } from "../../shared/charter/keys.js";
import { type CharterCamera, type Member, memberKeyName } from "../../shared/charter/lines.js";
import { formatMode, type ModeOrder, parseMode } from "../../shared/charter/mode.js";
import { type CameraId, type HouseholdId, householdIdOf, memberIdOf } from "../../shared/kernel/ids.js";
import { writeMessage } from "../../shared/protocol/messages.js";
import type { DownKind } from "../../shared/protocol/topics.js";
import { open, recipientOf, splitHeader } from "../../shared/seal/age.js";
import { type Signer, signNote, textOf, verifierOf } from "../../shared/seal/note.js";
import { parseSigner } from "../../shared/seal/skey.js";

const fileKeyBytes = 16;

/** All that somebody has who took the cloud away: its disk, and what it could have noted down before. */
export interface Spoils {
  readonly directory: string;
  readonly chain: readonly SignedCharter[];
  readonly newest: OpenedCharter;
  readonly camera: CharterCamera;
  readonly owner: Member;
  /** Every 32-byte value of the cloud's key files, as a signer in the owner's name. */
  readonly signers: readonly Signer[];
}

/** Reads the disk of a cloud that is down: of this household, where there are several. */
export async function plunder(directory: string, household?: HouseholdId): Promise<Spoils> {
  const db = await openDatabase(join(directory, "cloud.db"));
  let select = db.selectFrom("charter").selectAll().orderBy("version");
  if (household !== undefined) select = select.where("household", "=", household);
  const rows = await select.execute();
  await db.destroy();
  const chain = rows.map(({ note, openings }): SignedCharter => ({ note, openings: JSON.parse(openings) }));
  const opened = openCharterChain(chain);
  const [camera] = opened.ok ? opened.value.cameras : [];
  const owner = opened.ok ? opened.value.members.find(({ role }) => role === "owner") : undefined;
  if (!opened.ok || camera === undefined || owner === undefined)
    throw new Error("no household is in the loot");
  const files = readdirSync(directory, { recursive: true }).map(String);
  const keys = files.filter((name) => name.endsWith(".key")).map((name) => secretIn(join(directory, name)));
  const signers = keys.map((secretKey) => ({ name: memberKeyName(owner.id), secretKey }));
  return { directory, chain, newest: opened.value, camera, owner, signers };
}

/** The 32 bytes of a private key, of whichever curve. */
function secretIn(path: string): Uint8Array {
  const text = readFileSync(path, "utf8");
  const ofLog = parseSigner(text);
  if (ofLog !== undefined) return ofLog.secretKey;
  if (!text.startsWith("-----")) return new Uint8Array(Buffer.from(text.trim(), "base64"));
  return new Uint8Array(Buffer.from(createPrivateKey(text).export({ format: "jwk" }).d ?? "", "base64url"));
}

/** Tries every value on the disk that could be a key, as an age identity and as a file key, on every sealed object of the vault. */
export async function tryEverything({ directory, newest }: Spoils) {
  return tryAllKeys(directory, await sealedIn(directory, newest));
}

/** Tries them on these objects. */
export async function tryAllKeys(directory: string, sealed: readonly Uint8Array[]) {
  const { identities, files } = stealCloud(directory);
  const fileKeys = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap(({ parentPath, name }) => [...keysIn(readFileSync(join(parentPath, name)))])
    .flatMap((key) => [key.subarray(0, fileKeyBytes), key.subarray(fileKeyBytes)]);
  let opened = 0;
  for (const object of sealed) {
    const withFileKey = fileKeys.some((key) => isFileKeyOf(object, key));
    if (withFileKey || (await open(object, identities)).ok) opened++;
  }
  return { opened, objects: sealed.length, files, identities: identities.length, fileKeys: fileKeys.length };
}

/** The vault's own code, with the shred keys, makes plain age files of what it stores. */
export async function sealedIn(
  directory: string,
  { household }: OpenedCharter,
): Promise<readonly Uint8Array[]> {
  const db = await openDatabase(join(directory, "cloud.db"));
  const limits = { retentionDays: 30, longestDays: 60, bytesMax: 2 ** 40, householdBytesMax: 2 ** 40 };
  const { reader, close } = await openVault({ directory: join(directory, "vault"), db, clock, ...limits });
  const sealed: Uint8Array[] = [];
  for (const { id, segments } of (await reader.clips(household, { limit: 100 })).items) {
    for (let index = 0; index < segments; index++) {
      const segment = await reader.segment(household, id, index);
      const pieces: Uint8Array[] = [];
      if (segment !== undefined) for await (const piece of segment.read(0, segment.bytes)) pieces.push(piece);
      sealed.push(new Uint8Array(Buffer.concat(pieces)));
    }
    const thumbnail = (await reader.thumbnail(household, id))?.file;
    if (thumbnail !== undefined) sealed.push(thumbnail);
  }
  await close();
  await db.destroy();
  return sealed;
}

/** C2SP age, "Header MAC": the header is authenticated by a key that derives from the file key. */
export function isFileKeyOf(sealed: Uint8Array, fileKey: Uint8Array): boolean {
  const split = splitHeader(sealed);
  if (!split.ok) return false;
  const { header } = split.value;
  const text = Buffer.from(header).toString("latin1");
  const [, mac = ""] = /\n--- ([A-Za-z0-9+/]{43})\n$/.exec(text) ?? [];
  const signed = header.subarray(0, text.length - mac.length - 2);
  const key = Buffer.from(hkdfSync("sha256", fileKey, new Uint8Array(0), "header", 32));
  return createHmac("sha256", key).update(signed).digest("base64").replace(/=+$/, "") === mac;
}

/** Something that the attacker says to the camera, and what for. */
export interface Forgery {
  readonly what: string;
  readonly charters?: readonly SignedCharter[];
  readonly mode?: string;
}

interface Stranger {
  readonly member: Member;
  readonly signer: Signer;
}

/** A household of the attacker's own, with all its keys. */
export async function newStranger(): Promise<Stranger> {
  const { noteSecret, loginSecret, identity } = memberKeys(random.bytes(32), 0);
  const noteKey = verifierOf({ name: "x", secretKey: noteSecret }).publicKey;
  const loginKey = verifierOf({ name: "x", secretKey: loginSecret }).publicKey;
  const id = memberIdOf(noteKey);
  const recipient = await recipientOf(identity);
  const member: Member = { id, role: "owner", noteKey, loginKey, recipient, name: "Mallory" };
  return { member, signer: { name: memberKeyName(id), secretKey: noteSecret } };
}

/** What the camera must never do, as charters that would make it. */
export async function forgedCharters(spoils: Spoils): Promise<readonly Forgery[]> {
  const { chain, newest, camera, signers } = spoils;
  const { hash: previous, ...now } = newest;
  const stranger = await newStranger();
  const { recipient } = stranger.member;
  const cameras = (change: Partial<CharterCamera>) => ({ cameras: [{ ...camera, ...change }] });
  const wishes: Readonly<Record<string, Partial<Charter>>> = {
    "another key": cameras({ recipient, epoch: camera.epoch + 1 }),
    "sound on": cameras({ audio: true }),
    "no mask": cameras({ masks: [] }),
    "never off": cameras({ modes: ["record"] }),
    "another owner": { members: [...now.members, stranger.member] },
    "nobody else's": { members: [stranger.member] },
    "removed and back": { cameras: [] },
  };
  const next = { ...now, version: newest.version + 1, previous };
  const genuine = chain.at(-1) ?? { note: "", openings: [] };
  const signatures = genuine.note.slice(textOf(genuine.note).length);
  const forgeries: Forgery[] = [];
  for (const [wish, change] of Object.entries(wishes)) {
    for (const signer of [
      ...signers,
      stranger.signer,
      { ...stranger.signer, name: memberKeyName(spoils.owner.id) },
    ])
      forgeries.push({
        what: `${wish}: signed anew`,
        charters: [signCharter({ ...next, ...change }, [signer], random)],
      });
    const unsigned = signCharter({ ...next, ...change }, [stranger.signer], random);
    const moved = { ...unsigned, note: textOf(unsigned.note) + signatures };
    const inPlace = signCharter({ ...now, ...change }, [stranger.signer], random);
    forgeries.push(
      { what: `${wish}: with the owner's signature of before`, charters: [moved] },
      {
        what: `${wish}: without a signature`,
        charters: [{ ...unsigned, note: `${textOf(unsigned.note)}\n` }],
      },
      {
        what: `${wish}: in the place of the newest`,
        charters: [{ ...inPlace, note: textOf(inPlace.note) + signatures }],
      },
      {
        what: `${wish}: beside the genuine note`,
        charters: [{ note: genuine.note, openings: inPlace.openings }],
      },
    );
  }
  const household = householdIdOf(stranger.member.noteKey);
  const theirs = { ...next, household, members: [stranger.member], ...wishes["another key"] };
  return [
    ...forgeries,
    { what: "the whole chain again", charters: chain },
    ...chain.map((one, at) => ({ what: `charter ${at + 1} again`, charters: [one] })),
    { what: "backwards", charters: chain.toReversed() },
    { what: "a line kept back", charters: [{ ...genuine, openings: genuine.openings.slice(1) }] },
    { what: "another household's", charters: [signCharter(theirs, [stranger.signer], random)] },
    {
      what: "another household's first",
      charters: [signCharter({ ...theirs, version: 1, previous: "none" }, [stranger.signer], random)],
    },
  ];
}

/** Orders that would leave "off": older ones of the owner's, changed ones, and new ones by every key that there is. */
export async function forgedModes(spoils: Spoils, heard: readonly string[]): Promise<readonly Forgery[]> {
  const { newest, camera, signers } = spoils;
  const stranger = await newStranger();
  const all = [...signers, stranger.signer, { ...stranger.signer, name: memberKeyName(spoils.owner.id) }];
  const base = { household: newest.household, camera: camera.id, zone: "UTC", at: clock.wall() };
  const order = (counter: number): ModeOrder => ({ ...base, counter, week: [{ minute: 0, mode: "record" }] });
  const forged = [3, 1_000_000].flatMap((counter) =>
    all.map((signer) => signNote(formatMode(order(counter)), [signer])),
  );
  const changed = heard.flatMap((note) => [
    note.replace("turn 0 off", "turn 0 record"),
    note.replace(/counter \d+/, "counter 1000000"),
    `${textOf(note).replace(/counter \d+/, "counter 1000000")}${note.slice(textOf(note).length)}`,
    note.slice(0, -20),
  ]);
  return [...heard, ...changed, ...forged].map((mode) => ({
    what: `a mode order: ${parseMode(textOf(mode)).ok ? textOf(mode).split("\n").slice(3).join(" ") : "cut"}`,
    mode,
  }));
}

/** The cloud's own place at the broker, taken with its own code and certificate. */
export interface Impostor {
  say(kind: DownKind, message: object): void;
  /** What the camera said of itself last. */
  status(): Readonly<Record<string, unknown>>;
  leave(): Promise<void>;
}

export async function impersonate(directory: string, port: number, camera: CameraId): Promise<Impostor> {
  const file = (name: string): string => readFileSync(join(directory, "identity", name), "utf8");
  const identity = { ca: file("ca.pem"), certificate: file("cloud-1.pem"), key: file("cloud-1.key") };
  const url = `mqtts://127.0.0.1:${port}`;
  const bus = new ExternalBroker({ url, node: "cloud-1", ...identity, random, log: () => undefined });
  let status: Readonly<Record<string, unknown>> = {};
  const nothing = (): void => undefined;
  await bus.start({
    ...{ connected: nothing, disconnected: nothing, conflict: nothing },
    message(_camera, topic, payload) {
      if (topic.kind === "status") status = JSON.parse(Buffer.from(payload).toString());
    },
  });
  return {
    say: (kind, message) => bus.send(camera, kind, writeMessage({ v: 1, ...message })),
    status: () => status,
    leave: () => bus.close(),
  };
}
