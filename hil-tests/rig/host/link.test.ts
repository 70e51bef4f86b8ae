import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { type Test, test } from "tap";
import { type Link, type LinkQuality, openLink } from "./link.io.js";

async function echoBehindLink(t: Test, quality: LinkQuality): Promise<Link> {
  const server = createServer((socket) => socket.on("error", () => undefined).pipe(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const link = await openLink(typeof address === "object" ? (address?.port ?? 0) : 0, quality);
  t.teardown(async () => {
    await link.close();
    server.close();
  });
  return link;
}

async function client(link: Link): Promise<Socket> {
  const socket = connect(link.port, "127.0.0.1");
  await once(socket, "connect");
  return socket;
}

async function receive(socket: Socket, bytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let got = 0; got < bytes; ) {
    const [data] = (await once(socket, "data")) as [Buffer];
    parts.push(data);
    got += data.length;
  }
  return Buffer.concat(parts);
}

test("what goes over a link arrives whole, late by the round trip and no faster than its rate", async (t) => {
  const link = await echoBehindLink(t, { bitsPerSecond: 2_000_000, delayMillis: 50 });
  const socket = await client(link);
  const sent = Buffer.alloc(50_000, "somebody at the door ");
  const started = performance.now();
  socket.write(sent);
  const back = await receive(socket, sent.length);
  const took = performance.now() - started;
  t.ok(back.equals(sent));
  t.ok(took >= 300 - 5, `50 kB at 2 Mbit/s and 100 ms of round trip took ${Math.round(took)} ms`);
  t.equal(link.carriedBytes(), sent.length);
  socket.destroy();
});

test("a cut link breaks connections and refuses new ones until it heals", async (t) => {
  const link = await echoBehindLink(t, {});
  const socket = await client(link);
  const broken = once(socket, "error");
  link.cut();
  t.match(await broken, [{ code: "ECONNRESET" }]);
  const refused = connect(link.port, "127.0.0.1");
  t.match(await once(refused, "error"), [{ code: "ECONNRESET" }]);
  link.heal();
  const again = await client(link);
  again.write("x");
  t.equal(`${await receive(again, 1)}`, "x");
  again.destroy();
});

test("a stalled link carries nothing, and everything once it heals", async (t) => {
  const link = await echoBehindLink(t, {});
  const socket = await client(link);
  socket.write("a");
  t.equal(`${await receive(socket, 1)}`, "a");
  link.stall();
  const before = link.carriedBytes();
  socket.write("b");
  const other = await client(link);
  t.equal(link.carriedBytes(), before);
  link.heal();
  t.equal(`${await receive(socket, 1)}`, "b");
  for (const one of [socket, other]) one.destroy();
});
