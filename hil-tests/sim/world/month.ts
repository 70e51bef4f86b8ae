// A month goes by: every clip stays until its time is over, and then nothing is left of it. And what rots in the vault is not given out.
import { advanceWall } from "../edges/clockwork.js";
import { query } from "../edges/sqlite.js";
import { insist } from "./household.js";
import { OracleFailed } from "./oracles.js";
import type { World } from "./world.js";

const dayMillis = 24 * 60 * 60_000;
const retentionDays = 30;

const countOf = (table: string): number =>
  (query("/cloud/cloud.db", `select count(*) as count from ${table}`, []) as { count: number }[])[0]?.count ??
  0;

export function growOld(world: World): void {
  const before = countOf("segment");
  for (let day = 1; day <= retentionDays + 1; day++) {
    advanceWall(dayMillis);
    sweep(world);
    const left = countOf("segment");
    if (day < retentionDays && left !== before)
      throw new OracleFailed(
        "kept-for-its-time",
        `after ${day} days ${before - left} of ${before} segments are gone`,
      );
  }
  const keys = query("/cloud/vault/shred.db", "select clip from shred_key", []).length;
  const bodies = [...world.cloud.disk.files()].filter(({ path }) => path.startsWith("/vault/clips/")).length;
  if (countOf("segment") + keys + bodies > 0)
    throw new OracleFailed(
      "ends-after-its-time",
      `${countOf("segment")} segments, ${keys} keys, ${bodies} bodies are left`,
    );
}

function sweep(world: World): void {
  world.settled<unknown>((done) => insist(world, ({ vault }) => vault.eraser.sweep(), done), "a sweep");
}

/** One byte of one body turns: that segment is told as damaged, and no other. */
export function rot(world: World): void {
  const { cloud, home, chance } = world;
  const bodies = [...cloud.disk.files()].filter(
    ({ path, file }) => path.startsWith("/vault/clips/") && file.bytes.length > 0,
  );
  const victim = bodies[chance.between(0, Math.max(bodies.length, 1))];
  if (victim === undefined) return;
  cloud.disk.flip(victim.file, chance.between(0, victim.file.bytes.length));
  const [, , , , clip = "", name = ""] = victim.path.split("/");
  const index = Number(name.split("-")[0]);
  const whole = world.settled<boolean | undefined>(
    (done) =>
      insist(
        world,
        async ({ vault }) => (await vault.reader.segment(home.id, clip as never, index))?.isWhole(),
        done,
      ),
    "the vault",
  );
  if (whole === true) throw new OracleFailed("damaged-is-not-served", `${victim.path} passes for whole`);
}
