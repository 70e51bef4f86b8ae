import { test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import { toUtf8 } from "../../shared/kernel/bytes.js";
import { clientName } from "./client.js";
import { codeOfStep, otpauthUri, stepOfCode } from "./totp.io.js";

const secret = toUtf8("12345678901234567890");

test("codes are those of RFC 6238, appendix B", (t) => {
  const vectors = [
    [59, "287082"],
    [1_111_111_109, "081804"],
    [1_111_111_111, "050471"],
    [1_234_567_890, "005924"],
    [2_000_000_000, "279037"],
    [20_000_000_000, "353130"],
  ] as const;
  for (const [seconds, code] of vectors) {
    const step = Math.floor(seconds / 30);
    t.equal(codeOfStep(secret, step), code);
    for (const [late, found] of [
      [-30, step],
      [0, step],
      [30, step],
      [60, undefined],
    ] as const)
      t.equal(
        stepOfCode(secret, code, millis(Math.max(seconds + late, 0) * 1_000)),
        found,
        `${code} ${late}`,
      );
  }
  for (const wrong of ["", "28708", "2870820", "287083", "２87082"])
    t.equal(stepOfCode(secret, wrong, millis(59_000)), undefined, wrong);
  t.match(otpauthUri("ABC", "k7ma2qxd"), /^otpauth:\/\/totp\/Lintel:k7ma2qxd\?secret=ABC&issuer=Lintel&/);
  t.end();
});

test("a browser is called what its person calls it, a program what it calls itself", (t) => {
  const webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
  const names = [
    [`Mozilla/5.0 (X11; Linux x86_64) ${webkit} Chrome/156.0.0.0 Safari/537.36`, "Chrome on Linux"],
    [`Mozilla/5.0 (Windows NT 10.0) ${webkit} Chrome/156.0 Safari/537.36 Edg/156.0`, "Edge on Windows"],
    ["Mozilla/5.0 (Macintosh; Intel Mac OS X 14.5; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Mac"],
    [
      "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19 Safari/604",
      "Safari on iPhone",
    ],
    [`Mozilla/5.0 (Linux; Android 16) ${webkit} Chrome/156.0 Mobile Safari/537.36`, "Chrome on Android"],
    ["lintel on desk", "lintel on desk"],
    ["\u0007", "unknown"],
    ["x".repeat(200), "x".repeat(80)],
  ] as const;
  for (const [userAgent, name] of names) t.equal(clientName(userAgent), name);
  t.end();
});
