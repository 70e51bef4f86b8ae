import type { OpenedCharter } from "../../shared/charter/charter.js";
import { assert } from "../../shared/kernel/assert.js";
import { millis } from "../../shared/kernel/brand.js";
import {
  type AgencyId,
  agencyIdOf,
  type ClipId,
  newReleaseId,
  newRequestId,
} from "../../shared/kernel/ids.js";
import { type Agreement, formatAgreement, officerKeyName } from "../../shared/release/agreement.js";
import { type Authorisation, formatAuthorisation } from "../../shared/release/authorisation.js";
import { noticeHash } from "../../shared/release/notice.js";
import { type AssistanceRequest, formatRequest } from "../../shared/release/request.js";
import { square } from "../../shared/release/testing.contract.js";
import { type Identity, newIdentity, recipientOf } from "../../shared/seal/age.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { type Signer, signNote } from "../../shared/seal/note.js";
import { systemRandom as random } from "../system.io.js";
import { newStaff, type OfficeStaff, signInStaff } from "./officetesting.js";
import { call } from "./testcalls.js";
import { newHousehold, openTestCloud, storeClip, type TestCloud, type TestOptions } from "./testing.js";
import type { Person } from "./testpeople.js";

// An agency on a real cloud, from its application to its requests, for the API's tests.

export const hour = 60 * 60_000;
export const day = 24 * hour;

/** What the test's agencies agree to. */
export const terms = "terms\n";

export interface Bureau {
  readonly agency: AgencyId;
  readonly agreement: Agreement;
  readonly supervisor: OfficeStaff;
  readonly officer: OfficeStaff;
}

/** By their notes; not what they log in with. */
export const noteSigner = ({ person, noteSecret }: OfficeStaff): Signer => ({
  name: officerKeyName(person.id),
  secretKey: noteSecret,
});

export function newBureau(issued: number): Bureau {
  const [supervisor, officer] = [newStaff("supervisor", "Sofia"), newStaff("officer", "Oscar")];
  const agency = agencyIdOf(supervisor.person.noteKey);
  const agreement: Agreement = {
    ...{ agency, version: 1, previous: "none", issued: millis(issued), name: "Police municipale" },
    ...{ kind: "municipal-police", jurisdiction: "fr", territory: square(400_000) },
    ...{ phone: "+33123456789", terms: hashOfText(terms) },
    officers: [
      { ...supervisor.person, role: "supervisor" },
      { ...officer.person, role: "officer" },
    ],
  };
  return { agency, agreement, supervisor, officer };
}

export const signedAgreement = ({ agreement, supervisor }: Bureau): string =>
  signNote(formatAgreement(agreement), [noteSigner(supervisor)]);

/** A cloud with two operators. */
export async function openReleaseCloud(options: TestOptions = {}) {
  const operators = [newStaff("operator", "Olga"), newStaff("operator", "Omar")] as const;
  const cloud = await openTestCloud({ ...options, operators: operators.map(({ person }) => person) });
  const [olga, omar] = operators;
  const tokens = async () => [
    (await signInStaff(cloud, "operator", olga)).token,
    (await signInStaff(cloud, "operator", omar)).token,
  ];
  return { ...cloud, operators, operatorTokens: tokens };
}
export type ReleaseCloud = Awaited<ReturnType<typeof openReleaseCloud>>;

/** Applied, vetted by both, shown for 30 days: active. */
export async function activeBureau(cloud: ReleaseCloud): Promise<Bureau> {
  const bureau = newBureau(cloud.clock.wall());
  const applied = await call(cloud, "POST", "/agency/v1/agreements", {
    body: { note: signedAgreement(bureau), terms },
  });
  assert(applied.status === 201, `application refused: ${applied.text}`);
  await activate(cloud, bureau);
  return bureau;
}

/** What applied is vetted by both and shown for 30 days. */
export async function activate(cloud: ReleaseCloud, bureau: Bureau): Promise<void> {
  for (const token of await cloud.operatorTokens()) {
    const vetted = await call(cloud, "POST", `/operator/v1/agencies/${bureau.agency}/vet`, { token });
    assert(vetted.status === 200, `vetting refused: ${vetted.text}`);
  }
  cloud.clock.forward(30 * day + 1);
  await cloud.casework.tick();
}

export interface Asked {
  readonly request: AssistanceRequest;
  readonly note: string;
  readonly identity: Identity;
}

