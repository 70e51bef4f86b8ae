import type { Kysely } from "kysely";
import type { AgencyId } from "../shared/kernel/ids.js";
import type { Clock, Random } from "../shared/kernel/ports.js";
import type { FaultEvent } from "./agency/agency.js";
import { createPressures, type Pressures } from "./agency/pressures.io.js";
import type { Database } from "./database.io.js";
import type { Docket } from "./docket/docket.io.js";
import type { CameraDirectory } from "./household/cameras.io.js";
import { createEmergencies, type Emergencies } from "./legal/emergencies.io.js";
import type { Emergency } from "./legal/emergency.js";
import { createNotices, type Notices, type Told } from "./legal/notices.io.js";
import { createPreservations, type Preservations } from "./legal/preservations.io.js";
import { createProcesses, type Processes } from "./legal/processes.io.js";
import type { Directory } from "./office/people.js";
import { type Accesses, createAccesses, type KeptAccess } from "./operator/accesses.io.js";
import type { Vault } from "./vault/vault.io.js";

/** What officers and operators begin, each a machine of its own on the one docket, and what households are told of it. */
export interface Desk {
  readonly accesses: Accesses;
  readonly notices: Notices;
  readonly preservations: Preservations;
  readonly processes: Processes;
  readonly emergencies: Emergencies;
  readonly pressures: Pressures;
}

interface DeskServices {
  readonly docket: Docket;
  readonly clock: Clock;
  readonly random: Random;
  readonly directory: Directory;
  readonly cameras: CameraDirectory;
  readonly vault: Pick<Vault, "custodian">;
  /** Tell a household's owners who look on; what they are told is durable without it. */
  readonly tellAccess: (access: KeptAccess) => void;
  readonly tellNotice: (notice: Told) => void;
  /** What the rules themselves punish an agency for; again does no harm. */
  readonly noteFault: (agency: AgencyId, fault: FaultEvent) => Promise<void>;
  /** The fixed time has come: hands over what its household released for it. */
  readonly onAnswered: (emergency: Emergency) => Promise<void>;
  readonly answerEmergencies: (emergencies: Emergencies) => void;
}

export function openDesk(db: Kysely<Database>, services: DeskServices): Desk {
  const { docket, clock, random, vault, tellAccess, tellNotice, answerEmergencies, noteFault } = services;
  const notices = createNotices(db, { clock, random, onNew: tellNotice });
  const { custodian } = vault;
  const orders = { ...services, notices, custodian };
  const preservations = createPreservations(orders);
  const processes = createProcesses({
    ...orders,
    convert: preservations.convert,
    activeOrders: (agency) => preservations.list({ agency, kinds: ["active"] }),
  });
  const emergencies = createEmergencies({
    ...orders,
    onUnconfirmed: (agency) => noteFault(agency, { kind: "fault", why: "unconfirmed-emergency" }),
  });
  answerEmergencies(emergencies);
  return {
    ...{ notices, preservations, processes, emergencies },
    pressures: createPressures({
      ...services,
      onPressure: (agency, round) => noteFault(agency, { kind: "fault", why: "upheld-pressure", round }),
    }),
    accesses: createAccesses(db, { docket, clock, random, tell: tellAccess }),
  };
}
