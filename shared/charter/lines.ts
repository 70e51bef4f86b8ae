import { fromBase64, toBase64 } from "../kernel/bytes.js";
import { type CameraId, cameraIdOf, type MemberId, memberIdOf } from "../kernel/ids.js";
import { ok, type Result, refuse } from "../kernel/result.js";
import { isRecipient, type Recipient } from "../seal/age.js";
import { oneOf, parseDecimal } from "../seal/fields.js";
import { type Hash, isHash } from "../seal/hash.js";
import type { Verifier } from "../seal/note.js";
import { formatMasks, formatZones, type Polygon, parseMasks, parseZones, type Zone } from "./areas.js";

export type Role = "owner" | "adult" | "guest" | "contact";
export type Mode = "off" | "detect" | "record";

export interface Member {
  readonly id: MemberId;
  readonly role: Role;
  readonly noteKey: Uint8Array;
  readonly loginKey: Uint8Array;
  readonly recipient: Recipient;
  /** Of the cameras that the role may see, these alone; absent: all of them, also those to come. Owners have none. */
  readonly sees?: readonly CameraId[];
  readonly name: string;
}

export interface CharterCamera {
  readonly id: CameraId;
  readonly noteKey: Uint8Array;
  /** SHA-256 of the camera's TLS public key (SubjectPublicKeyInfo). */
  readonly tlsKeyHash: Hash;
  /** Counts the camera's keys: a removed member cannot read a later epoch. */
  readonly epoch: number;
  /** The camera's only recipient. */
  readonly recipient: Recipient;
  readonly place: "outdoor" | "indoor";
  readonly audio: boolean;
  readonly modes: readonly Mode[];
  /** What lies inside is painted before anything is encoded or looked at. */
  readonly masks: readonly Polygon[];
  readonly zones: readonly Zone[];
  readonly name: string;
}

/** Who and what a charter names, a line each. */
export interface CharterBody {
  readonly members: readonly Member[];
  readonly cameras: readonly CharterCamera[];
}

export type LineRefusal =
  | { readonly kind: "bad-line"; readonly index: number }
  | { readonly kind: "line-kept-back"; readonly index: number }
  | { readonly kind: "repeated-key"; readonly id: string };

const charterMembersMax = 32;
const charterCamerasMax = 32;
/** Members, cameras, and what each member sees. */
export const charterLinesMax = 2 * charterMembersMax + charterCamerasMax;
const nameCharsMax = 64;
export const allRoles: readonly Role[] = ["owner", "adult", "guest", "contact"];
export const allModes: readonly Mode[] = ["off", "detect", "record"];

export const memberKeyName = (id: MemberId): string => `member-${id}`;
export const cameraKeyName = (id: CameraId): string => `camera-${id}`;

export const memberVerifier = ({ id, noteKey }: Member): Verifier => ({
  name: memberKeyName(id),
  publicKey: noteKey,
});
export const cameraVerifier = ({ id, noteKey }: CharterCamera): Verifier => ({
  name: cameraKeyName(id),
  publicKey: noteKey,
});

/** Who sees a camera's clips and events and holds its key: contacts outdoor cameras only, and whoever has `sees` only those. */
export function maySee(
  { role, sees }: Pick<Member, "role" | "sees">,
  { id, place }: Pick<CharterCamera, "id" | "place">,
): boolean {
  return (role !== "contact" || place === "outdoor") && (sees === undefined || sees.includes(id));
}

/** Whose signature under a deletion counts, for the cloud and for the camera. */
export function mayDelete(role: Role): boolean {
  return role === "owner" || role === "adult";
}

/** Who may let somebody outside see a clip. */
export function mayShare(role: Role): boolean {
  return role === "owner" || role === "adult";
}

export function formatLines({ members, cameras }: CharterBody): readonly string[] {
  const sight = members.flatMap((member) => sightLine(member, cameras) ?? []);
  return [...members.map(memberLine), ...cameras.map(cameraLine), ...sight];
}

/**
 * Members first, then cameras, then who sees only some of them; any other line, a line kept back and a key that appears twice
 * are refused.
 */
export function parseLines(lines: readonly (string | undefined)[]): Result<CharterBody, LineRefusal> {
  const shown = lines.filter((line) => line !== undefined);
  if (shown.length < lines.length) return refuse({ kind: "line-kept-back", index: lines.indexOf(undefined) });
  const words = shown.map((line) => line.split(" "));
  const members = leading(words, 0, "member", parseMember);
  const cameras = leading(words, members.length, "camera", parseCamera);
  const body = withSight({ members, cameras }, shown.slice(members.length + cameras.length));
  const good = formatLines(body);
  const bad = shown.findIndex((line, index) => line !== good[index]);
  if (bad >= 0) return refuse({ kind: "bad-line", index: bad });
  const repeated = repeatedKey(body);
  return repeated === undefined ? ok(body) : refuse({ kind: "repeated-key", id: repeated });
}

/** From line `from` on, those of one kind, up to the first that is not whole. */
function leading<T>(
  lines: readonly (readonly string[])[],
  from: number,
  kind: string,
  parse: (words: readonly string[]) => T | undefined,
): readonly T[] {
  const found: T[] = [];
  for (const [word, ...rest] of lines.slice(from)) {
    const parsed = word === kind ? parse(rest) : undefined;
    if (parsed === undefined) break;
    found.push(parsed);
  }
  return found;
}

