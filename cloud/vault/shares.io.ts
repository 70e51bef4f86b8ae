import { randomBytes } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import type { Kysely, Transaction } from "kysely";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { concat, equal, toBase32 } from "../../shared/kernel/bytes.js";
import {
  type CameraId,
  type ClipId,
  type HouseholdId,
  type MemberId,
  newEventId,
} from "../../shared/kernel/ids.js";
import type { Random } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { splitHeader } from "../../shared/seal/age.js";
import { type Beside, writeBeside } from "../beside.io.js";
import type { Database } from "../database.io.js";
import { ignoreMissing } from "../disk.io.js";
import { mayStillShare } from "../household/sharing.io.js";
import type { CustodyAct } from "./custody.io.js";
import { headerPlace, type Rooms } from "./rooms.io.js";
import {
  adopt,
  fileBytes,
  folderOf,
  foldersIn,
  halfIn,
  pathOf,
  removeOldHalves,
  writeHalf,
} from "./sharefiles.io.js";
import { type ClipName, unwrapHeader, wrapHeader } from "./shred.io.js";
import type { SharePieceRow, ShareRow } from "./tables.js";

/** One household's links at a time. */
const sharesPerHouseholdMax = 100;
/** A link whose clip has not come whole by then is taken away. */
const preparingMillisMax = 60 * 60_000;
/** Links that the sweep reads at a time. */
const sweepPage = 100;

/** A link by which somebody outside sees one clip: an age file of its own, whose key the cloud never has. */
export interface Share {
  readonly id: string;
  readonly member: MemberId;
  readonly clip: ClipId;
  readonly camera: CameraId;
  /** Pieces in which the age file came. */
  readonly pieces: number;
  /** All of them are here. */
  readonly whole: boolean;
  readonly views: number;
  readonly viewsMax?: number;
  readonly madeAt: Millis;
  readonly expiresAt: Millis;
}

export interface WantedShare extends Pick<Share, "member" | "clip" | "camera" | "pieces"> {
  readonly household: HouseholdId;
  readonly viewsMax: number | undefined;
  readonly millis: number;
}

export type ShareRefusal = {
  readonly kind: "not-there" | "too-many-shares" | "not-sealed" | "no-room-for-share";
};

/** A piece of a member's own link. */
export interface OfferedPiece {
  readonly household: HouseholdId;
  readonly member: MemberId;
  readonly id: string;
  readonly index: number;
  readonly piece: Uint8Array;
}

export interface Shares {
  /** Noted for the household in the same transaction. */
  begin(wanted: WantedShare, beside?: Beside<Share>): Promise<Result<Share, ShareRefusal>>;
  /** Takes a piece of a link that is not whole yet; again does no harm, also when it is. Durable when it resolves. */
  put(offered: OfferedPiece): Promise<Result<undefined, ShareRefusal>>;
  /** Newest first. */
  list(household: HouseholdId): Promise<readonly Share[]>;
  /** False when the household has no such link. When it resolves, nothing of it is left. */
  remove(household: HouseholdId, id: string): Promise<boolean>;
  /** Counts one opening and notes it for the household; `undefined` for one that is over, or whose maker may not share any more. */
  look(id: string): Promise<Share | undefined>;
  /** A piece of a link that is not over. */
  piece(id: string, index: number): Promise<Uint8Array | undefined>;
}

/** Chance for names, not for keys. */
const random: Random = { bytes: (length) => new Uint8Array(randomBytes(length)) };

export function createShares(rooms: Rooms): Shares {
  const { clock, turn, db } = rooms;
  return {
    async begin({ household, member, clip, camera, pieces, viewsMax, millis: lasting }, beside) {
      if ((await rowsOf(db, household)).length >= sharesPerHouseholdMax)
        return refuse({ kind: "too-many-shares" });
      const now = clock.wall();
      const row: ShareRow = {
        ...{ id: toBase32(random.bytes(10)), household, member, clip, camera, pieces, header: "" },
        ...{ views: 0, views_max: viewsMax ?? null, made_at: now, expires_at: now + lasting },
      };
      // Power lost before this commit: nobody was told of it. Afterwards: it is never whole, and the sweep takes it away.
      const made = shareOf(row, 0);
      await db.transaction().execute(async (tx) => {
        await tx.insertInto("share").values(row).execute();
        await noteAct(tx, "shared", row, now);
        await writeBeside(tx, beside, made);
      });
      return ok(made);
    },
    put: (offered) => put(rooms, offered),
    async list(household) {
      const rows = await rowsOf(db, household);
      return Promise.all(rows.map(async (row) => shareOf(row, await piecesThere(db, row.id))));
    },
    remove: (household, id) =>
      turn(async () => {
        const row = await rowOf(db, id);
        if (row === undefined || row.household !== household) return false;
        await removeAll(rooms, [row]);
        return true;
      }),
    look: (id) => db.transaction().execute((tx) => look(tx, id, clock.wall())),
    async piece(id, index) {
      const row = await rowOf(db, id);
      if (row === undefined || row.expires_at <= clock.wall() || index >= row.pieces) return undefined;
      return (await mayStillShare(db, row)) ? read(rooms, row, index) : undefined;
    },
  };
}

