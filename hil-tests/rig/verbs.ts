import { Acts } from "./acts.js";
import { compare, cutClips, untold } from "./evidence.js";
import type { Part } from "./rig.js";
import { minuteMillis, StoryFailed, seconds } from "./teller.js";

/** What a power cut may cost: the segment that is not sealed yet. */
const cutMillisMost = 2_000;

/** The words in which stories are told, over the drivers of any rig: what it does, and here what must hold. Each leaves its moment in the timeline. */
export class Verbs extends Acts {
  /** How often a program said this, over all its lives. */
  said(part: Part, event: string): number {
    return this.drivers.evidence.said(part, event);
  }

  status() {
    return this.drivers.evidence.status();
  }

  doorEvents() {
    return this.drivers.evidence.doorEvents();
  }

  meter(part: Part) {
    return this.driver("meter").read(part);
  }

  /** Waits until so many clips are whole on the card, each with its end. */
  async clipsEnd(count: number): Promise<void> {
    const { evidence } = this.drivers;
    await this.until(`${count} clips have their end`, async () => {
      const clips = [...(await evidence.onCard()).values()];
      return clips.length >= count && clips.every((segments) => segments.at(-1)?.end !== "no");
    });
  }

  async expectOnline(withinMillis: number): Promise<number> {
    const waited = await this.until(
      "the camera is online",
      async () => (await this.status()).online,
      withinMillis,
    );
    this.tell("expect", `the owner sees the camera online, after ${seconds(waited)}`);
    return waited;
  }

  /** The owner is told of a trouble that has these words, in time. */
  async expectTrouble(words: RegExp, withinMillis: number): Promise<number> {
    let troubles: readonly string[] = [];
    const found = async (): Promise<boolean> => {
      troubles = (await this.status()).troubles;
      return troubles.some((one) => words.test(one));
    };
    const waited = await this.until(`the owner is told ${words}`, found, withinMillis);
    this.tell(
      "expect",
      `the owner is told "${troubles.find((one) => words.test(one))}", after ${seconds(waited)}`,
    );
    return waited;
  }

  async expectNoTrouble(words: RegExp, withinMillis: number): Promise<void> {
    await this.until(
      `no trouble ${words} is left`,
      async () => !(await this.status()).troubles.some((one) => words.test(one)),
      withinMillis,
    );
    this.tell("expect", `no trouble ${words} is left`);
  }

  /**
   * Everything that was recorded arrives once, byte for byte, and opens; every press is told with its clip or a gap; a power cut
   * cost its clip no more than a segment. Says how many clips there are.
   */
  async expectInVault(withinMillis = 2 * minuteMillis): Promise<number> {
    const { evidence } = this.drivers;
    const { card, vault, said } = await this.atRest(withinMillis);
    const { lost, surplus } = compare(card, vault);
    const arrived = new Set(
      vault.flatMap(({ id, segments }) => segments.map(({ index }) => `${id}/${index}`)),
    );
    const forgotten = said.filter((segment) => !arrived.has(segment));
    const silent = await this.untold(new Set(vault.map(({ id }) => id)));
    this.tallied.clips = vault.length;
    this.tallied.lost.push(...lost, ...forgotten, ...silent.map((at) => `press of ${at}`));
    this.tallied.twice.push(...surplus);
    for (const { millis } of cutClips(card, this.cameraCuts))
      this.measure({ name: "footage lost with a cut", value: millis, unit: "ms", most: cutMillisMost });
    const opened = await Promise.all(vault.map((clip) => evidence.open(clip)));
    const shut = opened.filter((one) => typeof one === "string");
    this.tallied.lost.push(...shut);
    const footage = opened.reduce<number>((sum, one) => sum + Number(one), 0);
    const { lost: missing, twice } = this.tallied;
    if (missing.length + twice.length > 0)
      throw new StoryFailed(
        `lost: ${missing.join(", ") || "nothing"}; twice: ${twice.join(", ") || "nothing"}`,
      );
    this.tell("expect", `${vault.length} clips in the vault, once and whole; ${footage.toFixed(0)} s open`);
    return vault.length;
  }

  /** Each clip that a cut ended is shown as interrupted, or its gap is told. */
  async expectGapShown(): Promise<void> {
    const { evidence } = this.drivers;
    const vault = await evidence.inVault();
    const told = new Set(
      (await evidence.doorEvents()).flatMap((one) => (one.kind === "gap" ? [one.clip] : [])),
    );
    const shown = vault.filter(({ id, state }) => state === "interrupted" || told.has(id));
    this.expect(shown.length > 0, "the owner is shown where footage is missing");
  }

  /** Presses are told under the times at which they happened, each at least so long after the one before, by the camera's clock. */
  async expectInOrder(apartMillis: number): Promise<void> {
    const told = (await this.doorEvents()).filter(({ kind }) => kind === "press").map(({ at }) => at);
    const sorted = told.toSorted((a, b) => a - b);
    const isApart = sorted.every((at, i) => i === 0 || at - (sorted[i - 1] ?? at) >= apartMillis);
    this.expect(isApart, `${told.length} presses are told under their own times`);
  }

  /** One clip does not open, and says why, wherever the damage is; all others arrive as they were recorded. */
  async expectRotFound(): Promise<void> {
    const { evidence } = this.drivers;
    await this.until("everything has its receipt", async () => (await evidence.waiting()).length === 0);
    const vault = await evidence.inVault();
    const opened = await Promise.all(
      vault.map(async (clip) => ({ clip, how: clip.refused ?? (await evidence.open(clip)) })),
    );
    const [bad, ...more] = opened.filter(({ how }) => typeof how === "string");
    const { lost } = compare(await evidence.onCard(), vault);
    const others = lost.filter((segment) => bad === undefined || !segment.startsWith(bad.clip.id));
    this.tallied.clips = vault.length;
    this.tallied.lost.push(...others);
    this.expect(bad !== undefined, "one clip does not open");
    this.expect(more.length + others.length === 0, `no other is touched; of that one: ${bad?.how}`);
  }

  /** Card and vault as they are while nothing more is recorded: what begins in between is waited for, too. */
  private async atRest(withinMillis: number) {
    const { evidence } = this.drivers;
    for (;;) {
      let said: readonly string[] = [];
      const isAtRest = async (): Promise<boolean> => {
        said = await evidence.saidStored();
        return this.hasArrived();
      };
      await this.until("everything has its receipt", isAtRest, withinMillis).catch(async (error: unknown) => {
        this.tallied.lost.push(...(await evidence.waiting()));
        if (this.tallied.lost.length > 0) throw error;
      });
      const [card, vault] = [await evidence.onCard(), await evidence.inVault()];
      if ((await evidence.saidStored()).length === said.length) return { card, vault, said };
    }
  }

  /** Every press has its clip on the card, with its end, and all of it its receipt. */
  private async hasArrived(): Promise<boolean> {
    const { evidence } = this.drivers;
    if ((await evidence.waiting()).length > 0) return false;
    return (await this.untold(new Set((await evidence.onCard()).keys()))).length === 0;
  }

  private async untold(clips: ReadonlySet<string>): Promise<readonly string[]> {
    const { presses, cameraCuts } = this;
    return untold(clips, await this.doorEvents(), { presses, cameraCuts });
  }
}
