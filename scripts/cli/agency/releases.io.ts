import { existsSync } from "node:fs";
import { join } from "node:path";
import { isRequestId, type RequestId } from "../../../shared/kernel/ids.js";
import type { Clock } from "../../../shared/kernel/ports.js";
import { withEscrow } from "../../../shared/release/package.js";
import { type Verified, type VerifyRefusal, verifyPackage } from "../../../shared/release/verify.js";
import { open } from "../../../shared/seal/age.js";
import { type Hash, isHash } from "../../../shared/seal/hash.js";
import { nativeHashOf } from "../../../shared/seal/native.io.js";
import { makePrivateFolder, readIfThere, refuseUnwritable, writeDurably } from "../disk.io.js";
import { type Fields, fieldsOf, UnexpectedAnswer } from "../fields.js";
import { type OfficeCloud, openOfficeCloud } from "../office/cloud.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { reportJson, reportLines } from "../verify/report.js";
import { verifySentence } from "../verify/sentences.js";
import { readPolicy } from "../verify/verify.io.js";
import { systemClock } from "../world.io.js";
import { everyOf } from "./papers.io.js";
import { fetchPieces, forgetPieces } from "./pieces.io.js";
import { requestKey } from "./requestkeys.io.js";

// What households released to the agency, from the list to a verified package on this computer.

export const releasesPath = "/agency/v1/releases";

export async function releaseList(folder: string, terminal: Terminal): Promise<void> {
  const cloud = openOfficeCloud(folder, "agency");
  const all = await everyOf(cloud, releasesPath, "releases", (release) => showRelease(release, terminal));
  if (all.length === 0) terminal.say("Nothing was released to the agency.");
}

export interface FetchOptions {
  readonly out: string;
  /** C2SP tlog-policy: whom to believe about the log. */
  readonly policy?: string;
}

/** Fetches, opens and verifies a release; says nothing good of it, and writes nothing, before all of it holds. */
export async function releaseFetch(
  folder: string,
  id: string,
  { out, policy: policyFile }: FetchOptions,
  terminal: Terminal,
  clock: Clock = systemClock,
): Promise<void> {
  const cloud = openOfficeCloud(folder, "agency");
  refuseUnwritable(out);
  const policy = policyFile === undefined ? undefined : readPolicy(policyFile);
  const release = await releaseAt(cloud, id);
  const identity = requestKey(folder, release.request);
  const sealed = await fetchPieces(folder, cloud, { release: id, pieces: release.pieces }, terminal);
  if (nativeHashOf(sealed) !== release.package) {
    forgetPieces(folder, id);
    throw new Refused(
      "What came is not the package that the household handed in. Give the same command again; if it stays so, tell the operator and give no receipt.",
    );
  }
  const opened = await open(sealed, [identity]);
  if (!opened.ok) throw unfit(id, "It does not open with its request's key.");
  const tar = withEscrow(opened.value, await escrowOf(cloud, id));
  const verified = tar.ok ? verifyPackage(tar.value, { policy, now: clock.wall(), hash: nativeHashOf }) : tar;
  if (!tar.ok || !verified.ok) throw unfit(id, verifySentence(refusalOf(verified)));
  const fault = faultBeside(verified.value, { id, ...release });
  if (fault !== undefined) throw unfit(id, fault);
  // Power lost between these: the package is there, and the same command says so again.
  writeDurably(out, tar.value);
  keepFetched(folder, id, { package: release.package, out });
  forgetPieces(folder, id);
  terminal.json({ ...reportJson(verified.value), out });
  for (const line of reportLines(verified.value)) terminal.say(line);
  terminal.say(`It is in ${out}.`);
  terminal.warn(`Say within 72 hours that you have it: lintel agency receipt ${id}`);
}

type Outcome = { readonly ok: true } | { readonly ok: false; readonly error: VerifyRefusal };

function refusalOf(outcome: Outcome): VerifyRefusal {
  return outcome.ok ? { kind: "escrow-missing" } : outcome.error;
}

function unfit(id: string, why: string): Refused {
  return new Refused(
    `Release ${id} does not hold. ${why} Believe nothing in it and give no receipt; it stays sealed on this computer. Tell the operator.`,
  );
}

interface Release {
  readonly request: RequestId;
  readonly pieces: number;
  readonly package: Hash;
}

/** The release that was asked for, and the very file that the log commits to. */
function faultBeside(
  { authorisation, request, standing }: Verified,
  release: Release & { readonly id: string },
): string | undefined {
  if (authorisation.record !== release.id || request.id !== release.request)
    return "It is the package of another release.";
  return standing.escrow?.act.package === release.package
    ? undefined
    : "The public log commits to another file than the one that came.";
}

async function releaseAt(cloud: OfficeCloud, id: string): Promise<Release> {
  const all = await everyOf(cloud, releasesPath, "releases", (release) => ({
    ...{ id: release.text("id"), request: release.text("request"), pieces: release.number("pieces") },
    sealed: release.maybeText("package") ?? "",
  }));
  const found = all.find((release) => release.id === id);
  if (found === undefined)
    throw new Refused(`Nothing was released to the agency as ${id}. See: lintel agency releases`);
  const { request, pieces, sealed } = found;
  if (!isRequestId(request) || !isHash(sealed))
    throw new UnexpectedAnswer(`${releasesPath}: ${id} is not whole`);
  return { request, pieces, package: sealed };
}

async function escrowOf(cloud: OfficeCloud, id: string) {
  const answer = await cloud.get(`${releasesPath}/${encodeURIComponent(id)}/evidence`);
  const [act, path] = [answer.text("text"), answer.text("path")];
  return { act, path, entry: answer.text("entry"), proof: answer.text("proof") };
}

/** What this computer fetched, and where it wrote it. */
export interface Fetched {
  readonly package: Hash;
  readonly out: string;
}

const fetchedFile = (folder: string, id: string): string => join(folder, "fetched", `${id}.json`);

function keepFetched(folder: string, id: string, fetched: Fetched): void {
  makePrivateFolder(join(folder, "fetched"));
  writeDurably(fetchedFile(folder, id), JSON.stringify(fetched));
}

export function fetchedHere(folder: string, id: string): Fetched | undefined {
  const text = /^[0-9a-f-]{36}$/.test(id) ? readIfThere(fetchedFile(folder, id)) : undefined;
  if (text === undefined) return undefined;
  const fields = fieldsOf(JSON.parse(text), fetchedFile(folder, id));
  const sealed = fields.text("package");
  if (!isHash(sealed)) throw new Refused(`${fetchedFile(folder, id)} is damaged. Fetch the release again.`);
  return { package: sealed, out: fields.text("out") };
}

/** Whether what was written is still where it was written. */
export function isStillThere({ out }: Fetched): boolean {
  return existsSync(out);
}

export function showRelease(release: Fields, terminal: Terminal): void {
  const [id, state, request] = [release.text("id"), release.text("state"), release.text("request")];
  const [until, sealed] = [release.maybeText("until"), release.maybeText("package")];
  const unreceipted = release.maybeFlag("unreceipted") === true;
  terminal.json({ id, state, request, until, package: sealed, unreceipted });
  const more = [until && `until ${until}`, unreceipted ? "no receipt was given" : undefined];
  const words = [id, state, `request ${request}`, ...more];
  terminal.say(words.filter((word) => word !== undefined).join("  "));
}
