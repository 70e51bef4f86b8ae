import { test } from "tap";
import type { Result } from "../../../shared/kernel/result.js";
import { maskText, parseMask, parseZone, zoneText } from "./areas.js";

const faultOf = (parsed: Result<unknown, string>): string => (parsed.ok ? "read" : parsed.error);

test("masks and zones are read in per cent and written back in the same words", (t) => {
  for (const text of ["0,0 25.5,0 25.55,100", "0,0 100,0 100,100 50,0.01 0,100"]) {
    const mask = parseMask(text);
    t.equal(mask.ok && maskText(mask.value), text);
  }
  t.same(parseMask("0,0  25.5%,0 25.05,100 "), {
    ok: true,
    value: [
      { x: 0, y: 0 },
      { x: 2550, y: 0 },
      { x: 2505, y: 10_000 },
    ],
  });
  for (const text of ["0,0 1,0 1,1 sensitivity=0", "0,0 1,0 1,1 sensitivity=100 size=2.5%"]) {
    const zone = parseZone(text);
    t.equal(zone.ok && zoneText(zone.value), text);
  }
  t.match(parseZone("size=2 0,0 1,0 1,1"), { ok: true, value: { sensitivity: 50, sizeMin: 200 } });
  t.match(parseZone("0,0 1,0 1,1"), { ok: true, value: { sensitivity: 50, sizeMin: 0 } });
  t.end();
});

test("what is no polygon, no value or unclear is refused, and said", (t) => {
  const wrong = [
    ["", /0 corners/],
    ["0,0 1,1", /2 corners/],
    [Array.from({ length: 33 }, (_, i) => `${i},${i % 2}`).join(" "), /33 corners/],
    ["0,0 1,0 1,100.01", /"1,100.01" is no corner/],
    ["0,0 1,0 1,101", /is no corner/],
    ["0,0 -1,0 1,1", /is no corner/],
    ["0,0 1,0 1.005,1", /two decimals/],
    ["0,0 1,0 1e1,1", /is no corner/],
    ["0,0 1,0 1", /is no corner/],
    ["0,0 1,0 1,1,1", /is no corner/],
    ["0,0 1,0 ,1", /is no corner/],
  ] as const;
  for (const [text, why] of wrong) {
    t.match(faultOf(parseMask(text)), why, text);
    t.match(faultOf(parseZone(text)), why, text);
  }
  const triangle = "0,0 1,0 1,1";
  t.match(faultOf(parseMask(`${triangle} sensitivity=50`)), /is no corner/);
  t.match(faultOf(parseZone(`${triangle} sensitivity=101`)), /0 to 100$/);
  t.match(faultOf(parseZone(`${triangle} sensitivity=`)), /0 to 100$/);
  t.match(faultOf(parseZone(`${triangle} sensitivity=5.5`)), /0 to 100$/);
  t.match(faultOf(parseZone(`${triangle} size=101%`)), /0 to 100 per cent/);
  t.match(faultOf(parseZone(`${triangle} size=1% size=2%`)), /size twice/);
  t.match(faultOf(parseZone(`${triangle} colour=red`)), /is no corner/);
  t.end();
});

test("a polygon whose edges cross, touch or run back is refused: its corners are in the wrong order", (t) => {
  const amiss = [
    "0,0 100,100 100,0 0,100",
    "50,0 80,100 0,40 100,40 20,100",
    "0,0 50,0 100,0",
    "0,0 100,0 100,0 50,100",
    "0,0 100,0 100,50 100,20 0,20",
    "0,0 100,0 50,50 100,100 0,100 50,50",
    "0,0 100,0 100,100 50,0 0,100",
    "0,0 0,0 0,0",
  ];
  for (const text of amiss) t.match(faultOf(parseMask(text)), /cross or touch/, text);
  for (const text of [
    "0,0 50,0 100,0 100,100",
    "0,0 100,0 50,50 100,100 0,100",
    "0,0 10,90 90,90 90,80 20,80",
  ])
    t.equal(faultOf(parseMask(text)), "read", text);
  t.end();
});
