import { type IncomingMessage, request } from "node:http";
import { t as tap, test } from "tap";
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
import { call } from "../../cloud/api/testing.js";
import type { ReleaseId } from "../../shared/kernel/ids.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { packagePieceBytesMax } from "../../shared/release/limits.js";
import { formatWithdrawal } from "../../shared/release/withdrawal.js";
import { signNote } from "../../shared/seal/note.js";

// An owner takes a release back while the agency fetches it, at every moment that chance picks, over real sockets.

const runs = Number(process.env.LINTEL_REVOKES ?? 20);
const pieceBytes = 256 * 1024;
const pieces = 3;
const cloud = await openReleaseCloud();
tap.teardown(cloud.close);
const bureau = await activeBureau(cloud);
const origin = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
const home = await newHome(cloud);
const asked = await newAsk(cloud, bureau);
await publish(cloud, bureau, asked);
const { token: officer } = await signInStaff(cloud, bureau.agency, bureau.officer);
const random = seededPrng(20_261_122);
const piece = random.bytes(pieceBytes);

async function available(bytes = piece): Promise<ReleaseId> {
  const authorisation = authorisationFor(cloud, asked, bureau, home);
  const body = { authorisation: signedBy(authorisation, [home.owner]), pieces };
  const { record } = authorisation;
  await call(cloud, "POST", "/v1/releases", { token: home.token, body });
  for (let index = 0; index < pieces; index++) await putPiece(cloud, home, [record, index], bytes);
  await call(cloud, "POST", `/v1/releases/${record}/escrow`, { token: home.token });
  await cloud.casework.batches.publish();
  await cloud.casework.makeAvailable();
  return record;
}

interface Fetching {
  /** Bytes that had come when the withdrawal was answered, and that came afterwards. */
  before: number;
  after: number;
  readonly ended: Promise<void>;
}

/** Fetches piece after piece until one is refused or cut off. */
function fetchAll(release: ReleaseId, isWithdrawn: () => boolean): Fetching {
  const counts = { before: 0, after: 0 };
  const one = (index: number): Promise<boolean> =>
    new Promise((resolve) => {
      const url = `${origin}/agency/v1/releases/${release}/pieces/${index}`;
      const asking = request(
        url,
        { headers: { authorization: `Bearer ${officer}` }, agent: false },
        (answer) => {
          const isServed = answer.statusCode === 200;
          answer.on("data", (bytes: Buffer) => {
            if (isServed) counts[isWithdrawn() ? "after" : "before"] += bytes.length;
          });
          answer.on("close", () => resolve(isServed && answer.complete));
        },
      );
      asking.on("error", () => resolve(false));
      asking.end();
    });
  const ended = (async () => {
    for (let index = 0; index < pieces; index++) if (!(await one(index))) return;
  })();
  return Object.assign(counts, { ended });
}

test("whenever an owner withdraws, not one byte is served after the answer", async (t) => {
  let cutOff = 0;
  for (let run = 0; run < runs; run++) {
    const release = await available();
    let withdrawn = false;
    const fetching = fetchAll(release, () => withdrawn);
    for (let turns = random.between(0, 60); turns > 0; turns--) await new Promise(setImmediate);
    const note = signNote(formatWithdrawal({ release, household: home.household, at: cloud.clock.wall() }), [
      home.owner.note,
    ]);
    const answer = await call(cloud, "POST", `/v1/releases/${release}/withdraw`, {
      token: home.token,
      body: { note },
    });
    withdrawn = true;
    if (answer.status !== 200) t.fail(`run ${run}: ${answer.text}`);
    await fetching.ended;
    if (fetching.after > 0) t.fail(`run ${run}: ${fetching.after} bytes came after the withdrawal`);
    if (fetching.before > 0 && fetching.before < pieces * pieceBytes) cutOff++;
    const again = await call(cloud, "GET", `/agency/v1/releases/${release}/pieces/0`, { token: officer });
    if (again.status !== 404) t.fail(`run ${run}: fetched again, ${again.status}`);
  }
  t.comment(`${runs} withdrawals, ${cutOff} of them in the middle of a fetch`);
  t.ok(cutOff > runs / 20, `${cutOff} fetches were cut off in the middle`);
});

test("whoever reads slowly holds no withdrawal up, and never has the piece whole", async (t) => {
  const large = new Uint8Array(packagePieceBytesMax).fill(7);
  const release = await available(large);
  const url = `${origin}/agency/v1/releases/${release}/pieces/0`;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { authorization: `Bearer ${officer}` };
    request(url, { headers, agent: false }, resolve).on("error", reject).end();
  });
  await new Promise((resolve) => answer.once("readable", resolve));
  const { household } = home;
  const note = signNote(formatWithdrawal({ release, household, at: cloud.clock.wall() }), [home.owner.note]);
  const withdrawn = await call(cloud, "POST", `/v1/releases/${release}/withdraw`, {
    token: home.token,
    body: { note },
  });
  t.equal(withdrawn.status, 200);
  let bytes = 0;
  const ended = new Promise<void>((resolve) => answer.on("error", () => resolve()).on("close", resolve));
  answer.on("data", (part: Buffer) => {
    bytes += part.length;
  });
  await ended;
  t.notOk(answer.complete, `cut off after ${bytes} of ${large.length} bytes`);
  t.ok(bytes < large.length);
});
