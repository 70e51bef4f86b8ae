import { test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import { refusalCodes } from "../../shared/protocol/messages.js";
import { conflictTurns, endTurn, isConflict, noTurns, shortTurnMillis, waitBefore } from "./retry.js";
import { troubleText } from "./troubles.js";
import { acknowledged, openWindow, windowChunksMin } from "./window.js";

test("the window grows on an idle line, shrinks on a queueing one and never falls below two", async (t) => {
  let window = openWindow(64);
  for (let now = 0; now < 3_000; now += 50) window = acknowledged(window, millis(50), true, millis(now));
  t.ok(window.size > 50, `${window.size} chunks after 60 round trips of 50 ms`);
  for (let now = 3_000; now < 60_000; now += 500)
    window = acknowledged(window, millis(500), true, millis(now));
  t.equal(window.size, windowChunksMin);
  let unused = openWindow(64);
  for (let now = 0; now < 3_000; now += 50) unused = acknowledged(unused, millis(50), false, millis(now));
  t.equal(unused.size, windowChunksMin, "a window that is not used up does not grow");
  t.equal(openWindow(1).most, windowChunksMin);
});

test("pauses double to their limit, half of each left to chance", async (t) => {
  const backoff = { first: millis(1_000), most: millis(60_000) };
  t.same(
    [0, 1, 2, 10, 1_000].map((attempt) => waitBefore(attempt, backoff, 0)),
    [500, 1_000, 2_000, 30_000, 30_000],
  );
  t.equal(waitBefore(0, backoff, 0.5), 750);
});

test("connections that the broker soon ends, one after another, tell of a second device", async (t) => {
  const kicked = { kind: "closed", byBroker: true, lasted: millis(200) } as const;
  let turns = noTurns;
  for (let turn = 1; turn < conflictTurns; turn++) turns = endTurn(turns, kicked);
  t.notOk(isConflict(turns));
  t.ok(isConflict(endTurn(turns, kicked)));
  t.notOk(isConflict(endTurn(endTurn(turns, { kind: "not-connected" }), kicked)), "the broker was away");
  t.notOk(isConflict(endTurn(endTurn(turns, { ...kicked, byBroker: false }), kicked)), "the line broke");
  t.notOk(isConflict(endTurn(endTurn(turns, { ...kicked, lasted: millis(shortTurnMillis) }), kicked)));
});

test("a trouble says its word and what becomes of the footage, within a status's limit", async (t) => {
  t.match(troubleText("refused-conflict"), /^refused-conflict: .*the card keeps ours/);
  t.match(troubleText("refused-deleted"), /^refused-deleted: .*leaves the card with the signed deletion/);
  const words = refusalCodes.map((code) => troubleText(`refused-${code}`));
  t.ok(words.every((text) => text.length <= 300 && !text.includes("undefined")));
});
