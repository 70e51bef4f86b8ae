import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { clipIdOf } from "./clips.io.js";
import { type Cloud, openCloud } from "./cloud.io.js";

/** Marks a recording to be kept up to the cloud's ceiling, or takes the mark off. */
export async function memberKeep(
  folder: string,
  { clip: text, off = false }: { readonly clip: string; readonly off?: boolean },
  terminal: Terminal,
): Promise<void> {
  const clip = clipIdOf(text);
  const path = `/v1/clips/${clip}/keep`;
  await openCloud(folder).call({ method: off ? "DELETE" : "PUT", path, repeatable: true });
  terminal.json({ clip, kept: !off });
  terminal.say(
    off
      ? `Clip ${clip} ends when its days are over, if they are not already.`
      : `Clip ${clip} outlives your own number of days, up to the most that this cloud allows (lintel member retention). To have it for ever: lintel member open ${clip}`,
  );
}

interface Retention {
  readonly days: number;
  readonly daysMax: number;
}

/** Shows for how many days recordings are kept, or changes it. */
export async function memberRetention(
  folder: string,
  { days }: { readonly days?: number },
  terminal: Terminal,
): Promise<void> {
  const cloud = openCloud(folder);
  const before = await retentionOf(cloud);
  if (days !== undefined) await choose(cloud, { days, before }, terminal);
  const { daysMax, days: now } = days === undefined ? before : await retentionOf(cloud);
  terminal.json({ days: now, daysMax });
  terminal.say(`Recordings are kept for ${now} days from their arrival (this cloud allows ${daysMax}).`);
  terminal.say(
    `Those that you marked by "lintel member keep" stay for ${daysMax} days, and no recording stays longer.`,
  );
}

async function choose(
  cloud: Cloud,
  { days, before }: { readonly days: number; readonly before: Retention },
  terminal: Terminal,
): Promise<void> {
  const question = `End every recording older than ${days} days within the hour, for everybody, for ever?`;
  if (days < before.days && !(await terminal.agreed(question))) throw new Refused("Nothing was changed.");
  await cloud.call({ method: "PUT", path: "/v1/household/retention", body: { days }, repeatable: true });
}

async function retentionOf(cloud: Cloud): Promise<Retention> {
  const fields = await cloud.get("/v1/household/retention");
  return { days: fields.number("days"), daysMax: fields.number("daysMax") };
}
