import { type CharterReader, type CharterWriter, chartersMax } from "../../household/charters.io.js";
import type { VaultReader } from "../../vault/vault.io.js";
import type { App } from "../app.js";
import * as contract from "../contract/household.js";
import { type HourlyBudget, spending } from "../plugins/ratelimit.js";
import { ownersOnly, sessionOf } from "../plugins/session.js";
import { demand } from "../problems.js";
import { keyFilesIn, writable } from "../signed.js";

export interface HouseholdServices {
  readonly charters: CharterReader & CharterWriter;
  readonly roomOf: VaultReader["room"];
  /** C2SP vkey of the vault. */
  readonly vaultKey: string;
  /** New charters, which make members and cameras. */
  readonly budget: HourlyBudget;
}

/** The household's charters. */
export function addHousehold(members: App, { charters, roomOf, vaultKey, budget }: HouseholdServices): void {
  members.get(
    "/v1/household",
    {
      schema: {
        operationId: "getHousehold",
        summary: "The household's charters, from the first on, and how full its part of the vault is",
        tags: ["household"],
        response: { 200: contract.household },
      },
    },
    async (request) => {
      const { household } = sessionOf(request);
      const chain = await charters.chain(household, 0, chartersMax);
      const { bytesStored, bytesMax } = roomOf(household);
      const storage = { bytes: bytesStored, bytesMax };
      return { household, charters: chain.map(writable), vaultKey, storage };
    },
  );

  members.put(
    "/v1/household/charter",
    {
      onRequest: ownersOnly,
      preHandler: spending(members, budget),
      schema: {
        operationId: "putCharter",
        summary: "The next charter, signed as the newest demands, with key files of its cameras",
        tags: ["household"],
        body: contract.charterBody,
        response: { 200: contract.charterStored },
      },
    },
    async (request) => {
      const { household } = sessionOf(request);
      const { charter, keyFiles } = request.body;
      const { version } = demand(await charters.append(household, charter, keyFilesIn(keyFiles)));
      return { version };
    },
  );
}
