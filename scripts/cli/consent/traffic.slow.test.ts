import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { t as tap, test } from "tap";
import { activeBureau, newAsk, openReleaseCloud, publish } from "../../../cloud/api/releases.contract.js";
import { bytesOf } from "../../../cloud/api/testcalls.js";
import { millis } from "../../../shared/kernel/brand.js";
import { quiet } from "../../demo/home.io.js";
import { copiesIn, readCopy } from "../member/copy.io.js";
import { memberAuthorise } from "./authorise.io.js";
import { filmed, type Home, newHome } from "./home.contract.js";
import { memberPlace, memberRequests, roundMillis } from "./requests.io.js";

// What somebody sees who stands between the owners' machines and the cloud: every request as it came, and when the next one is made.

const room = mkdtempSync(join(tmpdir(), "lintel-traffic-"));
const cloud = await openReleaseCloud();
const upstream = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
let seen: string[] = [];

/** By which each household finds its own charters in the public log. */
const tags = /\b[a-z2-7]{52}\b/g;

/** Request line, headers and the body's length; what is each household's own secret counts by its length. */
function lineOf({ method, url, rawHeaders }: IncomingMessage, body: Buffer): string {
  const headers = rawHeaders.map((text, at) =>
    rawHeaders[at - 1]?.toLowerCase() === "authorization" ? text.length : text,
  );
  return [method, url?.replace(tags, "tag"), headers.join(" "), body.length].join(" | ");
}

const between = createServer(async (asked, answer) => {
  const body = await bytesOf(asked);
  seen.push(lineOf(asked, body));
  const { method, headers } = asked;
  const onward = request(upstream + asked.url, { method, headers }, (answered) => {
    answer.writeHead(answered.statusCode ?? 502, answered.headers);
    answered.pipe(answer);
  });
  onward.end(body);
});
await new Promise<void>((resolve) => between.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${(between.address() as AddressInfo).port}`;
cloud.origins.push(origin);
tap.teardown(async () => {
  between.closeAllConnections();
  between.close();
  await cloud.close();
  rmSync(room, { recursive: true });
});

const { clock } = cloud;
const bureau = await activeBureau(cloud);
const hour = 60 * 60_000;
const now = clock.wall();
const ask = await newAsk(cloud, bureau, {
  ...{ happened: millis(now - 3 * hour), from: millis(now - 5 * hour), to: millis(now - 2 * hour) },
});
await publish(cloud, bureau, ask);
clock.forward(11_000);

const options = { language: "en" } as const;
const here = "48.8867, 2.3431";
const far = "-33.9000, 151.2";

/** Four households that have done as much, and mean something else by it. */
async function households(): Promise<readonly (readonly [string, Home])[]> {
  const homes: (readonly [string, Home])[] = [];
  for (const [what, place] of Object.entries({
    matches: here,
    "opted out": here,
    "far away": far,
    unplaced: "none",
  })) {
    const home = await newHome({ cloud, origin, room }, what.replace(" ", ""));
    await memberPlace(home.folder, { camera: "Front door", place }, quiet(), clock);
    const action = what === "opted out" ? ({ action: "off" } as const) : {};
    await memberRequests(home.folder, { ...options, ...action }, quiet(), clock);
    homes.push([what, home]);
  }
  return homes;
}

const homes = await households();

test("households that match, have opted out, are far away or say nothing send the same requests, byte for byte", async (t) => {
  const rounds: string[][] = [];
  const shown: number[] = [];
  for (const [, home] of homes) {
    seen = [];
    let requests = 0;
    const terminal = quiet(() => {
      requests++;
    });
    await memberRequests(home.folder, options, terminal, clock);
    rounds.push(seen);
    shown.push(requests);
  }
  t.same(shown, [1, 0, 0, 0], "one alone was shown anything");
  const [first = []] = rounds;
  t.ok(
    first.some((line) => line.startsWith("PUT | /v1/household/state")) && first.length >= 4,
    first.join("\n"),
  );
  for (const [at, round] of rounds.entries()) t.same(round, first, `${homes[at]?.[0]}`);
});

test("the next round begins an hour after the last one began, whatever that found and however long it took", async (t) => {
  const times: number[][] = [];
  for (const [, home] of homes) {
    let virtual = 0;
    const begins: number[] = [];
    const terminal = {
      ...quiet(() => {
        virtual += 700;
      }),
      // What is shown takes its time.
      say: () => {
        virtual += 1_300;
      },
    };
    const slow = { wall: () => clock.wall(), monotonic: () => millis(virtual) };
    const rest = async (forMillis: number): Promise<void> => {
      virtual += forMillis;
      begins.push(virtual);
      if (begins.length === 3) throw new Error("enough");
    };
    const following = memberRequests(home.folder, { ...options, follow: true }, terminal, slow, rest);
    await t.rejects(following, /enough/);
    times.push(begins);
  }
  for (const begins of times) t.same(begins, [roundMillis, 2 * roundMillis, 3 * roundMillis]);
});

test("what an owner then looks at, and signs for, shows in no request for a recording", async (t) => {
  const [[, home] = ["", undefined]] = homes;
  if (home === undefined) throw new Error("no home");
  const clip = await filmed({ cloud, origin, room }, home, ask.request.happened);
  const gone = join(copiesIn(home), "0198-not-there");
  mkdirSync(gone, { recursive: true });
  const enough = async (): Promise<void> => {
    throw new Error("enough");
  };
  seen = [];
  const said: object[] = [];
  const telling = quiet((value) => said.push(value));
  await t.rejects(
    memberRequests(home.folder, { ...options, follow: true }, telling, clock, enough),
    /enough/,
  );
  t.match(said.at(-1), { copies: 1, folder: copiesIn(home) });
  const asked = (): readonly string[] => seen.filter((line) => /\/v1\/(clips|cameras)/.test(line));
  t.ok(
    asked().some((line) => line.includes(`/v1/clips/${clip}/segments/0`)),
    "who follows fetches it, asked for or not",
  );
  t.notOk(existsSync(gone), "a copy of what the vault has no more goes");
  seen = [];
  const wish = { request: ask.request.id, clips: [clip], thirdParties: false, child: false, ...options };
  await memberAuthorise(home.folder, wish, quiet(), clock);
  t.ok(seen.length > 0);
  t.same(asked(), [], "nothing is asked for that names a recording or its camera");
  writeFileSync(join(copiesIn(home), clip, "0.age"), "damaged");
  await memberAuthorise(home.folder, wish, quiet(), clock);
  t.ok(asked().length > 0, "a damaged copy is none");
  const lying = JSON.parse(readFileSync(join(copiesIn(home), clip, "clip.json"), "utf8"));
  writeFileSync(join(copiesIn(home), clip, "clip.json"), JSON.stringify({ ...lying, segments: 1e12 }));
  t.equal(readCopy(copiesIn(home), clip)?.sealed.segments.length, 1, "what lies here counts");
});
