import { test } from "tap";
import type { Machine } from "../../cloud/docket/machine.js";
import {
  begun,
  cosigned,
  type Draft,
  type KeptDraft,
  recordOf,
  standing,
  without,
} from "../../scripts/cli/consent/drafts.js";
import type { Signatures } from "../../shared/charter/succession.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { newClipId, newReleaseId } from "../../shared/kernel/ids.js";
import { ok, refuse } from "../../shared/kernel/result.js";
import { formatAuthorisation } from "../../shared/release/authorisation.js";
import { floorPolicy } from "../../shared/release/floor.js";
import { newHome, type TestHome } from "../../shared/release/home.contract.js";
import { newAgency, newRequest } from "../../shared/release/testing.contract.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { signNote, textOf } from "../../shared/seal/note.js";
import { byTheClock, type Exploration, ended, explore, type Step, start, walk } from "./explorer.js";

// What becomes of an authorisation among a household's owners, on their own machines, before anybody else knows of it.

const hour = 60 * 60_000;
const day = 24 * hour;
const hold = day;
const stranger = { name: "member-nobody", secretKey: new Uint8Array(32).fill(1) };
/** Fewer than elsewhere: each step verifies signatures. */
const walks = Number(process.env.LINTEL_WALKS ?? 100) / 50;

/** What the owners' state says of one authorisation, as their clients see it. */
interface Seen {
  readonly kind: Draft["kind"] | "none" | "handed-over";
  readonly drafts: readonly KeptDraft[];
  readonly charter: "as signed" | "another";
  readonly until?: Millis;
}

type OwnersEvent =
  | { readonly kind: "sign"; readonly by: number }
  | { readonly kind: "withdraw" | "change-charter" | "hand-over" | "clock" };

function newNote({ charter, members, camera, random }: TestHome): string {
  const agency = newAgency(start);
  const request = newRequest(agency, start);
  const hash = hashOfText("bytes\n");
  const text = formatAuthorisation({
    ...{ record: newReleaseId(start, random), household: charter.household, request: request.id },
    ...{ requestHash: hash, agency: request.agency, recipient: request.recipient, charter: charter.hash },
    ...{ basis: "consent", purpose: request.category, jurisdiction: "fr", notice: hash, language: "fr" },
    ...{ signed: start, hold: millis(hold) },
    expires: millis(start + floorPolicy.coOwnersSignWithin + hold + day),
    ...{ keep: millis(90 * day), thirdParties: false, child: false },
    clips: [
      {
        ...{
          clip: newClipId(request.from, random),
          camera: camera.id,
          charter: charter.hash,
          manifest: hash,
        },
        ...{ from: request.from, to: request.to, first: 0, last: 1, audio: false, sha256: hash },
      },
    ],
  });
  const [founder] = members;
  return signNote(text, founder === undefined ? [] : [founder.signer]);
}

