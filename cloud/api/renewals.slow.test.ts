// The way back for a camera whose certificate ended: it asks with its signature, an owner answers.
import { X509Certificate } from "node:crypto";
import { t as tap, test } from "tap";
import { formatRenewal, type Renewal } from "../../shared/charter/renewal.js";
import { millis } from "../../shared/kernel/brand.js";
import { toBase64 } from "../../shared/kernel/bytes.js";
import { type Signer, signNote } from "../../shared/seal/note.js";
import { call, loginNote, tokenOf } from "./testcalls.js";
import { newHousehold, openTestCloud } from "./testing.js";
import { type Board, newBoard, newPerson, nextCharter, sign } from "./testpeople.js";

const cloud = await openTestCloud();
tap.teardown(cloud.close);
type Home = Awaited<ReturnType<typeof newHousehold>>;
const kind = (answer: { body: { type?: string; state?: string } }) =>
  answer.body.type?.replace("urn:lintel:problem:", "") ?? answer.body.state ?? "certificate";

function wordOf(home: Home, change: Partial<Renewal> = {}, signer: Signer = home.board.note): string {
  const { id: camera, tlsKey } = home.board;
  const ends = millis(cloud.clock.wall() - 1);
  return signNote(
    formatRenewal({ household: home.household, camera, tlsKey: toBase64(tlsKey), ends, ...change }),
    [signer],
  );
}
const ask = (note: string) => call(cloud, "POST", "/v1/renewals", { body: { note } });
const pathOf = ({ id }: Board) => `/v1/cameras/${id}/renewal`;
const decide = (home: Home, answer: "approve" | "refuse", token = home.token) =>
  call(cloud, "PUT", pathOf(home.board), { token, body: { answer } });

test("a camera waits until an owner says yes, asks as often as it likes, and gets a certificate for its own key", async (t) => {
  const home = await newHousehold(cloud);
  t.equal(
    (await call(cloud, "GET", pathOf(home.board), { token: home.token })).status,
    404,
    "nothing is asked",
  );
  t.equal((await decide(home, "approve")).status, 404, "and nothing can be said to it beforehand");
  for (let round = 0; round < 2; round++) t.equal((await ask(wordOf(home))).status, 202);
  const view = (await call(cloud, "GET", pathOf(home.board), { token: home.token })).body;
  t.match(view, { state: "waiting", note: /^renewal\/v1\n/ });
  t.match((await decide(home, "approve")).body, { state: "approved" });
  for (const why of ["now", "again, after a power cut"]) {
    const { status, body } = await ask(wordOf(home));
    t.equal(status, 200, why);
    const certificate = new X509Certificate(body.certificate);
    t.ok(certificate.verify(new X509Certificate(cloud.authority.caPem).publicKey));
    t.equal(certificate.subject, `CN=${home.board.id}`);
    t.same(certificate.publicKey.export({ format: "der", type: "spki" }), Buffer.from(home.board.tlsKey));
  }
  cloud.clock.forward(25 * 60 * 60_000);
  t.equal(kind(await ask(wordOf(home))), "waiting", "a yes is good for a day");
});

test("an owner's no stays until an owner says yes; nobody else decides", async (t) => {
  const guest = await newPerson("guest", "Bo");
  const home = await newHousehold(cloud, [guest]);
  await ask(wordOf(home));
  t.equal((await decide(home, "approve", await tokenOf(cloud, guest, home.household))).status, 403);
  const stranger = await newHousehold(cloud);
  t.equal((await decide(home, "approve", stranger.token)).status, 404);
  t.match((await decide(home, "refuse")).body, { state: "refused" });
  t.equal(kind(await ask(wordOf(home))), "renewal-refused");
  t.equal(kind(await ask(wordOf(home))), "renewal-refused", "also asked twice");
  await decide(home, "approve");
  t.equal(kind(await ask(wordOf(home))), "certificate");
});

test("another key, another camera's word, an unknown camera and nonsense are one answer; so is a household that is gone", async (t) => {
  const home = await newHousehold(cloud);
  const [neighbour, nobody] = [await newHousehold(cloud), await newBoard("Nobody's")];
  const wrong = {
    "signed by another key": wordOf(home, {}, { ...nobody.note, name: home.board.note.name }),
    "signed by another camera": wordOf(home, {}, neighbour.board.note),
    "for another TLS key": wordOf(home, { tlsKey: toBase64(nobody.tlsKey) }),
    "of an unknown camera": wordOf(home, { camera: nobody.id }, nobody.note),
    "in another household": wordOf(home, { household: neighbour.household }),
    nonsense: "nonsense",
  };
  const bodies = [];
  for (const [why, note] of Object.entries(wrong)) {
    const { status, body } = await ask(note);
    t.equal(status, 404, why);
    bodies.push(JSON.stringify({ ...body, requestId: "" }));
  }
  t.equal(new Set(bodies).size, 1);
  t.equal((await call(cloud, "GET", pathOf(home.board), { token: home.token })).status, 404);
  const note = wordOf(neighbour);
  await ask(note);
  await decide(neighbour, "approve");
  const leaving = await loginNote(cloud, neighbour.owner, neighbour.household);
  await call(cloud, "DELETE", "/v1/household", { token: neighbour.token, body: { note: leaving } });
  t.equal((await ask(note)).status, 404);
});

test("a camera that was removed hears so, also after a yes; one whose certificate holds gets none here", async (t) => {
  const home = await newHousehold(cloud);
  const holds = wordOf(home, { ends: millis(cloud.clock.wall() + 1_000) });
  t.equal(kind(await ask(holds)), "certificate-holds");
  await ask(wordOf(home));
  await decide(home, "approve");
  const charter = sign(nextCharter(home.charter, { cameras: [] }), [home.owner]);
  await call(cloud, "PUT", "/v1/household/charter", { token: home.token, body: { charter } });
  const refused = await ask(wordOf(home));
  t.equal(refused.status, 410);
  t.equal(kind(refused), "camera-removed");
});
