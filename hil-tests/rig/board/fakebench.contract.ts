// A bench that is not there: relays with a web address, and two sshd on loopback, one of them a board on which the real firmware runs.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { pressBell } from "../../../scripts/cli/bell.io.js";
import { type Program, startProgram } from "../../../scripts/demo/program.io.js";
import { freePort } from "../../../shared/kernel/freeport.contract.js";

const lintel = fileURLToPath(new URL("../../../scripts/cli/main.js", import.meta.url));
const sshd = ["/usr/sbin/sshd", "/usr/bin/sshd"].find((path) => existsSync(path));
export const boardNumber = "10000000a1b2c3d4";

/** Why there can be no such bench here, or false. */
export const noBench =
  (sshd === undefined && "there is no OpenSSH server (apt-get install openssh-server)") ||
  (process.getuid?.() !== 0 &&
    "a board's folders are put over this machine's own in a mount name space: root only");

export interface Bench {
  readonly folder: string;
  readonly sshConfig: string;
  /** Of the relays: `/power/on`, `/button/off`, and `/silent`, which never answers. */
  readonly relays: string;
  /** What the relays were asked, and what was run on router and screen, in order. */
  readonly words: string[];
  hasPower(): boolean;
  runsFirmware(): boolean;
  /** As a board that was set up anew. */
  changeHostKey(): void;
  close(): Promise<void>;
}

