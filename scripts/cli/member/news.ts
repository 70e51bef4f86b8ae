import type { Fields } from "../fields.js";

/** What the live stream tells, as lines for people. Remembers how each camera was: the same again is no news. */
export interface News {
  /** `now` is an ISO 8601 time, for what has none of its own. `undefined` for what is no news to a person. */
  lineOf(event: string, data: Fields, now: string): string | undefined;
}

/** `nameOf` gives what the household calls a camera or a member; it may not know it yet. */
export function createNews(nameOf: (id: string) => string | undefined): News {
  const states = new Map<string, string>();
  return {
    lineOf(event, data, now) {
      if (event === "missed")
        return `${shortTime(now)}  some news were missed; all clips: lintel member clips`;
      if (event === "session.started") return signInOf(data, nameOf);
      if (event === "passkey.added") return passkeyOf(data, nameOf);
      const camera = data.text("camera");
      const said = event === "camera.status" ? changeOf(states, camera, data) : saidOf(event, data);
      if (said === undefined) return undefined;
      // A camera that was without network tells late.
      const at = data.maybe("event", (door) => door.maybeText("at")) ?? now;
      return `${shortTime(at)}  ${nameOf(camera) ?? camera}  ${said}`;
    },
  };
}

/** Only a thief's sign-in is a surprise: say how to see and end it. */
function signInOf(data: Fields, nameOf: (id: string) => string | undefined): string {
  const [member, how, client] = [data.text("member"), data.text("how"), data.text("client")];
  const who = nameOf(member) ?? member;
  return `${shortTime(data.text("at"))}  ${who}  signed in with ${how} (${client}). Was it not you? Run: lintel member sessions`;
}

function passkeyOf(data: Fields, nameOf: (id: string) => string | undefined): string {
  const member = data.text("member");
  const who = nameOf(member) ?? member;
  return `${shortTime(data.text("at"))}  ${who}  has a new passkey (${data.text("name")}). Was it not you? Run: lintel member passkey list`;
}

function shortTime(iso: string): string {
  return iso.replace(/\.\d+Z$/, "Z");
}

function saidOf(event: string, data: Fields): string | undefined {
  switch (event) {
    case "clip.started":
      return `a recording begins: clip ${data.text("clip")}`;
    case "clip.thumbnail":
      return `a picture of it is here. See it: lintel member thumbnail ${data.text("clip")}`;
    case "clip.ended":
      return `${endOf(data.text("state"))}. Watch it: lintel member open ${data.text("clip")}`;
    case "event":
      return data.maybe("event", doorLine);
    default:
      return undefined;
  }
}

function endOf(state: string): string {
  return state === "complete" ? "a recording is whole" : "a recording was cut off, its beginning is here";
}

function doorLine(door: Fields): string {
  const clip = door.maybeText("clip");
  const of = clip === undefined ? "" : `: clip ${clip}`;
  switch (door.text("kind")) {
    case "press":
      return `somebody pressed the bell${of}`;
    case "motion":
      return `something moves${of}`;
    case "gap":
      return `footage is missing from ${door.maybeText("from") ?? "?"} to ${door.maybeText("to") ?? "?"} (${door.maybeText("reason") ?? "no reason given"})`;
    default:
      return `${door.text("kind")}${of}`;
  }
}

/** Cameras report every few minutes; only what changed is told. */
function changeOf(states: Map<string, string>, camera: string, data: Fields): string | undefined {
  const now = data.maybe("status", stateLine);
  if (now === undefined || states.get(camera) === now) return undefined;
  states.set(camera, now);
  return now;
}

function stateLine(status: Fields): string {
  if (status.text("state") !== "online") return "is offline: it goes on recording, and sends when it is back";
  const trouble = status.texts("trouble").filter((line) => line !== null);
  return trouble.length === 0 ? "is online" : `is online, with trouble: ${trouble.join("; ")}`;
}
