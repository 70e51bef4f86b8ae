import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openDatabase } from "../../cloud/database.io.js";
import { openPublicLog } from "../../cloud/tlog/publiclog.io.js";
import { millis } from "../../shared/kernel/brand.js";
import { hashOfText } from "../../shared/seal/hash.js";
import type { LogEntry } from "../../shared/tlog/entry.js";

/** This file as a program: appends entries to the log in a data directory, from a number on, until it is killed. */
export const killedProgram = fileURLToPath(import.meta.url);

/** Entries that wait for an answer at a time. */
const atOnce = 40;

const entryOf = (number: number): LogEntry => ({
  kind: "request",
  id: `entry-${number}`,
  at: millis(number),
  agency: "springfield",
  state: "published",
  hash: hashOfText(`${number}`),
});

async function run(data: string, first: number): Promise<void> {
  const db = await openDatabase(join(data, "cloud.db"));
  const log = await openPublicLog({ db, data, origin: "log.example/tlog" });
  process.stdout.write("open\n");
  let next = first;
  const one = async (): Promise<void> => {
    for (;;) {
      const number = next++;
      const { index } = await log.append(entryOf(number));
      process.stdout.write(`answered ${index} ${number}\n`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}

const [program = "", data = "", first = ""] = process.argv.slice(1);
if (program === killedProgram) await run(data, Number(first));
