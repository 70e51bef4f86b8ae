import type { Kysely } from "kysely";
import type { Clock, Random } from "../shared/kernel/ports.js";
import type { Database } from "./database.io.js";
import { createDocket, type Docket, type EntryLog } from "./docket/docket.io.js";
import { type Accesses, createAccesses, type KeptAccess } from "./operator/accesses.io.js";

/** What officers and operators begin, each a machine of its own on the one docket. */
export interface Desk {
  readonly docket: Docket;
  readonly accesses: Accesses;
}

interface DeskServices {
  readonly log: EntryLog;
  readonly clock: Clock;
  readonly random: Random;
  /** Tells a household's owners what operators do with its metadata. */
  readonly tellAccess: (access: KeptAccess) => void;
}

export function openDesk(db: Kysely<Database>, { log, clock, random, tellAccess }: DeskServices): Desk {
  const docket = createDocket(db, { log, clock });
  return { docket, accesses: createAccesses(db, { docket, clock, random, tell: tellAccess }) };
}
