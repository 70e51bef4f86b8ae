import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import { type AddressInfo, connect, createServer as createFront } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Test, test } from "tap";
import { type Authority, openAuthority } from "../../../cloud/household/ca.io.js";
import { printable, printableJson } from "../printable.js";
import { systemClock, systemRandom } from "../world.io.js";
import { trustedCa } from "./trust.io.js";

const folder = mkdtempSync(join(tmpdir(), "lintel-trust-"));

test("the CA is taken from a connection that was verified, never from the stranger's before it", async (t) => {
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const [publicCa, clouds, strangers] = await Promise.all(["public", "cloud", "stranger"].map(authority));
  if (!publicCa || !clouds || !strangers) throw new Error("fixture");
  const cloud = await serveCa(t, publicCa, clouds.caPem);
  const stranger = await serveCa(t, strangers, strangers.caPem);
  const trusting = (port: number) => ({ url: `https://127.0.0.1:${port}`, ca: publicCa.caPem });

  t.equal(await trustedCa(trusting(cloud), undefined), clouds.caPem);
  const between = await answerFirst(t, [stranger, cloud]);
  const pinned = await trustedCa(trusting(between), undefined).catch(() => "refused");
  t.equal(pinned, "refused", "whoever answers first has not the last word");

  const refused: unknown = await trustedCa(trusting(stranger), undefined).catch((error: unknown) => error);
  t.match(refused, { message: /its own CA only.*--ca-hash/ });
  t.notMatch(`${refused}`, strangers.caHash, "what the stranger shows is nothing to paste");
  t.equal(await trustedCa({ url: trusting(stranger).url }, strangers.caHash), strangers.caPem);
  const other = trustedCa({ url: trusting(stranger).url }, clouds.caHash);
  await t.rejects(other, { message: /do not go on/ });
});

test("what others wrote does not steer the terminal", (t) => {
  t.equal(printable("\u001b[2J\u001b]0;title\u0007Front \u001b[31mdoor\u009b1m\u001bc"), "Front door");
  t.equal(
    printable("a\nVerified: all is well\r\u0000b\u007f\u0085c\u202ed"),
    "a Verified: all is well b c d",
  );
  t.equal(printable("Tür → 門 👋🏽"), "Tür → 門 👋🏽");
  const value = { name: "\u001b[1m\u009b2J\u007f\u202e" };
  t.match(printableJson(value), /^[ -~]*$/);
  t.same(JSON.parse(printableJson(value)), value);
  t.end();
});

function authority(name: string): Promise<Authority> {
  const directory = join(folder, name);
  return openAuthority({ directory, hosts: ["127.0.0.1"], clock: systemClock, random: systemRandom });
}

async function serveCa(t: Test, { server }: Authority, shown: string): Promise<number> {
  const listener = createServer({ cert: server.certificate, key: server.key }, (asked, answer) =>
    answer.end(asked.url === "/ca.pem" ? shown : "{}"),
  );
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  t.teardown(() => listener.close());
  return portOf(listener);
}

/** Each connection goes to the next of these, the last ones to the last. */
async function answerFirst(t: Test, ports: number[]): Promise<number> {
  const front = createFront((socket) => {
    const inner = connect(ports.length > 1 ? (ports.shift() ?? 0) : (ports[0] ?? 0), "127.0.0.1");
    socket.on("error", () => inner.destroy()).pipe(inner);
    inner.on("error", () => socket.destroy()).pipe(socket);
  });
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  t.teardown(() => front.close());
  return portOf(front);
}

function portOf(listener: { address(): AddressInfo | string | null }): number {
  const address = listener.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
