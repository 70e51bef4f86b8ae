import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { firmwareVersion } from "../../firmware/config.js";
import { masksMax, zonesMax } from "../../shared/charter/areas.js";
import { allModes, allRoles, isName, type Mode, type Role } from "../../shared/charter/lines.js";
import { turnsMax } from "../../shared/charter/mode.js";
import { allSignatures } from "../../shared/charter/succession.js";
import type { Result } from "../../shared/kernel/result.js";
import { readNamed } from "./disk.io.js";
import { type DoctorOptions, doctor } from "./doctor/doctor.io.js";
import { UnexpectedAnswer } from "./fields.js";
import { Problem, Unreachable } from "./http.io.js";
import { type HomeBrokerOptions, homeBroker } from "./install/homebroker.io.js";
import { type InstallOptions, install } from "./install/install.io.js";
import { reset } from "./install/reset.io.js";
import { packagedState } from "./install/service.io.js";
import { installOverSsh } from "./install/ssh.io.js";
import { update } from "./install/update.io.js";
import { parseMask, parseZone } from "./member/areas.js";
import { type AuditOptions, memberAudit } from "./member/audit.io.js";
import { type CameraOptions, memberCamera } from "./member/camera.io.js";
import { memberCameras, memberExportIdentity } from "./member/cameras.io.js";
import { type ClaimOptions, memberClaim } from "./member/claim.io.js";
import { type ClipsOptions, memberClips, memberDelete } from "./member/clips.io.js";
import { memberExport } from "./member/export.io.js";
import { memberDeleteHousehold } from "./member/farewell.io.js";
import { type InitOptions, memberInit } from "./member/init.io.js";
import { memberAdd, memberInvite, memberJoin } from "./member/join.io.js";
import { memberKeep, memberRetention } from "./member/keep.io.js";
import {
  type ChangeOptions,
  memberCameraKeys,
  memberChange,
  memberList,
  memberRemove,
  type SightOptions,
} from "./member/members.io.js";
import { type ModeOptions, memberMode } from "./member/mode.io.js";
import { memberOpen } from "./member/open.io.js";
import { memberPasskeyAdd, memberPasskeyList, memberPasskeyRemove } from "./member/passkey.io.js";
import { memberPassphrase } from "./member/passphrase.io.js";
import { defaultProfileFolder } from "./member/profile.io.js";
import { memberProposal, memberRules, type RuleOptions } from "./member/proposal.io.js";
import { memberRecovery } from "./member/recovery.io.js";
import { memberRenewCamera } from "./member/renewal.io.js";
import { memberRestore, type RestoreOptions } from "./member/restore.io.js";
import { memberLogout, memberSessions, type SessionsOptions } from "./member/sessions.io.js";
import { memberShare, memberShares } from "./member/share.io.js";
import { memberThumbnail } from "./member/thumbnail.io.js";
import { memberToken, type TokenOptions } from "./member/token.io.js";
import { memberWatch } from "./member/watch.io.js";
import {
  memberWebhookAdd,
  memberWebhookList,
  memberWebhookRemove,
  memberWebhookReplay,
  memberWebhookTest,
} from "./member/webhook.io.js";
import { parseTurns } from "./member/week.js";
import { printable } from "./printable.js";
import { Refused } from "./refused.js";
import { openTerminal, type TerminalOptions } from "./terminal.io.js";

const exitCodes = { refused: 1, usage: 2 };
const clipsMax = 10_000;
const waitSecondsMax = 86_400;
const retentionDaysMax = 60;
const shareHoursMax = 30 * 24;
const cameraHelp = `
A mask or zone is 3 to 32 corners x,y in per cent of the picture from its upper left corner, with at most two decimals, in the
order in which one walks round it. What is given replaces all masks or all zones that there were: at most 16 of each.
  --mask "0,0 25.5,0 25.5,100 0,100"                      the left quarter is never recorded and never counts as motion
  --zone "0,50 100,50 100,100 0,100"                      motion counts in the lower half only
  --zone "0,0 100,0 100,40 0,40 sensitivity=0"            motion never counts in the upper part, but elsewhere it does
  --zone "0,0 50,0 50,100 0,100 sensitivity=70 size=2%"   quicker than the usual 50, for objects of 2 % of the picture or more
Where zones overlap, 0 wins, then the more sensitive.

Exit code: 0 the camera does so; 1 refused, or not confirmed in time; 2 used wrongly.`;
/** What a command's exit code says beyond done or refused. */
let found = 0;

