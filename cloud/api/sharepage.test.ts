import { createServer, type ServerResponse } from "node:http";
import { test } from "tap";
import { fetchPiece } from "../web/share/pieces.js";

const whole = Buffer.from("a piece, whole");
const broken: Readonly<Record<string, (response: ServerResponse) => void>> = {
  before: (response) => response.destroy(),
  within: (response) => {
    response.writeHead(200, { "content-length": whole.length });
    response.write(whole.subarray(0, 3), () => response.destroy());
  },
  away: (response) => response.writeHead(502).end(),
};

test("a piece of an opened link is asked for again by the same pass when the connection breaks, a refusal is not", async (t) => {
  const passes: unknown[] = [];
  const left = Object.keys(broken);
  const server = createServer((request, response) => {
    passes.push(request.headers["lintel-look"]);
    if (request.url === "/over") {
      response.writeHead(404).end(JSON.stringify({ type: "urn:lintel:problem:link-over", detail: "Over." }));
      return;
    }
    const next = request.url === "/never" ? "before" : (left.shift() ?? "");
    (broken[next] ?? (() => response.end(whole)))(response);
  });
  await new Promise<void>((resume) => server.listen(0, "127.0.0.1", resume));
  t.teardown(() => server.close());
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  t.same(Buffer.from(await fetchPiece(`${origin}/piece`, "the pass", [1, 1, 1])), whole);
  t.same(passes.splice(0), ["the pass", "the pass", "the pass", "the pass"]);
  await t.rejects(fetchPiece(`${origin}/over`, "the pass", [1, 1, 1]), { message: "Over." });
  t.equal(passes.splice(0).length, 1);
  await t.rejects(fetchPiece(`${origin}/never`, "the pass", [1]), { message: /connection broke/ });
  // A client may ask again by itself on a kept connection that is closed.
  t.ok(passes.length >= 2 && passes.length <= 4);
});
