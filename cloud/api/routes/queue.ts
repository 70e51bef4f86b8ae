import type { AgencyId } from "../../../shared/kernel/ids.js";
import type { Pressures } from "../../agency/pressures.io.js";
import type { Emergencies } from "../../legal/emergencies.io.js";
import type { Preservations } from "../../legal/preservations.io.js";
import type { Processes } from "../../legal/processes.io.js";
import type { Directory } from "../../office/people.js";
import type { Accesses } from "../../operator/accesses.io.js";
import type { App } from "../app.js";
import { queue } from "../contract/orders.js";
import { operatorOf } from "../plugins/office.js";
import { timeTextOf } from "../time.js";

export interface QueueServices {
  readonly accesses: Accesses;
  readonly preservations: Preservations;
  readonly processes: Processes;
  readonly emergencies: Emergencies;
  readonly pressures: Pressures;
  readonly directory: Directory;
}

/** Emergencies that are over, of which a court's paper is looked at. */
const ended = ["released", "not-released"];

/** Everything that waits for an operator, the oldest first. */
export function addQueue(operators: App, services: QueueServices): void {
  const { accesses, preservations, processes, emergencies, pressures, directory } = services;
  const agencyFacts = async (agency: AgencyId, what: string) => {
    const { name, phone } = (await directory.agency(agency))?.agreement ?? {};
    // Nobody calls an agency about what households report of it.
    return { agency, ...(name && { name }), ...(phone && what !== "pressure" && { phone }) };
  };
  operators.get(
    "/operator/v1/queue",
    {
      schema: {
        operationId: "listQueue",
        summary: "What waits for an operator, the oldest first, with the number to call back",
        tags: ["operator"],
        response: { 200: queue },
      },
    },
    async (request) => {
      const asked = await accesses.list({ kinds: ["requested"] });
      const orders = await preservations.list({ kinds: ["asked"] });
      const served = await processes.list({ kinds: ["received", "authenticated"] });
      const claimed = await emergencies.list({ kinds: ["cosigned", "called-back", ...ended] });
      const received = await pressures.list({ kinds: ["received"] });
      const reported = await pressures.readable(received, operatorOf(request).id);
      const waiting = [
        ...asked.map(({ id, state, began }) => ({ id, what: "access" as const, state, since: began })),
        ...claimed
          .filter(({ state }) => !ended.includes(state.kind) || state.paper !== undefined)
          .map(({ id, state, began }) => ({ id, what: "emergency" as const, state, since: began })),
        ...served.map(({ id, state, began }) => ({ id, what: "process" as const, state, since: began })),
        ...orders.map(({ id, state, began }) => ({ id, what: "preservation" as const, state, since: began })),
        ...reported.map(({ id, state, began }) => ({ id, what: "pressure" as const, state, since: began })),
      ];
      const shown = waiting
        .sort((a, b) => a.since - b.since)
        .map(async ({ id, what, state, since }) => ({
          ...{ id, what, state: state.kind, since: timeTextOf(since) },
          ...("agency" in state && (await agencyFacts(state.agency, what))),
        }));
      return { waiting: await Promise.all(shown) };
    },
  );
}
