import { test } from "tap";
import { fieldsOf } from "../fields.js";
import { createNews } from "./news.js";

const camera = "aaaaaaaaaaaaaaaa";
const clip = "0197f000-0000-7000-8000-000000000000";
const now = "2026-01-02T03:04:05.678Z";

function reader(): (event: string, data: object) => string | undefined {
  const news = createNews((id) => (id === camera ? "Front door" : undefined));
  return (event, data) => news.lineOf(event, fieldsOf({ camera, ...data }, event), now);
}

test("people read when, which camera, what happened, which clip, and what to type next", (t) => {
  const lineOf = reader();
  const press = { event: { v: 1, kind: "press", at: "2026-01-02T03:04:00.000Z", clip } };
  t.equal(
    lineOf("event", press),
    `2026-01-02T03:04:00Z  Front door  somebody pressed the bell: clip ${clip}`,
  );
  t.equal(
    lineOf("clip.ended", { clip, state: "complete" }),
    `2026-01-02T03:04:05Z  Front door  a recording is whole. Watch it: lintel member open ${clip}`,
  );
  t.match(lineOf("clip.ended", { clip, state: "interrupted" }), /cut off.*member open/);
  t.match(lineOf("clip.started", { camera: "b", clip }), /Z {2}b {2}a recording begins/);
  t.match(lineOf("clip.thumbnail", { clip, take: 1 }), new RegExp(`lintel member thumbnail ${clip}$`));
  t.match(lineOf("missed", {}), /lintel member clips/);
  t.end();
});

test("a sign-in is told with the member's name, and what to do if it was not them", (t) => {
  const news = createNews((id) => (id === "b".repeat(16) ? "Ada" : undefined));
  const data = {
    member: "b".repeat(16),
    session: "c".repeat(16),
    how: "key",
    client: "lintel on desk",
    at: now,
  };
  t.equal(
    news.lineOf("session.started", fieldsOf(data, "session.started"), now),
    "2026-01-02T03:04:05Z  Ada  signed in with key (lintel on desk). Was it not you? Run: lintel member sessions",
  );
  const passkey = { member: "b".repeat(16), passkey: "x", name: "Phone", at: now };
  t.equal(
    news.lineOf("passkey.added", fieldsOf(passkey, "passkey.added"), now),
    "2026-01-02T03:04:05Z  Ada  has a new passkey (Phone). Was it not you? Run: lintel member passkey list",
  );
  t.end();
});

test("a change that waits for owners is told with what to type", (t) => {
  const news = createNews(() => undefined);
  const data = fieldsOf({ version: 4, missing: [], member: "b".repeat(16) }, "charter.proposed");
  t.match(news.lineOf("charter.proposed", data, now), /charter 4 waits .*: lintel member proposal$/);
  t.end();
});

test("who answers an invitation is told, and louder when they are the second", (t) => {
  const news = createNews(() => undefined);
  const lineOf = (contested: boolean) =>
    news.lineOf("invitation.answered", fieldsOf({ invitation: "x", name: "Bea", contested }, "told"), now);
  t.match(lineOf(false), /Z {2}Bea {2}has answered .* by phone: lintel member invitations$/);
  t.match(
    lineOf(true),
    /Bea {2}answers .* somebody else has answered: one of the two is not whom you invited/,
  );
  t.end();
});

test("the second-by-second, the same state again and what only a newer cloud tells are no news", (t) => {
  const lineOf = reader();
  const status = { status: { state: "online", trouble: [] } };
  t.match(lineOf("camera.status", status), /is online$/);
  t.equal(lineOf("camera.status", status), undefined);
  t.match(lineOf("camera.status", { status: { state: "online", trouble: ["no picture"] } }), /no picture/);
  t.match(lineOf("camera.status", { status: { state: "offline" } }), /is offline/);
  t.match(lineOf("camera.status", status), /is online$/);
  t.equal(lineOf("clip.segment", { clip, index: 0, bytes: 1 }), undefined);
  t.equal(lineOf("weather", {}), undefined);
  t.end();
});