type ModeFlags = Pick<ModeOptions, "at" | "wait"> & { readonly timeZone?: string };

interface Common {
  readonly profile: string;
  readonly json?: boolean;
  readonly yes?: boolean;
}

for (const stream of [process.stdout, process.stderr]) stream.on("error", leave);

const program = new Command("lintel")
  .description("Lintel, the video doorbell whose cloud cannot open the recordings it stores.")
  .addHelpText("after", "\nExit code: 0 done, 1 refused or failed, 2 used wrongly (doctor says its own).")
  .version(firmwareVersion)
  .exitOverride()
  .enablePositionalOptions()
  .showHelpAfterError("(--help shows how)");
const member = program.command("member").description("the household's side: claim, watch and open");

ofMember("init", "make your keys, and a household on a cloud")
  .requiredOption("--cloud <url>", "the cloud's address")
  .requiredOption("--name <name>", "your name, as the household sees it")
  .option("--household-name <name>", "stands on the recovery sheet, nowhere else")
  .option("--ca-hash <hash>", "hash of the cloud's own CA, from its operator")
  .action((options: Common & InitOptions) => memberInit(options.profile, options, openTerminal(options)));

ofMember("restore", "make this computer yours again from the recovery sheet, or the recovery passphrase")
  .option("--cloud <url>", "the cloud's address, where the sheet does not say it")
  .option("--household <id>", "the household, where the sheet does not say it")
  .option("--sheet <file>", "the sheet, or its words alone; - reads standard input", "-")
  .addOption(
    new Option("--passphrase <file>", "the recovery passphrase; - reads standard input").conflicts("sheet"),
  )
  .option("--ca-hash <hash>", "hash of the cloud's own CA, where the sheet does not say it")
  .action(({ passphrase, sheet, ...options }: Common & RestoreOptions) => {
    const [wanted, name] = [passphrase ?? sheet ?? "-", passphrase === undefined ? "sheet" : "passphrase"];
    if (wanted === "-" && process.stdin.isTTY)
      process.stderr.write(`Type the ${name}'s words, then Enter and Ctrl-D:\n`);
    const secret = { [name]: readNamed(wanted, `--${name}`) };
    return memberRestore(options.profile, { ...options, ...secret }, openTerminal(options));
  });

ofMember("recovery", "a passphrase that brings you back to another computer: draw a new one, or remove it")
  .addArgument(new Argument("[act]", "what to do").choices(["show", "new", "remove"]).default("show"))
  .action((act: "show" | "new" | "remove", options: Common) =>
    memberRecovery(options.profile, act, openTerminal(options)),
  );

ofMember("claim", "bring a camera into the household")
  .option("--camera-name <name>", "what the camera is called", "Front door")
  .addOption(
    new Option("--place <place>", "where it looks").choices(["outdoor", "indoor"]).default("outdoor"),
  )
  .option("--qr", "show the claim as a QR code too")
  .option("--yes", "the fingerprints were compared (for scripts)")
  .action((options: Common & ClaimOptions) => memberClaim(options.profile, options, openTerminal(options)));

ofMember("members", "who belongs to the household").action((options: Common) =>
  memberList(options.profile, openTerminal(options)),
);

ofMember("invite", "show the line with which somebody joins the household").action((options: Common) =>
  memberInvite(options.profile, openTerminal(options)),
);

