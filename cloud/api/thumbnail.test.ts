import { t as tap, test } from "tap";
import { openThumbnail } from "../../shared/clip/thumbnail.js";
import { open } from "../../shared/seal/age.js";
import { makeThumbnail } from "../ingest/thumbnail.contract.js";
import { bytesOf, call, getter } from "./testcalls.js";
import { newHousehold, openTestCloud, storeClip } from "./testing.js";

const cloud = await openTestCloud();
tap.teardown(cloud.close);
const origin = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
const home = await newHousehold(cloud);
const { board, household, token } = home;
const picture = Buffer.from("a picture of somebody at the door");

async function pictured() {
  const { clip } = await storeClip(cloud, home, new Uint8Array(1_000));
  const camera = { id: board.id, household, signer: board.note };
  const { recipient } = board.line;
  const thumbnail = await makeThumbnail(camera, { clip, plain: picture, recipient });
  const note = openThumbnail(thumbnail.note, { name: board.note.name, publicKey: board.line.noteKey });
  if (!note.ok) throw new Error("the test's own note holds");
  const { header, body } = thumbnail;
  const stored = await cloud.vault.writer.storeThumbnail({
    ...{ note: note.value, signed: thumbnail.note, header, body },
  });
  if (stored.kind !== "stored") throw new Error(stored.kind);
  return { clip, thumbnail };
}

test("a thumbnail comes as the age file that the camera sealed, its signed note stands in the clip", async (t) => {
  const { clip, thumbnail } = await pictured();
  const answer = await getter(origin, token)(`/v1/clips/${clip}/thumbnail`);
  const body = await bytesOf(answer);
  t.equal(answer.statusCode, 200);
  t.equal(answer.headers["content-type"], "application/octet-stream");
  t.ok(body.equals(thumbnail.file));
  const mine = await open(new Uint8Array(body), [board.identity]);
  t.ok(mine.ok && picture.equals(mine.value));
  t.notOk((await open(new Uint8Array(body), [home.owner.identity])).ok);
  const detail = (await call(cloud, "GET", `/v1/clips/${clip}`, { token })).body;
  t.match(detail, { hasThumbnail: true, thumbnail: { note: thumbnail.note, bytes: thumbnail.file.length } });
  t.equal(answer.headers.etag, `"${detail.thumbnail.sha256}"`);
  const headers = { "if-none-match": String(answer.headers.etag) };
  t.equal((await call(cloud, "GET", `/v1/clips/${clip}/thumbnail`, { token, headers })).status, 304);
  const { clips } = (await call(cloud, "GET", "/v1/clips", { token })).body;
  t.match(clips, [{ id: clip, hasThumbnail: true }]);
});

test("a clip without one, another household's, a deleted clip's: not there", async (t) => {
  const { clip } = await storeClip(cloud, home, new Uint8Array(10));
  const get = async (id: string, as = token) =>
    (await call(cloud, "GET", `/v1/clips/${id}/thumbnail`, { token: as })).body?.type;
  const notThere = "urn:lintel:problem:not-there";
  t.equal(await get(clip), notThere);
  t.match((await call(cloud, "GET", `/v1/clips/${clip}`, { token })).body, { hasThumbnail: false });
  const other = await pictured();
  const neighbour = await newHousehold(cloud);
  t.equal(await get(other.clip, neighbour.token), notThere);
  t.equal((await call(cloud, "GET", `/v1/clips/${other.clip}/thumbnail`)).status, 401);
  t.equal((await call(cloud, "DELETE", `/v1/clips/${other.clip}`, { token })).status, 204);
  t.equal(await get(other.clip), notThere);
});

test("a thumbnail that was changed where it is stored is a problem, and no byte of it is sent", async (t) => {
  const { clip } = await pictured();
  await cloud.db.updateTable("thumbnail").set({ body: "AAAA" }).where("clip", "=", clip).execute();
  const answer = await call(cloud, "GET", `/v1/clips/${clip}/thumbnail`, { token });
  t.match(answer, { status: 500, body: { type: "urn:lintel:problem:thumbnail-damaged" } });
  await call(cloud, "GET", `/v1/clips/${clip}/thumbnail`, { token });
  const told = [{ camera: home.board.id, clip, index: "thumbnail", what: "damaged" }];
  t.same(cloud.damages, told, "the operator is told once");
  t.equal((await cloud.vault.reader.health()).bodiesDamaged, 1);
});
