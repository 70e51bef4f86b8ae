import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { fieldsOf } from "../../../scripts/cli/fields.js";
import { packagedState, service } from "../../../scripts/cli/install/service.io.js";
import { later } from "../../../scripts/cli/later.js";
import { memberClaim } from "../../../scripts/cli/member/claim.io.js";
import { Refused } from "../../../scripts/cli/refused.js";
import { quiet } from "../../../scripts/demo/home.io.js";
import type { HouseWish } from "../rig.js";
import type { RigConfig } from "./config.js";
import { type Following, openSsh, quoted, type SshHost } from "./ssh.io.js";

const lookMillis = 500;
const installSecondsMax = 300;
/** Of the rig alone; taken away again when a story is over. */
const dropIn = `/etc/systemd/system/${service}.d/rig.conf`;

/** The board as the rig reaches it. */
export interface Board {
  readonly host: SshHost;
  /** Waits until it can be reached, and makes sure that it is the one of rig.yaml. */
  awaken(): Promise<void>;
  /** Wipes whatever camera it is, and makes it one of the household that the member's profile owns. */
  provision(profile: string, house: HouseWish): Promise<void>;
  /** Hands on what the camera logs: from now on, or from its last start on. */
  follow(since: "now" | "boot", onLine: (line: string) => void): Following;
  /** Copies the sealed clips on its card into the folder, as they are now. */
  mirror(folder: string): Promise<void>;
  read(): Promise<{ readonly memoryBytes: number; readonly openFiles: number }>;
  /** It is nobody's camera again, and nothing of the rig is left there. */
  wipe(): Promise<void>;
}

export function openBoard({ id, board }: Pick<RigConfig, "id" | "board">): Board {
  const host = openSsh(board, "the board");
  const wipe = async (): Promise<void> => {
    await host.run(
      `systemctl stop ${service}; rm -f ${dropIn}; systemctl daemon-reload; ! test -e ${packagedState}/charter.json || lintel reset --yes --state ${packagedState}`,
    );
  };
  return {
    host,
    wipe,
    async awaken() {
      await untilAnswers(host, board.bootSeconds);
      const found = await host.run("cat /proc/device-tree/serial-number 2> /dev/null || cat /etc/machine-id");
      const number = found.replaceAll("\0", "").trim();
      if (number !== id)
        throw new Refused(
          `This rig.yaml is for the board ${id}, but at ${board.target} is ${number}: it is another rig's file, or the board was exchanged. Nothing was done to it.`,
        );
    },
    async provision(profile, { preRoll, postRoll }) {
      await wipe();
      const settings = `[Service]\\nEnvironment=LINTEL_PREROLL=${preRoll} LINTEL_POSTROLL=${postRoll}\\n`;
      await host.run(
        `mkdir -p $(dirname ${dropIn}) && printf '${settings}' > ${dropIn} && systemctl daemon-reload`,
      );
      await install(host, profile, board.source);
    },
    follow(since, onLine) {
      const which = since === "now" ? "-n 0" : "-b -n all";
      return host.follow(`journalctl -f ${which} -o cat -u ${service}`, onLine);
    },
    async mirror(folder) {
      // Files that come or go meanwhile are another look's business: tar says so with 1.
      const line = `cd ${packagedState} && mkdir -p journal/clips && { tar -c journal/clips || test $? = 1; }`;
      const archive = await host.bytes(line);
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      const unpacked = spawnSync("tar", ["-x", "-C", folder], { input: archive });
      if (unpacked.status !== 0) throw new Error(`The board's clips came damaged: ${unpacked.stderr}`);
    },
    async read() {
      const line = `p=$(systemctl show -p MainPID --value ${service}) && grep VmRSS /proc/$p/status && ls /proc/$p/fd | wc -l`;
      const [memory = "", files = ""] = (await host.run(line)).split("\n");
      return { memoryBytes: Number(/(\d+) kB/.exec(memory)?.[1]) * 1024, openFiles: Number(files) };
    },
  };
}

async function untilAnswers(host: SshHost, secondsMax: number): Promise<void> {
  const deadline = performance.now() + secondsMax * 1_000;
  while (!(await host.answers())) {
    // The last try says why, in a sentence.
    if (performance.now() > deadline) await host.run("true");
    await wait(lookMillis);
  }
}

/** By the very commands that people type; the fingerprints on both screens are compared here, too. */
async function install(host: SshHost, profile: string, source: string): Promise<void> {
  const claimed = later<string>();
  const shown = later<string>();
  const owner = quiet(
    (value) => "claim" in value && claimed.resolve(`${value.claim}`),
    async (question) => question.includes(await shown.promise),
  );
  const options = { cameraName: "Front door", place: "outdoor", confirmMillis: 0 } as const;
  const claim = memberClaim(profile, options, owner);
  const text = await Promise.race([claimed.promise, claim.then(() => "")]);
  const words = `lintel install --claim - --no-test --json --source ${quoted(source)}`;
  const installing = host.run(words, {
    input: text, // a command line is there for every user of the board to read
    secondsMax: installSecondsMax,
    onLine(line) {
      const fingerprint = line.startsWith("{") && fieldsOf(JSON.parse(line), "line").maybeText("fingerprint");
      if (fingerprint) shown.resolve(fingerprint);
    },
  });
  await Promise.all([installing, claim]);
}
