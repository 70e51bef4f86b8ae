import { test } from "tap";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { agencyIdOf, cameraIdOf, householdIdOf, officerIdOf } from "../../shared/kernel/ids.js";
import { keeps, type Preservation, type PreservationEvent, preservationMachine } from "./preservation.js";

const t0 = millis(1_800_000_000_000);
const day = 24 * 60 * 60_000;
const [fay, olga] = [officerIdOf(Uint8Array.of(1)), officerIdOf(Uint8Array.of(2))];
const phone = "+15550100";

const ask: PreservationEvent = {
  kind: "ask",
  agency: agencyIdOf(Uint8Array.of(3)),
  by: fay,
  file: "24-117",
  jurisdiction: "us",
  household: householdIdOf(Uint8Array.of(4)),
  camera: cameraIdOf(Uint8Array.of(5)),
  from: millis(t0 - 2 * day),
  to: millis(t0 - day),
  salt: "salt",
};
const authenticate: PreservationEvent = {
  ...{ kind: "authenticate", by: olga, called: phone, registered: phone },
};
const deny: PreservationEvent = { kind: "deny", by: olga };
const renew: PreservationEvent = { kind: "renew", by: fay };
const convert: PreservationEvent = { kind: "convert", process: "p" };
const clock: PreservationEvent = { kind: "clock" };

function after(...events: readonly PreservationEvent[]): Preservation | string {
  let order: Preservation | undefined;
  let now: Millis = t0;
  for (const event of events) {
    if (event.kind === "clock" && order !== undefined) now = preservationMachine.deadline(order) ?? now;
    const turn = preservationMachine.step(order, event, now);
    if (!turn.ok) return turn.error.kind;
    order = turn.value.state;
  }
  return order ?? "nothing";
}
const kindOf = (outcome: Preservation | string): string =>
  typeof outcome === "string" ? outcome : outcome.kind;

test("a call to any number but the registry's authenticates nothing", (t) => {
  t.equal(after(ask, { ...authenticate, called: "+15550199" } as PreservationEvent), "other-number");
  t.end();
});

test("it lasts 90 days, in the EU 60, is renewed once, lapses, and is purged a day later", (t) => {
  t.match(after(ask, authenticate), { kind: "active", until: t0 + 90 * day, renewed: false });
  t.match(after({ ...ask, jurisdiction: "eu" } as PreservationEvent, authenticate), { until: t0 + 60 * day });
  t.match(after(ask, authenticate, renew), { kind: "active", until: t0 + 180 * day, renewed: true });
  t.equal(after(ask, authenticate, renew, renew), "renewed-already");
  const lapsed = after(ask, authenticate, clock);
  t.ok(typeof lapsed !== "string" && preservationMachine.deadline(lapsed) === t0 + 91 * day);
  t.equal(kindOf(after(ask, authenticate, clock, clock)), "purged");
  t.end();
});

test("each way and no other; only an active order keeps anything", (t) => {
  const ways: readonly [readonly PreservationEvent[], string][] = [
    [[ask], "asked"],
    [[ask, deny], "denied"],
    [[ask, clock], "unanswered"],
    [[ask, authenticate], "active"],
    [[ask, authenticate, renew], "active"],
    [[ask, authenticate, convert], "converted"],
    [[ask, authenticate, clock], "lapsed"],
    [[ask, authenticate, clock, clock], "purged"],
  ];
  const open: Readonly<Record<string, readonly string[]>> = {
    asked: ["deny", "clock", "authenticate"],
    active: ["renew", "convert", "clock"],
    lapsed: ["clock"],
  };
  for (const [events, wanted] of ways) {
    const order = after(...events);
    t.equal(kindOf(order), wanted);
    t.equal(typeof order !== "string" && keeps(order), wanted === "active");
    for (const event of [ask, authenticate, deny, renew, convert, clock])
      if (!open[wanted]?.includes(event.kind))
        t.equal(after(...events, event), "not-its-turn", `${wanted}, then ${event.kind}`);
  }
  t.equal(after(renew), "not-its-turn");
  t.end();
});
