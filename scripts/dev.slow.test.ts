import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Test, test } from "tap";

const program = fileURLToPath(new URL("dev.js", import.meta.url));

interface Taken {
  readonly server: Server;
  readonly port: number;
}

async function takePort(): Promise<Taken> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise<void>((resolve) => server.once("listening", resolve));
  const address = server.address();
  return { server, port: typeof address === "object" ? (address?.port ?? 0) : 0 };
}

async function freePort(): Promise<number> {
  const { server, port } = await takePort();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs it in a home of its own until it ends by itself. */
async function dev(t: Test, ...args: readonly string[]): Promise<{ code: number | null; out: string }> {
  const home = mkdtempSync(join(tmpdir(), "lintel-dev-"));
  t.teardown(() => rmSync(home, { recursive: true, force: true }));
  const child = spawn(process.execPath, [program, "--home", home, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    out += text;
  });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, out })));
}

test("a taken port ends it with 1 and a sentence that names the way to another one", async (t) => {
  const { server, port } = await takePort();
  t.teardown(() => server.close());
  const free = `${await freePort()}`;
  const http = await dev(t, "--http", `${port}`, "--mqtt", free);
  t.match(http, { code: 1, out: new RegExp(`^failed +Port ${port} is taken.* --http PORT`, "m") });
  const mqtt = await dev(t, "--http", free, "--mqtt", `${port}`);
  t.match(mqtt, { code: 1, out: new RegExp(`^failed +Port ${port} is taken.* --mqtt PORT`, "m") });
});

test("a camera that cannot be installed ends it with 1, and the cloud with it", async (t) => {
  const http = `${await freePort()}`;
  const ports = ["--http", http, "--mqtt", `${await freePort()}`];
  t.match(await dev(t, ...ports, "--source", "file:/nowhere.mp4"), { code: 1, out: /nowhere\.mp4/ });
  await t.rejects(fetch(`http://127.0.0.1:${http}/healthz`));
});
