import { proposalHash } from "../../cloud/legal/process.js";
import { millis } from "../../shared/kernel/brand.js";
import { type CourseId, newRequestId, type RequestId } from "../../shared/kernel/ids.js";
import { formatClaim } from "../../shared/release/emergency.js";
import { signNote } from "../../shared/seal/note.js";
import { agency, agreement, day, home, type Town } from "./town.js";
import { type Act, type Acts, about, oneOf, operator } from "./townacts.js";

// What courts order, what agencies call an emergency, and what operators make of it.

const hour = 60 * 60_000;
const { officer, supervisor } = agency;
const { agency: office } = agreement;
const { household } = home.charter;
const both = [officer.signer, supervisor.signer];
const item = { data: "content", camera: home.camera.id, indoor: false } as const;

const receiveProcess: Act = (town) => {
  const { now } = town.time;
  const gag = oneOf(town, 0, 2, 20, 100);
  const line = { ...item, from: millis(now - day), to: now };
  return town.books().processes.receive({
    ...{ agency: office, by: officer.id, file: "F-1", type: "warrant", items: [line] },
    ...(gag > 0 && { gagUntil: millis(now + gag * day) }),
  });
};

const callProcess = about<CourseId>(["legal", "received"], (town, id) =>
  town.books().processes.callBack(id, call(town)),
);

/** Mostly the registry's number. */
const call = (town: Town) => ({
  ...{ by: operator(town), called: oneOf(town, agreement.phone, agreement.phone, "+33100000000") },
  authentic: town.chance.between(0, 8) > 0,
});

/** Mostly what another one wants, too. */
const decideProcess = about<CourseId>(["legal", "authenticated", "challenged"], async (town, id) => {
  const { processes } = town.books();
  const by = operator(town);
  const proposed = (await processes.find(id))?.state.proposed;
  if (proposed !== undefined && town.chance.between(0, 4) > 0)
    return processes.advance(id, { kind: "confirm", by, proposal: proposalHash(proposed) });
  const verdict = oneOf(town, "produce", "produce", "challenge", "reject");
  return processes.advance(id, { kind: "propose", by, verdict, keep: [0] });
});

const claim: Act = (town) => {
  const { now } = town.time;
  const facts = {
    ...{ id: newRequestId(now, town.chance), agency: office, agreement: agreement.hash, file: "24-119" },
    ...{ household, camera: home.camera.id, from: millis(now - hour), to: now },
    ...{ recipient: `age1${"q".repeat(58)}`, submitted: now },
    danger: "abduction" as const,
  };
  const note = signNote(formatClaim(facts), [officer.signer]);
  return town.books().emergencies.claim({ agency: office, by: officer.id, note });
};

const cosign = about<RequestId>(["emergency", "claimed"], async (town, id) => {
  const { emergencies } = town.books();
  const facts = (await emergencies.find(id))?.state.claim;
  if (facts === undefined) return;
  const { hash: _, ...signed } = facts;
  const note = signNote(formatClaim(signed), both);
  const by = oneOf(town, supervisor, supervisor, officer);
  return emergencies.cosign(id, { agency: office, by: by.id, role: by.role, note });
});

const callEmergency = about<RequestId>(["emergency", "cosigned"], (town, id) =>
  town.books().emergencies.callBack(id, call(town)),
);

const decideEmergency = about<RequestId>(
  ["emergency", "called-back", "released", "not-released"],
  (town, id) => {
    const by = operator(town);
    return town.books().emergencies.advance(
      id,
      oneOf(
        town,
        ...([
          { kind: "agree", by },
          { kind: "agree", by },
          { kind: "deny", by },
        ] as const),
        ...([
          { kind: "file-paper", by: officer.id, paper: "hash" },
          { kind: "find", by, genuine: true },
        ] as const),
      ),
    );
  },
);

const askAccess: Act = (town) =>
  town
    .books()
    .accesses.request({ household, by: operator(town), ticket: "T-1", scope: ["clips"], minutes: 60 });

const answerAccess = about<CourseId>(["operator", "requested", "expired"], (town, id) => {
  const by = operator(town);
  return town
    .books()
    .accesses.advance(
      id,
      town.chance.between(0, 2) === 0 ? { kind: "approve", by } : { kind: "review", by, finding: "in-order" },
    );
});

const preserve: Act = (town) => {
  const { now } = town.time;
  const wish = { agency: office, by: officer.id, file: "F-2", camera: home.camera.id };
  return town.books().preservations.ask({ ...wish, from: millis(now - day), to: now });
};

const answerPreservation = about<CourseId>(["preservation", "asked"], (town, id) =>
  town.books().preservations.callBack(id, call(town)),
);

export const orderActs: Acts = [
  ...([
    [0.5, receiveProcess],
    [3, callProcess],
    [5, decideProcess],
  ] as const),
  ...([
    [0.5, claim],
    [5, cosign],
    [5, callEmergency],
    [5, decideEmergency],
  ] as const),
  ...([
    [0.3, askAccess],
    [1, answerAccess],
    [0.2, preserve],
    [1, answerPreservation],
  ] as const),
];
