import { openDatabase } from "../../../cloud/database.io.js";
import { openShredKeys } from "../../../cloud/vault/shred.io.js";
import { seededPrng } from "../../../shared/kernel/prng.js";
import { newMachine, powerOn, reset, runUntil, within } from "../edges/clockwork.js";
import { newDisk, resetDisks } from "../edges/disk.js";
import { keepTemplates, resetDatabases } from "../edges/sqlite.js";

/** Every world begins with databases whose schema is up to date. */
export function makeTemplates(): void {
  reset(seededPrng(0));
  resetDisks();
  resetDatabases();
  const machine = newMachine("cloud");
  newDisk(machine);
  powerOn(machine);
  let made = 0;
  within(machine, () => {
    void openDatabase("/cloud/cloud.db").then(() => made++);
    void openShredKeys("/cloud/vault/shred.db").then(() => made++);
  });
  runUntil(60_000, () => made === 2);
  if (made !== 2) throw new Error("the databases are not made in one turn");
  keepTemplates();
}
