import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Page, chromium as playwright } from "playwright-core";
import { type Test, t as tap, test } from "tap";
import { timeOf } from "../../shared/kernel/ids.js";
import { newIdentity } from "../../shared/seal/age.js";
import { followClips } from "../demo/follow.io.js";
import { placesIn, quiet, settle, startCamera, startCloud } from "../demo/home.io.js";
import { openAsOwner, openAsThief } from "../demo/recordings.io.js";
import { pressBell } from "./bell.io.js";
import { memberAudit } from "./member/audit.io.js";
import { memberExportIdentity } from "./member/cameras.io.js";
import { clipIdOf, memberClips } from "./member/clips.io.js";
import { openCloud } from "./member/cloud.io.js";
import { memberDelete } from "./member/deletion.io.js";
import { download } from "./member/download.io.js";
import { memberExport } from "./member/export.io.js";
import { memberKeep, memberRetention } from "./member/keep.io.js";
import { memberOpen } from "./member/open.io.js";
import { memberShare, memberShares } from "./member/share.io.js";
import { memberThumbnail } from "./member/thumbnail.io.js";
import { memberWatch } from "./member/watch.io.js";
import {
  memberWebhookAdd,
  memberWebhookList,
  memberWebhookRemove,
  memberWebhookReplay,
  memberWebhookTest,
} from "./member/webhook.io.js";
import type { Terminal } from "./terminal.io.js";

const folder = mkdtempSync(join(tmpdir(), "lintel-clips-"));
const places = placesIn(folder);
process.env.LINTEL_WEBHOOKS = "any"; // the receiver is on this machine
const cloud = await startCloud(places, { http: 0, mqtt: 0 });
await settle(places, cloud.ready.text("http"), "scene:seed=1,size=320x180,fps=10,quiet");
const follower = followClips(places, () => undefined);
follower.watching.catch(() => undefined);
const camera = await startCamera(places, follower.onLog);
tap.teardown(async () => {
  await camera.stop();
  await cloud.stop();
  rmSync(folder, { recursive: true, force: true });
  setImmediate(() => process.exit()); // the live stream would go on for ever
});

const heard = (): { readonly terminal: Terminal; readonly values: Record<string, unknown>[] } => {
  const values: Record<string, unknown>[] = [];
  return { terminal: quiet((value) => values.push(value)), values };
};

const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((file) => existsSync(file));
const browserArgs = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
/** For who looks at them: LINTEL_SCREENSHOTS names a folder. */
const pictures = (page: Page) => async (name: string) => {
  const folder = process.env.LINTEL_SCREENSHOTS;
  if (folder !== undefined) await page.screenshot({ path: `${folder}/share-${name}.png`, fullPage: true });
};

const told: string[] = [];
memberWatch(places.member, { ...quiet(), say: (line) => void told.push(line) }).catch(() => undefined);
await pressBell(places.camera);
const clip = clipIdOf(await follower.nextEnded());

test("a press at the door opens at its owner's as a verified MP4 that plays without errors", async (t) => {
  const opened = await openAsOwner(places, clip);
  t.ok(opened.seconds >= 5 && opened.seconds <= 25, `${opened.seconds} s`);
  execFileSync("ffmpeg", ["-v", "error", "-xerror", "-i", opened.file, "-f", "null", "-"]);
  const { terminal, values } = heard();
  await memberClips(places.member, { limit: 5 }, terminal);
  t.match(values[0], { id: clip, state: "complete", segments: opened.segments });
  t.same(readdirSync(join(places.member, "downloads")), [], "no sealed copy stays behind");
});

test("watch has told of it to people, with the camera's name and what to type next", (t) => {
  const lines = told.join("\n");
  t.match(lines, new RegExp(`Z {2}Front door {2}somebody pressed the bell: clip ${clip}`));
  t.match(lines, new RegExp(`Front door {2}a recording is whole. Watch it: lintel member open ${clip}`));
  t.notMatch(lines, /[{}]/, "no JSON");
  t.end();
});

