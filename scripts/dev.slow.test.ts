import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Test, test } from "tap";
import { freePort } from "../shared/kernel/freeport.contract.js";

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

interface Running {
  readonly child: ChildProcess;
  printed(pattern: RegExp): Promise<void>;
  readonly ended: Promise<{ readonly code: number | null; readonly out: string }>;
}

/** Runs it in a home of its own. */
function start(t: Test, ...args: readonly string[]): Running {
  const home = mkdtempSync(join(tmpdir(), "lintel-dev-"));
  t.teardown(() => rmSync(home, { recursive: true, force: true }));
  const child = spawn(process.execPath, [program, "--home", home, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    out += text;
  });
  const ended = new Promise<{ code: number | null; out: string }>((resolve) =>
    child.once("close", (code) => resolve({ code, out })),
  );
  const printed = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(out)) {
      const [over] = await Promise.race([once(child.stdout, "data"), ended.then(() => [undefined])]);
      if (over === undefined) throw new Error(`it ended without ${pattern}: ${out}`);
    }
  };
  return { child, printed, ended };
}

const dev = (t: Test, ...args: readonly string[]) => start(t, ...args).ended;

test("a taken port ends it with 1 and a sentence that names the way to another one", async (t) => {
  const { server, port } = await takePort();
  t.teardown(() => server.close());
  const free = `${await freePort()}`;
  const http = await dev(t, "--http", `${port}`, "--mqtt", free);
  t.match(http, { code: 1, out: new RegExp(`^failed +Port ${port} is taken.* --http PORT`, "m") });
  const mqtt = await dev(t, "--http", free, "--mqtt", `${port}`);
  t.match(mqtt, { code: 1, out: new RegExp(`^failed +Port ${port} is taken.* --mqtt PORT`, "m") });
});

test("a program that dies is told of and started again", {
  skip: !existsSync("/proc/self/cmdline") && "there is no /proc to find it in",
}, async (t) => {
  const ports = ["--http", `${await freePort()}`, "--mqtt", `${await freePort()}`];
  const running = start(t, ...ports, "--source", "scene:seed=1,size=320x180,fps=10,quiet");
  await running.printed(/^home +camera/m);
  const { pid } = running.child;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  const cloud = children.find((one) =>
    readFileSync(`/proc/${one}/cmdline`, "utf8").includes("cloud/main.js"),
  );
  process.kill(Number(cloud), "SIGKILL");
  await running.printed(/^failed +the cloud ended \(SIGKILL\); it is started again$[\s\S]*^cloud +REST /m);
  running.child.kill("SIGTERM");
  const { code, out } = await running.ended;
  t.equal(code, 0);
  t.equal(out.match(/it is started again/g)?.length, 1, "what we stop is not told of");
});

test("a camera that cannot be installed ends it with 1, and the cloud with it", async (t) => {
  const http = `${await freePort()}`;
  const ports = ["--http", http, "--mqtt", `${await freePort()}`];
  t.match(await dev(t, ...ports, "--source", "file:/nowhere.mp4"), { code: 1, out: /nowhere\.mp4/ });
  await t.rejects(fetch(`http://127.0.0.1:${http}/healthz`));
});
