// An agency asks, the owners answer, the agency fetches, an owner takes it back: at moments that chance picks, whatever befalls the cloud.
import { agreementOf } from "../../../cloud/agency/agency.js";
import type { RequestEvent } from "../../../cloud/request/request.js";
import { millis } from "../../../shared/kernel/brand.js";
import { type ClipId, newReleaseId, type ReleaseId } from "../../../shared/kernel/ids.js";
import { type Authorisation, formatAuthorisation } from "../../../shared/release/authorisation.js";
import { noticeHash } from "../../../shared/release/notice.js";
import { type AssistanceRequest, formatRequest } from "../../../shared/release/request.js";
import {
  day,
  hour,
  newAgency,
  newOfficer,
  newRequest,
  signRequest,
  type TestAgency,
} from "../../../shared/release/testing.contract.js";
import { formatWithdrawal } from "../../../shared/release/withdrawal.js";
import { newIdentity, recipientOf } from "../../../shared/seal/age.js";
import { hashOf, hashOfText } from "../../../shared/seal/hash.js";
import { signNote, textOf } from "../../../shared/seal/note.js";
import { advanceWall, on, prng, wallNow } from "../edges/clockwork.js";
import type { Parts } from "./cloud.js";
import { insist } from "./household.js";
import { OracleFailed } from "./oracles.js";
import type { World } from "./world.js";

const pieces = 2;
const everyMillis = 4_000;
const triesMax = 8;
/** States in which the whole package is there. */
const inEscrow: readonly string[] = ["escrowed", "available", "retrieved"];

/** One release, as the owners and the agency know it. */
interface Given {
  readonly id: ReleaseId;
  readonly clip: ClipId;
  /** Why it must be refused; undefined where it is as the rules want it. */
  readonly wrong: string | undefined;
  readonly bytes: readonly Uint8Array[];
  /** The withdrawal stands. */
  withdrawn: boolean;
  /** In escrow, as the cloud answered. */
  escrowed: boolean;
  fetched: number;
  tries: number;
  /** The household's rules have changed since. */
  void: boolean;
}

export class Course {
  private readonly world: World;
  private readonly agency: TestAgency;
  private readonly given: Given[] = [];
  private request: AssistanceRequest | undefined;

  constructor(world: World) {
    this.world = world;
    this.agency = newAgency(millis(wallNow()), prng());
  }

  /** Applied, vetted, shown for a month: before anything else happens. */
  found(): void {
    const { world, agency } = this;
    const { note } = agency;
    const operators = ["Olga", "Omar"].map((name) => newOfficer("officer", name, prng()));
    world.settled<unknown>(
      (done) =>
        insist(
          world,
          async ({ casework: { agencies } }) => {
            const { agency: id } = agency.agreement;
            await agencies.advance(id, { kind: "apply", note, terms: "terms\n" }, agency.supervisor.id);
            for (const operator of operators)
              await agencies.advance(id, { kind: "vet", operator: operator.id }, operator.id);
            return true;
          },
          done,
        ),
      "the agency",
    );
    advanceWall(30 * day + hour);
    world.settled<unknown>((done) => insist(world, async ({ casework }) => casework.tick(), done), "a tick");
  }

  /** From here on, until the faults end and after. */
  begin(): void {
    this.ask();
  }

  /** Everything that is as it should be has arrived, or was taken back. */
  get rests(): boolean {
    return this.given.every(
      (one) => one.wrong !== undefined || one.withdrawn || one.void || !one.escrowed || one.fetched > 0,
    );
  }

  get waiting(): string {
    return JSON.stringify(this.given.map(({ bytes: _, ...one }) => one));
  }

  charterChanged(): void {
    for (const given of this.given) given.void = true;
  }

  /** Once there is a clip to ask for. */
  private ask(): void {
    const { world } = this;
    if (this.clips().length === 0) return void on(undefined, everyMillis, () => this.ask());
    void newIdentity()
      .then(recipientOf)
      .then((recipient) => {
        const now = millis(wallNow());
        const danger = {
          category: "missing-or-endangered-person",
          recipient,
          happened: millis(now - hour),
        } as const;
        const request = newRequest(this.agency, now, { ...danger, from: millis(now - 6 * hour), to: now });
        this.submit(world, request);
      });
  }

