import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { DocketRow, DocketStepRow } from "../../cloud/docket/tables.js";
import type { LegalProcess } from "../../cloud/legal/process.js";
import type { ActEvidence } from "../../cloud/release/batches.io.js";
import type { ReleaseRecord } from "../../cloud/release/release.js";
import { memberVerifier } from "../../shared/charter/lines.js";
import type { ReleaseId } from "../../shared/kernel/ids.js";
import { parseAuthorisation } from "../../shared/release/authorisation.js";
import { parseBatchPath, standsInBatch } from "../../shared/release/batch.js";
import { openNote, textOf } from "../../shared/seal/note.js";
import { agreement, home, operators, type Town } from "./town.js";

// What must hold of a town's books whatever happens, by what anybody finds in the database and in the log.

/** What of a machine's stages stands in the log by itself; of the releases it is batches that say it. */
const unlogged: readonly string[] = ["emergency cosigned", "emergency called-back"];
const isLogged = (machine: string, kind: string): boolean =>
  machine === "releases" ? kind === "overdue" : !unlogged.includes(`${machine} ${kind}`);

const ended: Readonly<Record<string, readonly string[]>> = {
  agency: ["revoked", "compromised", "rejected"],
  request: ["rejected", "resolved", "withdrawn", "closed", "frozen"],
  releases: ["destroyed", "forgotten", "attested", "retained"],
  legal: ["rejected", "nothing-held", "withdrawn", "closed"],
  emergency: ["denied", "confirmed", "unconfirmed"],
  operator: ["refused", "lapsed", "reviewed"],
  preservation: ["unanswered", "denied", "purged", "converted"],
};

/** Where one operator leads nothing: another one said the same just before, or led here. */
const forTwo: readonly string[] = [
  ...["agency active", "agency probation", "agency suspended", "agency compromised"],
  ...["legal scoped", "legal narrowed", "legal challenged", "operator active"],
  ...["releases escrowed", "emergency asked", "emergency confirmed", "emergency unconfirmed"],
];

const inEscrow: readonly string[] = ["preparing", "in-review", "escrowed", "available"];
const kept: readonly string[] = [...inEscrow, "retrieved"];
const fetched: readonly string[] = ["available", "retrieved", "custody", "disposal-asked", "attested"];
const owners = home.members.filter(({ member }) => member.role === "owner").map(({ member }) => member);

export class Watch {
  readonly faults: string[] = [];
  private readonly town: Town;
  private readonly gone = new Set<string>();
  private readonly underWay = new Map<string, Set<{ isCut: boolean }>>();
  private readonly verified = new Set<string>();

  constructor(town: Town) {
    this.town = town;
  }

  /** How the agency stands. */
  async agency(): Promise<DocketRow | undefined> {
    return (await this.rows()).find(({ machine, id }) => machine === "agency" && id === agreement.agency);
  }

  /** A piece begins to be sent, in this very moment. */
  serves(id: ReleaseId): { readonly cut: () => void; readonly end: () => void } {
    if (this.gone.has(id)) this.faults.push(`served after its withdrawal: ${id}`);
    const sending = { isCut: false };
    const all = this.underWay.get(id) ?? new Set();
    this.underWay.set(id, all.add(sending));
    return {
      cut() {
        sending.isCut = true;
      },
      end: () => void all.delete(sending),
    };
  }

  /** `before` is how its agency stood when it was asked for. */
  async served(id: ReleaseId, before: DocketRow | undefined): Promise<void> {
    const now = await this.agency();
    if (before?.version === now?.version && !mayAsk(before))
      this.faults.push(`served to whoever may not ask: ${id}`);
  }

  withdrawn(id: ReleaseId): void {
    this.gone.add(id);
    for (const { isCut } of this.underWay.get(id) ?? [])
      if (!isCut) this.faults.push(`goes on after its withdrawal: ${id}`);
  }

  /** At any time. */
  async look(): Promise<void> {
    this.faults.push(...this.town.log.faults.splice(0));
    const rows = await this.rows();
    const steps = await this.town.db
      .selectFrom("docket_step")
      .selectAll()
      .orderBy("machine")
      .orderBy("id")
      .orderBy("version")
      .execute();
    for (const [at, step] of steps.entries()) this.lookAtStep(step, steps.slice(0, at).filter(isOf(step)));
    for (const row of rows.filter(({ machine }) => machine === "releases")) await this.lookAtRelease(row);
    await this.lookForEarlyNotices(rows);
  }

  private lookAtStep(step: DocketStepRow, before: readonly DocketStepRow[]): void {
    const { machine, id, kind, log_index: index } = step;
    const last = before.at(-1);
    const isNew = last?.kind !== kind;
    const entry = index === null ? undefined : this.town.log.entries[index];
    const faults = [
      index !== null && (entry?.id !== id || entry.at !== step.at) && "its entry is another's",
      isNew && isLogged(machine, kind) && entry?.state !== kind && "not in the log",
      isNew && last !== undefined && ended[machine]?.includes(last.kind) && "came back",
      isNew && isByOne(step, before) && "by one operator",
    ];
    for (const fault of faults) if (fault) this.faults.push(`${fault}: ${machine} ${id} ${kind}`);
  }

