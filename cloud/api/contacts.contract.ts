import { type Millis, millis } from "../../shared/kernel/brand.js";
import { toBase64 } from "../../shared/kernel/bytes.js";
import { type ClipId, newClipId, newReleaseId } from "../../shared/kernel/ids.js";
import { formatAgreement } from "../../shared/release/agreement.js";
import { type Authorisation, formatAuthorisation } from "../../shared/release/authorisation.js";
import { type EmergencyClaim, formatClaim } from "../../shared/release/emergency.js";
import { noticeHash } from "../../shared/release/notice.js";
import { formatNoes, formatWord, type OwnersWord } from "../../shared/release/ownersword.js";
import { formatWithdrawal } from "../../shared/release/withdrawal.js";
import { seal } from "../../shared/seal/age.js";
import { hashOf, hashOfText } from "../../shared/seal/hash.js";
import { signNote } from "../../shared/seal/note.js";
import { systemRandom as random } from "../system.io.js";
import { askHousehold, newClaim } from "./emergencies.contract.js";
import { activeBureau, openReleaseCloud, putPiece } from "./releases.contract.js";
import { type Answer, call, tokenOf } from "./testcalls.js";
import { newHousehold, storeClip } from "./testing.js";
import {
  type Board,
  keyFile,
  newBoard,
  newPerson,
  nextCharter,
  opened,
  type Person,
  sign,
} from "./testpeople.js";

// A household with contacts, and an agency that was vetted in public, for the tests of what contacts are served and what their answer takes.

export const minute = 60_000;
export const hour = 60 * minute;
export const cloud = await openReleaseCloud();
export const origin = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
export const bureau = await activeBureau(cloud);
const claimant = {
  ...{ ...bureau, agreement: hashOfText(formatAgreement(bureau.agreement)) },
  phone: bureau.agreement.phone,
};
export const kind = ({ body }: Answer): string => body.type?.replace("urn:lintel:problem:", "") ?? "";
export const pass = async (by: number): Promise<void> => {
  cloud.clock.forward(by);
  await cloud.casework.tick();
};

/** A household of an owner, an adult and three contacts, with two cameras at the door and one inside. */
export async function newHouse() {
  const [cy, di, ed] = [
    await newPerson("contact", "Cy"),
    await newPerson("contact", "Di"),
    await newPerson("contact", "Ed"),
  ];
  const others = [await newPerson("adult", "Bo"), cy, di, ed];
  const home = await newHousehold(cloud, others);
  const [garden, hall] = [await newBoard("Garden"), await newBoard("Hall", "indoor")];
  const cameras = [home.board, garden, hall];
  const next = sign(nextCharter(home.charter, { cameras: cameras.map(({ line }) => line) }), [home.owner]);
  const keyFiles = await Promise.all([garden, hall].map((board) => keyFile(board, [home.owner, ...others])));
  const body = { charter: next, keyFiles };
  const put = await call(cloud, "PUT", "/v1/household/charter", { token: home.token, body });
  if (put.status !== 200) throw new Error(put.text);
  const charter = opened(...home.chain, next);
  const clipAt = async (at: number, board: Board = home.board): Promise<ClipId> =>
    (await storeClip(cloud, { ...home, board }, new Uint8Array(9), newClipId(millis(at), random))).clip;
  return { ...home, charter, garden, hall, cy, di, ed, adult: others[0] ?? cy, clipAt };
}
export type House = Awaited<ReturnType<typeof newHouse>>;

export const as = ({ household }: House, person: Person) => tokenOf(cloud, person, household);

export async function ask({ household, board }: House, changes: Partial<EmergencyClaim> = {}) {
  const claimed = await newClaim(cloud, claimant, { household, camera: board.id }, changes);
  await askHousehold(cloud, claimant, await cloud.operatorTokens(), claimed);
  cloud.clock.forward(1);
  return claimed.claim;
}

export async function giveWord(house: House, ahead = 0): Promise<string> {
  const { household, owner, charter } = house;
  const file = await seal(
    formatNoes([]),
    charter.members.map(({ recipient }) => recipient),
  );
  const word: OwnersWord = {
    ...{ household, member: owner.member.id, at: millis(cloud.clock.wall() + ahead), sealed: hashOf(file) },
  };
  const text = formatWord(word);
  const body = { note: signNote(text, [owner.note]), file: toBase64(file) };
  const put = await call(cloud, "PUT", "/v1/household/word", { token: await as(house, owner), body });
  if (put.status !== 204) throw new Error(put.text);
  return hashOfText(text);
}

export interface Signing {
  readonly house: House;
  readonly claim: EmergencyClaim;
  readonly clip: ClipId;
  readonly words: readonly string[];
}

export function authorise({ house, claim, clip, words }: Signing, changes: Partial<Authorisation> = {}) {
  const { agreement } = bureau;
  const { charter } = house;
  const now = cloud.clock.wall();
  const hash = hashOfText("bytes\n");
  const from = millis(claim.from + 1);
  return {
    ...{ record: newReleaseId(now, random), household: charter.household, request: claim.id },
    ...{ requestHash: hashOfText(formatClaim(claim)), agency: claim.agency, recipient: claim.recipient },
    ...{
      charter: charter.hash,
      basis: "contacts",
      purpose: claim.danger,
      jurisdiction: agreement.jurisdiction,
    },
    ...{ notice: noticeHash(claim, agreement, "en"), language: "en", signed: now, hold: millis(0) },
    ...{ expires: millis(now + hour), keep: millis(hour), thirdParties: false, child: false, words },
    clips: [
      {
        ...{ clip, camera: claim.camera, charter: charter.hash, manifest: hash },
        ...{ from, to: millis(from + 10_000) as Millis, first: 0, last: 9, audio: false, sha256: hash },
      },
    ],
    ...changes,
  } satisfies Authorisation;
}

type Offer = (said: Authorisation, signers: readonly Person[], by: Person) => Promise<string>;

/** Hands in what these signed: `taken`, or why not. */
export function offering(house: House): Offer {
  return async (said, signers, by) => {
    const notes = signers.map(({ note }) => note);
    const body = { authorisation: signNote(formatAuthorisation(said), notes), pieces: 1 };
    const answer = await call(cloud, "POST", "/v1/releases", { token: await as(house, by), body });
    return answer.status === 201 ? "taken" : `${kind(answer)}: ${answer.body.detail ?? ""}`;
  };
}

/** Hands a package over, and answers the state that it is in then. */
export async function handOver(
  house: House,
  said: Authorisation,
  signers: readonly Person[],
): Promise<string> {
  const [by = house.cy] = signers;
  const token = await as(house, by);
  const taken = await offering(house)(said, signers, by);
  if (taken !== "taken") return taken;
  await putPiece(cloud, { token }, [said.record, 0], Uint8Array.of(1));
  const escrowed = await call(cloud, "POST", `/v1/releases/${said.record}/escrow`, { token });
  return escrowed.status === 200 ? escrowed.body.state : kind(escrowed);
}

export async function withdraw(house: House, release: string, by: Person): Promise<Answer> {
  const withdrawal = { release: release as never, household: house.household, at: cloud.clock.wall() };
  const body = { note: signNote(formatWithdrawal(withdrawal), [by.note]) };
  const path = `/v1/releases/${release}/withdraw`;
  return call(cloud, "POST", path, { token: await as(house, by), body });
}
