import type { CameraId, HouseholdId, MemberId } from "../../shared/kernel/ids.js";

/** Events that are kept for streams that come back: over all households, and of one, so that none forgets for the others. */
export interface KeptMax {
  readonly ofAll: number;
  readonly ofHousehold: number;
}
const keptEventsMax: KeptMax = { ofAll: 4_096, ofHousehold: 512 };

export type LiveKind =
  | "clip.started"
  | "clip.segment"
  | "clip.ended"
  | "clip.thumbnail"
  | "event"
  | "camera.status"
  | "session.started"
  | "passkey.added"
  | "charter.proposed"
  | "recovery.changed"
  | "recovery.fetched"
  | "invitation.answered"
  | "operator.access"
  | "notice";

/** Something that members may want to know at once. Never more than the cloud may know: no footage, no key. */
export interface LiveEvent {
  readonly household: HouseholdId;
  /** Whose news it is: for those who see that camera. */
  readonly camera?: CameraId;
  /** Who did it, where no camera did: for that member's other sessions, and the owners. */
  readonly member?: MemberId;
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

interface Kept {
  readonly number: number;
  readonly event: NumberedEvent;
}

/** `epoch` tells this process's ids from those of the one before. */
export function createHub(epoch: string, keptMax = keptEventsMax): Hub {
  const kept: Kept[] = [];
  /** Of every household of which something is kept: how much, and the newest number that is not. */
  const shares = new Map<HouseholdId, { kept: number; lost: number }>();
  const streams = new Map<HouseholdId, Set<(event: NumberedEvent) => void>>();
  let count = 0;
  /** The newest number that fell to the bound over all. */
  let lost = 0;

  const forget = (index: number): void => {
    for (const { number, event } of kept.splice(index, 1)) {
      const share = shares.get(event.household);
      if (share === undefined) return;
      share.kept--;
      share.lost = number;
      // Only the bound over all takes the last one, and that is in `lost`.
      if (share.kept === 0) shares.delete(event.household);
    }
  };
  const keep = (event: NumberedEvent): void => {
    const share = shares.get(event.household) ?? { kept: 0, lost: 0 };
    shares.set(event.household, share);
    share.kept++;
    // A copy: ids in it are cut out of a segment's note, and would keep all of that in memory for as long.
    kept.push({ number: count, event: structuredClone(event) });
    if (share.kept > keptMax.ofHousehold)
      forget(kept.findIndex(({ event: { household } }) => household === event.household));
    else if (kept.length > keptMax.ofAll) {
      lost = kept[0]?.number ?? lost;
      forget(0);
    }
  };

  return {
    publish(event) {
      count++;
      const numbered = { ...event, id: `${epoch}-${count}` };
      keep(numbered);
      for (const deliver of streams.get(event.household) ?? []) deliver(numbered);
    },
    subscribe(household, lastId, deliver) {
      const own = streams.get(household) ?? new Set();
      streams.set(household, own.add(deliver));
      const last = lastId === undefined ? count : numberOf(lastId, epoch);
      const missing = Math.max(lost, shares.get(household)?.lost ?? 0);
      return {
        incomplete: last === undefined || last < missing,
        backlog: kept
          .filter(({ number, event }) => number > (last ?? count) && event.household === household)
          .map(({ event }) => event),
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
