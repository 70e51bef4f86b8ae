// What stands at the other end of the line may be broken or hostile: every answer costs bounded time and bytes, and a sentence.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Test, test } from "tap";
import { toBase64 } from "../../shared/kernel/bytes.js";
import { householdIdOf, memberIdOf } from "../../shared/kernel/ids.js";
import { hashOf } from "../../shared/seal/hash.js";
import { verifierOf } from "../../shared/seal/note.js";
import { makeFolder, readNamed, refuseUnwritable } from "./disk.io.js";
import { fieldsOf } from "./fields.js";
import { type Call, call, Problem, Unreachable } from "./http.io.js";
import { listClips } from "./member/clips.io.js";
import { loadProfile } from "./member/profile.io.js";
import { trustedCa } from "./member/trust.io.js";
import { problemSentence } from "./problems.js";
import { forgetSession, isToken, loadSession } from "./session.io.js";

const once = { method: "GET", path: "/x", repeatable: false } as const satisfies Call;
const head = (status: number, ...lines: readonly string[]): string =>
  [`HTTP/1.1 ${status} X`, ...lines, "", ""].join("\r\n");

/** A cloud that does this to each connection; its address. */
async function cloud(t: Test, answer: (socket: Socket) => void): Promise<{ readonly url: string }> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined).once("data", () => answer(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}` };
}

/** Sends this again and again, for as long as somebody listens. */
const dripping = (start: string, drop: string, millis: number) => (socket: Socket) => {
  socket.write(start);
  const timer = setInterval(() => socket.write(drop), millis);
  socket.once("close", () => clearInterval(timer));
};

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "nothing",
    (error: unknown) => error,
  );
}

test("an answer whose head, JSON or refusal only drips is given up in time", async (t) => {
  for (const start of ["HTTP/1.1 200 X\r\nA: ", head(100), head(200), head(500)]) {
    const slow = await cloud(t, dripping(start, start.endsWith("\r\n\r\n") ? " " : "a", 20));
    const error = await failure(call(slow, { ...once, wholeMillis: 200 }));
    t.ok(error instanceof Unreachable, `${error}`);
    t.match(error, { message: /could not be reached|end within 0.2 s/ });
  }
});

test("an answer that never ends, is no JSON, or breaks off is refused in a sentence", async (t) => {
  const endless = await cloud(t, dripping(head(200), "x".repeat(1 << 20), 1));
  t.match(await failure(call(endless, once)), { message: /longer than 8192 KiB/ });
  const noise = await cloud(t, (socket) => socket.end(`${head(200)}<html>`));
  t.match(await failure(call(noise, once)), { message: /no JSON/ });
  const cut = await cloud(t, (socket) => socket.end(`${head(200, "content-length: 100")}{"a"`));
  const error = await failure(call(cut, once));
  t.ok(error instanceof Unreachable, `${error}`);
  t.match(error, { message: /broke off/ });
});

test("a redirect is not followed", async (t) => {
  let asked = 0;
  const elsewhere = await cloud(t, () => asked++);
  const cunning = await cloud(t, (socket) =>
    socket.end(head(307, `location: ${elsewhere.url}/x`, "content-length: 0")),
  );
  t.match(await failure(call(cunning, { ...once, token: "secret" })), { message: /follows nobody/ });
  t.equal(asked, 0);
});

test("a refusal in the API's words becomes one for people", async (t) => {
  const detail = "The request does not have the form in /openapi.json. At body/name: must match pattern.";
  const problem = JSON.stringify({ type: "urn:lintel:problem:malformed-request", detail });
  const strict = await cloud(t, (socket) => socket.end(`${head(400)}${problem}`));
  const error = await failure(call(strict, once));
  t.ok(error instanceof Problem);
  t.match(error, { message: /same version/ });
  t.notMatch(error, { message: /openapi|body\// });
  t.match(problemSentence("internal-error", "…", "r-1"), /r-1/);
  t.equal(problemSentence("chain-full", "Ask the operator."), "Ask the operator.");
  t.ok(problemSentence("x", "long ".repeat(1000)).length < 400);
  t.end();
});

test("a token that is no JWT, a CA that is no certificate and a list without an end are refused", async (t) => {
  t.ok(isToken("eyJ9.eyJ9.a-_b"));
  for (const wrong of ["", "abc", "a.b", "a.b.c\r\nx: y", `a.b.${"c".repeat(5000)}`]) t.notOk(isToken(wrong));
  const folder = mkdtempSync(join(tmpdir(), "lintel-http-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "session.json"), '{"token":"no\\r\\njwt","expiresAt":"2999-01-01T00:00:00Z"}');
  t.equal(loadSession(folder), undefined, "logs in again");

  const paper = await cloud(t, (socket) => socket.end(`${head(200)}hello`));
  for (const hash of [undefined, "A".repeat(44)])
    t.match(await failure(trustedCa(paper, hash)), { message: /no certificate/ });

  let pages = 0;
  const get = async () => fieldsOf({ clips: [], next: `${pages++}` }, "page");
  t.match(await failure(listClips({ get }, { limit: 1 }).next()), { message: /does not end/ });
});

test("what is named wrongly, or damaged, is said with its path", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "lintel-disk-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "member.json");
  const noteKey = verifierOf({ name: "", secretKey: new Uint8Array(32) }).publicKey;
  const seen = { version: 1, hash: hashOf(noteKey) };
  const ids = { household: householdIdOf(noteKey), member: memberIdOf(noteKey) };
  const stored = {
    ...ids,
    cloudUrl: "http://localhost",
    name: "Anna",
    seed: toBase64(new Uint8Array(32)),
    seen,
  };
  writeFileSync(path, JSON.stringify({ ...stored, ca: "-----BEGIN CERTIFICATE-----" }), { mode: 0o600 });
  t.throws(() => loadProfile(folder), {
    message: /member\.json is damaged \(the certificate of the cloud's CA is not whole\)/,
  });
  t.throws(() => forgetSession(path), { message: /member\.json is a file/ });
  t.doesNotThrow(() => forgetSession(join(folder, "none")));
  t.throws(() => readNamed(folder, "--sheet"), {
    message: /lintel-disk-\w+ cannot be read \(EISDIR\)\. Name a file: --sheet/,
  });
  t.end();
});

test("what cannot be written is said before anything is done", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "lintel-disk-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "file");
  writeFileSync(file, "");
  t.doesNotThrow(() => refuseUnwritable(file));
  t.doesNotThrow(() => refuseUnwritable(join(folder, "new.mp4")));
  t.throws(() => refuseUnwritable(join(folder, "nodir/x.mp4")), { message: /mkdir -p .*nodir/ });
  t.throws(() => refuseUnwritable(folder), { message: /is a folder/ });
  t.throws(() => refuseUnwritable("/dev/null"), { message: /no ordinary file/ });
  t.throws(() => refuseUnwritable("/proc/x.mp4"), { message: /Nothing can be written into \/proc/ });
  makeFolder(join(folder, "a/b/c"));
  t.throws(() => makeFolder("/proc/x/y"), { message: /cannot be made/ });
  t.throws(() => makeFolder(file), { message: /is a file/ });
  t.throws(() => makeFolder(join(file, "under")), { message: /cannot be made/ });
  t.end();
});
