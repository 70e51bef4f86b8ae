import fc from "fast-check";
import { test } from "tap";
import { concat, toUtf8 } from "../../shared/kernel/bytes.js";
import { type LumaEvent, LumaStream } from "./luma.js";

const header = toUtf8("YUV4MPEG2 W4 H2 F10:1 Ip A0:0 Cmono XCOLORRANGE=FULL\n");
const frame = (value: number): Uint8Array => concat(toUtf8("FRAME\n"), new Uint8Array(8).fill(value));
const input = concat(header, frame(1), frame(10), frame(3));

function read(bytes: Uint8Array, cuts: readonly number[]): readonly LumaEvent[] {
  const stream = new LumaStream();
  const events: LumaEvent[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = cuts[i % cuts.length] ?? 1;
    events.push(...stream.push(bytes.subarray(at, at + length)));
    at += length;
  }
  return events;
}

test("luma frames come out whole and numbered, however the pipe cuts them", async (t) => {
  const expected = [1, 10, 3].map((value, index) => ({
    kind: "picture",
    picture: { pixels: new Uint8Array(8).fill(value), width: 4, height: 2, index },
  }));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (cuts) => {
      t.same(read(input, cuts), expected);
    }),
  );
});

test("what is no stream of grey frames is refused once", async (t) => {
  const cases: readonly (readonly [Uint8Array, RegExp])[] = [
    [toUtf8("GIF89a\n"), /no header/],
    [toUtf8("YUV4MPEG2 W4 H2 F10:1 C420jpeg\n"), /no header/],
    [toUtf8("YUV4MPEG2 W0 H2 F10:1 Cmono\n"), /0x2 pixels/],
    [toUtf8("YUV4MPEG2 W4096 H2 F10:1 Cmono\n"), /4096x2 pixels/],
    [concat(header, toUtf8("FRAMED\n")), /something else/],
    [concat(header, frame(1), Uint8Array.of(0xff, 10)), /no text/],
    [new Uint8Array(300), /without end/],
  ];
  for (const [bytes, why] of cases) {
    for (const cut of [1, 1000]) t.match(read(concat(bytes, input), [cut]).at(-1), { kind: "refused", why });
    const refusals = read(concat(bytes, input), [7]).filter((event) => event.kind === "refused");
    t.equal(refusals.length, 1);
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => Array.isArray(read(bytes, [13]))));
});
