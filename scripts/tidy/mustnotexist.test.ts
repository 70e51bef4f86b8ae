import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "tap";
import { call } from "../../cloud/api/testcalls.js";
import { openTestCloud } from "../../cloud/api/testing.js";
import { exceptions, forbiddenIn, type Operation, operationsOf, type Surface } from "./mustnotexist.js";

const project = fileURLToPath(new URL("../../..", import.meta.url)); // from .build/scripts/tidy/

/** Of a cloud with everything switched on. */
async function surfaceOfTheCloud(): Promise<Surface> {
  const cloud = await openTestCloud();
  try {
    const document = (await call(cloud, "GET", "/openapi.json")).body;
    const tables = await cloud.db.introspection.getTables();
    const columns = tables.flatMap(({ name, columns: own }) => own.map((column) => `${name}.${column.name}`));
    return { operations: operationsOf(document), columns };
  } finally {
    await cloud.close();
  }
}

const surface = await surfaceOfTheCloud();

test("nothing that must never exist is in the API or the database", (t) => {
  t.ok(surface.operations.length > 100, "the whole document was read");
  t.ok(
    surface.operations.some(({ freeText }) => freeText.includes("note")),
    "bodies too",
  );
  t.ok(surface.columns.includes("camera.place"), "and the schema");
  t.same(forbiddenIn(surface, Object.keys(exceptions)), []);
  const found = forbiddenIn(surface);
  for (const [exception, why] of Object.entries(exceptions)) t.ok(found.includes(exception), why);
  t.end();
});

const body = (properties: object) => ({ content: { "application/json": { schema: { properties } } } });
const operation = (method: string, path: string, id: string, more: object = {}): Operation => {
  const [planted] = operationsOf({ paths: { [path]: { [method]: { operationId: id, ...more } } } });
  if (planted === undefined) throw new Error("nothing was planted");
  return planted;
};

test("each thing that must never exist is found where somebody plants it", (t) => {
  const planted: readonly (readonly [rule: string, Operation | string])[] = [
    ["a decline or seen endpoint", operation("post", "/v1/requests/{request}/decline", "declineRequest")],
    ["a decline or seen endpoint", operation("put", "/v1/requests/{request}/mark", "mark")],
    [
      "a decline or seen endpoint",
      operation("post", "/v1/feed/receipts", "x", { requestBody: body({ seenAt: {} }) }),
    ],
    ["a decline or seen endpoint", "request_answer.declined_at"],
    ["cameras by area", operation("get", "/agency/v1/cameras", "listCameras")],
    [
      "cameras by area",
      operation("get", "/agency/v1/reach", "reach", { parameters: [{ in: "query", name: "latitude" }] }),
    ],
    [
      "cameras by area",
      operation("get", "/public/v1/reach", "reach", { responses: { 200: body({ householdCount: {} }) } }),
    ],
    ["cameras by area", "camera.longitude"],
    ["agency-to-owner messages", operation("post", "/agency/v1/messages", "send")],
    [
      "agency-to-owner messages",
      operation("post", "/agency/v1/requests", "x", { requestBody: body({ appeal: { type: "string" } }) }),
    ],
    ["agency-to-owner messages", "message.text"],
    ["live view for non-members", operation("get", "/operator/v1/live/{camera}", "look")],
    [
      "live view for non-members",
      operation("get", "/s/{share}/now", "now", { responses: { 200: { content: { "video/mp4": {} } } } }),
    ],
    ["impersonation or staff media access", operation("post", "/operator/v1/impersonate", "become")],
    ["impersonation or staff media access", operation("get", "/operator/v1/clips/{clip}", "getClip")],
    [
      "impersonation or staff media access",
      operation("get", "/operator/v1/it", "it", { responses: { 200: { content: { "image/jpeg": {} } } } }),
    ],
    [
      "search by face, plate or clothing",
      operation("get", "/v1/clips", "listClips", { parameters: [{ in: "query", name: "face" }] }),
    ],
    ["search by face, plate or clothing", "clip.licence_plate"],
    ["bulk export by account", operation("get", "/agency/v1/households/{household}", "everything")],
    ["bulk export by account", operation("get", "/operator/v1/export", "everything")],
    ["edit or deletion of a published request", operation("delete", "/agency/v1/requests/{request}", "x")],
    ["edit or deletion of a published request", operation("post", "/operator/v1/it/{it}", "redactRequest")],
    [
      "a setting that agrees to future requests",
      operation("put", "/v1/household/rules", "x", { requestBody: body({ alwaysRelease: {} }) }),
    ],
    ["a setting that agrees to future requests", "household.auto_consent"],
  ];
  for (const [rule, one] of planted) {
    const added: Surface =
      typeof one === "string" ? { operations: [], columns: [one] } : { operations: [one], columns: [] };
    const where = typeof one === "string" ? one : one.name;
    const faults = forbiddenIn(added);
    t.ok(
      faults.some((fault) => fault.startsWith(`${rule}: ${where}`)),
      `${rule}: ${where}`,
    );
  }
  t.end();
});

test("a package that recognises bodies is refused in any package.json and in the lock", (t) => {
  const check = join(project, "scripts/tidy/biometrics.mjs");
  const run = (root: string) => spawnSync(process.execPath, [check], { cwd: root, encoding: "utf8" });
  t.equal(run(project).status, 0, run(project).stdout);
  const house = (own: object, locked: object): string => {
    const root = t.testdir({ package: {} });
    mkdirSync(join(root, "cloud"), { recursive: true });
    writeFileSync(join(root, "package.json"), JSON.stringify({ workspaces: ["cloud"] }));
    writeFileSync(join(root, "cloud/package.json"), JSON.stringify(own));
    writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages: locked }));
    return root;
  };
  for (const name of [
    "face-api.js",
    "@vladmandic/face-api",
    "deepface-node",
    "openalpr",
    "@x/biometric-auth",
  ]) {
    const direct = run(house({ dependencies: { [name]: "1.0.0" } }, {}));
    t.match(direct, { status: 1, stdout: `cloud/package.json: ${name}` });
    const deep = run(house({}, { [`node_modules/a/node_modules/${name}`]: {} }));
    t.match(deep, { status: 1, stdout: `package-lock.json: ${name}` });
  }
  t.equal(run(house({ devDependencies: { "type-interface": "1.0.0", surfaces: "1.0.0" } }, {})).status, 0);
  t.end();
});