ofMember("join", "make your keys for the household that invites you")
  .argument("<invitation>", "the line that an owner gave you")
  .requiredOption("--name <name>", "your name, as the household sees it")
  .action((invitation: string, options: Common & { readonly name: string }) =>
    memberJoin(options.profile, { ...options, invitation }, openTerminal(options)),
  );

ofMember("add", "sign somebody in who joins")
  .argument("<newcomer>", 'the line that "lintel member join" showed them')
  .addOption(
    new Option("--role <role>", "contacts see outdoor cameras only; owners sign charters")
      .choices(allRoles)
      .makeOptionMandatory(),
  )
  .option("--camera <camera>", "the only camera that they see; for several give it again", listed)
  .option("--yes", "the fingerprints were compared (for scripts)")
  .action((newcomer: string, options: Common & SightOptions & { readonly role: Role }) =>
    memberAdd(options.profile, { ...options, newcomer }, openTerminal(options)),
  );

ofMember(
  "change",
  "give a member another role, or other cameras to see; a camera that they lose gets a new key",
)
  .argument("<member>", "their id, or their name")
  .addOption(
    new Option("--role <role>", "contacts see outdoor cameras only; owners sign charters").choices(allRoles),
  )
  .option("--camera <camera>", "the only camera that they see; for several give it again", listed)
  .addOption(new Option("--all-cameras", "they see all that their role may see").conflicts("camera"))
  .action((wanted: string, options: Common & ChangeOptions) =>
    memberChange(options.profile, { ...options, member: wanted }, openTerminal(options)),
  );

ofMember("remove", "take a member out; cameras that they saw get new keys")
  .argument("<member>", "their id, or their name")
  .option("--yes", "do not ask")
  .action((wanted: string, options: Common) => memberRemove(options.profile, wanted, openTerminal(options)));

ofMember("rules", "whose signatures the household asks for, or other ones")
  .addOption(new Option("--change <whose>", "for the next charter").choices(allSignatures))
  .addOption(new Option("--release <whose>", "for a release to an agency").choices(allSignatures))
  .action((options: Common & RuleOptions) => memberRules(options.profile, options, openTerminal(options)));

ofMember("proposal", "the change that waits for owners' signatures: show, sign or withdraw it")
  .addArgument(new Argument("[act]", "what to do").choices(["show", "sign", "withdraw"]).default("show"))
  .option("--yes", "do not ask")
  .action((act: "show" | "sign" | "withdraw", options: Common) =>
    memberProposal(options.profile, act, openTerminal(options)),
  );

ofMember("cameras", "the household's cameras and how they are").action((options: Common) =>
  memberCameras(options.profile, openTerminal(options)),
);

const camera = ofMember(
  "camera",
  "show what a camera is told, or change it: signed by you, done when the camera confirms it",
)
  .argument("<camera>", "its id, or its name")
  .option("--name <name>", "call it so", named)
  .option(
    "--mask <corners>",
    "never record what lies inside; for several give it again",
    collect(parseMask, masksMax),
  )
  .addOption(new Option("--no-masks", "record the whole picture").conflicts("mask"))
  .option("--zone <corners>", "where motion counts; for several give it again", collect(parseZone, zonesMax))
  .addOption(new Option("--no-zones", "motion counts everywhere").conflicts("zone"))
  .addOption(
    new Option("--audio <state>", "record sound too, where the camera has any").choices(["on", "off"]),
  )
  .option(
    "--modes <modes>",
    "what it may do: off, detect, record, joined by commas; it does the most of them",
    modesOf,
  )
  .option("--wait <seconds>", "wait so long for the camera's confirmation", countUpTo(waitSecondsMax), 120)
  .addHelpText("after", cameraHelp)
  .action((camera: string, options: Common & CameraOptions) =>
    memberCamera(options.profile, { ...options, camera }, openTerminal(options)),
  )
  .helpCommand(false);

