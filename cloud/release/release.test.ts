import { test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import {
  agencyIdOf,
  householdIdOf,
  newReleaseId,
  newRequestId,
  officerIdOf,
} from "../../shared/kernel/ids.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { floorPolicy } from "../../shared/release/floor.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { type ReleaseEvent, type ReleaseRecord, releaseMachine } from "./release.js";

const random = seededPrng(3);
const now = millis(1_800_000_000_000);
const day = 86_400_000;
const machine = releaseMachine(floorPolicy);
const hash = hashOfText("package\n");
const record: ReleaseRecord = {
  ...{ kind: "in-review", household: householdIdOf(random.bytes(32)), agency: agencyIdOf(random.bytes(32)) },
  ...{ request: newRequestId(now, random), record: newReleaseId(now, random), authorisation: "a", hash },
  ...{ keep: millis(90 * day), urgent: false, pieces: 1, package: hash, reviewers: [] },
  until: millis(now + day),
};
const refused = (state: ReleaseRecord | undefined, event: ReleaseEvent): string => {
  const turn = machine.step(state, event, now);
  return turn.ok ? turn.value.state.kind : turn.error.kind;
};

test("a release's machine refuses what does not follow", (t) => {
  const { kind: _, reviewers: __, ...rest } = record;
  const preparation = { ...rest, decision: { kind: "release" } } as const;
  const no = { kind: "refuse", reasons: [{ kind: "not-authorised" }] } as const;
  const operator = officerIdOf(random.bytes(32));
  const wrong = "release-not-in-this-state";
  t.equal(refused(undefined, { kind: "prepare", preparation }), "preparing");
  t.equal(refused(record, { kind: "prepare", preparation }), wrong);
  t.equal(refused(undefined, { kind: "fetch" }), wrong);
  t.equal(refused(record, { kind: "review", operator, decide: () => no }), "refused");
  t.equal(refused(record, { kind: "clock" }), wrong, "before its time");
  t.equal(refused({ ...record, kind: "attested", until: now }, { kind: "clock" }), wrong, "when it is over");
  t.end();
});
