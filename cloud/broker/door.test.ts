import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setImmediate as immediate } from "node:timers/promises";
import { promisify } from "node:util";
import { test } from "tap";
import { rigAuthority } from "../ingest/rig.contract.js";
import { createDoor } from "./door.io.js";

test("strangers who hold connections open are sent away, and others still get in", async (t) => {
  const authority = await rigAuthority(t.testdir({}));
  const { certificate: cert, key } = authority.server;
  const refused: string[] = [];
  const door = createDoor(
    { ca: authority.caPem, cert, key },
    { admitted: (socket) => socket.end(), refused: (why) => refused.push(why) },
  );
  door.listen(0, "127.0.0.1");
  await once(door, "listening");
  const address = door.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const sockets: Socket[] = [];
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    door.close();
  });
  const knock = async (): Promise<Socket> => {
    const socket = connect(port, "127.0.0.1");
    sockets.push(socket.on("error", () => undefined));
    await once(socket, "connect");
    return socket;
  };
  for (let i = 0; i < 200; i++) await knock();
  const tooMany = await knock();
  await once(tooMany, "close");
  t.pass("the 201st from one address is closed at once");
  sockets[0]?.destroy();
  while ((await promisify(door.getConnections.bind(door))()) >= 200) await immediate();
  const speaks = await knock();
  const closed = once(speaks, "close");
  speaks.write("this is no TLS\n");
  await closed;
  t.match(refused.at(-1), /SSL/, "who says nonsense is closed too, with a word in the log");
});