/** What the lines say that limit members' sight; one that says nothing good limits nobody, and is missing when formatted again. */
function withSight({ members, cameras }: CharterBody, lines: readonly string[]): CharterBody {
  const limited = members.map((member) => {
    const line = lines.find((one) => one.startsWith(`sees ${member.id} `));
    if (line === undefined || member.role === "owner") return member;
    const named = line.slice(line.lastIndexOf(" ") + 1).split(",");
    return { ...member, sees: cameras.map(({ id }) => id).filter((id) => named.includes(id)) };
  });
  return { members: limited, cameras };
}

function sightLine({ id, role, sees }: Member, cameras: readonly CharterCamera[]): string | undefined {
  if (role === "owner" || sees === undefined) return undefined;
  const named = cameras.filter((camera) => sees.includes(camera.id));
  return `sees ${id} ${named.map((camera) => camera.id).join(",") || "none"}`;
}

function memberLine({ id, role, noteKey, loginKey, recipient, name }: Member): string {
  return ["member", id, role, toBase64(noteKey), toBase64(loginKey), recipient, name].join(" ");
}

function parseMember(words: readonly string[]): Member | undefined {
  const [id = "", role = "", note = "", login = "", recipient = "", ...nameWords] = words;
  const noteKey = publicKeyOf(note);
  const loginKey = publicKeyOf(login);
  const name = nameWords.join(" ");
  if (noteKey === undefined || loginKey === undefined || memberIdOf(noteKey) !== id) return undefined;
  if (!isRole(role) || !isRecipient(recipient) || !isName(name)) return undefined;
  return { id: memberIdOf(noteKey), role, noteKey, loginKey, recipient, name };
}

function cameraLine(camera: CharterCamera): string {
  const { id, noteKey, tlsKeyHash, epoch, recipient, place, name } = camera;
  const audio = camera.audio ? "on" : "off";
  const obeys = [audio, camera.modes.join(","), formatMasks(camera.masks), formatZones(camera.zones)];
  return ["camera", id, toBase64(noteKey), tlsKeyHash, `${epoch}`, recipient, place, ...obeys, name].join(
    " ",
  );
}

function parseCamera(words: readonly string[]): CharterCamera | undefined {
  const [id, note = "", tlsKeyHash = "", epochText = "", recipient = "", place = "", ...rest] = words;
  const [audio = "", modesText = "", masksText = "", zonesText = "", ...nameWords] = rest;
  const noteKey = publicKeyOf(note);
  const epoch = parseDecimal(epochText);
  const obeys = parseObeys(audio, modesText, masksText, zonesText);
  const name = nameWords.join(" ");
  if (noteKey === undefined || cameraIdOf(noteKey) !== id || !isHash(tlsKeyHash)) return undefined;
  if (epoch === undefined || !isRecipient(recipient)) return undefined;
  if (obeys === undefined || !isPlace(place) || !isName(name)) return undefined;
  return { id: cameraIdOf(noteKey), noteKey, tlsKeyHash, epoch, recipient, place, ...obeys, name };
}

type Obeys = Pick<CharterCamera, "audio" | "modes" | "masks" | "zones">;

function parseObeys(
  audio: string,
  modesText: string,
  masksText: string,
  zonesText: string,
): Obeys | undefined {
  const modes = parseModes(modesText);
  const masks = parseMasks(masksText);
  const zones = parseZones(zonesText);
  if (!isOnOff(audio) || modes === undefined || masks === undefined || zones === undefined) return undefined;
  return { audio: audio === "on", modes, masks, zones };
}

function parseModes(text: string): readonly Mode[] | undefined {
  const modes = allModes.filter((mode) => text.split(",").includes(mode));
  return modes.length > 0 && modes.join(",") === text ? modes : undefined;
}

function repeatedKey({ members, cameras }: CharterBody): string | undefined {
  const keys = [
    ...members.flatMap(({ id, noteKey, loginKey, recipient }) =>
      [toBase64(noteKey), toBase64(loginKey), recipient].map((key) => ({ id, key })),
    ),
    ...cameras.flatMap(({ id, noteKey, recipient }) =>
      [toBase64(noteKey), recipient].map((key) => ({ id, key })),
    ),
  ];
  return keys.find(({ key }, index) => keys.findIndex((other) => other.key === key) !== index)?.id;
}

/** Base64 of 32 bytes. */
export function publicKeyOf(text: string): Uint8Array | undefined {
  const key = fromBase64(text);
  return key.ok && key.value.length === 32 ? key.value : undefined;
}

export const isRole = oneOf<Role>(...allRoles);
const isPlace = oneOf<CharterCamera["place"]>("outdoor", "indoor");
const isOnOff = oneOf<"on" | "off">("on", "off");

/** Names are for people: any letters, at most 64 characters, no space at an end, nothing that a terminal would obey. */
export function isName(text: string): boolean {
  return (
    text.trim() === text &&
    text !== "" &&
    text.length <= nameCharsMax &&
    !/[\p{Cc}\p{Bidi_Control}]/u.test(text)
  );
}
