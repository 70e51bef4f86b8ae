import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { t as tap, test } from "tap";
import { placesIn, quiet, settle, startCloud } from "../demo/home.io.js";
import { memberCamera } from "./member/camera.io.js";
import { memberCameras, memberExportIdentity } from "./member/cameras.io.js";
import { memberInit } from "./member/init.io.js";
import { memberInvitations } from "./member/invitations.io.js";
import { memberAdd, memberInvite, memberJoin } from "./member/join.io.js";
import { type ChangeOptions, memberCameraKeys, memberChange, memberRemove } from "./member/members.io.js";
import { type ModeOptions, memberMode } from "./member/mode.io.js";
import { loadProfile, needProfile } from "./member/profile.io.js";
import { memberProposal, memberRules } from "./member/proposal.io.js";
import { memberRecovery } from "./member/recovery.io.js";
import { memberRestore } from "./member/restore.io.js";
import { sheetOf } from "./member/sheet.io.js";
import { parseTurns } from "./member/week.js";

const folder = mkdtempSync(join(tmpdir(), "lintel-together-"));
const places = placesIn(folder);
const cloud = await startCloud(places, { http: 0, mqtt: 0 });
tap.teardown(async () => {
  await cloud.stop();
  rmSync(folder, { recursive: true, force: true });
});
const anna = places.member;
const bea = join(folder, "bea");
await settle(places, cloud.ready.text("http"), "scene:seed=1,size=320x180,fps=10");

/** What a command tells programs. */
async function told(run: (terminal: ReturnType<typeof quiet>) => Promise<unknown>) {
  const values: Record<string, unknown>[] = [];
  await run(quiet((value) => values.push(value)));
  return values.at(-1) ?? {};
}

const byHand = { hours: 24, byHand: true } as const;
const identities = async (who: string) =>
  (await told((terminal) => memberExportIdentity(who, undefined, terminal))).identities;

test("two owners sign together: the one proposes, the other sees what changes, and signs or does not", async (t) => {
  const { invitation } = await told((terminal) => memberInvite(anna, byHand, terminal));
  const joining = { invitation: `${invitation}`, name: "Bea" };
  const { newcomer } = await told((terminal) => memberJoin(bea, joining, terminal));
  const options = { newcomer: `${newcomer}`, role: "owner" } as const;
  await told((terminal) => memberAdd(anna, options, terminal));
  const both = { change: "all-owners" } as const;
  t.match(await told((terminal) => memberRules(anna, both, terminal)), both);

  const rotate = { camera: "Front door", change: "rotate" } as const;
  await t.rejects(memberCameraKeys(anna, rotate, quiet()), /needs the signature of Bea as well/);
  await t.rejects(memberProposal(anna, "sign", quiet()), /does not need your signature/);
  const shown = await told((terminal) => memberProposal(bea, "show", terminal));
  t.match(shown, { charter: 5, changes: [/camera Front door .* has the key of epoch 2/] });
  await t.rejects(
    memberProposal(
      bea,
      "sign",
      quiet(undefined, async () => false),
    ),
    /Nothing was signed/,
  );
  await t.rejects(memberCameraKeys(bea, rotate, quiet()), /Another change of the household waits/);
  t.match(await told((terminal) => memberProposal(bea, "sign", terminal)), { event: "signed", charter: 5 });
  t.same(await identities(anna), await identities(bea), "both open both epochs");
  t.match(await told((terminal) => memberProposal(bea, "show", terminal)), { charter: null });
  await t.rejects(memberProposal(bea, "withdraw", quiet()), /No change waits/);
});