/** The owners' clients at work on one state. */
function ownersMachine(home: TestHome): Machine<Seen, OwnersEvent, { readonly kind: string }> {
  const note = newNote(home);
  const charterOf = ({ charter }: Pick<Seen, "charter">) =>
    charter === "as signed" ? home.charter : { ...home.charter, hash: hashOfText("another\n") };
  const see = (seen: Pick<Seen, "drafts" | "charter">, now: Millis): Seen => {
    const { drafts, charter } = seen;
    const [draft] = drafts.flatMap((kept) => standing(kept, charterOf(seen), now) ?? []);
    if (draft === undefined) return { kind: "none", drafts, charter };
    const { kind, signed, from, expires } = draft;
    const untils = {
      "pending-co-owners": millis(signed + floorPolicy.coOwnersSignWithin),
      ...{ held: from, releasable: expires },
    };
    return { kind, drafts, charter, until: untils[kind] };
  };
  const taken = (drafts: ReturnType<typeof begun>, charter: Seen["charter"], now: Millis) =>
    drafts.ok ? ok({ state: see({ drafts: drafts.value, charter }, now) }) : drafts;
  return {
    kind: "releases",
    due: { kind: "clock" },
    deadline: ({ until }) => until,
    step(seen, event, now) {
      if (seen === undefined) return taken(begun([], note, now), "as signed", now);
      if (event.kind === "sign") {
        const { drafts, charter } = seen;
        const signer = home.members[event.by]?.signer ?? stranger;
        const under = { charter: charterOf(seen), now };
        return taken(cosigned(drafts, { text: textOf(note), signer }, under), charter, now);
      }
      // From here on it is a release's course, in the cloud.
      if (seen.kind === "handed-over") return refuse({ kind: seen.kind });
      return finished(seen, event.kind, now);
    },
  };

  function finished(seen: Seen, how: Exclude<OwnersEvent["kind"], "sign">, now: Millis) {
    const { drafts, charter } = seen;
    const rest = { drafts: without(drafts, recordOf(note)), charter };
    switch (how) {
      case "withdraw":
        return ok({ state: see(rest, now) });
      case "change-charter":
        return ok({ state: see({ drafts, charter: "another" }, now) });
      case "hand-over":
        if (seen.kind !== "releasable") return refuse({ kind: seen.kind });
        return ok({ state: { ...rest, kind: "handed-over" } as const });
      case "clock":
        return ok({ state: see(seen, now) });
    }
  }
}

type OwnersStep = Step<Seen, OwnersEvent>;

/** By when the last of those signed whose signature it takes; the founder signs first. */
function completeAt({ path }: Pick<OwnersStep, "path">, owners: number): number | undefined {
  const times = Array.from({ length: owners }, (_, by) =>
    by === 0 ? start : path.find(({ event }) => event.kind === "sign" && event.by === by)?.at,
  );
  return times.some((at) => at === undefined) ? undefined : Math.max(...times.map((at) => at ?? 0));
}

function explorationOf(release: Signatures, owners: number): Exploration<Seen, OwnersEvent, unknown> {
  const home = newHome({
    roles: [...Array.from({ length: owners }, () => "owner" as const), "adult"],
    release,
  });
  const complete = (step: OwnersStep) => completeAt(step, release === "all-owners" ? owners : 1);
  return {
    machine: ownersMachine(home),
    begin: { kind: "sign", by: 0 },
    events: [
      ...home.members.map((_, by): OwnersEvent => ({ kind: "sign", by })),
      ...(["withdraw", "change-charter", "hand-over"] as const).map((kind): OwnersEvent => ({ kind })),
    ],
    waits: [25 * hour],
    never: {
      "rests without all signatures": (step) =>
        (step.to.kind === "held" || step.to.kind === "releasable") && complete(step) === undefined,
      "handed over before it has rested": (step) =>
        step.to.kind === "handed-over" && step.at < (complete(step) ?? Number.POSITIVE_INFINITY) + hold,
      "handed over under another charter": ({ to }) => to.kind === "handed-over" && to.charter === "another",
      "completed after 72 hours": (step) => (complete(step) ?? start) >= start + 72 * hour,
      "came back": ended("none", "handed-over"),
    },
  };
}

test("an authorisation rests once all owners have signed who must, and what ended never comes back", (t) => {
  for (const release of ["all-owners", "any-owner"] as const) {
    const exploration = explorationOf(release, 3);
    const { places, kinds } = explore(exploration);
    const steps = walk(explorationOf(release, 3), { seed: 8, runs: walks, waitMax: 2 * day });
    t.comment(`authorisation, ${release}: ${places.length} states, ${steps} steps at random`);
    const pending = release === "all-owners" ? ["pending-co-owners"] : [];
    t.same(kinds, ["handed-over", "held", "none", ...pending, "releasable"]);
    const ends = places.map((place) => byTheClock(exploration.machine, place).at(-1)?.state.kind);
    t.ok(
      ends.every((kind) => kind === "none" || kind === "handed-over"),
      "silence is no",
    );
  }
  t.end();
});
