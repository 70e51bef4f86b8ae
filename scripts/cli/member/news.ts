import type { Fields } from "../fields.js";

/** What the live stream tells, as lines for people. Remembers how each camera was: the same again is no news. */
export interface News {
  /** `now` is an ISO 8601 time, for what has none of its own. `undefined` for what is no news to a person. */
  lineOf(event: string, data: Fields, now: string): string | undefined;
}

/** `nameOf` gives what the household calls a camera or a member; it may not know it yet. */
export function createNews(nameOf: NameOf): News {
  const states = new Map<string, string>();
  return {
    lineOf(event, data, now) {
      const ofNoCamera = householdLines[event];
      if (ofNoCamera !== undefined)
        return `${shortTime(data.maybeText("at") ?? now)}  ${ofNoCamera(data, nameOf)}`;
      const camera = data.text("camera");
      const said = event === "camera.status" ? changeOf(states, camera, data) : saidOf(event, data);
      if (said === undefined) return undefined;
      // A camera that was without network tells late.
      const at = data.maybe("event", (door) => door.maybeText("at")) ?? now;
      return `${shortTime(at)}  ${nameOf(camera) ?? camera}  ${said}`;
    },
  };
}

type NameOf = (id: string) => string | undefined;

/** Only a thief's sign-in or passkey is a surprise: say how to see and end it. */
const householdLines: Readonly<Record<string, ((data: Fields, nameOf: NameOf) => string) | undefined>> = {
  missed: () => "some news were missed; all clips: lintel member clips",
  "session.started": (data, nameOf) =>
    `${memberIn(data, nameOf)}  signed in with ${data.text("how")} (${data.text("client")}). Was it not you? Run: lintel member sessions`,
  "passkey.added": (data, nameOf) =>
    `${memberIn(data, nameOf)}  has a new passkey (${data.text("name")}). Was it not you? Run: lintel member passkey list`,
  "recovery.changed": (data, nameOf) =>
    `${memberIn(data, nameOf)}  changed their recovery passphrase. Was it not you? Run: lintel member recovery new`,
  "recovery.fetched": (data, nameOf) =>
    `${memberIn(data, nameOf)}  comes back with their recovery passphrase. Was it not you? Run: lintel member recovery remove, and ask an owner to give the cameras new keys`,
  "invitation.answered": (data) =>
    data.maybeFlag("contested") === true
      ? `${data.text("name")}  answers an invitation that somebody else has answered: one of the two is not whom you invited. Compare fingerprints: lintel member invitations`
      : `${data.text("name")}  has answered an invitation. Compare the fingerprint by phone: lintel member invitations`,
  "operator.access": (data) =>
    `an operator's look at your household's metadata (${data.text("ticket")}): ${data.text("state")}. See it: lintel member accesses`,
  notice: () => "there is an order about your recordings. Read it: lintel member notices",
  "charter.proposed": (data) =>
    `charter ${data.number("version")} waits for owners' signatures. See it: lintel member proposal`,
};

function memberIn(data: Fields, nameOf: NameOf): string {
  const member = data.text("member");
  return nameOf(member) ?? member;
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
