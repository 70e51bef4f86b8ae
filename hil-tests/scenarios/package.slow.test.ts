import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Test, test } from "tap";
import { newRelease } from "../../shared/release/release.contract.js";
import { newIdentity, recipientOf, seal } from "../../shared/seal/age.js";

// An expert's computer: a sealed package, the request's key, stock age, tar and ffmpeg, no network, no profile, and `lintel verify`.

const lintel = fileURLToPath(new URL("../../scripts/cli/main.js", import.meta.url));

interface Bench {
  readonly folder: string;
  verify(...args: readonly string[]): {
    readonly code: number | null;
    readonly said: string;
    readonly warned: string;
  };
}

function bench(t: Test): Bench {
  const folder = mkdtempSync(join(tmpdir(), "lintel-package-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  // Without any network interface, where the system lets us take it away.
  const alone = spawnSync("unshare", ["-rn", "true"]).status === 0 ? ["unshare", "-rn"] : [];
  return {
    folder,
    verify(...args) {
      const [program = process.execPath, ...words] = [...alone, process.execPath, lintel, "verify", ...args];
      const env = { HOME: join(folder, "nobody"), PATH: process.env.PATH ?? "" };
      const { status, stdout, stderr } = spawnSync(program, words, { cwd: folder, env, encoding: "utf8" });
      return { code: status, said: stdout, warned: stderr };
    },
  };
}

test("a sealed package opens with stock age, verifies on a bare machine without a network, and plays", async (t) => {
  const { folder, verify } = bench(t);
  const release = newRelease({ audio: true });
  const identity = await newIdentity();
  writeFileSync(join(folder, "key.txt"), `${identity}\n`, { mode: 0o600 });
  writeFileSync(join(folder, "package.age"), await seal(release.tar, [await recipientOf(identity)]));
  writeFileSync(join(folder, "policy.txt"), release.log.policyText);
  const sealed = verify("package.age");
  t.equal(sealed.code, 1);
  t.match(sealed.warned, /still sealed\. Open it with the request's private key: age -d/);
  execFileSync("age", ["-d", "-i", "key.txt", "-o", "package.tar", "package.age"], { cwd: folder });
  const found = verify("package.tar", "--policy", "policy.txt");
  t.equal(found.code, 0, found.warned);
  t.match(found.said, /^Verified: release /);
  t.match(found.said, /seen by 2 of 2 witnesses/);
  const json = verify("package.tar", "--json");
  t.match(JSON.parse(json.said), { verified: true, log: { believed: false } });
  execFileSync("tar", ["-xf", "package.tar"], { cwd: folder });
  const clip = join(folder, "clips", `${release.slice.released.clip}.mp4`);
  const decoded = spawnSync("ffmpeg", ["-v", "error", "-xerror", "-i", clip, "-f", "null", "-"], {
    encoding: "utf8",
  });
  t.same([decoded.status, decoded.stderr], [0, ""]);
});

test("a damaged package, a wrong policy and wrong use each end in their own code", (t) => {
  const { folder, verify } = bench(t);
  const { tar, log } = newRelease();
  const damaged = tar.slice();
  damaged[40_000] = (damaged[40_000] ?? 0) ^ 1;
  writeFileSync(join(folder, "damaged.tar"), damaged);
  writeFileSync(join(folder, "good.tar"), tar);
  writeFileSync(join(folder, "policy.txt"), log.policyText.replace("quorum witnesses", "quorum everybody"));
  const refused = verify("damaged.tar");
  t.equal(refused.code, 1);
  t.match(refused.warned, /damaged\.tar does not verify\. .* Believe nothing in it\.\n$/);
  t.match(JSON.parse(verify("damaged.tar", "--json").said), { verified: false });
  t.match(verify("good.tar", "--policy", "policy.txt"), { code: 1, warned: /is no policy \(line \d+/ });
  t.equal(verify("absent.tar").code, 1);
  t.equal(verify().code, 2);
  t.equal(readFileSync(join(folder, "good.tar")).length, tar.length, "what is verified is left alone");
  t.end();
});
