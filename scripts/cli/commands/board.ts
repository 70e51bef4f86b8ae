import { readFileSync } from "node:fs";
import type { Command } from "commander";
import type { DoctorOptions } from "../doctor/doctor.io.js";
import type { HomeBrokerOptions } from "../install/homebroker.io.js";
import type { InstallOptions } from "../install/install.io.js";
import { packagedState } from "../install/service.io.js";
import { exit, program } from "../program.js";
import { Refused } from "../refused.js";
import { openTerminal, type TerminalOptions } from "../terminal.io.js";
import { given } from "./arguments.js";

type InstallFlags = Omit<InstallOptions, "claim"> & { readonly claim?: string };

// Commands: what an installer types on a board. What a command does is loaded when it runs.

program
  .command("install")
  .description("make this board a camera of the household that shows the claim")
  .option(
    "--claim <text>",
    "the line that the owner's screen shows; - reads it from standard input (default: asks)",
  )
  .option("--state <dir>", "where the camera keeps its keys and recordings", packagedState)
  .option("--source <source>", "where the picture comes from (default: the camera that is there)")
  .option("--ffmpeg <path>", "use this ffmpeg and no other")
  .option("--no-test", "record no test clip and write no hand-over")
  .option("--home-broker <url>", "the home's MQTT broker, on which Home Assistant finds the doorbell")
  .option("--ssh <target>", "do it on that board (user@board), which has the camera's package")
  .option("--package <file>", "with --ssh: install this package there first")
  .option("--json", "results as JSON, one document a line")
  .action(
    async (
      options: InstallFlags & TerminalOptions & { readonly ssh?: string; readonly package?: string },
      command: Command,
    ) => {
      const terminal = openTerminal(options);
      const asked = options.claim ?? (await terminal.typed("The line that the owner's screen shows:"));
      if (asked === undefined) command.error("error: --claim TEXT is needed where nobody can be asked");
      const claim = asked === "-" ? readFileSync(0, "utf8") : asked;
      if (options.ssh !== undefined && options.homeBroker !== undefined)
        throw new Refused(
          `A password has no place on another board's command line. Afterwards: ssh ${options.ssh} sudo lintel home-broker - < FILE`,
        );
      if (options.ssh !== undefined)
        exit.code = await (await import("../install/ssh.io.js")).installOverSsh(
          { ...options, target: options.ssh, claim },
          terminal,
        );
      else if (options.package !== undefined)
        throw new Refused("--package is for another board: name it, --ssh user@board");
      else await (await import("../install/install.io.js")).install({ ...options, claim }, terminal);
    },
  );

program
  .command("home-broker")
  .description("show the doorbell to Home Assistant on the home's own MQTT broker, or take it off")
  .argument("[url]", "mqtt://USER:PASSWORD@HOST, mqtts://…; - reads it from standard input")
  .option("--off", "take the doorbell off it again")
  .option("--picture", "pictures of who is at the door go there too, unsealed")
  .option("--ca <file>", "the authority of a broker with a certificate of your own, PEM")
  .option("--state <dir>", "the installed camera's folder", packagedState)
  .option("--json", "results as JSON, one document a line")
  .action(async (url: string | undefined, options: HomeBrokerOptions & TerminalOptions) =>
    (await import("../install/homebroker.io.js")).homeBroker(
      { ...options, ...given({ url }) },
      openTerminal(options),
    ),
  );

program
  .command("reset")
  .description("wipe this board's keys and what waits on its card: it is then nobody's camera")
  .option("--state <dir>", "the installed camera's folder", packagedState)
  .option("--yes", "do not ask")
  .option("--json", "results as JSON, one document a line")
  .action(async (options: { readonly state: string } & TerminalOptions) =>
    (await import("../install/reset.io.js")).reset(options.state, openTerminal(options)),
  );

program
  .command("uninstall")
  .description("wipe the camera off this board, as reset does, and remove its package")
  .option("--root <dir>", "of another system's folder (for who builds images)", "/")
  .option("--yes", "do not ask")
  .option("--json", "results as JSON, one document a line")
  .action(async ({ root, ...options }: { readonly root: string } & TerminalOptions) =>
    (await import("../install/uninstall.io.js")).uninstall(root, openTerminal(options)),
  );

program
  .command("update")
  .description("install the camera's next package, if the release key of the installed one has signed it")
  .argument("<file>", "the package; its signature lies beside it, FILE.note")
  .option("--root <dir>", "of another system's folder (for who builds images)", "/")
  .option("--json", "results as JSON, one document a line")
  .action(async (file: string, { root, ...options }: { readonly root: string } & TerminalOptions) =>
    (await import("../install/update.io.js")).update({ file, root }, openTerminal(options)),
  );

program
  .command("doctor")
  .description("tell what works on this board (exit code 0: all, 1: with warnings, 2: it does not work)")
  .option("--state <dir>", "an installed camera's folder")
  .option("--source <source>", "try this camera")
  .option("--ffmpeg <path>", "use this ffmpeg and no other")
  .option("--json", "findings as JSON, one a line")
  .action(async (options: DoctorOptions & TerminalOptions) => {
    exit.code = await (await import("../doctor/doctor.io.js")).doctor(options, openTerminal(options));
  });
