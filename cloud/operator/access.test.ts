import { test } from "tap";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { householdIdOf, officerIdOf } from "../../shared/kernel/ids.js";
import { type Access, type AccessEvent, accessMachine, mayRead } from "./access.js";

const person = (n: number) => officerIdOf(Uint8Array.of(n));
const [olga, omar, oona] = [person(1), person(2), person(3)];
const household = householdIdOf(Uint8Array.of(9));
const t0 = millis(1_800_000_000_000);
const minute = 60_000;

const request: AccessEvent = {
  kind: "request",
  household,
  by: olga,
  ticket: "T-17",
  scope: ["storage"],
  minutes: 600,
  salt: "salt",
};

/** What becomes of it by these events, each a minute after the one before; a refusal's kind where one is refused. */
function after(...events: readonly AccessEvent[]): Access | string {
  let access: Access | undefined;
  let now: Millis = t0;
  for (const event of events) {
    const turn = accessMachine.step(access, event, now);
    if (!turn.ok) return turn.error.kind;
    access = turn.value.state;
    now = millis(now + minute);
  }
  return access ?? "nothing";
}

const kindOf = (outcome: Access | string): string => (typeof outcome === "string" ? outcome : outcome.kind);
const by = (kind: "approve" | "refuse" | "end", who = omar): AccessEvent => ({ kind, by: who });
const review = (who = omar): AccessEvent => ({ kind: "review", by: who, finding: "in-order" });
const clock: AccessEvent = { kind: "clock" };

test("no operator looks at anything, or closes the book on it, alone", (t) => {
  t.equal(after(request, by("approve", olga)), "second-person-needed");
  t.equal(after(request, by("refuse", olga)), "second-person-needed");
  t.equal(after(request, by("approve"), clock, review(olga)), "second-person-needed");
  t.end();
});

test("each way from request to review, and no other", (t) => {
  const ways: readonly [readonly AccessEvent[], string][] = [
    [[request], "requested"],
    [[request, by("approve")], "active"],
    [[request, by("refuse")], "refused"],
    [[request, clock], "lapsed"],
    [[request, by("approve"), clock], "expired"],
    [[request, by("approve"), by("end", olga)], "expired"],
    [[request, by("approve"), clock, review()], "reviewed"],
    [[request, by("approve"), by("end", olga), review(oona)], "reviewed"],
  ];
  for (const [events, wanted] of ways) t.equal(kindOf(after(...events)), wanted);
  const all = [request, by("approve"), by("refuse"), by("end"), review(), clock];
  for (const [events, wanted] of ways)
    for (const event of all) {
      const onward = ways.some(
        ([other]) =>
          other.length === events.length + 1 &&
          other[events.length]?.kind === event.kind &&
          events.every((one, at) => one.kind === other[at]?.kind),
      );
      const outcome = kindOf(after(...events, event));
      if (!onward) t.equal(outcome, "not-its-turn", `${wanted}, then ${event.kind}`);
    }
  t.equal(after(by("approve")), "not-its-turn");
  t.end();
});

test("an access lasts an hour at most, from its approval on, and unanswered ones lapse after a day", (t) => {
  const asked = after(request);
  t.ok(typeof asked !== "string" && accessMachine.deadline(asked) === t0 + 24 * 60 * minute);
  const active = after(request, by("approve"));
  t.match(active, { until: t0 + minute + 60 * minute, minutes: 60 });
  t.ok(typeof active !== "string" && accessMachine.deadline(active) === t0 + 61 * minute);
  const over = after(request, by("approve"), clock, review());
  t.ok(typeof over !== "string" && accessMachine.deadline(over) === undefined);
  t.end();
});

test("who asked reads what they asked for while it is active, and nothing else", (t) => {
  const active = after(request, by("approve"));
  if (typeof active === "string") throw new Error(active);
  const at = (minutes: number): Millis => millis(t0 + minutes * minute);
  t.ok(mayRead(active, olga, "storage", at(2)));
  t.notOk(mayRead(active, omar, "storage", at(2)), "another operator");
  t.notOk(mayRead(active, olga, "members", at(2)), "out of scope");
  t.notOk(mayRead(active, olga, "storage", at(61)), "its hour is over, whether the clock's step came or not");
  const expired = after(request, by("approve"), clock);
  t.ok(typeof expired !== "string" && !mayRead(expired, olga, "storage", at(2)));
  t.end();
});

test("each state stands in the log under a hash that tells strangers nothing, and changes with every fact", (t) => {
  const hash = (event: AccessEvent) => {
    const turn = accessMachine.step(undefined, event, t0);
    return turn.ok ? turn.value.entry : undefined;
  };
  t.match(hash(request), { agency: "none", state: "requested" });
  if (request.kind !== "request") return t.end();
  const others = [{ salt: "other" }, { ticket: "T-18" }, { by: omar }, { scope: ["members" as const] }];
  for (const other of others) t.not(hash({ ...request, ...other })?.hash, hash(request)?.hash);
  t.end();
});