test("age and cat give the same MP4 from the exported identity", { skip: missing("age") }, async (t) => {
  const { terminal, values } = heard();
  await memberExportIdentity(places.member, undefined, terminal);
  const { identities } = values[0] as { identities: readonly { readonly identity: string }[] };
  const identityFile = join(folder, "identity.txt");
  writeFileSync(identityFile, `${identities[0]?.identity}\n`, { mode: 0o600 });
  const { sealed } = await download(
    openCloud(places.member),
    { clip, folder: join(folder, "sealed") },
    quiet(),
  );
  const parts = sealed.segments
    .filter((segment) => segment.sealed.length > 0)
    .map((segment) =>
      execFileSync("age", ["-d", "-i", identityFile], { input: segment.sealed, maxBuffer: 1e8 }),
    );
  const { file } = await openAsOwner(places, clip);
  t.ok(Buffer.concat(parts).equals(readFileSync(file)));
});

test("everything is copied out of the cloud, still sealed, and opens with age alone", {
  skip: missing("age"),
}, async (t) => {
  const to = join(folder, "export");
  const { terminal, values } = heard();
  const noRoom = memberExport(places.member, { to, free: () => 60_000_000 }, terminal);
  await t.rejects(noRoom, { message: /need \d+ MB, and 60 MB are free\. Make room/ });
  await memberExport(places.member, { to }, terminal);
  t.match(values[0], { folder: to, clips: 1, faults: [] });
  execFileSync("sha256sum", ["--check", "--quiet", "SHA256SUMS"], { cwd: to });
  const place = join(to, "clips", clip);
  const sealed = readdirSync(place).filter((name) => /^\d+\.age$/.test(name));
  const parts = sealed
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .filter((name) => statSync(join(place, name)).size > 0)
    .map((name) =>
      execFileSync("age", ["-d", "-i", join(folder, "identity.txt"), join(place, name)], { maxBuffer: 1e8 }),
    );
  t.ok(Buffer.concat(parts).equals(readFileSync((await openAsOwner(places, clip)).file)));
  const files = [
    "household.json",
    "cameras.json",
    "sessions.json",
    "audit.json",
    "events.json",
    "index.json",
    "README.txt",
  ];
  for (const file of files) t.ok(readdirSync(to).includes(file), file);
  t.notMatch(readFileSync(join(to, "tokens.json"), "utf8"), /lintel_pat_/);
});

test("an export that was cut or damaged is made whole by the same command, and another folder's files are safe", {
  skip: missing("age"),
}, async (t) => {
  const to = join(folder, "export");
  const place = join(to, "clips", clip);
  const before = readFileSync(join(place, "0.age"));
  rmSync(join(place, "clip.json")); // killed before its end
  writeFileSync(join(place, "0.age"), before.subarray(0, 500));
  const damaged = readFileSync(join(place, "1.age"));
  writeFileSync(join(place, "1.age"), damaged.fill(1, 300, 400));
  const { terminal, values } = heard();
  await memberExport(places.member, { to }, terminal);
  t.match(values[0], { clips: 1, faults: [] });
  t.ok(readFileSync(join(place, "0.age")).equals(before));
  execFileSync("sha256sum", ["--check", "--quiet", "SHA256SUMS"], { cwd: to });
  await t.rejects(memberExport(places.member, { to: folder }, terminal), { message: /is not empty/ });
  writeFileSync(join(to, "HOUSEHOLD"), "aaaaaaaaaaaaaaaa\n");
  await t.rejects(memberExport(places.member, { to }, terminal), {
    message: /another household, aaaaaaaaaaaaaaaa/,
  });
});

test("its picture opens at its owner's as a verified JPEG, is listed and told of; a changed one is refused", async (t) => {
  const { terminal, values } = heard();
  const out = join(folder, "door.jpg");
  await memberThumbnail(places.member, { clip, out }, terminal);
  t.match(values[0], { file: out, clip });
  const [recorded, shown] = [timeOf(clip), Date.parse(String(values[0]?.at))];
  t.ok(shown >= recorded - 1_500 && shown <= recorded + 20_000, `${shown - recorded} ms after the press`);
  execFileSync("ffmpeg", ["-v", "error", "-xerror", "-i", out, "-f", "null", "-"]);
  const listed = heard();
  await memberClips(places.member, { limit: 1 }, listed.terminal);
  t.match(listed.values[0], { id: clip, hasThumbnail: true });
  t.match(told.join("\n"), new RegExp(`lintel member thumbnail ${clip}`));
  const database = join(places.cloud, "cloud.db");
  const swap = `update thumbnail set body = substr(body, 1, 2000) || 'AAAA' || substr(body, 2005)`;
  execFileSync(process.execPath, [
    "-e",
    "new (require('better-sqlite3'))(process.argv[1]).exec(process.argv[2])",
    database,
    swap,
  ]);
  await t.rejects(memberThumbnail(places.member, { clip, out }, quiet()), {
    message: /Thumbnail damaged|thumbnail/,
  });
});