ofMember("rotate", "give it a new key: what it records from then on opens with that one only", camera)
  .argument("<camera>", "its id, or its name")
  .action((wanted: string, options: Common) =>
    memberCameraKeys(options.profile, { camera: wanted, change: "rotate" }, openTerminal(options)),
  );

ofMember("remove", "take it out of the household; its recordings stay", camera)
  .alias("retire")
  .argument("<camera>", "its id, or its name")
  .option("--yes", "do not ask")
  .action((wanted: string, options: Common) =>
    memberCameraKeys(options.profile, { camera: wanted, change: "remove" }, openTerminal(options)),
  );

ofMember("renew", "let it in again after its certificate ended in a drawer", camera)
  .argument("<camera>", "its id, or its name")
  .option("--refuse", "keep it out")
  .option("--yes", "the fingerprints were compared (for scripts)")
  .action((wanted: string, options: Common & { readonly refuse?: boolean }) =>
    memberRenewCamera(options.profile, { ...options, camera: wanted }, openTerminal(options)),
  );

ofMember(
  "mode",
  "show what a camera was told to do, or tell it: off, detect (tell of motion, keep nothing) or record",
)
  .argument("<camera>", "its id, or its name")
  .addArgument(new Argument("[mode]", "from now on").choices(allModes))
  .option(
    "--at <turn>",
    `a turn of the week, such as "mon-fri 08:00 off"; give it again for each`,
    collect(parseTurns, turnsMax),
  )
  .option("--time-zone <zone>", "in which the turns are meant, such as Europe/Berlin", zoneOf)
  .option("--wait <seconds>", "wait so long for the camera's word", countUpTo(waitSecondsMax), 120)
  .action((camera: string, mode: Mode | undefined, { timeZone: zone, ...options }: Common & ModeFlags) =>
    memberMode(
      options.profile,
      { ...options, camera, ...(mode && { mode }), ...(zone && { zone }) },
      openTerminal(options),
    ),
  );

ofMember("clips", "list recordings, newest first")
  .option("--limit <n>", "at most so many", countUpTo(clipsMax), 20)
  .option("--camera <id>", "of this camera only")
  .addOption(new Option("--trigger <trigger>", "what caused them").choices(["press", "motion"]))
  .option("--from <time>", "from this time on, such as 2026-11-21 or 2026-11-21T18:00Z", timeOf)
  .option("--to <time>", "before this time", timeOf)
  .action((options: Common & ClipsOptions) => memberClips(options.profile, options, openTerminal(options)));

ofMember("watch", "tell what arrives, until Ctrl-C").action((options: Common) =>
  memberWatch(options.profile, openTerminal(options)),
);

ofMember("open", "download a recording, verify it and write the MP4")
  .argument("<clip>", "the clip's id")
  .option("--out <file>", "where to write (default: <clip>.mp4)")
  .action((clip: string, options: Common & { readonly out?: string }) =>
    memberOpen(options.profile, { ...options, clip }, openTerminal(options)),
  );

ofMember("thumbnail", "download a recording's picture, verify it and write the JPEG")
  .argument("<clip>", "the clip's id")
  .option("--out <file>", "where to write (default: <clip>.jpg)")
  .action((clip: string, options: Common & { readonly out?: string }) =>
    memberThumbnail(options.profile, { ...options, clip }, openTerminal(options)),
  );

ofMember("delete", "delete a recording in the vault and on the camera")
  .argument("<clip>", "the clip's id")
  .option("--yes", "do not ask")
  .action((clip: string, options: Common) => memberDelete(options.profile, clip, openTerminal(options)));

ofMember("share", "let somebody outside see a recording for a while, by a link whose key the cloud never has")
  .argument("<clip>", "the clip's id")
  .option("--for <time>", "until then it opens, such as 24h or 7d, 30d at most", hoursOf, hoursOf("7d"))
  .option("--views <n>", "it opens so often, and then no more", countUpTo(1_000))
  .action((clip: string, options: Common & { readonly for: number; readonly views?: number }) =>
    memberShare(options.profile, { ...options, clip, hours: options.for }, openTerminal(options)),
  );

