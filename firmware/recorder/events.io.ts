import { join } from "node:path";
import { toUtf8 } from "../../shared/kernel/bytes.js";
import { isEventId, newEventId } from "../../shared/kernel/ids.js";
import type { Clock, Log, Random } from "../../shared/kernel/ports.js";
import { type DoorEvent, jsonBytesMax, readEvent } from "../../shared/protocol/messages.js";
import { replaceFile, unfinished } from "./disk.io.js";
import type { Disk } from "./disk.js";
import { logFault, type NewEvent } from "./journal.js";
import type { Reserve } from "./reserve.io.js";
import { readFile } from "./segment.io.js";
import { isRemoved, setStrangeAside, unlessUnreadable } from "./strange.io.js";

/** Events that wait for the cloud: a week without network at 24 an hour. Beyond it the oldest motion goes first. */
export const eventsMax = 4_096;

/** Events that the cloud has not confirmed, a file each. */
export interface EventStore {
  readonly pending: readonly DoorEvent[];
  /** In the list at once. */
  add(event: NewEvent): DoorEvent;
  /** Writes what is not yet durable. False: something could not be written; it stays in memory for the next time. */
  save(): Promise<boolean>;
  /** Drops from the list at once. */
  remove(ids: readonly string[]): Promise<void>;
}

export interface EventStoreOptions {
  readonly disk: Disk;
  readonly dir: string;
  readonly reserve: Reserve;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Told of each event that goes because there are too many. */
  readonly dropped: (id: string) => void;
}

export async function openEvents(options: EventStoreOptions): Promise<EventStore> {
  const { disk, dir, reserve, clock, random, log, dropped } = options;
  const pending: DoorEvent[] = [...(await readEvents(options))];
  const unsaved = new Set<DoorEvent>();

  const pathOf = (id: string): string => join(dir, `${id}.json`);

  const write = async (event: DoorEvent): Promise<void> => {
    // Power lost here: the event is lost unless the cloud has it; its clip still tells of a trigger.
    await reserve.spendFor(() => replaceFile(disk, pathOf(event.id), [toUtf8(JSON.stringify(event))]));
    unsaved.delete(event);
  };

  const drop = async (id: string): Promise<void> => {
    const at = pending.findIndex((event) => event.id === id);
    const [event] = at < 0 ? [] : pending.splice(at, 1);
    if (event === undefined) return;
    unsaved.delete(event);
    // Power lost here: the event is sent once more, and the cloud keeps one per id.
    await disk.remove(pathOf(id));
  };

  // What cannot be written is bounded too.
  const trim = async (): Promise<void> => {
    while (pending.length > eventsMax) {
      const oldest = pending.find(({ kind }) => kind === "motion") ?? pending[0];
      if (oldest === undefined) return;
      log("journal.event-dropped", { kind: oldest.kind, pending: pending.length });
      dropped(oldest.id);
      await drop(oldest.id).catch((error: unknown) => logFault(log, "event", error));
    }
  };

  return {
    pending,
    add(event) {
      const made = doorEvent(event, { clock, random });
      pending.push(made);
      unsaved.add(made);
      return made;
    },
    async save() {
      try {
        await trim();
        for (const event of unsaved) await write(event);
        return true;
      } catch (error) {
        log("journal.event-unsaved", { pending: unsaved.size, why: String(error) });
        return false;
      }
    },
    async remove(ids) {
      for (const id of ids) await drop(id);
    },
  };
}

function doorEvent(event: NewEvent, ports: { readonly clock: Clock; readonly random: Random }): DoorEvent {
  const now = ports.clock.wall();
  const at = timeText(event.kind === "gap" ? now : event.at);
  const common = { v: 1 as const, id: newEventId(now, ports.random), at };
  const clip = event.clip === undefined ? {} : { clip: event.clip };
  if (event.kind !== "gap") return { ...common, kind: event.kind, ...clip };
  const { from, to, reason } = event;
  return { ...common, kind: "gap", from: timeText(from), to: timeText(to), reason, ...clip };
}

/** RFC 3339, UTC, with milliseconds. */
export function timeText(time: number): string {
  return new Date(time).toISOString();
}

async function readEvents(options: EventStoreOptions): Promise<readonly DoorEvent[]> {
  const { disk, dir, log } = options;
  const events: DoorEvent[] = [];
  const names = (await unlessUnreadable(log, dir, () => disk.list(dir))) ?? [];
  for (const name of [...names].sort()) {
    const event = await unlessUnreadable(log, `events/${name}`, () => readStored(options, name));
    if (event !== undefined) events.push(event);
  }
  return events;
}

/** The event in a file of this name; `undefined` when it holds none, and what pretends to is out of the way. */
async function readStored(
  { disk, dir, clock, log }: EventStoreOptions,
  name: string,
): Promise<DoorEvent | undefined> {
  const path = join(dir, name);
  const id = name.replace(/\.json$/, "");
  if (name.endsWith(unfinished) && !(await isRemoved(disk, path)))
    await setStrangeAside({ disk, log, now: () => clock.wall() }, path);
  if (!name.endsWith(".json") || !isEventId(id)) return undefined;
  const event = readEvent((await readFile(disk, path, jsonBytesMax)) ?? new Uint8Array());
  if (event.ok && event.value.id === id) return event.value;
  log("journal.damaged", { file: `events/${name}` });
  await disk.rename(path, `${path}.damaged-${clock.wall()}`);
  return undefined;
}