  private async lookAtRelease({ id, kind, state }: DocketRow): Promise<void> {
    const { authorisation, record } = JSON.parse(state) as ReleaseRecord;
    const signed = `${id} signed`;
    if (!this.verified.has(signed) && !this.holds(signed, isSigned(authorisation)))
      this.faults.push(`without a signature: ${id}`);
    if (!fetched.includes(kind) || this.verified.has(`${id} logged`)) return;
    const evidence = await this.town.books().batches.evidence(record, "escrowed");
    if (!this.holds(`${id} logged`, evidence !== undefined && this.isInLog(evidence)))
      this.faults.push(`${kind}, and not in the log: ${id}`);
  }

  private isInLog({ text, path, entry, index }: ActEvidence): boolean {
    const [parsed, found] = [parseBatchPath(path), this.town.log.entries[index]];
    if (!parsed.ok || found?.id !== entry.id || found.hash !== entry.hash) return false;
    return parsed.value.root === entry.hash && standsInBatch(text, parsed.value);
  }

  /** What was found so once stays so. */
  private holds(what: string, isSo: boolean): boolean {
    if (isSo) this.verified.add(what);
    return isSo;
  }

  private async lookForEarlyNotices(rows: readonly DocketRow[]): Promise<void> {
    const notices = await this.notices();
    for (const { id, state } of rows.filter(({ machine }) => machine === "legal")) {
      const { gagUntil = 0, notified } = JSON.parse(state) as LegalProcess;
      const told = notices.filter(({ about }) => about === id);
      const isEarly = notified && this.town.time.now < gagUntil;
      if (isEarly || told.some(({ at }) => at < gagUntil))
        this.faults.push(`told though a court forbids it: ${id}`);
    }
  }

  /** Once the log and the disk work again, and a tick has passed. */
  async lookAtPeace(): Promise<void> {
    await this.look();
    const rows = await this.rows();
    const may = mayAsk(rows.find(({ machine }) => machine === "agency"));
    for (const row of rows)
      for (const what of this.leftovers(row, may))
        this.faults.push(`${what}: ${row.machine} ${row.id} ${row.kind}`);
    const lying = await readdir(join(this.town.data, "escrow")).catch((): string[] => []);
    for (const id of lying)
      if (!rows.some((row) => row.id === id && kept.includes(row.kind)))
        this.faults.push(`still there: ${id}`);
  }

  /** What should have followed, and did not. */
  private leftovers({ machine, kind, pending, settled, version, state }: DocketRow, may: boolean): string[] {
    const isOpen = machine === "request" && ["review", "published"].includes(kind);
    const isReady = machine === "releases" && inEscrow.includes(kind);
    const isOld = isReady && charterOf(state) !== this.town.household.now().hash;
    return [
      ...(pending !== null || settled < version ? ["left undone"] : []),
      // What is only being prepared nobody gets, and it is forgotten within the hour.
      ...((isOpen || (isReady && kind !== "preparing")) && !may ? ["of an agency that may not ask"] : []),
      ...(isOld ? ["under rules of before"] : []),
    ];
  }

  /** When everything has had its time. */
  async lookAtTheEnd(): Promise<void> {
    await this.lookAtPeace();
    const told = new Set((await this.notices()).map(({ about }) => about));
    for (const { machine, id, kind, state } of await this.rows()) {
      const { noticeAt, paper } = JSON.parse(state) as { noticeAt?: number; paper?: string };
      if (noticeAt !== undefined && !told.has(id)) this.faults.push(`a gag that ends in no notice: ${id}`);
      // A court's paper waits for operators, a challenge for a court.
      const stays = machine === "agency" || paper !== undefined || ["overdue", "challenged"].includes(kind);
      const waits = ["received", "authenticated", "expired"].includes(kind);
      if (!stays && !waits && !ended[machine]?.includes(kind))
        this.faults.push(`for ever: ${machine} ${id} ${kind}`);
    }
  }

  private rows(): Promise<readonly DocketRow[]> {
    return this.town.db.selectFrom("docket").selectAll().where("version", ">", 0).execute();
  }

  private notices() {
    return this.town.db.selectFrom("notice").select(["about", "at"]).execute();
  }
}

const isOperators = ({ by }: DocketStepRow): boolean => operators.some((operator) => operator === by);

function isByOne(step: DocketStepRow, before: readonly DocketStepRow[]): boolean {
  const { machine, kind, by } = step;
  if (kind === "reviewed") return before[0]?.by === by;
  if (!isOperators(step) || !forTwo.includes(`${machine} ${kind}`)) return false;
  const other = before.findLast(isOperators);
  return other === undefined || other.kind !== before.at(-1)?.kind || other.by === by;
}

const isSigned = (authorisation: string): boolean => {
  const opened = openNote(authorisation, owners.map(memberVerifier));
  return opened.ok && opened.value.signers.length === owners.length;
};

function charterOf(state: string): string | undefined {
  const { authorisation } = JSON.parse(state) as ReleaseRecord;
  const said = parseAuthorisation(textOf(authorisation));
  return said.ok ? said.value.charter : undefined;
}

const mayAsk = (agency: DocketRow | undefined): boolean =>
  agency?.kind === "active" || agency?.kind === "probation";

const isOf =
  ({ machine, id }: DocketStepRow) =>
  (other: DocketStepRow): boolean =>
    other.machine === machine && other.id === id;
