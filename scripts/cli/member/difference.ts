import { newcomerFingerprint } from "../../../shared/charter/joining.js";
import type { CharterCamera, Member } from "../../../shared/charter/lines.js";
import type { Rules } from "../../../shared/charter/succession.js";
import { settingLines } from "./camera.io.js";

/** What `next` says otherwise than `current`, as lines for people. Nothing that differs is left out. */
export function differences(current: Rules, next: Rules): readonly string[] {
  const rules = [
    ...said("the next charters need the signature of", current.change, next.change),
    ...said("a release to an agency needs the signature of", current.release, next.release),
  ];
  const members = pairs(current.members, next.members).flatMap(({ before, now }) => {
    if (now === undefined) return before ? [`- member ${nameOf(before)}, ${before.role}`] : [];
    return before === undefined ? newMember(now, next) : memberChanges(before, now, { current, next });
  });
  const cameras = pairs(current.cameras, next.cameras).flatMap(({ before, now }) => {
    if (now === undefined) return before ? [`- camera ${nameOf(before)}: it records no more`] : [];
    if (before === undefined) return [`+ camera ${nameOf(now)}, ${now.place}`, ...settingLines(now)];
    return cameraChanges(before, now);
  });
  return [...rules, ...members, ...cameras];
}

type Pair<T> = { readonly before: T | undefined; readonly now: T | undefined };

function pairs<T extends { readonly id: string }>(
  before: readonly T[],
  now: readonly T[],
): readonly Pair<T>[] {
  const left = before.map((one) => ({ before: one, now: now.find(({ id }) => id === one.id) }));
  const come = now.filter(({ id }) => !before.some((one) => one.id === id));
  return [...left, ...come.map((one) => ({ before: undefined, now: one }))];
}

function nameOf({ name, id }: { readonly name: string; readonly id: string }): string {
  return `${name} (${id})`;
}

function said(what: string, before: string, now: string): readonly string[] {
  return before === now ? [] : [`* ${what} ${now}, not ${before}`];
}

function newMember(now: Member, next: Rules): readonly string[] {
  const fingerprint = newcomerFingerprint(now);
  return [
    `+ member ${nameOf(now)}, ${now.role}, sees ${sightOf(now, next)}; their screen shows ${fingerprint}`,
  ];
}

function memberChanges(
  before: Member,
  now: Member,
  { current, next }: { readonly current: Rules; readonly next: Rules },
): readonly string[] {
  return [
    ...said(`member ${nameOf(before)} is called`, before.name, now.name),
    ...said(`member ${nameOf(now)} is`, before.role, now.role),
    ...(sightIds(before) === sightIds(now)
      ? []
      : said(`member ${nameOf(now)} sees`, sightOf(before, current), sightOf(now, next))),
    ...said(`the keys of member ${nameOf(now)} are`, newcomerFingerprint(before), newcomerFingerprint(now)),
  ];
}

function sightIds({ sees }: Member): string {
  return sees?.toSorted().join() ?? "all";
}

function sightOf({ sees }: Member, { cameras }: Rules): string {
  if (sees === undefined) return "all cameras that the role may see";
  const names = cameras.filter(({ id }) => sees.includes(id)).map(nameOf);
  return names.join(", ") || "no camera";
}

function cameraChanges(before: CharterCamera, now: CharterCamera): readonly string[] {
  const line = `camera ${nameOf(now)}`;
  const changed = settingLines(before).join() !== settingLines(now).join();
  return [
    ...said(`camera ${nameOf(before)} is called`, before.name, now.name),
    ...said(`${line} is`, before.place, now.place),
    ...(changed
      ? [`* ${line} does from now on:`, ...settingLines(now), "  and did:", ...settingLines(before)]
      : []),
    ...said(`${line} has the key of epoch`, keyOf(before), keyOf(now)),
    ...said(`${line} connects with the TLS key`, before.tlsKeyHash, now.tlsKeyHash),
  ];
}

function keyOf({ epoch, recipient }: CharterCamera): string {
  return `${epoch} (${recipient})`;
}
