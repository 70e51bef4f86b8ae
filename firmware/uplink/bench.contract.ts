// Test-only: an outbox on a virtual clock.
import { millis } from "../../shared/kernel/brand.js";
import type { ClipId } from "../../shared/kernel/ids.js";
import type { RefusalCode } from "../../shared/protocol/messages.js";
import { emptyOutbox, step } from "./outbox.js";
import type { Place } from "./queue.js";
import type { Effect, Outbox, OutboxEvent } from "./state.js";

/** An outbox with a clock: what was done to it, and what it asked for since. */
export class Bench {
  box: Outbox = emptyOutbox(64);
  now = 1_000;
  asked: Effect[] = [];

  give(event: OutboxEvent): this {
    const next = step(this.box, event, millis(this.now));
    this.box = next.outbox;
    this.asked.push(...next.effects);
    return this;
  }

  /** The effects since the last look, shortly. */
  look(): readonly string[] {
    return this.asked.splice(0).map(shortly);
  }

  tick(forMillis: number): this {
    this.now += forMillis;
    return this.give({ kind: "tick" });
  }

  sealed(clip: ClipId, index: number, size = 100): this {
    return this.give({ kind: "sealed", segment: { clip, index, size } });
  }

  progress(place: Place, stored: number, credit = 1_000_000, node = "n1"): this {
    const answer = {
      v: 1,
      kind: "progress",
      clip: place.clip,
      segment: place.index,
      node,
      stored,
      credit,
    } as const;
    return this.give({ kind: "answer", place, answer, chance: 0 });
  }

  done(place: Place): this {
    const answer = { v: 1, kind: "done", clip: place.clip, segment: place.index, receipt: "r" } as const;
    return this.give({ kind: "answer", place, answer, chance: 0 });
  }

  refused(place: Place, code: RefusalCode): this {
    const answer = { v: 1, kind: "refused", clip: place.clip, segment: place.index, code } as const;
    return this.give({ kind: "answer", place, answer, chance: 0 });
  }

  puback(place: Place, offset: number): this {
    return this.give({ kind: "puback", place, offset });
  }
}

function shortly(effect: Effect): string {
  switch (effect.kind) {
    case "publishInit":
      return `init ${name(effect.place)}`;
    case "publishChunk":
      return `chunk ${name(effect.place)} ${effect.offset}+${effect.length}`;
    case "publishEvent":
      return `event ${effect.id.slice(-2)}`;
    case "refused":
      return `refused ${effect.code}`;
    case "acknowledge":
    case "checkOwnCopy":
      return `${effect.kind} ${name(effect.place)}`;
    default:
      return effect.kind;
  }
}

export const name = ({ clip, index }: Place): string => `${clip.slice(-1)}/${index}`;