/** An hour around a burglary yesterday. */
export async function newAsk(
  cloud: TestCloud,
  { agency, agreement, supervisor, officer }: Bureau,
  changes: Partial<AssistanceRequest> = {},
): Promise<Asked> {
  const now = cloud.clock.wall();
  const identity = await newIdentity();
  const request: AssistanceRequest = {
    ...{ id: newRequestId(now, random), agency, agreement: hashOfText(formatAgreement(agreement)) },
    ...{ file: "2026/0815", category: "burglary", statute: "none", happened: millis(now - day) },
    ...{ from: millis(now - day - hour), to: millis(now - day + hour), area: square(400) },
    ...{ recipient: await recipientOf(identity), submitted: now },
    ...changes,
  };
  const note = signNote(formatRequest(request), [noteSigner(officer), noteSigner(supervisor)]);
  return { request, note, identity };
}

/** Submitted by the officer, and approved, two hours ago. */
export async function publish(cloud: ReleaseCloud, bureau: Bureau, asked: Asked): Promise<void> {
  await publishNow(cloud, bureau, asked);
  // What is signed for it from now on has rested when it is handed in.
  cloud.clock.forward(2 * hour + 60_000);
}

export async function publishNow(cloud: ReleaseCloud, bureau: Bureau, asked: Asked): Promise<void> {
  const { token } = await signInStaff(cloud, bureau.agency, bureau.officer);
  const submitted = await call(cloud, "POST", "/agency/v1/requests", { token, body: { note: asked.note } });
  assert(submitted.status === 201, `request refused: ${submitted.text}`);
  const [operator = ""] = await cloud.operatorTokens();
  const approved = await call(cloud, "POST", `/operator/v1/requests/${asked.request.id}/approve`, {
    token: operator,
  });
  assert(approved.status === 200, `approval refused: ${approved.text}`);
}

/** What the owners of this household sign for it: one clip, half an hour into the window. */
export function authorisationFor(
  cloud: TestCloud,
  { request }: Asked,
  { agreement }: Bureau,
  {
    charter,
    camera,
    clip,
  }: { readonly charter: OpenedCharter; readonly camera: string; readonly clip: ClipId },
  changes: Partial<Authorisation> = {},
): Authorisation {
  const now = cloud.clock.wall();
  const hash = hashOfText("bytes\n");
  const [found] = charter.cameras.filter(({ id }) => id === camera);
  assert(found !== undefined, "the test's camera is in its charter");
  const from = millis(request.from + hour / 2);
  return {
    ...{ record: newReleaseId(now, random), household: charter.household, request: request.id },
    ...{
      requestHash: hashOfText(formatRequest(request)),
      agency: request.agency,
      recipient: request.recipient,
    },
    ...{
      charter: charter.hash,
      basis: "consent",
      purpose: request.category,
      jurisdiction: agreement.jurisdiction,
    },
    ...{ notice: noticeHash(request, agreement, "en"), language: "en", signed: millis(now - 2 * hour) },
    ...{
      hold: millis(hour),
      expires: millis(now + 3 * day),
      keep: millis(90 * day),
      thirdParties: false,
      child: false,
    },
    clips: [
      {
        ...{ clip, camera: found.id, charter: charter.hash, manifest: hash },
        ...{ from, to: millis(from + 10_000), first: 0, last: 9, audio: false, sha256: hash },
      },
    ],
    ...changes,
  };
}

export const signedBy = (authorisation: Authorisation, people: readonly Person[]): string =>
  signNote(
    formatAuthorisation(authorisation),
    people.map(({ note }) => note),
  );

/** A household of one owner with a camera, whose members' token is fresh. */
export async function newHome(cloud: TestCloud) {
  const { owner, token, board, charter, household } = await newHousehold(cloud);
  const { clip } = await storeClip(cloud, { board, household }, new Uint8Array(10));
  return { owner, token, charter, household, camera: board.id, clip };
}
export type Home = Awaited<ReturnType<typeof newHome>>;

export async function putPiece(
  { app }: Pick<TestCloud, "app">,
  { token }: Pick<Home, "token">,
  [release, index]: readonly [string, number],
  bytes: Uint8Array,
): Promise<number> {
  const { statusCode } = await app.inject({
    method: "PUT",
    url: `/v1/releases/${release}/pieces/${index}`,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/octet-stream" },
    payload: Buffer.from(bytes),
  });
  return statusCode;
}