ofMember("shares", "links that still open and how often they were; revoke ends one at once")
  .addArgument(new Argument("[action]", "end one").choices(["revoke"]))
  .argument("[share]", "the link's id")
  .action((action: string | undefined, share: string | undefined, options: Common) =>
    memberShares(options.profile, given({ action, share }), openTerminal(options)),
  );

ofMember("keep", "keep a recording past your own number of days, up to the most that the cloud allows")
  .argument("<clip>", "the clip's id")
  .option("--off", "keep it no longer than the others")
  .action((clip: string, options: Common & { readonly off?: boolean }) =>
    memberKeep(options.profile, { ...options, clip }, openTerminal(options)),
  );

ofMember("retention", "show or change for how many days recordings are kept")
  .option("--days <n>", "from a recording's arrival until its key is destroyed", countUpTo(retentionDaysMax))
  .option("--yes", "do not ask")
  .action((options: Common & { readonly days?: number }) =>
    memberRetention(options.profile, options, openTerminal(options)),
  );

ofMember("audit", "who opened, looked at, kept or deleted which recording, newest first")
  .option("--limit <n>", "at most so many", countUpTo(clipsMax), 50)
  .option("--clip <id>", "of this recording only")
  .action((options: Common & AuditOptions) => memberAudit(options.profile, options, openTerminal(options)));

ofMember("export-identity", "print a camera's key for the stock age program")
  .option("--camera <id>", "which camera, when there are several")
  .action((options: Common & { readonly camera?: string }) =>
    memberExportIdentity(options.profile, options.camera, openTerminal(options)),
  );

const webhook = member.command("webhook").description("tell your own programs what happens at the door");
ofMember("add", "tell an address; its secret is shown once", webhook)
  .argument("<url>", "https, at a public address unless the cloud's operator allows others")
  .action((url: string, options: Common) => memberWebhookAdd(options.profile, url, openTerminal(options)));
ofMember("list", "the household's webhooks", webhook).action((options: Common) =>
  memberWebhookList(options.profile, openTerminal(options)),
);
ofMember("test", "send a message of the type test, and tell what was answered", webhook)
  .argument("<webhook>", "its id")
  .action((id: string, options: Common) => memberWebhookTest(options.profile, id, openTerminal(options)));
ofMember("replay", "send again what happened in the last days", webhook)
  .argument("<webhook>", "its id")
  .requiredOption("--since <time>", "from this time on, at most 7 days ago", timeOf)
  .action((id: string, options: Common & { readonly since: string }) =>
    memberWebhookReplay(options.profile, { id, ...options }, openTerminal(options)),
  );
ofMember("remove", "tell it nothing more", webhook)
  .argument("<webhook>", "its id")
  .action((id: string, options: Common) => memberWebhookRemove(options.profile, id, openTerminal(options)));

ofMember("sessions", "where you are signed in; revoke ends a session at once, everywhere")
  .addArgument(new Argument("[action]", "end one").choices(["revoke"]))
  .argument("[session]", "the session's id")
  .option("--all", "end all of them")
  .action((action: string | undefined, session: string | undefined, options: Common & SessionsOptions) =>
    memberSessions(options.profile, { ...options, ...given({ action, session }) }, openTerminal(options)),
  );

const passkey = member.command("passkey").description("sign in from a browser without a password");
ofMember("add", "show the link by which a browser makes a passkey, once, within 10 minutes", passkey)
  .argument("[name]", "what your list of passkeys calls it", "Browser")
  .option("--qr", "show the link as a QR code too")
  .action((name: string, options: Common & { readonly qr?: boolean }) =>
    memberPasskeyAdd(options.profile, { ...options, name }, openTerminal(options)),
  );
ofMember("list", "your passkeys", passkey).action((options: Common) =>
  memberPasskeyList(options.profile, openTerminal(options)),
);
ofMember("remove", "it signs nobody in any more", passkey)
  .argument("<passkey>", "its id")
  .action((id: string, options: Common) => memberPasskeyRemove(options.profile, id, openTerminal(options)));

