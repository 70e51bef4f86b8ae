import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Kysely, Transaction } from "kysely";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { concat, toBase32 } from "../../shared/kernel/bytes.js";
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
import type { CustodyAct } from "./custody.io.js";
import { headerPlace, type Rooms } from "./rooms.io.js";
import { type ClipName, unwrapHeader, wrapHeader } from "./shred.io.js";
import type { ShareRow, VaultTables } from "./tables.js";

/** One household's links at a time. */
const sharesPerHouseholdMax = 100;
/** A link whose clip has not come whole by then is taken away. */
const preparingMillisMax = 60 * 60_000;

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

export interface Shares {
  /** Noted for the household in the same transaction. */
  begin(wanted: WantedShare, beside?: Beside<Share>): Promise<Result<Share, ShareRefusal>>;
  /** Takes a piece of a member's link that is not whole yet; again does no harm. Durable when it resolves. */
  put(
    of: { readonly household: HouseholdId; readonly member: MemberId; readonly id: string },
    index: number,
    piece: Uint8Array,
  ): Promise<Result<undefined, ShareRefusal>>;
  /** Newest first. */
  list(household: HouseholdId): Promise<readonly Share[]>;
  /** False when the household has no such link. When it resolves, nothing of it is left. */
  remove(household: HouseholdId, id: string): Promise<boolean>;
  /** Counts one opening and notes it for the household; `undefined` for one that is over. */
  look(id: string): Promise<Share | undefined>;
  /** A piece of a link that is not over. */
  piece(id: string, index: number): Promise<Uint8Array | undefined>;
  /** Removes those of everybody but the members named. */
  keepOnly(household: HouseholdId, members: readonly MemberId[]): Promise<void>;
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
    put: ({ household, member, id }, index, piece) =>
      turn(async () => {
        const row = await rowOf(db, id);
        if (row === undefined || row.household !== household || row.member !== member || index >= row.pieces)
          return refuse({ kind: "not-there" });
        return store(rooms, row, index, piece);
      }),
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
      return read(rooms, row, index);
    },
    keepOnly: (household, members) =>
      turn(async () => {
        const kept = new Set<string>(members);
        const others = (await rowsOf(db, household)).filter(({ member }) => !kept.has(member));
        await removeAll(rooms, others);
      }),
  };
}

/** Takes away a clip's links. Not beside another change of them. */
export async function removeSharesOf(rooms: Rooms, { household, id }: ClipName): Promise<void> {
  const rows = (await rowsOf(rooms.db, household)).filter(({ clip }) => clip === id);
  await removeAll(rooms, rows);
}

/** What is over, what never came whole, and what a crash or a restored backup left half. */
export async function sweepShares(rooms: Rooms, now: Millis): Promise<void> {
  const over: ShareRow[] = [];
  for (const row of await rooms.db.selectFrom("share").selectAll().execute())
    if (row.expires_at <= now || (await isLeftOver(rooms, row, now))) over.push(row);
  await removeAll(rooms, over);
  for (const { share, path } of await foldersIn(join(rooms.directory, "shares")))
    if ((await rowOf(rooms.db, share)) === undefined) await rm(path, { recursive: true, force: true });
}

async function isLeftOver({ db, records, directory }: Rooms, row: ShareRow, now: Millis): Promise<boolean> {
  const clip = await records.clipRow(clipOf(row));
  if (clip === undefined || clip.deleted_at !== null) return true;
  if ((await piecesThere(db, row.id)) < row.pieces) return row.made_at <= now - preparingMillisMax;
  return (await stat(folderOf(directory, row)).catch(ignoreMissing)) === undefined;
}

async function foldersIn(
  root: string,
): Promise<readonly { readonly share: string; readonly path: string }[]> {
  const found = [];
  for (const household of await namesIn(root))
    for (const clip of await namesIn(join(root, household)))
      for (const share of await namesIn(join(root, household, clip)))
        found.push({ share, path: join(root, household, clip, share) });
  return found;
}

function rowsOf(db: Kysely<VaultTables>, household: HouseholdId): Promise<ShareRow[]> {
  return db
    .selectFrom("share")
    .selectAll()
    .where("household", "=", household)
    .orderBy("made_at", "desc")
    .orderBy("id")
    .execute();
}

function rowOf(db: Kysely<VaultTables>, id: string): Promise<ShareRow | undefined> {
  return db.selectFrom("share").selectAll().where("id", "=", id).executeTakeFirst();
}

async function piecesThere(db: Kysely<VaultTables>, id: string): Promise<number> {
  const { count } = await db
    .selectFrom("share_piece")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .where("share", "=", id)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** The age header goes under the clip's shred key, as everything of a clip: with it the link is over, in each backup too. */
async function store(
  { directory, shred, space, db }: Rooms,
  row: ShareRow,
  index: number,
  piece: Uint8Array,
): Promise<Result<undefined, ShareRefusal>> {
  if ((await piecesThere(db, row.id)) >= row.pieces) return refuse({ kind: "not-there" });
  const key = await shred.find(clipOf(row));
  if (key === undefined) return refuse({ kind: "not-there" });
  const split = index === 0 ? splitHeader(piece) : ok({ header: new Uint8Array(), body: piece });
  if (!split.ok) return refuse({ kind: "not-sealed" });
  const household = row.household as HouseholdId;
  if (!(await space.hasRoomFor(piece.length, household))) return refuse({ kind: "no-room-for-share" });
  await write(folderOf(directory, row), `${index}`, split.value.body);
  const { header } = split.value;
  const wrapped =
    index === 0 ? wrapHeader(header, key, headerPlace(household, row.clip, `share/${row.id}`)) : row.header;
  // Power lost before this commit: a file without a row, which the same piece replaces and the sweep removes.
  const isNew = await db.transaction().execute(async (tx) => {
    await tx.updateTable("share").set({ header: wrapped }).where("id", "=", row.id).execute();
    const before = await tx
      .deleteFrom("share_piece")
      .where("share", "=", row.id)
      .where("piece", "=", index)
      .returning("piece")
      .execute();
    await tx.insertInto("share_piece").values({ share: row.id, piece: index, bytes: piece.length }).execute();
    return before.length === 0;
  });
  if (isNew) space.add(household, piece.length);
  return ok(undefined);
}

/** Power lost on the way: nothing under that name, or a file that was whole before. */
async function write(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const half = join(folder, `${name}.half`);
  const file = await open(half, "w", 0o600);
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(half, join(folder, name));
}

async function read(
  { directory, shred }: Rooms,
  row: ShareRow,
  index: number,
): Promise<Uint8Array | undefined> {
  const key = await shred.find(clipOf(row));
  if (key === undefined || row.header === "") return undefined;
  const body = await readFile(join(folderOf(directory, row), `${index}`)).catch(ignoreMissing);
  if (body === undefined || index > 0) return body;
  return concat(unwrapHeader(row.header, key, headerPlace(row.household, row.clip, `share/${row.id}`)), body);
}

/** Power lost before the commit: nothing was sent. */
async function look(tx: Transaction<VaultTables>, id: string, now: Millis): Promise<Share | undefined> {
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
  tx: Transaction<VaultTables>,
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

function folderOf(directory: string, { household, clip, id }: ShareRow): string {
  return join(directory, "shares", household, clip, id);
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

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder).catch(ignoreMissing)) ?? [];
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
