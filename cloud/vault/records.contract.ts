import type { Kysely } from "kysely";
import { type Test, test } from "tap";
import { openSegment } from "../../shared/clip/segment.js";
import { millis } from "../../shared/kernel/brand.js";
import { householdIdOf, newEventId } from "../../shared/kernel/ids.js";
import type { DoorEvent } from "../../shared/protocol/messages.js";
import {
  makeClip,
  makeSegment,
  makeSigner,
  type RigSegment,
  type RigSigner,
  systemRandom,
} from "../ingest/segment.contract.js";
import { dayMillis, silentMillis } from "./clip.js";
import { Records, type WrappedSegment } from "./records.io.js";
import type { VaultTables } from "./tables.js";

const minute = 60_000;
const noon = millis(1_764_000_000_000);
const at = (minutes: number): ReturnType<typeof millis> => millis(noon + minutes * minute);

export function wrapped(signer: RigSigner, segment: RigSegment): WrappedSegment {
  const note = openSegment(segment.note, signer.verifier);
  if (!note.ok) throw new Error(`the note does not open: ${note.error.kind}`);
  return { note: note.value, signed: segment.note, header: segment.header, wrapped: "d3JhcHBlZA==" };
}

const household = householdIdOf(systemRandom.bytes(32));

function clipAt(signer: RigSigner, minutes: number, count = 1): Promise<readonly RigSegment[]> {
  return makeClip(signer, count, { bodyBytes: 10, at: at(minutes) });
}

type Case = (t: Test, setting: { readonly records: Records; readonly signer: RigSigner }) => Promise<void>;