ofMember("passphrase", "sign in with words and a code from browsers that can keep no passkey: new, remove")
  .addArgument(
    new Argument("<action>", "in place of the one before, or without any").choices(["new", "remove"]),
  )
  .option("--qr", "show what your authenticator reads as a QR code too")
  .action((action: string, options: Common & { readonly qr?: boolean }) =>
    memberPassphrase(options.profile, { ...options, action }, openTerminal(options)),
  );

ofMember("token", "access tokens for scripts: create NAME, list, revoke ID")
  .addArgument(new Argument("<action>", "what to do").choices(["create", "list", "revoke"]))
  .argument("[what]", "a new token's name, or the id of one to end")
  .option("--scopes <scopes>", "what a new one is good for, joined by commas", "clips:read")
  .option("--days <days>", "a new one ends after so many days", countUpTo(366), 90)
  .action((action: string, what: string | undefined, options: Common & TokenOptions) =>
    memberToken(options.profile, action, { ...options, ...given({ what }) }, openTerminal(options)),
  );

ofMember(
  "export",
  "copy everything that you may see out of the cloud, recordings still sealed; again: what is new",
)
  .argument("<folder>", "an empty folder, or the one of an earlier export")
  .action((to: string, options: Common) => memberExport(options.profile, { to }, openTerminal(options)));

ofMember("delete-household", "delete the household in the cloud with every recording there, for ever")
  .option("--yes", "do not ask")
  .action((options: Common) => memberDeleteHousehold(options.profile, openTerminal(options)));

ofMember("logout", "end this computer's session; the keys stay").action((options: Common) =>
  memberLogout(options.profile, openTerminal(options)),
);

program
  .command("install")
  .description("make this board a camera of the household that shows the claim")
  .requiredOption("--claim <text>", "the line that the owner's screen shows; - reads it from standard input")
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
      options: InstallOptions & TerminalOptions & { readonly ssh?: string; readonly package?: string },
    ) => {
      const claim = options.claim === "-" ? readFileSync(0, "utf8") : options.claim;
      const terminal = openTerminal(options);
      if (options.ssh !== undefined && options.homeBroker !== undefined)
        throw new Refused(
          `A password has no place on another board's command line. Afterwards: ssh ${options.ssh} sudo lintel home-broker - < FILE`,
        );
      if (options.ssh !== undefined)
        found = await installOverSsh({ ...options, target: options.ssh, claim }, terminal);
      else if (options.package !== undefined)
        throw new Refused("--package is for another board: name it, --ssh user@board");
      else await install({ ...options, claim }, terminal);
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
  .action((url: string | undefined, options: HomeBrokerOptions & TerminalOptions) =>
    homeBroker({ ...options, ...given({ url }) }, openTerminal(options)),
  );

program
  .command("reset")
  .description("wipe this board's keys and what waits on its card: it is then nobody's camera")
  .option("--state <dir>", "the installed camera's folder", packagedState)
  .option("--yes", "do not ask")
  .option("--json", "results as JSON, one document a line")
  .action((options: { readonly state: string } & TerminalOptions) =>
    reset(options.state, openTerminal(options)),
  );

program
  .command("update")
  .description("install the camera's next package, if the release key of the installed one has signed it")
  .argument("<file>", "the package; its signature lies beside it, FILE.note")
  .option("--root <dir>", "of another system's folder (for who builds images)", "/")
  .option("--json", "results as JSON, one document a line")
  .action((file: string, { root, ...options }: { readonly root: string } & TerminalOptions) =>
    update({ file, root }, openTerminal(options)),
  );

program
  .command("doctor")
  .description("tell what works on this board (exit code 0: all, 1: with warnings, 2: it does not work)")
  .option("--state <dir>", "an installed camera's folder")
  .option("--source <source>", "try this camera")
  .option("--ffmpeg <path>", "use this ffmpeg and no other")
  .option("--json", "findings as JSON, one a line")
  .action(async (options: DoctorOptions & TerminalOptions) => {
    found = await doctor(options, openTerminal(options));
  });

process.exitCode = await run();

async function run(): Promise<number> {
  try {
    await program.parseAsync();
    return found;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
    process.stderr.write(`lintel: ${explain(error)}\n`);
    return exitCodes.refused;
  }
}

/** Who reads no further (`| head`) wants no more, and no complaint; a full disk is worth one. */
function leave(error: NodeJS.ErrnoException): never {
  if (error.code !== "EPIPE")
    process.stderr.write(`lintel: the output cannot be written: ${error.message}\n`);
  process.exit(error.code === "EPIPE" ? 0 : exitCodes.refused);
}

/** One sentence for what a person can do something about; a bug of ours shows its stack. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof UnexpectedAnswer)
    return `The cloud's answer cannot be understood. Is a Lintel cloud of this version there? (${printable(error.message)})`;
  const expected = [Refused, Problem, Unreachable].some((kind) => error instanceof kind);
  return expected || isOfTheSystem(error) ? printable(error.message) : (error.stack ?? error.message);
}

/** Disk full, no permission: the system's own sentence names the file. */
function isOfTheSystem(error: Error): boolean {
  return "syscall" in error;
}

function ofMember(name: string, description: string, under = member): Command {
  return under
    .command(name)
    .description(description)
    .option("--profile <dir>", "where this person's keys are", resolvedPath, defaultProfileFolder())
    .option("--json", "results as JSON, one document a line");
}

function listed(word: string, before: readonly string[] = []): readonly string[] {
  return [...before, word];
}

function resolvedPath(path: string): string {
  return resolve(path);
}

/** Without what was not said. */
function given(words: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(words).flatMap(([name, word]) => (word ? [[name, word]] : [])));
}

