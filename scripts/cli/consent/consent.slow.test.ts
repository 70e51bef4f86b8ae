import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { t as tap, test } from "tap";
import { signInStaff } from "../../../cloud/api/officetesting.js";
import {
  type Asked,
  activeBureau,
  type Bureau,
  newAsk,
  openReleaseCloud,
  publish,
} from "../../../cloud/api/releases.contract.js";
import { call } from "../../../cloud/api/testcalls.js";
import { millis } from "../../../shared/kernel/brand.js";
import { packRelease } from "../../../shared/release/package.js";
import { square } from "../../../shared/release/testing.contract.js";
import { unpackRelease } from "../../../shared/release/unpack.js";
import { verifyPackage } from "../../../shared/release/verify.js";
import { open } from "../../../shared/seal/age.js";
import { hashOf } from "../../../shared/seal/hash.js";
import { quiet } from "../../demo/home.io.js";
import type { Terminal } from "../terminal.io.js";
import { memberAuthorise } from "./authorise.io.js";
import { filmed, newHome } from "./home.contract.js";
import { memberAuthorisations, memberRelease } from "./release.io.js";
import { memberPlace, memberRequests } from "./requests.io.js";
import { memberWithdraw } from "./withdraw.io.js";

// An owner at the command line, from the public request to what the agency verifies, on a real cloud; the long waits pass on its clock.

const room = mkdtempSync(join(tmpdir(), "lintel-consent-"));
const cloud = await openReleaseCloud();
tap.teardown(async () => {
  await cloud.close();
  rmSync(room, { recursive: true });
});
const { clock } = cloud;
const hour = 60 * 60_000;
const bureau = await activeBureau(cloud);
const origin = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
cloud.origins.push(origin);
const world = { cloud, origin, room };

interface Heard {
  readonly values: readonly Record<string, unknown>[];
  readonly said: string;
}

async function heard(command: (terminal: Terminal) => Promise<void>): Promise<Heard> {
  const values: Record<string, unknown>[] = [];
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  await command({ ...quiet((value) => values.push(value)), say, warn: say });
  return { values, said: said.join("\n") };
}

/** Published an hour after what it asks about, and the clip with it. */
async function asked(
  file: string,
  category: "burglary" | "missing-or-endangered-person" = "burglary",
): Promise<Asked> {
  const now = clock.wall();
  const ask = await newAsk(cloud, bureau, {
    ...{
      file,
      category,
      happened: millis(now - 3 * hour),
      area: square(category === "burglary" ? 400 : 900),
    },
    ...{ from: millis(now - 5 * hour), to: millis(now - 2 * hour) },
  });
  await publish(cloud, bureau, ask);
  clock.forward(11_000);
  return ask;
}

async function end(ask: Asked): Promise<void> {
  const { token } = await signInStaff(cloud, bureau.agency, bureau.officer);
  await call(cloud, "POST", `/agency/v1/requests/${ask.request.id}/resolve`, { token });
  clock.forward(15 * 24 * hour);
  await cloud.casework.tick();
}

/** What the agency fetches, opened with the request's key, with the proof that the log had it. */
async function fetched(of: Bureau, { identity }: Asked, record: string): Promise<Uint8Array> {
  const { token } = await signInStaff(cloud, of.agency, of.officer);
  const { body } = await call(cloud, "GET", `/agency/v1/releases/${record}/evidence`, { token });
  const answer = await cloud.app.inject({
    ...{ method: "GET", url: `/agency/v1/releases/${record}/pieces/0` },
    headers: { authorization: `Bearer ${token}` },
  });
  const opened = await open(new Uint8Array(answer.rawPayload), [identity]);
  if (!opened.ok) throw new Error(`the package does not open: ${answer.statusCode}`);
  const unpacked = unpackRelease(opened.value, hashOf);
  if (!unpacked.ok) throw new Error(unpacked.error.kind);
  const { text: act, path, entry, proof } = body;
  const whole = packRelease({ ...unpacked.value.parts, escrow: { act, path, entry, proof } });
  if (!whole.ok) throw new Error(whole.error.kind);
  return whole.value;
}