/** Takes away a clip's links. Not beside another change of them. */
export async function removeSharesOf(rooms: Rooms, { household, id }: ClipName): Promise<void> {
  const rows = (await rowsOf(rooms.db, household)).filter(({ clip }) => clip === id);
  await removeAll(rooms, rows);
}

/** What is over, what never came whole, and what a crash or a restored backup left half. Beside other changes, row by row. */
export async function sweepShares(rooms: Rooms, now: Millis): Promise<void> {
  const { db, directory, turn } = rooms;
  for (let page = await pageAfter(db, ""); page.length > 0; page = await pageAfter(db, page.at(-1)?.id ?? ""))
    for (const { id } of page) {
      if (!(await isOver(rooms, id, now))) continue;
      // Again in turn: its last piece may have come in the meantime.
      await turn(async () => {
        const row = await rowOf(db, id);
        if (row !== undefined && (await isOver(rooms, id, now))) await removeAll(rooms, [row]);
      });
    }
  // A folder comes after its row, and no row comes back.
  for await (const { share, path } of foldersIn(directory))
    if ((await rowOf(db, share)) === undefined) await rm(path, { recursive: true, force: true });
  await removeOldHalves(directory, millis(now - preparingMillisMax));
}

function pageAfter(db: Kysely<Database>, id: string): Promise<{ readonly id: string }[]> {
  return db.selectFrom("share").select("id").where("id", ">", id).orderBy("id").limit(sweepPage).execute();
}

async function isOver(rooms: Rooms, id: string, now: Millis): Promise<boolean> {
  const row = await rowOf(rooms.db, id);
  if (row === undefined) return false;
  if (row.expires_at <= now) return true;
  const clip = await rooms.records.clipRow(clipOf(row));
  if (clip === undefined || clip.deleted_at !== null) return true;
  if ((await piecesThere(rooms.db, row.id)) < row.pieces) return row.made_at <= now - preparingMillisMax;
  return !(await hasItsFiles(rooms, row));
}

async function hasItsFiles({ db, directory, shred }: Rooms, row: ShareRow): Promise<boolean> {
  const key = await shred.find(clipOf(row));
  if (key === undefined) return false;
  const pieces = await db.selectFrom("share_piece").selectAll().where("share", "=", row.id).execute();
  for (const { piece, bytes } of pieces) {
    const inRow = piece === 0 ? unwrapHeader(row.header, key, placeOf(row)).length : 0;
    if ((await fileBytes(pathOf(directory, row, piece))) !== Number(bytes) - inRow) return false;
  }
  return true;
}

function rowsOf(db: Kysely<Database>, household: HouseholdId): Promise<ShareRow[]> {
  return db
    .selectFrom("share")
    .selectAll()
    .where("household", "=", household)
    .orderBy("made_at", "desc")
    .orderBy("id")
    .execute();
}

function rowOf(db: Kysely<Database>, id: string): Promise<ShareRow | undefined> {
  return db.selectFrom("share").selectAll().where("id", "=", id).executeTakeFirst();
}

