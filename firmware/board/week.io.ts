import type { Millis } from "../../shared/kernel/brand.js";

const days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const formats = new Map<string, Intl.DateTimeFormat | undefined>();

/** Minutes since Monday 00:00 in that time zone; `undefined` for a zone that this machine's tables do not have. */
export function minuteOfWeek(wall: Millis, zone: string): number | undefined {
  if (!formats.has(zone)) formats.set(zone, formatOf(zone));
  const parts = formats.get(zone)?.formatToParts(wall);
  const of = (type: Intl.DateTimeFormatPartTypes): string =>
    parts?.find((part) => part.type === type)?.value ?? "";
  const day = days.indexOf(of("weekday"));
  return day < 0 ? undefined : (day * 24 + Number(of("hour"))) * 60 + Number(of("minute"));
}

function formatOf(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    const clock = { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
    return new Intl.DateTimeFormat("en-GB", { ...clock, timeZone });
  } catch {
    return undefined;
  }
}
