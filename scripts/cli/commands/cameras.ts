import { Argument, Option } from "commander";
import { masksMax, zonesMax } from "../../../shared/charter/areas.js";
import { allModes, type Mode } from "../../../shared/charter/lines.js";
import { turnsMax } from "../../../shared/charter/mode.js";
import { parseMask, parseZone } from "../member/areas.js";
import type { CameraOptions } from "../member/camera.io.js";
import type { ClaimOptions } from "../member/claim.io.js";
import type { ModeOptions } from "../member/mode.io.js";
import { parseTurns } from "../member/week.js";
import { type Common, ofMember } from "../program.js";
import { openTerminal } from "../terminal.io.js";
import { collect, countUpTo, modesOf, named, zoneOf } from "./arguments.js";

// Commands: the household's cameras. What a command does is loaded when it runs.

const waitSecondsMax = 86_400;
const cameraHelp = `
A mask or zone is 3 to 32 corners x,y in per cent of the picture from its upper left corner, with at most two decimals, in the
order in which one walks round it. What is given replaces all masks or all zones that there were: at most 16 of each.
  --mask "0,0 25.5,0 25.5,100 0,100"                      the left quarter is never recorded and never counts as motion
  --zone "0,50 100,50 100,100 0,100"                      motion counts in the lower half only
  --zone "0,0 100,0 100,40 0,40 sensitivity=0"            motion never counts in the upper part, but elsewhere it does
  --zone "0,0 50,0 50,100 0,100 sensitivity=70 size=2%"   quicker than the usual 50, for objects of 2 % of the picture or more
Where zones overlap, 0 wins, then the more sensitive.

Exit code: 0 the camera does so; 1 refused, or not confirmed in time; 2 used wrongly.`;

type ModeFlags = Pick<ModeOptions, "at" | "wait"> & { readonly timeZone?: string };

ofMember("claim", "bring a camera into the household")
  .option("--camera-name <name>", "what the camera is called", "Front door")
  .addOption(
    new Option("--place <place>", "where it looks").choices(["outdoor", "indoor"]).default("outdoor"),
  )
  .option("--qr", "show the claim as a QR code too")
  .option("--yes", "the fingerprints were compared (for scripts)")
  .action(async (options: Common & ClaimOptions) =>
    (await import("../member/claim.io.js")).memberClaim(options.profile, options, openTerminal(options)),
  );

ofMember("cameras", "the household's cameras and how they are").action(async (options: Common) =>
  (await import("../member/cameras.io.js")).memberCameras(options.profile, openTerminal(options)),
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
  .action(async (camera: string, options: Common & CameraOptions) =>
    (await import("../member/camera.io.js")).memberCamera(
      options.profile,
      { ...options, camera },
      openTerminal(options),
    ),
  )
  .helpCommand(false);

ofMember("rotate", "give it a new key: what it records from then on opens with that one only", camera)
  .argument("<camera>", "its id, or its name")
  .action(async (wanted: string, options: Common) =>
    (await import("../member/members.io.js")).memberCameraKeys(
      options.profile,
      { camera: wanted, change: "rotate" },
      openTerminal(options),
    ),
  );

ofMember("remove", "take it out of the household; its recordings stay", camera)
  .alias("retire")
  .argument("<camera>", "its id, or its name")
  .option("--yes", "do not ask")
  .action(async (wanted: string, options: Common) =>
    (await import("../member/members.io.js")).memberCameraKeys(
      options.profile,
      { camera: wanted, change: "remove" },
      openTerminal(options),
    ),
  );

ofMember("renew", "let it in again after its certificate ended in a drawer", camera)
  .argument("<camera>", "its id, or its name")
  .option("--refuse", "keep it out")
  .option("--yes", "the fingerprints were compared (for scripts)")
  .action(async (wanted: string, options: Common & { readonly refuse?: boolean }) =>
    (await import("../member/renewal.io.js")).memberRenewCamera(
      options.profile,
      { ...options, camera: wanted },
      openTerminal(options),
    ),
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
  .action(
    async (camera: string, mode: Mode | undefined, { timeZone: zone, ...options }: Common & ModeFlags) =>
      (await import("../member/mode.io.js")).memberMode(
        options.profile,
        { ...options, camera, ...(mode && { mode }), ...(zone && { zone }) },
        openTerminal(options),
      ),
  );

ofMember("export-identity", "print a camera's key for the stock age program")
  .option("--camera <id>", "which camera, when there are several")
  .action(async (options: Common & { readonly camera?: string }) =>
    (await import("../member/cameras.io.js")).memberExportIdentity(
      options.profile,
      options.camera,
      openTerminal(options),
    ),
  );
