import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Refused } from "../../../scripts/cli/refused.js";
import type { SshResource } from "./config.js";

export interface SshOptions {
  readonly input?: string;
  /** After which the command counts as hung. */
  readonly secondsMax?: number;
  /** Gets what it prints while it runs. */
  readonly onLine?: (line: string) => void;
}

/** A computer of the rig. Whatever runs there by this ends with us. */
export interface SshHost {
  /** Runs a line in a root shell there; answers what it printed. Throws `Refused` where it fails, hangs, or is not reached. */
  run(line: string, options?: SshOptions): Promise<string>;
  /** The same for bytes. */
  bytes(line: string, options?: SshOptions): Promise<Buffer>;
  /** Runs a line until it ends or is stopped, handing on what it prints. */
  follow(line: string, onLine: (line: string) => void): Following;
  /** Whether it answers now. */
  answers(): Promise<boolean>;
}

export interface Following {
  stop(): Promise<void>;
}

const secondsUsual = 60;
const connectSecondsMax = 5;
/** The near end gives up this much later than the far one, whose words are better. */
const graceSeconds = 5;
const timedOut = 124;
const notReached = 255;
const saidCharactersMax = 2_000;
const asRoot = 'if [ "$(id -u)" = 0 ]; then exec "$@"; else exec sudo -n "$@"; fi';

/** `what` names it in sentences: "the board". */
export function openSsh({ target, config }: SshResource, what: string): SshHost {
  const options = ["BatchMode=yes", "StrictHostKeyChecking=yes", `ConnectTimeout=${connectSecondsMax}`];
  const alive = ["ServerAliveInterval=5", "ServerAliveCountMax=2", "LogLevel=ERROR"];
  const flags = [...options, ...alive].flatMap((option) => ["-o", option]);
  const start = (line: string): ChildProcess =>
    spawn("ssh", [...(config === undefined ? [] : ["-F", config]), ...flags, "--", target, line], {
      stdio: ["pipe", "pipe", "pipe"],
    });
  const bytes = async (line: string, options: SshOptions = {}) => {
    const { input = "", secondsMax = secondsUsual, onLine } = options;
    const far = `set -- timeout ${secondsMax} sh -c ${quoted(line)}; ${asRoot}`;
    const child = start(far);
    if (onLine !== undefined && child.stdout !== null)
      createInterface({ input: child.stdout }).on("line", onLine);
    const { code, out, said } = await ended(child, input, secondsMax + connectSecondsMax + graceSeconds);
    if (code === 0) return out;
    throw new Refused(sentence({ code, said, what, target, line, secondsMax }));
  };
  return {
    bytes,
    run: async (line, more) => (await bytes(line, more)).toString("utf8"),
    answers: () =>
      ended(start("true"), "", connectSecondsMax + graceSeconds).then(
        ({ code }) => code === 0,
        () => false,
      ),
    follow(line, onLine) {
      // It reads what never comes: when we are gone its input ends, and it ends what it started.
      const tethered = `${line} & cat > /dev/null; kill $!`;
      const child = start(`set -- sh -c ${quoted(tethered)}; ${asRoot}`);
      if (child.stdout !== null) createInterface({ input: child.stdout }).on("line", onLine);
      child.stdin?.on("error", () => undefined);
      const over = new Promise<void>((resolve) =>
        child.once("close", () => resolve()).once("error", () => resolve()),
      );
      return {
        async stop() {
          child.stdin?.end();
          const timer = setTimeout(() => child.kill("SIGKILL"), graceSeconds * 1_000);
          await over;
          clearTimeout(timer);
        },
      };
    },
  };
}

interface Ended {
  /** `undefined` where we had to end it. */
  readonly code: number | undefined;
  readonly out: Buffer;
  readonly said: string;
}

function ended(child: ChildProcess, input: string, secondsMax: number): Promise<Ended> {
  const out: Buffer[] = [];
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString("utf8")).slice(-saidCharactersMax);
  });
  child.stdin?.on("error", () => undefined); // who reads no further has said why
  child.stdin?.end(input);
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, secondsMax * 1_000);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve({ code: late ? undefined : (code ?? notReached), out: Buffer.concat(out), said: said.trim() });
    });
  });
}

interface Failure {
  readonly code: number | undefined;
  readonly said: string;
  readonly what: string;
  readonly target: string;
  readonly line: string;
  readonly secondsMax: number;
}

function sentence({ code, said, what, target, line, secondsMax }: Failure): string {
  const short = line.length > 80 ? `${line.slice(0, 80)}…` : line;
  if (code === undefined || code === timedOut)
    return `${what} (${target}) hung for ${secondsMax} s at: ${short}. Look at its console, or switch it off and on.`;
  if (code !== notReached) return `${what} (${target}) could not do "${short}" (exit code ${code}): ${said}`;
  if (/HOST IDENTIFICATION HAS CHANGED|Host key verification failed/i.test(said))
    return `${what} (${target}) shows another host key than known_hosts has: it was set up anew, or it is another computer. If you know why: ssh-keygen -R ${target.replace(/^.*@/, "")}, then ssh ${target} once by hand.`;
  if (/Permission denied/i.test(said))
    return `${what} (${target}) lets none of this computer's ssh keys in. Try: ssh ${target}`;
  return `${what} (${target}) was not reached: ${said.split("\n").at(-1) || "ssh said no reason"}. Is it switched on and on the network?`;
}

/** One word for a POSIX shell. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