test("the drawn passphrase alone brings a member back to another computer, until it is removed", async (t) => {
  const at = { cloud: cloud.ready.text("http") };
  const other = { ...at, passphrase: "able ".repeat(7) };
  t.match(await told((terminal) => memberRecovery(anna, "show", terminal)), { madeAt: null });
  const { passphrase: earlier } = await told((terminal) => memberRecovery(anna, "new", terminal));
  const { passphrase } = await told((terminal) => memberRecovery(anna, "new", terminal));
  const back = join(folder, "back");
  const restore = (words: unknown) => memberRestore(back, { ...at, passphrase: `${words}` }, quiet());
  await t.rejects(restore(earlier), /No member of this cloud has that passphrase/);
  await t.rejects(memberRestore(back, other, quiet()), /No member of this cloud/);
  await t.rejects(memberRestore(back, { passphrase: `${passphrase}` }, quiet()), /needs the cloud's address/);
  await restore(` ${passphrase}\n`.toUpperCase());
  t.same(loadProfile(back)?.seed, loadProfile(anna)?.seed);
  const stored =
    readFileSync(join(places.cloud, "cloud.db"), "latin1") +
    readFileSync(join(places.cloud, "cloud.db-wal"), "latin1");
  for (const word of [`${passphrase}`, sheetOf(needProfile(anna)).slice(-60)])
    t.notOk(stored.includes(word), "the cloud has neither words nor seed");
  await memberRecovery(anna, "remove", quiet());
  await t.rejects(memberRecovery(anna, "remove", quiet()), /Nothing is at this address/);
  await t.rejects(
    memberRestore(join(folder, "late"), { ...at, passphrase: `${passphrase}` }, quiet()),
    /No member/,
  );
});

test("an owner is not shut out unasked, and a withdrawn change leaves nothing", async (t) => {
  const less = { member: "Bea", role: "guest", camera: [] } as const;
  await t.rejects(memberChange(anna, less, quiet()), /needs the signature of Bea/);
  const shown = await told((terminal) => memberProposal(bea, "show", terminal));
  t.match(shown.changes, [/Bea .* is guest, not owner/, /sees no camera/, /key of epoch 3/]);
  t.match(await told((terminal) => memberProposal(bea, "withdraw", terminal)), { event: "withdrawn" });
  t.match(await told((terminal) => memberRules(bea, {}, terminal)), { change: "all-owners", charter: 5 });
  t.equal(JSON.stringify(await identities(bea)).match(/AGE-SECRET-KEY/g)?.length, 2);
});

test("an invitation brings the newcomer's keys to the owner by itself, and the fingerprint decides whose they are", async (t) => {
  const [fay, gil] = [join(folder, "fay"), join(folder, "gil")];
  const ida = join(folder, "ida");
  await memberInit(ida, { cloud: cloud.ready.text("http"), name: "Ida" }, quiet());
  const listed = async () => {
    const all: Record<string, unknown>[] = [];
    await memberInvitations(
      ida,
      {},
      quiet((value) => all.push(value)),
    );
    return all;
  };
  await t.rejects(memberInvite(ida, { hours: 169 }, quiet()), /7 days at most/);
  const made = await told((terminal) => memberInvite(ida, { hours: 1, role: "adult" }, terminal));
  t.match(await listed(), [{ id: made.id, state: "waiting", role: "adult" }]);
  const invitation = `${made.invitation}`;
  const joined = await told((terminal) => memberJoin(fay, { invitation, name: "Fay" }, terminal));
  t.match(joined, { answered: true });
  t.same(await told((terminal) => memberJoin(fay, { invitation, name: "Fay" }, terminal)), joined);
  t.match(await told((terminal) => memberJoin(gil, { invitation, name: "Gil" }, terminal)), {
    answered: false,
  });
  const { fingerprint } = joined;
  t.match(await listed(), [
    { state: "answered", newcomer: { name: "Fay", fingerprint }, contestedAt: String },
  ]);

  const add = (options: object, agreed?: (question: string) => Promise<boolean>) =>
    memberAdd(ida, { newcomer: "Fay", role: "adult", ...options }, quiet(undefined, agreed));
  await t.rejects(add({ newcomer: "Gil" }), /Nobody called "Gil" has answered/);
  await t.rejects(add({ newcomer: `${joined.newcomer}`.slice(0, -9) }), /not a newcomer's whole line/);
  await t.rejects(add({ yes: true }), /compared each time/);
  await t.rejects(add({ fingerprint: "aaaa-aaaa-aaaa-aaaa" }), /Nothing was signed: the fingerprints differ/);
  await t.rejects(
    add({}, async (question) => !question.includes(`${fingerprint}`)),
    /Nothing was signed/,
  );
  await add({ yes: true, fingerprint: ` ${fingerprint}`.toUpperCase() });
  t.match(await listed(), [{ state: "joined" }]);
  await t.rejects(memberInvitations(fay, {}, quiet()), /Only an owner/);

  const next = await told((terminal) => memberInvite(ida, { hours: 1 }, terminal));
  await memberInvitations(ida, { action: "revoke", invitation: `${next.id}` }, quiet());
  const late = { invitation: `${next.invitation}`, name: "Gil" };
  t.match(await told((terminal) => memberJoin(gil, late, terminal)), { answered: false });
  await t.rejects(
    memberInvitations(ida, { action: "revoke", invitation: `${next.id}` }, quiet()),
    /Nothing is at this address/,
  );
});

test("whoever joins sees what the charter says; a camera gets new keys and leaves; an owner stays", async (t) => {
  const own = placesIn(join(folder, "own"));
  const [dan, eve] = [own.member, join(folder, "eve")];
  await settle(own, cloud.ready.text("http"), "scene:seed=1,size=320x180,fps=10");
  const { invitation } = await told((terminal) => memberInvite(dan, byHand, terminal));
  const whole = `${invitation}`;
  await t.rejects(
    memberJoin(eve, { invitation: whole.slice(0, -5), name: "Eve" }, quiet()),
    /not a whole invitation/,
  );
  const { newcomer } = await told((terminal) =>
    memberJoin(eve, { invitation: whole, name: "Eve" }, terminal),
  );
  await t.rejects(memberCameras(eve, quiet()), "nobody has signed her in");
  await memberAdd(dan, { newcomer: `${newcomer}`, role: "adult" }, quiet());
  t.equal(JSON.stringify(await identities(eve)).match(/AGE-SECRET-KEY/g)?.length, 1);
  const change = (options: ChangeOptions) =>
    told((terminal) => memberChange(dan, { member: "Eve", ...options }, terminal));
  await t.rejects(change({}), /Say what changes/);
  await t.rejects(change({ role: "owner", camera: ["Front door"] }), /An owner sees every camera/);
  await t.rejects(change({ camera: ["Back door"] }), /no camera "Back door"/);
  t.match(await change({ role: "guest", camera: ["Front door"] }), { role: "guest", sees: { length: 1 } });
  t.notMatch(await change({ role: "adult", allCameras: true }), { sees: Array });
  t.same(await identities(eve), await identities(dan), "the key stayed");
  const settings = { camera: "Front door", audio: "on", masks: true, zones: true, wait: 1 } as const;
  await t.rejects(memberCamera(eve, settings, quiet()), /Only an owner/);
  t.match(await change({ camera: [] }), { sees: [] });
  t.match(await told((terminal) => memberCameras(eve, terminal)), {}, "she sees none");
  await t.rejects(identities(eve), /no camera|not there|Nothing/);

  const keys = (which: string, act: "rotate" | "remove", agreed = true) =>
    memberCameraKeys(
      dan,
      { camera: which, change: act },
      quiet(undefined, async () => agreed),
    );
  await keys("Front door", "rotate");
  t.equal(JSON.stringify(await identities(dan)).match(/AGE-SECRET-KEY/g)?.length, 3, "old and new");
  await t.rejects(keys("Back door", "rotate"), /no camera "Back door"/);
  await t.rejects(keys("Front door", "remove", false), /Nothing was signed/);
  await keys("Front door", "remove");
  t.match(await told((terminal) => memberCameras(dan, terminal)), {}, "none is left");
  await memberRemove(dan, "Eve", quiet());
  await t.rejects(memberCameras(eve, quiet()), "out at once");
  await t.rejects(memberRemove(dan, "Anna", quiet()), /at least one/);
  await t.rejects(memberRemove(dan, "Bert", quiet()), /no member "Bert"/);
});

test("a mode order is signed, shown, and not called obeyed before the camera says so", async (t) => {
  const mode = (options: Partial<ModeOptions>) =>
    told((terminal) => memberMode(anna, { camera: "Front door", wait: 1, ...options }, terminal));
  await t.rejects(mode({ mode: "off" }), /signed, but camera \S+ has not said that it obeys/);
  const at = [parseTurns("mon-fri 08:00 off"), parseTurns("mon-fri 17:30 record")].flatMap((turns) =>
    turns.ok ? [turns.value] : [],
  );
  await t.rejects(mode({ at }), /--time-zone/);
  await t.rejects(mode({ at, zone: "Europe/Berlin" }), /has not said/);
  t.match(await mode({}), { zone: "Europe/Berlin" });
  const allowed = { camera: "Front door", modes: ["record"], masks: true, zones: true, wait: 1 } as const;
  await t.rejects(memberCamera(anna, allowed, quiet()), /needs the signature of Bea/);
  await memberProposal(bea, "sign", quiet());
  await t.rejects(mode({ mode: "detect" }), /does not allow the camera the mode "detect"/);
});