test("nothing that the cloud has opens it", async (t) => {
  t.match(await openAsThief(places, clip), /neither with a fresh key nor with any of the \d+ values/);
});

test("a download that was cut, or damaged on this computer, is made whole", async (t) => {
  const sealedFolder = join(places.member, "downloads", clip);
  await download(openCloud(places.member), { clip, folder: sealedFolder }, quiet());
  const first = readFileSync(join(sealedFolder, "0.age"));
  writeFileSync(join(sealedFolder, "0.age"), first.subarray(0, 1000));
  writeFileSync(join(sealedFolder, "1.age"), Buffer.alloc(9e6));
  const out = join(folder, "resumed.mp4");
  await memberOpen(places.member, { clip, out }, quiet());
  t.ok(readFileSync(out).length > 0);
  await download(openCloud(places.member), { clip, folder: sealedFolder }, quiet());
  first[first.length - 1] = (first.at(-1) ?? 0) ^ 1;
  writeFileSync(join(sealedFolder, "0.age"), first);
  const again = join(folder, "again.mp4");
  await memberOpen(places.member, { clip, out: again }, quiet());
  t.ok(readFileSync(again).equals(readFileSync(out)), "what was damaged here is loaded anew");
});

test("clips are filtered, kept and their retention is chosen", async (t) => {
  const listed = async (options: Omit<Parameters<typeof memberClips>[1], "limit">) => {
    const { terminal, values } = heard();
    await memberClips(places.member, { limit: 5, ...options }, terminal);
    return values;
  };
  t.match(await listed({ trigger: "press" }), [{ id: clip, kept: false }]);
  t.same(await listed({ trigger: "motion" }), []);
  const at = new Date(timeOf(clip)).toISOString();
  t.same(await listed({ to: at }), []);
  await memberKeep(places.member, { clip }, quiet());
  t.match(await listed({ from: at }), [{ id: clip, kept: true }]);
  await memberKeep(places.member, { clip, off: true }, quiet());
  const refusing = quiet(undefined, async () => false);
  await t.rejects(memberRetention(places.member, { days: 7 }, refusing), { message: /Nothing was changed/ });
  const { terminal, values } = heard();
  await memberRetention(places.member, { days: 60 }, terminal);
  t.same(values, [{ days: 60, daysMax: 60 }]);
  const audited = heard();
  await memberAudit(places.member, { limit: 9, clip }, audited.terminal);
  t.ok(audited.values.some(({ act, name }) => act === "opened" && typeof name === "string"));
  t.match(audited.values[0], { act: "let-go", clip });
});

test("a webhook is added, tested, sent again what happened, and removed", async (t) => {
  const heard: Record<string, unknown>[] = [];
  const receiver = createServer(async (request, answer) => {
    let body = "";
    for await (const piece of request) body += piece;
    heard.push({ ...JSON.parse(body), id: request.headers["webhook-id"] });
    answer.writeHead(204).end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  t.teardown(() => receiver.close());
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const told: Record<string, unknown>[] = [];
  const terminal = quiet((value) => told.push({ ...value }));
  await memberWebhookAdd(places.member, url, terminal);
  const id = String(told[0]?.id);
  t.match(told[0], { url, secret: /^whsec_/ });
  await memberWebhookList(places.member, terminal);
  t.match(told[1], { id, url });
  await memberWebhookTest(places.member, id, terminal);
  t.match(heard, [{ type: "test" }]);
  await memberWebhookReplay(places.member, { id, since: "2026-01-01T00:00:00.000Z" }, terminal);
  t.match(told.at(-1), { messages: 1 });
  await memberWebhookRemove(places.member, id, terminal);
  await t.rejects(memberWebhookTest(places.member, id, terminal), { message: /not yours/ });
});

/** Hands on every byte between clients and the cloud, and keeps them. */
async function eavesdrop(t: Test) {
  const to = new URL(cloud.ready.text("http"));
  const requests: Buffer[] = [];
  const ear = createTcpServer((client) => {
    const server = connect(Number(to.port), to.hostname);
    client.on("data", (data) => requests.push(data));
    for (const socket of [client, server]) socket.on("error", () => undefined);
    client.pipe(server).pipe(client);
  }).listen(0, "127.0.0.1");
  t.teardown(() => ear.close());
  await once(ear, "listening");
  return { origin: `http://127.0.0.1:${(ear.address() as AddressInfo).port}`, requests };
}

/** The owner, who reaches the cloud by another address. */
function ownerAt(cloudUrl: string): string {
  const member = join(folder, "elsewhere");
  cpSync(places.member, member, { recursive: true });
  const file = join(member, "member.json");
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), cloudUrl }), {
    mode: 0o600,
  });
  return member;
}

