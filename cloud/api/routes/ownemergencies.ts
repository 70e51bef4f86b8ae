import { claimEntryHash } from "../../../shared/release/emergency.js";
import type { Emergencies, KeptEmergency } from "../../legal/emergencies.io.js";
import type { App } from "../app.js";
import * as contract from "../contract/emergencies.js";
import { requestIdIn } from "../ids.js";
import { ownersOrContacts, sessionOf } from "../plugins/session.js";
import { askingAgency, evidenceOf, type RecordServices, stepTo } from "./record.js";

export interface OwnEmergencyServices extends Pick<RecordServices, "agencies" | "log"> {
  readonly emergencies: Emergencies;
}

/**
 * What the household is asked in an emergency, with every proof. Owners' clients fetch it at each of their rounds, asked or not; its
 * contacts are shown it once it is their turn.
 */
export function addOwnEmergencies(members: App, { emergencies, agencies, log }: OwnEmergencyServices): void {
  const asked = async ({ id, state: { note, claim, agency, salt } }: KeptEmergency) => {
    const steps = { steps: () => emergencies.steps(requestIdIn(id)) };
    const { at, index } = await stepTo(steps, id, "asked");
    const hash = claimEntryHash(salt, claim.hash, "asked");
    const entry = { kind: "emergency", id, at, agency, state: "asked", hash, index } as const;
    return { note, salt, ...(await evidenceOf(log, entry)) };
  };
  members.get(
    "/v1/household/emergencies",
    {
      onRequest: ownersOrContacts,
      schema: {
        operationId: "listAskedEmergencies",
        summary: "Emergencies in which the household is asked now, or its contacts are, with all proofs",
        tags: ["releases"],
        response: { 200: contract.ownEmergencies },
      },
    },
    async (request) => {
      const { household, role } = sessionOf(request);
      const open =
        role === "owner"
          ? await emergencies.list({ household, kinds: ["asked"] })
          : await emergencies.contactsTurn(household);
      const asking = [...new Set(open.map(({ state }) => state.agency))];
      return {
        emergencies: await Promise.all(open.map(asked)),
        agencies: await Promise.all(asking.map((id) => askingAgency({ agencies, log }, id))),
      };
    },
  );
}