  private submit(world: World, request: AssistanceRequest): void {
    const { agreement, officer } = this.agency;
    const note = signRequest(this.agency, request);
    const submit = async ({ casework: { requests, agencies } }: Parts): Promise<string> => {
      const agency = await agencies.find(agreement.agency);
      if (agency === undefined) return "no agency";
      const known = agreementOf(agency.state);
      const submission = { note, agreement: known, speakers: known, agency: agency.state.kind, earlier: [] };
      const event = async (): Promise<RequestEvent> => ({ kind: "submit", submission });
      if ((await requests.find(request.id)) === undefined) {
        const submitted = await requests.advance(request.id, event, officer.id);
        if (!submitted.ok) return submitted.error.kind;
      }
      const moderator = newOfficer("officer", "Olga", prng()).id;
      await requests.advance(
        request.id,
        { kind: "approve", operator: moderator, agencysPeople: [officer.id] },
        moderator,
      );
      return (await requests.find(request.id))?.state.kind ?? "nothing";
    };
    insist(world, submit, (standing) => {
      world.trace.note("agency", "asked", { standing });
      // A cloud that was away for long finds that the officers signed too long ago: they sign anew.
      if (standing === "signed-at-another-time") return this.ask();
      if (standing !== "published") return;
      this.request = request;
      this.answer();
    });
  }

  /** The owners answer, again and again. */
  private answer(): void {
    const { world } = this;
    if (world.healed || this.request === undefined) return;
    const clips = this.clips();
    const clip = clips[world.chance.between(0, Math.max(clips.length, 1))];
    if (clip !== undefined && !world.charterUnderWay) this.release(this.request, clip);
    on(undefined, world.chance.between(10_000, 40_000), () => this.answer());
  }

  private release(request: AssistanceRequest, { clip, camera }: Candidate): void {
    const { world } = this;
    const { home, chance } = world;
    const kind = chance.next();
    const wrong =
      kind < 0.15
        ? "unsigned"
        : kind < 0.3
          ? "outside the window"
          : kind < 0.4
            ? "another's signature"
            : undefined;
    const bytes = Array.from({ length: pieces }, () => prng().bytes(40));
    const authorisation = this.authorisation(request, { clip, camera }, wrong === "outside the window");
    const signers =
      wrong === "unsigned"
        ? home.owners.slice(1).map(({ note }) => note)
        : wrong === "another's signature"
          ? [this.agency.officer.signer]
          : home.owners.map(({ note }) => note);
    const given: Given = {
      id: authorisation.record,
      clip,
      wrong,
      bytes,
      withdrawn: false,
      escrowed: false,
      fetched: 0,
      tries: 0,
      void: false,
    };
    const [first] = signers;
    if (first === undefined) return;
    world.released.add(clip);
    const note = signNote(formatAuthorisation(authorisation), signers);
    this.given.push(given);
    this.hand(given, note);
    if (chance.next() < 0.5) on(undefined, chance.between(500, 30_000), () => this.withdraw(given));
    this.fetch(given);
  }

  private hand(given: Given, note: string): void {
    const { world } = this;
    const { id, bytes } = given;
    const put = async ({ casework: { releases, releaseBook } }: Parts): Promise<string> => {
      const prepared = await releases.prepare(world.home.id, note, pieces);
      if (!prepared.ok && prepared.error.kind !== "release-not-in-this-state")
        return JSON.stringify(prepared.error);
      for (const [index, piece] of bytes.entries()) await releases.put(world.home.id, id, index, piece);
      const kept = await releases.escrow(world.home.id, id);
      // An earlier call may have done it and died before it said so; or too long ago, and the preparation is forgotten.
      const standing = (await releaseBook.find(id))?.state.kind ?? "nothing";
      return kept.ok || inEscrow.includes(standing) ? "kept" : JSON.stringify(kept.error);
    };
    insist(world, put, (said) => {
      world.trace.note("owner", "released", { id, wrong: given.wrong ?? "nothing", said });
      given.escrowed = said === "kept";
      if (given.escrowed && given.wrong !== undefined)
        world.failed(
          new OracleFailed("no-release-without-leave", `${id} was taken though it is ${given.wrong}`),
        );
    });
  }

