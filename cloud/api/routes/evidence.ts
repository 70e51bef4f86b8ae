import type { Footage } from "../../footage/footage.io.js";
import type { LogReader } from "../../tlog/publiclog.io.js";
import type { VaultReader } from "../../vault/vault.io.js";
import type { App } from "../app.js";
import * as contract from "../contract/clips.js";
import { clipIdIn } from "../ids.js";
import { sessionOf } from "../plugins/session.js";
import { found } from "../problems.js";
import type { Sight } from "../sight.js";
import { evidenceOf } from "./record.js";

export interface EvidenceServices {
  readonly footage: Footage;
  readonly log: LogReader;
  readonly sight: Sight;
  readonly vault: { readonly reader: VaultReader };
}

/** Since when a clip's segments stand in the public log. */
export function addEvidence(members: App, { footage, log, sight, vault }: EvidenceServices): void {
  members.get(
    "/v1/clips/:clip/evidence",
    {
      schema: {
        operationId: "getClipEvidence",
        summary:
          "For each segment whose hour is over, the proof that it existed then: what a release package holds",
        tags: ["clips"],
        params: contract.clipParams,
        response: { 200: contract.clipEvidence },
      },
    },
    async (request) => {
      const session = sessionOf(request);
      const id = clipIdIn(request.params.clip);
      const clip = await vault.reader.clip(session.household, id);
      found(clip !== undefined && (await sight.reach(session)).covers(clip) ? clip : undefined);
      const segments = await footage.evidence(session.household, id);
      return {
        segments: await Promise.all(
          segments.map(async ({ index, note, path, entry, place }) => ({
            ...{ index, note, path },
            ...(await evidenceOf(log, { ...entry, index: place })),
          })),
        ),
      };
    },
  );
}
