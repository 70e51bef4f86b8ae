import type { CameraId, HouseholdId } from "../../shared/kernel/ids.js";

/** Events that are kept for streams that come back, over all households. */
const keptEventsMax = 4_096;

export type LiveKind =
  | "clip.started"
  | "clip.segment"
  | "clip.ended"
  | "clip.thumbnail"
  | "event"
  | "camera.status";

/** Something that members may want to know at once. Never more than the cloud may know: no footage, no key. */
export interface LiveEvent {
  readonly household: HouseholdId;
  readonly camera: CameraId;
  readonly kind: LiveKind;
  readonly data: object;
}

export interface NumberedEvent extends LiveEvent {
  /** `<this process's start>-<number>`: what a client gives back as Last-Event-ID. */
  readonly id: string;
}

export interface Subscription {
  /** What the client missed and is still kept, oldest first. */
  readonly backlog: readonly NumberedEvent[];
  /** Something that it missed is kept no more: it should fetch the lists anew. */
  readonly incomplete: boolean;
  stop(): void;
}

/** Hands what happens to the streams of its household. Nothing here is durable: the lists are the truth. */
export interface Hub {
  publish(event: LiveEvent): void;
  subscribe(
    household: HouseholdId,
    lastId: string | undefined,
    deliver: (event: NumberedEvent) => void,
  ): Subscription;
}

/** `epoch` tells this process's ids from those of the one before. */
export function createHub(epoch: string, keptMax = keptEventsMax): Hub {
  const kept: NumberedEvent[] = [];
  const streams = new Map<HouseholdId, Set<(event: NumberedEvent) => void>>();
  let count = 0;

  return {
    publish(event) {
      count++;
      const numbered = { ...event, id: `${epoch}-${count}` };
      kept.push(numbered);
      if (kept.length > keptMax) kept.shift();
      for (const deliver of streams.get(event.household) ?? []) deliver(numbered);
    },
    subscribe(household, lastId, deliver) {
      const own = streams.get(household) ?? new Set();
      streams.set(household, own.add(deliver));
      const last = lastId === undefined ? count : numberOf(lastId, epoch);
      const oldest = count - kept.length;
      return {
        incomplete: last === undefined || last < oldest,
        backlog: kept
          .slice(Math.max((last ?? count) - oldest, 0))
          .filter((event) => event.household === household),
        stop() {
          own.delete(deliver);
          if (own.size === 0) streams.delete(household);
        },
      };
    },
  };
}

/** `undefined` for an id of another process or of no event yet. */
function numberOf(id: string, epoch: string): number | undefined {
  const [, found, digits = ""] = /^(.+)-(\d{1,15})$/.exec(id) ?? [];
  return found === epoch ? Number(digits) : undefined;
}