test("a shared link plays in a browser of somebody outside, its key is in no request, and it ends when it is taken back", {
  skip: chromium === undefined && "chromium is not installed",
}, async (t) => {
  await memberClips(places.member, { limit: 1 }, quiet()); // a session that is good at the other address, too
  const { origin, requests } = await eavesdrop(t);
  const member = ownerAt(origin);
  const { terminal, values } = heard();
  await memberShare(member, { clip, hours: 24, views: 3 }, terminal);
  const { url, share } = values[0] as { url: string; share: string };
  t.match(url, /^http:\/\/127\.0\.0\.1:\d+\/s\/[a-z2-7]{16}#[02-9ac-hj-np-z]{58}$/);
  const browser = await playwright.launch({ executablePath: chromium ?? "", args: browserArgs });
  t.teardown(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1024, height: 800 } });
  const faults: string[] = [];
  page.on("pageerror", ({ message }) => faults.push(message));
  const picture = pictures(page);
  await page.goto(`${url.slice(0, -1)}${url.endsWith("q") ? "p" : "q"}`);
  await page.getByText("This link is not whole").waitFor();
  await picture("cut");
  const other = (await newIdentity()).slice("AGE-SECRET-KEY-1".length).toLowerCase();
  await page.goto("about:blank");
  await page.goto(`${url.split("#")[0]}#${other}`);
  await page.getByRole("button", { name: "Show the recording" }).click();
  await page.getByText("The key in this link does not open the recording").waitFor();
  await page.goto("about:blank");
  await page.goto(url);
  await picture("asks");
  await page.getByRole("button", { name: "Show the recording" }).click();
  const video = page.locator("video");
  await video.waitFor();
  const played = `new Promise((done) => {
    const video = document.querySelector("video");
    const look = () => video.currentTime > 0.5 && done([video.videoWidth, video.videoHeight, video.error]);
    video.addEventListener("timeupdate", look);
    video.muted = true;
    video.play();
    look();
  })`;
  t.same(await page.evaluate(played), [320, 180, null]);
  await picture("plays");
  await page.getByText("one more opening").waitFor();
  t.same(faults, []);
  const said = Buffer.concat(requests).toString("latin1");
  t.match(said, `POST /s/${share}/looks`, "the ear hears");
  const key = url.split("#")[1] ?? "";
  t.notOk(said.toLowerCase().includes(key.slice(0, 20)), "the key is in no request");
  const stored = readdirSync(places.cloud, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .some((entry) =>
      readFileSync(join(entry.parentPath, entry.name)).toString("latin1").toLowerCase().includes(key),
    );
  t.notOk(stored, "nor in any file of the cloud's");
  await memberAudit(places.member, { limit: 1 }, terminal);
  t.match(values.at(-1), { act: "seen-by-link", clip });
  await memberShares(member, {}, terminal);
  t.match(values.at(-1), { id: share, views: 2, viewsMax: 3, whole: true });
  await memberShares(member, { action: "revoke", share }, terminal);
  await page.reload();
  await page.getByRole("button", { name: "Show the recording" }).click();
  await page.getByText("This link has ended").waitFor();
  await picture("ended");
  await t.rejects(memberShares(member, { action: "revoke", share }, terminal), { message: /not yours/ });
});

test("a deleted clip is gone for its owner too", async (t) => {
  await memberDelete(places.member, clip, quiet());
  await t.rejects(memberOpen(places.member, { clip }, quiet()), { message: /not yours/ });
  const refusing = quiet(undefined, async () => false);
  await t.rejects(memberDelete(places.member, clip, refusing));
});

function missing(program: string): string | false {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return false;
  } catch {
    return `${program} is not installed`;
  }
}
