import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { type Test, test } from "tap";
import { signInStaff } from "../../cloud/api/officetesting.js";
import {
  activeBureau,
  authorisationFor,
  newAsk,
  newHome,
  openReleaseCloud,
  publish,
  putPiece,
  signedBy,
} from "../../cloud/api/releases.contract.js";
import { call } from "../../cloud/api/testcalls.js";
import type { ReleaseId } from "../../shared/kernel/ids.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { packagePieceBytesMax } from "../../shared/release/limits.js";
import { formatWithdrawal } from "../../shared/release/withdrawal.js";
import { signNote } from "../../shared/seal/note.js";

// An owner takes a release back while the agency fetches it, at every moment that chance picks, over real sockets.

const runs = Number(process.env.LINTEL_REVOKES ?? 20);
const pieceBytes = 256 * 1024;
const pieces = 3;
const random = seededPrng(20_261_122);
const piece = random.bytes(pieceBytes);

for (const over of ["TCP", "TLS"] as const) {
  test(`whenever an owner withdraws, not one byte is served after the answer, over ${over}`, (t) =>
    withdrawWhenever(t, over));
  test(`whoever reads slowly holds no withdrawal up, and never has the piece whole, over ${over}`, (t) =>
    withdrawFromSlow(t, over));
}

/** A household's clip, asked for by an agency of a cloud that listens. */
async function openStory(t: Test, over: "TCP" | "TLS") {
  const cloud = await openReleaseCloud({ tls: over === "TLS" });
  t.teardown(cloud.close);
  const bureau = await activeBureau(cloud);
  const origin = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
  const home = await newHome(cloud);
  const asked = await newAsk(cloud, bureau);
  await publish(cloud, bureau, asked);
  const { token: officer } = await signInStaff(cloud, bureau.agency, bureau.officer);
  const agent = over === "TLS" ? new HttpsAgent({ ca: cloud.authority.caPem }) : new HttpAgent();
  const ask = over === "TLS" ? httpsRequest : httpRequest;
  return {
    cloud,
    officer,
    async available(bytes = piece): Promise<ReleaseId> {
      const authorisation = authorisationFor(cloud, asked, bureau, home);
      const body = { authorisation: signedBy(authorisation, [home.owner]), pieces };
      const { record } = authorisation;
      await call(cloud, "POST", "/v1/releases", { token: home.token, body });
      for (let index = 0; index < pieces; index++) await putPiece(cloud, home, [record, index], bytes);
      await call(cloud, "POST", `/v1/releases/${record}/escrow`, { token: home.token });
      await cloud.casework.batches.publish();
      await cloud.casework.makeAvailable();
      return record;
    },
    /** By a connection of its own. */
    fetch(release: ReleaseId, index: number, onAnswer: (answer: IncomingMessage) => void): ClientRequest {
      const url = `${origin}/agency/v1/releases/${release}/pieces/${index}`;
      const headers = { authorization: `Bearer ${officer}` };
      return ask(url, { headers, agent }, onAnswer).on("error", () => undefined);
    },
    withdraw(release: ReleaseId) {
      const { household, owner, token } = home;
      const text = formatWithdrawal({ release, household, at: cloud.clock.wall() });
      const body = { note: signNote(text, [owner.note]) };
      return call(cloud, "POST", `/v1/releases/${release}/withdraw`, { token, body });
    },
  };
}
type Story = Awaited<ReturnType<typeof openStory>>;

interface Fetching {
  /** Bytes that had come when the withdrawal was answered, and that came afterwards. */
  before: number;
  after: number;
  readonly ended: Promise<void>;
}

/** Fetches piece after piece until one is refused or cut off. */
function fetchAll(story: Story, release: ReleaseId, isWithdrawn: () => boolean): Fetching {
  const counts = { before: 0, after: 0 };
  const one = (index: number): Promise<boolean> =>
    new Promise((resolve) => {
      const asking = story.fetch(release, index, (answer) => {
        const isServed = answer.statusCode === 200;
        answer.on("data", (bytes: Buffer) => {
          if (isServed) counts[isWithdrawn() ? "after" : "before"] += bytes.length;
        });
        answer.on("error", () => undefined).on("close", () => resolve(isServed && answer.complete));
      });
      asking.on("error", () => resolve(false)).end();
    });
  const ended = (async () => {
    for (let index = 0; index < pieces; index++) if (!(await one(index))) return;
  })();
  return Object.assign(counts, { ended });
}

async function withdrawWhenever(t: Test, over: "TCP" | "TLS"): Promise<void> {
  const story = await openStory(t, over);
  let cutOff = 0;
  for (let run = 0; run < runs; run++) {
    const release = await story.available();
    let withdrawn = false;
    const fetching = fetchAll(story, release, () => withdrawn);
    for (let turns = random.between(0, 60); turns > 0; turns--) await new Promise(setImmediate);
    const answer = await story.withdraw(release);
    withdrawn = true;
    if (answer.status !== 200) t.fail(`run ${run}: ${answer.text}`);
    await fetching.ended;
    if (fetching.after > 0) t.fail(`run ${run}: ${fetching.after} bytes came after the withdrawal`);
    if (fetching.before > 0 && fetching.before < pieces * pieceBytes) cutOff++;
    const token = story.officer;
    const again = await call(story.cloud, "GET", `/agency/v1/releases/${release}/pieces/0`, { token });
    if (again.status !== 404) t.fail(`run ${run}: fetched again, ${again.status}`);
  }
  t.comment(`${runs} withdrawals, ${cutOff} of them in the middle of a fetch`);
  t.ok(cutOff > runs / 20, `${cutOff} fetches were cut off in the middle`);
}

/** What had come into the reader's own machine nobody takes back; what the cloud's kernel held is dropped. */
async function withdrawFromSlow(t: Test, over: "TCP" | "TLS"): Promise<void> {
  const story = await openStory(t, over);
  const large = new Uint8Array(packagePieceBytesMax).fill(7);
  const release = await story.available(large);
  const answer = await new Promise<IncomingMessage>((resolve) => story.fetch(release, 0, resolve).end());
  await new Promise((resolve) => answer.once("readable", resolve));
  t.equal((await story.withdraw(release)).status, 200);
  let bytes = 0;
  const ended = new Promise<void>((resolve) => answer.on("error", () => resolve()).on("close", resolve));
  answer.on("data", (part: Buffer) => {
    bytes += part.length;
  });
  await ended;
  t.comment(`${bytes} of ${large.length} bytes`);
  t.notOk(answer.complete);
  t.ok(bytes < large.length / 4);
}
