import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import { test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import type { CameraId } from "../../shared/kernel/ids.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { openLink, subackMillisMax } from "./mqtt.io.js";

const camera = "aaaaaaaaaaaaaaaa" as CameraId;
const now = () => millis(Math.floor(performance.now()));

test("a broker that takes the camera and never answers its subscription is left, and that is told", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "lintel-mqtt-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const [key, ca] = [join(dir, "key.pem"), join(dir, "ca.pem")];
  const self = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-days",
    "1",
  ];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const use = ["-addext", "extendedKeyUsage=serverAuth,clientAuth"];
  execFileSync("openssl", [...self, ...names, ...use, "-keyout", key, "-out", ca], { stdio: "ignore" });
  const pem = { key: readFileSync(key, "utf8"), cert: readFileSync(ca, "utf8") };
  let taken = 0;
  const broker = createServer(pem, (socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => {
      taken++;
      socket.write(Uint8Array.of(0x20, 2, 0, 0)); // CONNACK, and no word more
    });
  });
  await new Promise<void>((resolve) => broker.listen(0, "localhost", resolve));
  t.teardown(() => broker.close());
  const { port } = broker.address() as AddressInfo;
  const logged: string[] = [];
  const told: string[] = [];
  const since = performance.now();
  await new Promise<void>((resolve) => {
    const link = openLink(
      {
        ...{ camera, server: { host: "localhost", port }, random: seededPrng(1), clockIsSet: () => true },
        identity: () => ({ key: pem.key, certificate: pem.cert, ca: pem.cert }),
        clock: { wall: now, monotonic: now },
        log: (event) => {
          logged.push(event);
          if (event === "uplink.not-accepted") setImmediate(resolve);
        },
      },
      {
        ...{ up: () => told.push("up"), down: () => told.push("down"), message: () => undefined },
        turnedAway: () => told.push("turned away"),
        troubles: (troubles) => told.push(...troubles),
      },
    );
    t.teardown(() => link.close());
  });
  t.ok(performance.now() - since >= subackMillisMax - 100);
  t.same(told, ["not-accepted"]);
  t.same(logged.slice(0, 2), ["uplink.not-subscribed", "uplink.not-accepted"]);
  t.equal(taken, 1);
});