export async function openBench(): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), "lintel-bench-"));
  for (const name of ["state", "etc", "etcwork", "unit", "bin", "benchbin"]) mkdirSync(join(folder, name));
  for (const name of ["board", "bench", "person", "other"])
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
  const ports = { board: await freePort(), bench: await freePort() };
  writeSshConfig(folder, ports);
  const board = fakeBoard(folder, ports.board);
  const words: string[] = [];
  const relays = createServer((request, response) => {
    const [what = "", ...rest] = (request.url ?? "/").split("/").slice(1).map(decodeURIComponent);
    if (what === "silent") return;
    if (what !== "systemctl") words.push([what, ...rest].join(" "));
    const answer = board.answers[what] ?? (async () => "");
    answer(rest).then(
      (text) => response.end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await once(relays.listen(0, "127.0.0.1"), "listening");
  const bound = relays.address();
  const url = `http://127.0.0.1:${typeof bound === "object" ? bound?.port : 0}`;
  writePrograms(folder, url);
  const bench = await startSshd(folder, "bench", ports.bench);
  await board.power(true);
  return {
    ...{ folder, words, relays: url, sshConfig: join(folder, "ssh_config") },
    hasPower: board.hasPower,
    runsFirmware: board.runsFirmware,
    changeHostKey: () => writeKnownHosts(folder, ports, "other"),
    async close() {
      await board.power(false);
      bench.kill("SIGKILL");
      await once(bench, "close");
      relays.closeAllConnections();
      relays.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What the board's systemd and the relays on its wires do, by the first word that they are asked with. */
function fakeBoard(folder: string, port: number) {
  const file = (name: string): string => join(folder, name);
  const parts: { firmware?: Program; board?: ChildProcess } = {};
  const end = async (how: "stop" | "kill"): Promise<void> => {
    const { firmware } = parts;
    delete parts.firmware;
    await firmware?.[how]();
  };
  const start = async (): Promise<void> => {
    await end("stop");
    parts.firmware = await startProgram({
      ...{ name: "camera", main: "firmware/main.js" },
      environment: { ...dropInOf(folder), LINTEL_STATE: file("state") },
      // Its last words may come when the bench is gone.
      onLine: (line) => existsSync(folder) && appendFileSync(file("console.log"), `${line}\n`),
    });
  };
  const change = async (on: boolean): Promise<void> => {
    if (on === (parts.board !== undefined)) return;
    if (on) {
      writeFileSync(file("console.log"), "");
      parts.board = await startBoard(folder, port);
      if (existsSync(file("enabled"))) await start();
      return;
    }
    await end("kill");
    parts.board?.kill("SIGKILL");
    if (parts.board) await once(parts.board, "close");
    delete parts.board;
  };
  let changing = Promise.resolve();
  const power = (on: boolean): Promise<void> => {
    changing = changing.then(() => change(on));
    return changing;
  };
  const systemd: Readonly<Record<string, () => Promise<unknown>>> = {
    async enable() {
      writeFileSync(file("enabled"), "");
      await start();
    },
    stop: () => end("stop"),
    show: async () => `${parts.firmware?.pid ?? 0}\n`,
  };
  const answers: Readonly<Record<string, (rest: readonly string[]) => Promise<string>>> = {
    systemctl: async ([verb = ""]) => `${(await systemd[verb]?.()) ?? ""}`,
    // A relay answers at once; the board takes its time to start.
    async power([state]) {
      const changed = power(state === "on");
      if (state === "off") await changed;
      return "";
    },
    async button([state]) {
      if (parts.firmware) await pressBell(file("state"), [state === "on" ? "press down" : "press up"]);
      return "";
    },
  };
  return {
    power,
    answers,
    hasPower: () => parts.board !== undefined,
    runsFirmware: () => parts.firmware !== undefined,
  };
}

/** The settings that the rig gives the service. */
function dropInOf(folder: string): Readonly<Record<string, string>> {
  const path = join(folder, "etc/systemd/system/lintel-camera.service.d/rig.conf");
  const settings = existsSync(path) ? (readFileSync(path, "utf8").match(/LINTEL_\w+=\S+/g) ?? []) : [];
  return Object.fromEntries(settings.map((one) => one.split("=")));
}

interface Ports {
  readonly board: number;
  readonly bench: number;
}

function writeSshConfig(folder: string, ports: Ports): void {
  writeKnownHosts(folder, ports, "board");
  const host = (name: string, port: number): readonly string[] => [
    `Host ${name}`,
    "HostName 127.0.0.1",
    `Port ${port}`,
  ];
  const all = [
    ...["Host *", `User ${userInfo().username}`, `IdentityFile ${join(folder, "person")}`],
    ...["IdentitiesOnly yes", `UserKnownHostsFile ${join(folder, "known")}`],
  ];
  const hosts = [
    host("board", ports.board),
    host("router", ports.bench),
    host("screen", ports.bench),
    host("gone", 1),
  ];
  writeFileSync(join(folder, "ssh_config"), [...all, ...hosts.flat()].join("\n"));
}

function writeKnownHosts(folder: string, ports: Ports, boardKey: string): void {
  const key = (name: string): string => readFileSync(join(folder, `${name}.pub`), "utf8");
  const known = [`[127.0.0.1]:${ports.board} ${key(boardKey)}`, `[127.0.0.1]:${ports.bench} ${key("bench")}`];
  writeFileSync(join(folder, "known"), known.join(""));
}

function writePrograms(folder: string, url: string): void {
  const program = (path: string, body: string): void =>
    writeFileSync(join(folder, path), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  const asked = `fetch("${url}/" + process.argv.slice(1).map(encodeURIComponent).join("/")).then(async (answer) => { process.stdout.write(await answer.text()); process.exitCode = answer.ok ? 0 : 1; })`;
  const ask = (...words: readonly string[]): string =>
    `exec ${process.execPath} -e '${asked}' ${words.join(" ")} "$@"`;
  program("bin/systemctl", ask("systemctl"));
  program(
    "bin/journalctl",
    `case "$*" in *"-n 0"*) n=0;; *) n=+1;; esac\nexec tail -n $n -F ${join(folder, "console.log")}`,
  );
  program("bin/lintel", `exec ${process.execPath} ${lintel} "$@"`);
  program("bin/id", 'case "$*" in *lintel*) echo 0;; *) exec /usr/bin/id "$@";; esac');
  for (const name of ["nft", "tc", "play"]) program(`benchbin/${name}`, ask(name));
  writeFileSync(join(folder, "etc/machine-id"), `${boardNumber}\n`);
  writeFileSync(join(folder, "unit/lintel-camera.service"), "");
}

/** Its sshd in name spaces of its own: where a board has its folders there are ours, and all that runs there goes with its first process. */
async function startBoard(folder: string, port: number): Promise<ChildProcess> {
  const file = (name: string): string => join(folder, name);
  const mounts = [
    "mount -t tmpfs run /run && mkdir -p /run/systemd/system /run/sshd",
    `mount -t overlay -o lowerdir=/etc,upperdir=${file("etc")},workdir=${file("etcwork")} etc /etc`,
    `mount -t overlay -o lowerdir=${file("unit")}:/lib/systemd/system units /lib/systemd/system`,
    `mount -t tmpfs lib /var/lib && mkdir /var/lib/lintel && mount --bind ${file("state")} /var/lib/lintel`,
  ];
  const inside = [
    "unshare",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "sh",
    "-ec",
    `${mounts.join("\n")}\nexec "$0" "$@"`,
  ];
  return startSshd(folder, "board", port, inside);
}

async function startSshd(
  folder: string,
  name: "board" | "bench",
  port: number,
  inside: readonly string[] = [],
): Promise<ChildProcess> {
  const config = join(folder, `${name}.conf`);
  writeFileSync(
    config,
    [
      ...[`Port ${port}`, "ListenAddress 127.0.0.1", `HostKey ${join(folder, name)}`, "PidFile none"],
      ...[`AuthorizedKeysFile ${join(folder, "person.pub")}`, "StrictModes no", "UsePAM no"],
      ...["PasswordAuthentication no", "PermitRootLogin yes", "MaxStartups 100"],
      `SetEnv PATH=${join(folder, name === "board" ? "bin" : "benchbin")}:/usr/bin:/bin`,
    ].join("\n"),
  );
  mkdirSync("/run/sshd", { recursive: true });
  const [program = "", ...args] = [...inside, sshd ?? "", "-D", "-e", "-f", config];
  const child = spawn(program, args, { stdio: "ignore" });
  const killed = (): void => void child.kill("SIGKILL");
  process.once("exit", killed);
  child.once("close", () => process.off("exit", killed));
  while (!(await answers(port))) await wait(50);
  return child;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const open = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  });
  socket.destroy();
  return open;
}
