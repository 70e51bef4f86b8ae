// A board installed from a laptop: over a real sshd on loopback, by the real ssh.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { homedir, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import t, { test } from "tap";
import { freePort } from "../../../shared/kernel/freeport.contract.js";
import { placesIn, quiet, startCloud } from "../../demo/home.io.js";
import { memberInit } from "../member/init.io.js";

t.setTimeout(120_000);

const lintel = fileURLToPath(new URL("../main.js", import.meta.url));
const sshd = ["/usr/sbin/sshd", "/usr/bin/sshd"].find((path) => existsSync(path));
const skip =
  (sshd === undefined && "there is no OpenSSH server (apt-get install openssh-server)") ||
  (spawnSync("ssh", ["-V"]).error !== undefined && "there is no ssh (apt-get install openssh-client)");
const folder = mkdtempSync(join(tmpdir(), "lintel-ssh-"));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

/** The board's programs: an apt-get that, instead of dpkg, makes the `lintel` of this build appear. */
const board = join(folder, "board");
const laptop = join(folder, "laptop");

function program(path: string, body: string): void {
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
}

async function startBoard(): Promise<{ readonly server: ChildProcess; readonly target: string }> {
  for (const path of [board, laptop]) mkdirSync(path);
  const file = (name: string): string => join(folder, name);
  for (const name of ["host", "person"])
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file(name)]);
  const makesLintel = `printf '#!/bin/sh\\nexec ${process.execPath} ${lintel} "$@"\\n' > ${board}/lintel; chmod 755 ${board}/lintel`;
  program(
    join(board, "apt-get"),
    `echo "$@" > ${file("apt.log")}; cmp ./lintel-camera.deb ${file("package.deb")} || exit 1; ${makesLintel}`,
  );
  program(join(board, "sudo"), 'exec "$@"');
  const port = await freePort();
  const known = file("known");
  writeFileSync(known, `[127.0.0.1]:${port} ${execFileSync("cat", [file("host.pub")])}`);
  writeFileSync(
    file("sshd_config"),
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${file("host")}`,
      `AuthorizedKeysFile ${file("person.pub")}`,
      `PidFile ${file("pid")}`,
      `SetEnv PATH=${board}:/usr/bin:/bin`,
      ...["StrictModes no", "UsePAM no", "PasswordAuthentication no", "PermitRootLogin yes"],
    ].join("\n"),
  );
  writeFileSync(
    file("ssh_config"),
    [
      "Host board",
      "HostName 127.0.0.1",
      `Port ${port}`,
      `User ${userInfo().username}`,
      `IdentityFile ${file("person")}`,
      `UserKnownHostsFile ${known}`,
      "IdentitiesOnly yes",
      "BatchMode yes",
      "Host gone",
      "HostName 127.0.0.1",
      "Port 1",
    ].join("\n"),
  );
  program(join(laptop, "ssh"), `exec /usr/bin/ssh -F ${file("ssh_config")} "$@"`);
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true });
  const server = spawn(sshd ?? "", ["-D", "-e", "-f", file("sshd_config")], { stdio: "ignore" });
  while (!(await answers(port))) await wait(50);
  return { server, target: "board" };
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const open = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  });
  socket.destroy();
  return open;
}

async function run(...args: readonly string[]) {
  const env = { ...process.env, PATH: `${laptop}:${process.env.PATH}` };
  const child = spawn(process.execPath, [lintel, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  const said = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => {
    said.out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said.err += text;
  });
  const [code] = await once(child, "close");
  return { code, ...said };
}

test("from a laptop one command installs package and camera on the board; what is amiss there is said here", {
  skip,
}, async (t) => {
  const { server, target } = await startBoard();
  t.teardown(() => server.kill());
  const places = placesIn(join(folder, "home"));
  const cloud = await startCloud(places, { http: 0, mqtt: 0 });
  t.teardown(() => cloud.stop());
  await memberInit(places.member, { cloud: cloud.ready.text("http"), name: "Anna" }, quiet());
  const owner = spawn(process.execPath, [
    lintel,
    "member",
    "claim",
    "--yes",
    "--json",
    "--profile",
    places.member,
  ]);
  t.teardown(() => owner.kill());
  const [line] = await once(createInterface({ input: owner.stdout }), "line");
  const { claim } = JSON.parse(`${line}`);
  const install = (to: string, ...more: readonly string[]) =>
    run(
      "install",
      "--claim",
      claim,
      "--ssh",
      to,
      "--no-test",
      "--source",
      "scene:seed=1,size=320x180,fps=10",
      "--state",
      places.camera,
      ...more,
    );

  t.match(await install("-oProxyCommand=true"), { code: 1, err: /is no address/ });
  t.match(await install("gone"), { code: 1, err: /not reached by ssh.*Try: ssh gone/s });
  t.match(await install(target), { code: 1, err: /has no lintel command.*--package/ });
  t.match(await install(target, "--package", join(folder, "none.deb")), {
    code: 1,
    err: /There is no package/,
  });
  writeFileSync(join(folder, "package.deb"), Buffer.alloc(300_000, "lintel"));
  const done = await install(target, "--package", join(folder, "package.deb"), "--json");
  t.match(done, { code: 0, out: /"event":"installed"/ }, done.err);
  t.ok(existsSync(join(places.camera, "charter.json")));
  t.notMatch(done.out + done.err, claim, "the claim's secret is on no screen");
  t.match(await run("install", "--claim", "lintel1.cut", "--ssh", target), {
    code: 1,
    err: /not a whole claim/,
  });
  t.notOk(existsSync(join(homedir(), "lintel-camera.deb")), "the copied package does not stay");
});
