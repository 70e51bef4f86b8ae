import { Argument, Option } from "commander";
import type { AuditOptions } from "../member/audit.io.js";
import type { ClipsOptions } from "../member/clips.io.js";
import { type Common, ofMember } from "../program.js";
import { openTerminal } from "../terminal.io.js";
import { countUpTo, given, hoursOf, timeOf } from "./arguments.js";

// Commands: what the cameras recorded. What a command does is loaded when it runs.

const clipsMax = 10_000;
const retentionDaysMax = 60;

ofMember("clips", "list recordings, newest first")
  .option("--limit <n>", "at most so many", countUpTo(clipsMax), 20)
  .option("--camera <id>", "of this camera only")
  .addOption(new Option("--trigger <trigger>", "what caused them").choices(["press", "motion"]))
  .option("--from <time>", "from this time on, such as 2026-11-21 or 2026-11-21T18:00Z", timeOf)
  .option("--to <time>", "before this time", timeOf)
  .action(async (options: Common & ClipsOptions) =>
    (await import("../member/clips.io.js")).memberClips(options.profile, options, openTerminal(options)),
  );

ofMember("watch", "tell what arrives, until Ctrl-C").action(async (options: Common) =>
  (await import("../member/watch.io.js")).memberWatch(options.profile, openTerminal(options)),
);

ofMember("open", "download a recording, verify it and write the MP4")
  .argument("<clip>", "the clip's id")
  .option("--out <file>", "where to write (default: <clip>.mp4)")
  .action(async (clip: string, options: Common & { readonly out?: string }) =>
    (await import("../member/open.io.js")).memberOpen(
      options.profile,
      { ...options, clip },
      openTerminal(options),
    ),
  );

ofMember("thumbnail", "download a recording's picture, verify it and write the JPEG")
  .argument("<clip>", "the clip's id")
  .option("--out <file>", "where to write (default: <clip>.jpg)")
  .action(async (clip: string, options: Common & { readonly out?: string }) =>
    (await import("../member/thumbnail.io.js")).memberThumbnail(
      options.profile,
      { ...options, clip },
      openTerminal(options),
    ),
  );

ofMember("delete", "delete a recording in the vault and on the camera")
  .argument("<clip>", "the clip's id")
  .option("--yes", "do not ask")
  .action(async (clip: string, options: Common) =>
    (await import("../member/deletion.io.js")).memberDelete(options.profile, clip, openTerminal(options)),
  );

ofMember("share", "let somebody outside see a recording for a while, by a link whose key the cloud never has")
  .argument("<clip>", "the clip's id")
  .option("--for <time>", "until then it opens, such as 24h or 7d, 30d at most", hoursOf, hoursOf("7d"))
  .option("--views <n>", "it opens so often, and then no more", countUpTo(1_000))
  .action(async (clip: string, options: Common & { readonly for: number; readonly views?: number }) =>
    (await import("../member/share.io.js")).memberShare(
      options.profile,
      { ...options, clip, hours: options.for },
      openTerminal(options),
    ),
  );

ofMember("shares", "links that still open and how often they were; revoke ends one at once")
  .addArgument(new Argument("[action]", "end one").choices(["revoke"]))
  .argument("[share]", "the link's id")
  .action(async (action: string | undefined, share: string | undefined, options: Common) =>
    (await import("../member/share.io.js")).memberShares(
      options.profile,
      given({ action, share }),
      openTerminal(options),
    ),
  );

ofMember("keep", "keep a recording past your own number of days, up to the most that the cloud allows")
  .argument("<clip>", "the clip's id")
  .option("--off", "keep it no longer than the others")
  .action(async (clip: string, options: Common & { readonly off?: boolean }) =>
    (await import("../member/keep.io.js")).memberKeep(
      options.profile,
      { ...options, clip },
      openTerminal(options),
    ),
  );

ofMember("retention", "show or change for how many days recordings are kept")
  .option("--days <n>", "from a recording's arrival until its key is destroyed", countUpTo(retentionDaysMax))
  .option("--yes", "do not ask")
  .action(async (options: Common & { readonly days?: number }) =>
    (await import("../member/keep.io.js")).memberRetention(options.profile, options, openTerminal(options)),
  );

ofMember("accesses", "which operators looked at your household's metadata, why, and what they saw").action(
  async (options: Common) =>
    (await import("../member/accesses.io.js")).memberAccesses(options.profile, openTerminal(options)),
);

ofMember("audit", "who opened, looked at, kept or deleted which recording, newest first")
  .option("--limit <n>", "at most so many", countUpTo(clipsMax), 50)
  .option("--clip <id>", "of this recording only")
  .action(async (options: Common & AuditOptions) =>
    (await import("../member/audit.io.js")).memberAudit(options.profile, options, openTerminal(options)),
  );

ofMember(
  "export",
  "copy everything that you may see out of the cloud, recordings still sealed; again: what is new",
)
  .argument("<folder>", "an empty folder, or the one of an earlier export")
  .action(async (to: string, options: Common) =>
    (await import("../member/export.io.js")).memberExport(options.profile, { to }, openTerminal(options)),
  );