test("an owner's machine alone finds a request, and what they sign for reaches the agency, verified", async (t) => {
  const home = await newHome(world, "Anna");
  clock.forward(hour);
  const clip = await filmed(world, home, millis(clock.wall() - 3 * hour));
  clock.forward(hour);
  await cloud.casework.footage.publishHourly();
  const ask = await asked("CASE-1", "missing-or-endangered-person");
  const options = { language: "en" } as const;
  const before = await heard((terminal) => memberRequests(home.folder, options, terminal, clock));
  t.match(before.said, /Open requests: 1\. Say where your cameras stand/);
  await memberPlace(home.folder, { camera: "Front door", place: "48.8867, 2.3431" }, quiet(), clock);
  const shown = await heard((terminal) => memberRequests(home.folder, options, terminal, clock));
  t.match(shown.values, [{ request: ask.request.id, cameras: [home.board.id] }]);
  t.match(shown.said, /You do not have to answer\. No one will know if you ignore this\./);
  const wish = { request: ask.request.id, clips: [clip], thirdParties: true, child: false, ...options };
  const from = new Date(clock.wall() - 8 * hour).toISOString();
  const signed = await heard((terminal) => memberAuthorise(home.folder, { ...wish, from }, terminal, clock));
  const [{ record = "", files = [] } = {}] = signed.values as { record?: string; files?: string[] }[];
  t.ok(existsSync(files[0] ?? ""), "what would be released lies there to be watched");
  t.match(signed.said, /left out: .*its sound; watch it/);
  const streams = execFileSync("ffprobe", [
    "-v",
    "error",
    "-show_entries",
    "stream=codec_type",
    "-of",
    "csv=p=0",
    files[0] ?? "",
  ]);
  t.equal(`${streams}`.trim(), "video", "without sound there is no audio track");
  const released = await heard((terminal) => memberRelease(home.folder, record, terminal, clock));
  t.match(released.values, [{ record, state: "available" }], "nothing had to rest");
  const tar = await fetched(bureau, ask, record);
  const policy = { log: cloud.log.verifier, witnesses: [], quorum: 0 };
  const verified = verifyPackage(tar, { policy, now: clock.wall() });
  t.equal(verified.ok, true, verified.ok ? "" : JSON.stringify(verified.error));
  t.match(verified.ok && verified.value.clips, [
    { timeCorroborated: true, released: { clip, audio: false } },
  ]);
  t.match((await heard((terminal) => memberAuthorisations(home.folder, terminal, clock))).values, [
    { record, state: "retrieved" },
  ]);
  const withdrawn = await heard((terminal) => memberWithdraw(home.folder, record, terminal, clock));
  t.match(withdrawn.said, /asked to dispose of it, and nobody can recall/);
  await end(ask);
});

test("what rests can be withdrawn without a trace, and is handed over only when it has rested", async (t) => {
  const home = await newHome(world, "Ben");
  const clip = await filmed(world, home, millis(clock.wall() - 3 * hour));
  clock.forward(hour);
  await cloud.casework.footage.publishHourly();
  const ask = await asked("CASE-2");
  const wish = {
    request: ask.request.id,
    clips: [clip],
    thirdParties: false,
    child: false,
    language: "fr",
  } as const;
  const authorise = async () =>
    `${(await heard((terminal) => memberAuthorise(home.folder, wish, terminal, clock))).values[0]?.record}`;
  const entries = async () => JSON.stringify((await call(cloud, "GET", "/tlog/entries?kind=releases")).body);
  const logged = await entries();
  const first = await authorise();
  await t.rejects(memberRelease(home.folder, first, quiet(), clock), /It rests until/);
  t.match((await heard((terminal) => memberWithdraw(home.folder, first, terminal, clock))).values, [
    { state: "never-handed-over" },
  ]);
  t.equal(await entries(), logged);
  const rows = await cloud.db
    .selectFrom("docket")
    .selectAll()
    .where("household", "=", home.household)
    .execute();
  t.same(rows, [], "the cloud never heard of it");
  const second = await authorise();
  clock.forward(25 * hour);
  const released = await heard((terminal) => memberRelease(home.folder, second, terminal, clock));
  // What it had was asked back in the story above, and it said nothing: it is on probation.
  t.match(released.values, [{ record: second, state: "in-review" }], "two operators look at it first");
  await end(ask);
});

test("opting out ends all showing, until the owner turns it back", async (t) => {
  const home = await newHome(world, "Cleo");
  await memberPlace(home.folder, { camera: home.board.id, place: "48.8867, 2.3431" }, quiet(), clock);
  const ask = await asked("CASE-3");
  const options = { language: "en" } as const;
  const look = () => heard((terminal) => memberRequests(home.folder, options, terminal, clock));
  t.equal((await look()).values.length, 1);
  await memberRequests(home.folder, { ...options, action: "off" }, quiet(), clock);
  t.same((await look()).values, []);
  const wish = { request: ask.request.id, clips: [], thirdParties: false, child: false, ...options };
  await t.rejects(memberAuthorise(home.folder, wish, quiet(), clock), /has opted out/);
  await memberRequests(home.folder, { ...options, action: "on" }, quiet(), clock);
  t.equal((await look()).values.length, 1);
  await end(ask);
});

test("a cloud that shows an older state takes no opt-out back", async (t) => {
  const home = await newHome(world, "Gina");
  const options = { language: "en" } as const;
  const rowOf = () =>
    cloud.db
      .selectFrom("sealed_state")
      .selectAll()
      .where("household", "=", home.household)
      .executeTakeFirstOrThrow();
  await memberRequests(home.folder, options, quiet(), clock);
  const before = await rowOf();
  await memberRequests(home.folder, { ...options, action: "off" }, quiet(), clock);
  await cloud.db.updateTable("sealed_state").set(before).where("household", "=", home.household).execute();
  await t.rejects(memberRequests(home.folder, options, quiet(), clock), /has seen version 2/);
  await cloud.db.deleteFrom("sealed_state").where("household", "=", home.household).execute();
  await t.rejects(
    memberRequests(home.folder, options, quiet(), clock),
    /shows the owners' state of version 0/,
  );
});
