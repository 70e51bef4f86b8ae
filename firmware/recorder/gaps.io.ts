import type { Millis } from "../../shared/kernel/brand.js";
import type { ClipId } from "../../shared/kernel/ids.js";
import type { GapReason } from "../../shared/protocol/messages.js";
import { type EventStore, timeText } from "./events.io.js";
import type { NewEvent } from "./journal.js";

type Gap = Extract<NewEvent, { kind: "gap" }>;

/** Puts a gap on record, once. */
export async function tell({ events }: { readonly events: EventStore }, gap: Gap): Promise<void> {
  if (hasGap(events, { clip: gap.clip, reason: gap.reason, from: gap.from })) return;
  events.add(gap);
  await events.save();
}

interface GapName {
  readonly clip: ClipId | undefined;
  readonly reason: GapReason;
  readonly from?: Millis;
}

export function hasGap(events: EventStore, { clip, reason, from }: GapName): boolean {
  return events.pending.some(
    (event) =>
      event.kind === "gap" &&
      event.clip === clip &&
      event.reason === reason &&
      (from === undefined || event.from === timeText(from)),
  );
}