function hoursOf(text: string): number {
  const [, count = "", unit = ""] = /^(\d{1,3})([hd])$/.exec(text) ?? [];
  const hours = Number(count) * (unit === "d" ? 24 : 1);
  if (hours >= 1 && hours <= shareHoursMax) return hours;
  throw new InvalidArgumentError("it must be hours or days, such as 24h or 7d, 30d at most");
}

function countUpTo(max: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (Number.isInteger(count) && count >= 1 && count <= max) return count;
    throw new InvalidArgumentError(`it must be a number from 1 to ${max}`);
  };
}

/** For an option that may be given again. */
function collect<T>(
  parse: (text: string) => Result<T, string>,
  max: number,
): (text: string, before?: readonly T[]) => readonly T[] {
  return (text, before = []) => {
    const parsed = parse(text);
    if (!parsed.ok) throw new InvalidArgumentError(`${parsed.error}.`);
    if (before.length === max) throw new InvalidArgumentError(`there are more than ${max}.`);
    return [...before, parsed.value];
  };
}

/** As the API writes times; without a zone it is this computer's. */
function timeOf(text: string): string {
  const time = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00` : text);
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(time)) return new Date(time).toISOString();
  throw new InvalidArgumentError("it must be a day or a time, such as 2026-11-21 or 2026-11-21T18:00Z.");
}

function named(text: string): string {
  if (isName(text)) return text;
  throw new InvalidArgumentError("it must have 1 to 64 characters, without a space at an end.");
}

/** A zone that this computer's tables have; the camera's have it as well, or it keeps to the strictest. */
function zoneOf(text: string): string {
  try {
    return new Intl.DateTimeFormat("en-GB", { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    throw new InvalidArgumentError("it is no time zone, such as Europe/Berlin or UTC.");
  }
}

function modesOf(text: string): readonly Mode[] {
  const words = text.split(",");
  const modes = allModes.filter((mode) => words.includes(mode));
  if (modes.length === words.length) return modes;
  throw new InvalidArgumentError("it must be some of off, detect, record, each once.");
}