async function piecesThere(db: Kysely<Database>, id: string): Promise<number> {
  const { count } = await db
    .selectFrom("share_piece")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .where("share", "=", id)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** The age header goes under the clip's shred key, as everything of a clip: with it the link is over, in each backup too. */
async function put(rooms: Rooms, offered: OfferedPiece): Promise<Result<undefined, ShareRefusal>> {
  const { index, piece, household } = offered;
  const link = await linkFor(rooms, offered);
  if (!link.ok || link.value === undefined) return link.ok ? ok(undefined) : link;
  const split = index === 0 ? splitHeader(piece) : ok({ header: new Uint8Array(), body: piece });
  if (!split.ok) return refuse({ kind: "not-sealed" });
  if (!(await rooms.space.hasRoomFor(piece.length, household))) return refuse({ kind: "no-room-for-share" });
  const half = halfIn(rooms.directory, toBase32(random.bytes(10)));
  try {
    await writeHalf(half, split.value.body);
    return await rooms.turn(() => commit(rooms, offered, { half, header: split.value.header }));
  } finally {
    await rm(half, { force: true });
  }
}

/** The piece's link while pieces are missing; `undefined` where none is and this one is stored: its answer was lost. */
async function linkFor(
  rooms: Rooms,
  { household, member, id, index, piece }: OfferedPiece,
): Promise<Result<ShareRow | undefined, ShareRefusal>> {
  const row = await rowOf(rooms.db, id);
  if (row === undefined || row.household !== household || row.member !== member || index >= row.pieces)
    return refuse({ kind: "not-there" });
  if ((await piecesThere(rooms.db, id)) < row.pieces) return ok(row);
  const stored = await read(rooms, row, index);
  return stored !== undefined && equal(stored, piece) ? ok(undefined) : refuse({ kind: "not-there" });
}

async function commit(
  rooms: Rooms,
  offered: OfferedPiece,
  { half, header }: { readonly half: string; readonly header: Uint8Array },
): Promise<Result<undefined, ShareRefusal>> {
  const { db, shred, space, directory } = rooms;
  const link = await linkFor(rooms, offered);
  if (!link.ok || link.value === undefined) return link.ok ? ok(undefined) : link;
  const { value: row } = link;
  const { index, piece, household } = offered;
  const key = await shred.find(clipOf(row));
  if (key === undefined) return refuse({ kind: "not-there" });
  await adopt(half, pathOf(directory, row, index));
  const wrapped = index === 0 ? wrapHeader(header, key, placeOf(row)) : row.header;
  // Power lost before this commit: a file without a row, which the same piece replaces and the sweep removes.
  const growth = await db
    .transaction()
    .execute((tx) => storePiece(tx, { ...row, header: wrapped }, { piece: index, bytes: piece.length }));
  if (growth === undefined) return refuse({ kind: "not-there" });
  space.add(household, growth);
  return ok(undefined);
}

/** By how many bytes the link grew; `undefined` where a charter has ended it. */
async function storePiece(
  tx: Transaction<Database>,
  { id, header }: ShareRow,
  { piece, bytes }: Pick<SharePieceRow, "piece" | "bytes">,
): Promise<number | undefined> {
  const stands = await tx.updateTable("share").set({ header }).where("id", "=", id).returning("id").execute();
  if (stands.length === 0) return undefined;
  const [before] = await tx
    .deleteFrom("share_piece")
    .where("share", "=", id)
    .where("piece", "=", piece)
    .returning("bytes")
    .execute();
  await tx.insertInto("share_piece").values({ share: id, piece, bytes }).execute();
  return bytes - Number(before?.bytes ?? 0);
}

async function read(
  { directory, shred }: Rooms,
  row: ShareRow,
  index: number,
): Promise<Uint8Array | undefined> {
  const key = await shred.find(clipOf(row));
  if (key === undefined || row.header === "") return undefined;
  const body = await readFile(pathOf(directory, row, index)).catch(ignoreMissing);
  if (body === undefined || index > 0) return body;
  return concat(unwrapHeader(row.header, key, placeOf(row)), body);
}

/** Power lost before the commit: nothing was sent. */
async function look(tx: Transaction<Database>, id: string, now: Millis): Promise<Share | undefined> {
  const made = await rowOf(tx, id);
  if (made === undefined || !(await mayStillShare(tx, made))) return undefined;
  const there = await piecesThere(tx, id);
  const row = await tx
    .updateTable("share")
    .set(({ eb }) => ({ views: eb("views", "+", 1) }))
    .where("id", "=", id)
    .where("expires_at", ">", now)
    .where("pieces", "=", there)
    .where(({ eb, or, ref }) => or([eb("views_max", "is", null), eb("views", "<", ref("views_max"))]))
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return undefined;
  await noteAct(tx, "seen-by-link", row, now);
  return shareOf(row, there);
}

async function noteAct(
  tx: Transaction<Database>,
  act: CustodyAct,
  { household, clip, camera, member }: ShareRow,
  now: Millis,
): Promise<void> {
  const noted = { household, id: newEventId(now, random), at: now, act };
  await tx
    .insertInto("custody")
    .values({ ...noted, clip, camera, member })
    .execute();
}

/** Power lost before the commit: it stands; after it: files without a row, which the sweep removes. */
async function removeAll({ db, space, directory }: Rooms, rows: readonly ShareRow[]): Promise<void> {
  for (const row of rows) {
    const pieces = await db.selectFrom("share_piece").select("bytes").where("share", "=", row.id).execute();
    await db.deleteFrom("share").where("id", "=", row.id).execute();
    space.add(row.household, -pieces.reduce((sum, { bytes }) => sum + Number(bytes), 0));
    await rm(folderOf(directory, row), { recursive: true, force: true });
  }
}

function placeOf({ household, clip, id }: ShareRow): string {
  return headerPlace(household, clip, `share/${id}`);
}

function clipOf({ household, clip }: ShareRow): ClipName {
  return { household: household as HouseholdId, id: clip as ClipId };
}

/** Stored by `begin`, which takes nothing but these. */
function shareOf(row: ShareRow, there: number): Share {
  const { id, pieces, views, views_max } = row;
  return {
    ...{ id, pieces, views, whole: there >= pieces, ...(views_max !== null && { viewsMax: views_max }) },
    ...{ member: row.member as MemberId, clip: row.clip as ClipId, camera: row.camera as CameraId },
    ...{ madeAt: millis(Number(row.made_at)), expiresAt: millis(Number(row.expires_at)) },
  };
}
