import type { Kysely } from "kysely";
import type { Clock, Random } from "../shared/kernel/ports.js";
import type { Database } from "./database.io.js";
import type { Docket } from "./docket/docket.io.js";
import { type Accesses, createAccesses, type KeptAccess } from "./operator/accesses.io.js";

/** What officers and operators begin, each a machine of its own on the one docket. */
export interface Desk {
  readonly accesses: Accesses;
}

interface DeskServices {
  readonly docket: Docket;
  readonly clock: Clock;
  readonly random: Random;
  /** Tells a household's owners what operators do with its metadata. */
  readonly tellAccess: (access: KeptAccess) => void;
}

export function openDesk(db: Kysely<Database>, { docket, clock, random, tellAccess }: DeskServices): Desk {
  return { accesses: createAccesses(db, { docket, clock, random, tell: tellAccess }) };
}
