// npm run bench -- api [--clips N] [--seconds N] [--rounds N]: "list clips" of a full vault against a bare Fastify route that
// sends the same body behind the same authentication, both in one process of their own, 50 connections from this one.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import Fastify from "fastify";
import { addTokens, membersOnly } from "../../cloud/api/plugins/session.js";
import { call } from "../../cloud/api/testcalls.js";
import { fillClips, newHousehold, openTestCloud } from "../../cloud/api/testing.js";
import { openSessionKey } from "../../cloud/household/sessionkey.io.js";
import { createAccessTokens } from "../../cloud/household/tokens.io.js";
import { systemRandom } from "../../cloud/system.io.js";
import { compete } from "./paired.js";

const connections = 50;
const percentile = 0.95;
const list = "/v1/clips?limit=50";

interface Served {
  readonly ours: string;
  readonly bare: string;
  readonly token: string;
}

export async function bench(args: readonly string[]): Promise<void> {
  if (args[0] === "--server") return serve(Number(args[1]));
  const { values } = parseArgs({
    args: [...args],
    options: {
      clips: { type: "string", default: "100000" },
      seconds: { type: "string", default: "5" },
      rounds: { type: "string", default: "3" },
    },
  });
  const main = fileURLToPath(new URL("./main.js", import.meta.url));
  const child: ChildProcess = fork(main, ["api", "--server", values.clips]);
  try {
    const [served] = (await once(child, "message")) as [Served];
    const seconds = Number(values.seconds);
    await compete({
      name: `list clips, ${values.clips} stored, ${connections} connections`,
      unit: "ms at the 95th percentile",
      rounds: Number(values.rounds),
      ours: () => slowest(served.ours, served.token, seconds),
      rival: { name: "bare route", measure: () => slowest(served.bare, served.token, seconds) },
      bound: { ratioMax: 3 },
    });
  } finally {
    child.disconnect();
    await once(child, "exit");
  }
}

type Cannon = (
  options: object,
  done: (error: unknown, result: { readonly non2xx: number; readonly errors: number }) => void,
) => {
  on(
    event: "response",
    heard: (client: unknown, status: number, bytes: number, millis: number) => void,
  ): void;
};
/** Published without types. */
const cannon: Cannon = createRequire(import.meta.url)("autocannon");

/** The 95th percentile of the answers' times, in milliseconds. */
async function slowest(url: string, token: string, seconds: number): Promise<number> {
  const times: number[] = [];
  const headers = { authorization: `Bearer ${token}` };
  await new Promise<void>((resolve, reject) => {
    const running = cannon({ url, connections, duration: seconds, headers }, (error, { non2xx, errors }) => {
      if (error || non2xx + errors > 0) reject(error ?? new Error(`${non2xx + errors} answers were none`));
      else resolve();
    });
    running.on("response", (_client, _status, _bytes, millis) => times.push(millis));
  });
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length * percentile)] ?? Number.NaN;
}

/** A cloud with a full vault, and the bare route beside it, until the parent goes. */
async function serve(clips: number): Promise<void> {
  const cloud = await openTestCloud();
  const home = await newHousehold(cloud);
  await fillClips(cloud, home, clips);
  const { body, text } = await call(cloud, "GET", list, { token: home.token });
  if (body.clips.length !== 50) throw new Error(`${body.clips.length} clips are listed`);
  const bare = Fastify();
  await addTokens(bare, await openSessionKey(join(cloud.directory, "identity")));
  const tokens = createAccessTokens(cloud.db, { clock: cloud.clock, random: systemRandom });
  await bare.register(async (members) => {
    membersOnly(members, { sessions: cloud.sessions, tokens });
    members.get("/bare", async (_request, reply) => reply.type("application/json; charset=utf-8").send(text));
  });
  const anywhere = { host: "127.0.0.1", port: 0 };
  const served: Served = {
    ours: (await cloud.app.listen(anywhere)) + list,
    bare: `${await bare.listen(anywhere)}/bare`,
    token: home.token,
  };
  process.send?.(served);
  await once(process, "disconnect");
  await bare.close();
  await cloud.close();
}
