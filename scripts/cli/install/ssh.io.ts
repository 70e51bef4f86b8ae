import { spawn } from "node:child_process";
import { createReadStream, statSync } from "node:fs";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import type { InstallOptions } from "./install.io.js";

export interface SshOptions extends InstallOptions {
  /** As ssh takes it: `user@board`, or a name from its configuration. */
  readonly target: string;
  /** The camera's Debian package; without it the board must have it already. */
  readonly package?: string;
  readonly json?: boolean;
}

/** ssh's own exit code when it did not get through. */
const notReached = 255;
/** In the home of whoever logs in: nobody else of the board can put a file in its place. */
const packageThere = "./lintel-camera.deb";
/** Becomes root where the person who logs in is not. */
const asRoot = 'if [ "$(id -u)" = 0 ]; then set -- "$@"; else set -- sudo "$@"; fi; exec "$@"';

/** Installs a board from a laptop, by the ssh that is there: its keys, its known hosts, its questions. Answers the board's exit code. */
export async function installOverSsh(options: SshOptions, terminal: Terminal): Promise<number> {
  const { target, claim } = options;
  if (target.startsWith("-")) throw new Refused(`"${target}" is no address: user@board, as ssh takes it.`);
  if (options.package !== undefined) await sendPackage(target, options.package, terminal);
  terminal.progress(`${target}: lintel install …`);
  // The claim goes by standard input: a command line is there for every user of the board to read.
  const code = await remotely(target, ["lintel", "install", "--claim", "-", ...flagsOf(options)], claim);
  if (code === 127)
    throw new Refused(
      `${target} has no lintel command. Build its package (npm run image) and give it: --package FILE`,
    );
  return code;
}

function flagsOf({ state, source, ffmpeg, test, json }: SshOptions): readonly string[] {
  const named = Object.entries({ "--state": state, "--source": source, "--ffmpeg": ffmpeg });
  const given = named.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]));
  return [...given, ...(test ? [] : ["--no-test"]), ...(json ? ["--json"] : [])];
}

async function sendPackage(target: string, path: string, terminal: Terminal): Promise<void> {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true)
    throw new Refused(`There is no package ${path}. npm run image builds one and says where.`);
  terminal.progress(`${target}: sending the package …`);
  const sent = await ssh(target, `cat > ${packageThere}`, createReadStream(path));
  if (sent !== 0) throw new Refused(`The package could not be copied to ${target} (exit code ${sent}).`);
  terminal.progress(`${target}: installing the package …`);
  const code = await remotely(target, ["apt-get", "install", "--yes", "--quiet", packageThere], "");
  await ssh(target, `rm -f ${packageThere}`, "");
  if (code !== 0)
    throw new Refused(
      `The package does not install on ${target} (exit code ${code}); the reason is above. It needs Node 20.19 or newer and ffmpeg there.`,
    );
}

function remotely(target: string, command: readonly string[], input: string): Promise<number> {
  return ssh(target, `set -- ${command.map(quoted).join(" ")}; ${asRoot}`, input);
}

/** Runs a line in the board's shell; its output and ssh's questions are ours. Throws where the board is not reached. */
async function ssh(target: string, line: string, input: string | NodeJS.ReadableStream): Promise<number> {
  const child = spawn("ssh", ["--", target, line], { stdio: ["pipe", "inherit", "inherit"] });
  child.stdin.on("error", () => undefined); // who reads no further has said why
  if (typeof input === "string") child.stdin.end(input);
  else input.pipe(child.stdin);
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => resolve(status ?? notReached));
  }).catch((error: NodeJS.ErrnoException) => {
    throw new Refused(
      error.code === "ENOENT"
        ? "This computer has no ssh. Install it: apt-get install openssh-client"
        : error.message,
    );
  });
  if (code === notReached)
    throw new Refused(`${target} was not reached by ssh; its reason is above. Try: ssh ${target}`);
  return code;
}

/** One word for a POSIX shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
