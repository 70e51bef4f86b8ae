import { Server, Socket } from "node:net";
import { test } from "tap";
import { cutterOf } from "./cutting.js";

test("a connection that came after another one with the same ends is cut off below, though the first closes late", (t) => {
  const server = new Server();
  const cut = cutterOf(server);
  // Sockets that are not connected have no ends, and so the same.
  const [first, second, above] = [new Socket(), new Socket(), new Socket()];
  second.on("error", () => undefined);
  server.emit("connection", first);
  server.emit("connection", second);
  first.emit("close");
  cut(above);
  t.same([second.destroyed, above.destroyed], [true, false]);
  second.emit("close");
  cut(above);
  t.ok(above.destroyed, "where nothing is known below");
  t.end();
});
