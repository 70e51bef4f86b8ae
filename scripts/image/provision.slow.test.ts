// A thousand boards of one image: nothing that one of them has is another's, and the image itself has nothing.
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { test } from "tap";
import { openKeystore } from "../../firmware/board/keystore.io.js";
import { type Charter, signCharter } from "../../shared/charter/charter.js";
import { answerClaim, claimIdOf, claimSecretBytes, fingerprintOf } from "../../shared/charter/claim.js";
import { memberKeys } from "../../shared/charter/keys.js";
import { type CharterCamera, type Member, memberKeyName } from "../../shared/charter/lines.js";
import { millis } from "../../shared/kernel/brand.js";
import { toBase64 } from "../../shared/kernel/bytes.js";
import { householdIdOf, memberIdOf } from "../../shared/kernel/ids.js";
import { newIdentity, recipientOf } from "../../shared/seal/age.js";
import { hashOf, hashOfText } from "../../shared/seal/hash.js";
import { formatVerifier, verifierOf } from "../../shared/seal/note.js";
import { releaseKeyName } from "../../shared/seal/release.js";
import { systemClock, systemRandom } from "../cli/world.io.js";
import { buildPackage } from "./image.io.js";

t.setTimeout(180_000);
const boards = 1_000;
const folder = mkdtempSync(join(tmpdir(), "lintel-provision-"));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

/** One owner, who installs them all. */
async function newOwner() {
  const { noteSecret, loginSecret, identity } = memberKeys(systemRandom.bytes(32), 0);
  const keyOf = (secretKey: Uint8Array): Uint8Array => verifierOf({ name: "x", secretKey }).publicKey;
  const [noteKey, loginKey] = [keyOf(noteSecret), keyOf(loginSecret)];
  const id = memberIdOf(noteKey);
  const recipient = await recipientOf(identity);
  const member: Member = { id, role: "owner", noteKey, loginKey, recipient, name: "Ada" };
  return { member, signer: { name: memberKeyName(id), secretKey: noteSecret } };
}
const owner = await newOwner();

/** Makes a board's keys and a household's side of it by the code that does so; answers all that is drawn by lot in it. */
async function provision(state: string): Promise<readonly string[]> {
  const keystore = openKeystore(state, systemClock, () => undefined);
  const { camera, signer, tlsPublicKey, tlsKey } = keystore.createIdentity(systemRandom);
  const { publicKey: noteKey } = verifierOf(signer);
  const cameraKey = await newIdentity();
  const recipient = await recipientOf(cameraKey);
  const line: CharterCamera = {
    id: camera,
    noteKey,
    tlsKeyHash: hashOf(tlsPublicKey),
    epoch: 1,
    recipient,
    place: "outdoor",
    audio: false,
    modes: ["off", "record"],
    masks: [],
    zones: [],
    name: "Front door",
  };
  const charter: Charter = {
    household: householdIdOf(owner.member.noteKey),
    version: 1,
    previous: "none",
    issued: millis(1),
    change: "any-owner",
    release: "any-owner",
    members: [owner.member],
    cameras: [line],
  };
  const { openings } = signCharter(charter, [owner.signer], systemRandom);
  const { household } = charter;
  const secret = systemRandom.bytes(claimSecretBytes);
  const pins = { caHash: hashOfText("ca"), charter: hashOfText("charter") };
  const answer = answerClaim({ cloudUrl: "https://x", household, secret, ...pins }, noteKey, tlsPublicKey);
  const salts = openings.map((opening) => opening?.split(" ")[0] ?? "");
  return [
    ...[camera, cameraKey, recipient, toBase64(noteKey), toBase64(tlsPublicKey), tlsKey],
    ...[toBase64(secret), claimIdOf(secret), answer.mac, fingerprintOf(answer), ...salts],
  ];
}

/** Every line of every file that could hold a secret, marks of PEM aside. */
function linesIn(state: string): readonly string[] {
  return readdirSync(state, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap(({ parentPath, name }) => readFileSync(join(parentPath, name), "utf8").split("\n"))
    .filter((line) => line !== "" && !line.startsWith("-----"));
}

test("of a thousand boards no two have an equal key, secret, id, salt or fingerprint, on the card or beside it", async (t) => {
  const seen = new Map<string, number>();
  const twice: string[] = [];
  for (let board = 0; board < boards; board++) {
    const state = join(folder, `board-${board}`);
    const values = new Set([...(await provision(state)), ...linesIn(state)]);
    for (const value of values) {
      if (seen.has(value)) twice.push(`${value.slice(0, 12)}: boards ${seen.get(value)} and ${board}`);
      seen.set(value, board);
    }
    rmSync(state, { recursive: true });
  }
  t.same(twice, []);
  t.ok(seen.size >= boards * 14, `${seen.size} values`);
  t.comment(`${seen.size} values of ${boards} boards`);
});

test("the image itself holds no secret and nothing that a board is known by", {
  skip:
    spawnSync("dpkg-deb", ["--version"]).status !== 0 &&
    "there is no dpkg-deb: the package is built on Debian",
}, async (t) => {
  const signer = { name: releaseKeyName, secretKey: new Uint8Array(randomBytes(32)) };
  const path = await buildPackage(folder, signer);
  const tree = join(folder, "tree");
  execFileSync("dpkg-deb", ["-R", path, tree]);
  const files = readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const places = files.map((file) => file.slice(tree.length));
  t.same(
    places.filter((file) =>
      /^\/(etc|var|root|home)\/|machine-id|ssh_host|\.key$|\.crt$|password|shadow/.test(file),
    ),
    [],
  );
  const secret = toBase64(signer.secretKey);
  for (const file of files) {
    const text = readFileSync(file, "latin1");
    t.notOk(text.includes(secret) || text.includes(Buffer.from(signer.secretKey).toString("latin1")), file);
    t.notMatch(text, /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}/, file);
    t.notMatch(text, /AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}|lintel_pat_[a-z2-7]{52}/, file);
  }
  const pinned = readFileSync(join(tree, "usr/lib/lintel/release.vkey"), "utf8").trim();
  t.equal(pinned, formatVerifier(verifierOf(signer)), "but for whose word it takes");
});

test("what tells two boards apart would tell them alike, were they alike", (t) => {
  const [one, two] = ["one", "two"].map((name) => join(folder, name));
  const fixed = { bytes: (length: number) => new Uint8Array(length).fill(7) };
  const keys = [one, two].map((state) => {
    openKeystore(state ?? "", systemClock, () => undefined).createIdentity(fixed);
    return linesIn(state ?? "");
  });
  t.equal(keys[0]?.filter((line) => keys[1]?.includes(line)).length, 1, "the note key, of a broken dice");
  t.end();
});
