import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "tap";
import { enrolled } from "../../../firmware/enrolled.contract.js";
import { readIfThere, writeDurably } from "../disk.io.js";
import { checkInstalled } from "./installed.io.js";

const names = [
  "identity/note.key",
  "identity/tls.key",
  "identity/tls.crt",
  "identity/ca.pem",
  "identity/cloud.json",
  "charter.json",
];

for (const name of names) {
  test(`doctor names a damaged ${name}, and one that is not there`, async (t) => {
    const { state } = await enrolled(t);
    writeFileSync(join(state, name), "damaged\n");
    const [finding, ...others] = await checkInstalled(state);
    t.match(finding, { state: "bad", check: "installation" });
    t.match(finding?.says, join(state, name));
    t.same(others, []);
    rmSync(join(state, name));
    t.match(await checkInstalled(state), [
      {
        state: "bad",
        says: name === "charter.json" ? /holds no installed camera/ : `Missing: ${join(state, name)}`,
      },
    ]);
  });
}

test("what is no file is refused by name, and nobody waits for what a pipe may bring", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "lintel-disk-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "member.json");
  t.equal(readIfThere(path), undefined);
  mkdirSync(path);
  t.throws(() => readIfThere(path), { message: new RegExp(`${path} is no file`) });
  rmSync(path, { recursive: true });
  execFileSync("mkfifo", [path]);
  t.throws(() => readIfThere(path), { message: new RegExp(`${path} is no file`) });
  t.end();
});

test("a file that cannot be written is named, and leaves no half behind", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "lintel-disk-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "member.json");
  mkdirSync(path);
  t.throws(() => writeDurably(path, "seed"), {
    message: new RegExp(`${path} cannot be written \\(EISDIR\\)`),
  });
  t.same(readdirSync(folder), ["member.json"]);
  t.end();
});