  private withdraw(given: Given): void {
    const { world } = this;
    const [owner] = world.home.owners;
    if (owner === undefined) return;
    const { id } = given;
    const text = formatWithdrawal({ release: id, household: world.home.id, at: millis(wallNow()) });
    const note = signNote(text, [owner.note]);
    insist(
      world,
      async ({ casework: { releases, releaseBook } }) => {
        const answer = await releases.withdraw(world.home.id, id, note);
        // From this very moment on; or it was done by an earlier call, which died before it said so.
        const done = answer.ok || (await releaseBook.find(id))?.state.kind === "destroyed";
        if (done) given.withdrawn = true;
        return done;
      },
      (done) => world.trace.note("owner", "withdrew", { id, done }),
    );
  }

  /** The agency tries, all the time. */
  private fetch(given: Given): void {
    const { world, agency } = this;
    const { id, bytes, wrong } = given;
    const index = world.chance.between(0, pieces);
    const officer = agency.officer.id;
    const serve = (piece: Uint8Array): void => {
      given.fetched++;
      if (wrong !== undefined) world.failed(new OracleFailed("no-release-without-leave", `${id}, ${wrong}`));
      if (given.withdrawn) world.failed(new OracleFailed("no-byte-after-withdrawal", id));
      if (Buffer.compare(piece, bytes[index] ?? new Uint8Array()) !== 0)
        world.failed(new OracleFailed("what-was-released", `${id} piece ${index} differs`));
    };
    world.cloud.ask(
      async ({ casework }) => {
        if (given.tries % 3 === 0) await casework.makeAvailable();
        return casework.releases.fetch(agency.agreement.agency, { id, index, officer }, serve);
      },
      () => {
        const over = given.withdrawn || given.void || wrong !== undefined || given.fetched > 2;
        if (++given.tries < triesMax || !over)
          on(undefined, world.chance.between(300, 6_000), () => this.fetch(given));
      },
    );
  }

  private authorisation(
    request: AssistanceRequest,
    { clip, camera }: Candidate,
    outside: boolean,
  ): Authorisation {
    const { home } = this.world;
    const [newest] = home.chain.slice(-1);
    const charter = hashOfText(textOf(newest?.note ?? ""));
    const now = millis(wallNow());
    const { agreement } = this.agency;
    const from = millis(outside ? request.to : request.to - hour);
    const nothing = hashOf(new Uint8Array());
    return {
      ...{ record: newReleaseId(now, prng()), household: home.id, request: request.id },
      ...{
        requestHash: hashOfText(formatRequest(request)),
        agency: agreement.agency,
        recipient: request.recipient,
      },
      ...{ charter, basis: "consent", purpose: request.category, jurisdiction: agreement.jurisdiction },
      ...{ notice: noticeHash(request, agreement, "en"), language: "en" },
      ...{ signed: now, hold: millis(0), expires: millis(now + day), keep: millis(30 * day) },
      ...{ thirdParties: false, child: false },
      clips: [
        {
          ...{ clip, camera, charter, manifest: nothing, from, to: millis(from + 10_000) },
          ...{ first: 0, last: 1, audio: false, sha256: nothing },
        },
      ],
    };
  }

  /** Clips that the vault has from cameras that the charter names. */
  private clips(): readonly Candidate[] {
    const { doorbells } = this.world;
    return doorbells.flatMap(({ truth, identity, removedAt }) =>
      removedAt !== undefined
        ? []
        : [...truth.clips.keys()]
            .filter((clip) => truth.acknowledged.has(`${clip}/0`) && !truth.dying.has(clip))
            .map((clip) => ({ clip, camera: identity.camera })),
    );
  }
}

interface Candidate {
  readonly clip: ClipId;
  readonly camera: World["doorbells"][number]["identity"]["camera"];
}
