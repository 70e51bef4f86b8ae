import { ownersOf } from "../../../shared/charter/succession.js";
import { fromBase64 } from "../../../shared/kernel/bytes.js";
import type { Clock } from "../../../shared/kernel/ports.js";
import { openWord, wordClockMillis } from "../../../shared/release/ownersword.js";
import { hashOf } from "../../../shared/seal/hash.js";
import type { CharterReader } from "../../household/charters.io.js";
import type { OwnersWords } from "../../household/ownerswords.io.js";
import type { Emergencies } from "../../legal/emergencies.io.js";
import type { App } from "../app.js";
import { nothing } from "../contract/common.js";
import * as contract from "../contract/emergencies.js";
import { ownersOnly, ownersOrContacts, sessionOf } from "../plugins/session.js";
import { demand, found, Problem } from "../problems.js";

export interface OwnersWordServices {
  readonly ownersWords: OwnersWords;
  readonly charters: CharterReader;
  readonly clock: Clock;
  readonly emergencies: Emergencies;
}

/** What each owner's client says of itself at each of its rounds; sealed, and of one length. */
export function addOwnersWords(members: App, services: OwnersWordServices): void {
  const { ownersWords, charters, clock, emergencies } = services;
  members.put(
    "/v1/household/word",
    {
      onRequest: ownersOnly,
      schema: {
        operationId: "putOwnersWord",
        summary:
          "An owner's own word: that their client was at work, and sealed, to which emergencies they say no",
        tags: ["releases"],
        body: contract.ownersWord,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const { household, member } = sessionOf(request);
      const { note, file } = request.body;
      const word = demand(openWord(note, ownersOf(found(await charters.current(household)))));
      if (word.household !== household || word.member !== member) throw new Problem("other-household");
      const now = clock.wall();
      if (Math.abs(now - word.at) > wordClockMillis) throw new Problem("signed-at-another-time");
      const bytes = fromBase64(file);
      if (!bytes.ok || hashOf(bytes.value) !== word.sealed) throw new Problem("not-sealed");
      if (!(await ownersWords.put(word, { note, file }, now))) throw new Problem("changed-meanwhile");
      return reply.code(204).send(null);
    },
  );
  members.get(
    "/v1/household/words",
    {
      onRequest: ownersOrContacts,
      schema: {
        operationId: "listOwnersWords",
        summary:
          "Each owner's newest word, for owners' clients and, where it is their turn, contacts', who can open it",
        tags: ["releases"],
        response: { 200: contract.ownersWords },
      },
    },
    async (request) => {
      const { household, role } = sessionOf(request);
      // When owners were at work is nothing that contacts learn at other times.
      const mayKnow = role === "owner" || (await emergencies.contactsTurn(household)).length > 0;
      const words = mayKnow ? await ownersWords.list(household) : [];
      return { words: words.map(({ note, file }) => ({ note, file })) };
    },
  );
}