const cases: Readonly<Record<string, Case>> = {
  "a segment is stored once, and another one in its place is a conflict": async (t, { records, signer }) => {
    const [first, second] = (await clipAt(signer, 0, 2)).map((segment) => wrapped(signer, segment));
    if (first === undefined || second === undefined) return;
    t.match(await records.standing(first), { kind: "absent" });
    t.match(await records.insert([first, second], at(1)), [
      { began: true },
      { began: false, ended: "complete" },
    ]);
    t.match(await records.standing(first), { kind: "stored", at: at(1) });
    await t.rejects(records.insert([first], at(2)), "a second row for the same place");
    t.same([...(await records.bytesStored())], [[household, first.note.bytes + second.note.bytes]]);

    const { clip } = first.note;
    const other = wrapped(signer, await makeSegment(signer, { clip, bodyBytes: 11 }));
    t.match(await records.standing(other), { kind: "conflict" }, "another segment 0");
    const late = wrapped(signer, await makeSegment(signer, { clip, index: 2, previous: second.note.hash }));
    t.match(await records.standing(late), { kind: "conflict" }, "behind the end");
    const sibling = makeSigner(household);
    const foreign = wrapped(
      sibling,
      await makeSegment(sibling, { clip, index: 1, previous: first.note.hash }),
    );
    t.match(await records.standing(foreign), { kind: "conflict" }, "another camera of the household");
    const stranger = makeSigner(householdIdOf(systemRandom.bytes(32)));
    t.match(await records.standing(wrapped(stranger, await makeSegment(stranger, { clip }))), {
      kind: "absent",
    });
  },

  "a failed insertion leaves nothing of its batch": async (t, { records, signer }) => {
    const segments = (await clipAt(signer, 0, 3)).map((segment) => wrapped(signer, segment));
    const [first, second, third] = segments;
    if (first === undefined || second === undefined || third === undefined) return;
    await records.insert([second], at(1));
    await t.rejects(records.insert([first, second, third], at(2)));
    t.match(await records.standing(first), { kind: "absent" });
    t.match(await records.clip({ household, id: first.note.clip }, at(2)), {
      segments: 1,
      bytes: second.note.bytes,
    });
  },

  "clips come newest first, page by page, filtered by camera and time, of one household only": async (
    t,
    { records, signer },
  ) => {
    const other = { ...makeSigner(household) };
    const ids: string[] = [];
    for (let minutes = 0; minutes < 10; minutes++) {
      const who = minutes % 2 === 0 ? signer : other;
      const [segment] = await clipAt(who, minutes);
      if (segment === undefined) continue;
      ids.unshift(segment.clip);
      await records.insert([wrapped(who, segment)], at(20 - minutes));
    }
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await records.clips(household, { limit: 3, cursor }, at(30));
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next;
    } while (cursor !== undefined);
    t.same(seen, ids);
    const of = await records.clips(household, { limit: 50, camera: other.id }, at(30));
    t.same(
      of.items.map(({ id }) => id),
      ids.filter((_, index) => index % 2 === 0),
    );
    const between = await records.clips(household, { limit: 50, from: at(2), to: at(5) }, at(30));
    t.same(
      between.items.map(({ id }) => id),
      ids.slice(5, 8),
    );
    t.same((await records.clips(householdIdOf(systemRandom.bytes(32)), { limit: 5 }, at(30))).items, []);
  },

  "a clip is recording, then complete; or interrupted when its camera falls silent": async (
    t,
    { records, signer },
  ) => {
    const [first, second] = (await clipAt(signer, 0, 2)).map((segment) => wrapped(signer, segment));
    if (first === undefined || second === undefined) return;
    const clip = { household, id: first.note.clip };
    await records.insert([first], at(0));
    t.match(await records.clip(clip, at(0)), { state: "recording", parts: [{ index: 0, end: "no" }] });
    t.match(await records.clip(clip, millis(noon + silentMillis + 1)), { state: "interrupted" });
    await records.insert([second], at(5));
    t.match(await records.clip(clip, at(100)), {
      state: "complete",
      parts: [{ end: "no" }, { end: "complete" }],
    });
    const closing = await makeSegment(signer, {
      clip: (await clipAt(signer, 1))[0]?.clip ?? clip.id,
      end: "interrupted",
      bodyBytes: 0,
    });
    await records.insert([wrapped(signer, closing)], at(5));
    t.match(await records.clip({ household, id: closing.clip }, at(5)), {
      state: "interrupted",
      segments: 1,
      bytes: 0,
    });
  },

  "an event is stored once per id and names its clip's trigger": async (t, { records, signer }) => {
    const [segment] = await clipAt(signer, 0);
    if (segment === undefined) return;
    await records.insert([wrapped(signer, segment)], at(1));
    const door = (kind: "press" | "motion", minutes: number): DoorEvent => {
      const id = newEventId(at(minutes), systemRandom);
      return { v: 1, id, kind, at: "2026-11-01T00:00:00.000Z", clip: segment.clip };
    };
    const events = [door("motion", 0), door("press", 1)].map((event) => ({
      household,
      camera: signer.id,
      event,
    }));
    t.equal((await records.insertEvents(events, at(1))).length, 2);
    t.same(await records.insertEvents(events, at(2)), []);
    t.match(await records.clip({ household, id: segment.clip }, at(1)), { trigger: "motion" });
    const early = door("press", -1);
    await records.insertEvents([{ household, camera: signer.id, event: early }], at(1));
    t.match(await records.clip({ household, id: segment.clip }, at(1)), { trigger: "press" }, "by its time");
    const ofTrigger = async (trigger: "press" | "motion") =>
      (await records.clips(household, { limit: 9, trigger }, at(1))).items.map(({ id }) => id);
    t.same(await ofTrigger("press"), [segment.clip]);
    t.same(await ofTrigger("motion"), []);
    const page = await records.events(household, { limit: 1 });
    t.match(page, { items: [{ camera: signer.id, event: events[1]?.event }], next: events[1]?.event.id });
    t.match(await records.events(household, { limit: 1, cursor: page.next }), {
      items: [{ event: events[0]?.event }],
    });
    await records.forgetEvents({ retentionDays: 1, longestDays: 60 }, millis(at(2) + dayMillis));
    t.same((await records.events(household, { limit: 9 })).items, []);
  },

  "a buried clip is gone from every answer and refuses its segments": async (t, { records, signer }) => {
    const segments = (await clipAt(signer, 0, 2)).map((segment) => wrapped(signer, segment));
    const [first] = segments;
    if (first === undefined) return;
    const clip = { household, id: first.note.clip };
    await records.insert(segments, at(0));
    const rule = { retentionDays: 30, longestDays: 60 };
    const expired = (days: number, minutes = 1) =>
      records.expired(rule, millis(at(minutes) + days * dayMillis), 5);
    t.same(await expired(30), [clip]);
    t.same(await expired(30, -1), []);
    await records.chooseDays(household, 99, at(0));
    t.same(await expired(59), [], "its household chose longer");
    t.same(await expired(60), [clip], "the ceiling is for all");
    await records.chooseDays(household, 3, at(0));
    t.same(await expired(3), [clip]);
    t.equal(await records.markKept(clip, at(0)), "marked");
    t.same(await expired(59), [], "a mark keeps it");
    t.same(await expired(60), [clip], "up to the ceiling");
    t.equal(await records.markKept(clip, null), "marked");
    t.equal((await records.bodyNames(signer.id, clip.id)).length, 2);
    t.match(await records.bury(clip, at(1), "the note"), { camera: signer.id });
    t.equal(await records.bury(clip, at(2), null), undefined, "once");
    t.match(await records.standing(first), { kind: "deleted", deletion: "the note" });
    t.equal(await records.clip(clip, at(1)), undefined);
    t.equal(await records.segmentRow(clip, 0), undefined);
    t.same((await records.clips(household, { limit: 5 }, at(1))).items, []);
    t.same(await expired(400), []);
    t.equal(await records.markKept(clip, at(1)), undefined);
    t.same(await records.bodyNames(signer.id, clip.id), []);
    t.same([...(await records.bytesStored())], []);
    t.same(await records.deletions(signer.id, { since: at(1), limit: 5 }), { notes: ["the note"] });
    await records.forgetTombstones(at(2));
    t.match(await records.standing(first), { kind: "absent" });
  },
};

/** What every database must do for the vault. `open` gives an empty one, already migrated. */
export function recordsContract(name: string, open: () => Promise<Kysely<VaultTables>>): void {
  for (const [sentence, run] of Object.entries(cases)) {
    test(`${name}: ${sentence}`, async (t) => {
      const db = await open();
      t.teardown(() => db.destroy());
      await run(t, { records: new Records(db), signer: makeSigner(household) });
    });
  }
}
