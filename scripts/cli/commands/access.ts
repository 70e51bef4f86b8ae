import { Argument } from "commander";
import type { SessionsOptions } from "../member/sessions.io.js";
import type { TokenOptions } from "../member/token.io.js";
import { type Common, member, ofMember } from "../program.js";
import { openTerminal } from "../terminal.io.js";
import { countUpTo, given, timeOf } from "./arguments.js";

// Commands: where a member is signed in, and what else may ask. What a command does is loaded when it runs.

const webhook = member.command("webhook").description("tell your own programs what happens at the door");
ofMember("add", "tell an address; its secret is shown once", webhook)
  .argument("<url>", "https, at a public address unless the cloud's operator allows others")
  .action(async (url: string, options: Common) =>
    (await import("../member/webhook.io.js")).memberWebhookAdd(options.profile, url, openTerminal(options)),
  );
ofMember("list", "the household's webhooks", webhook).action(async (options: Common) =>
  (await import("../member/webhook.io.js")).memberWebhookList(options.profile, openTerminal(options)),
);
ofMember("test", "send a message of the type test, and tell what was answered", webhook)
  .argument("<webhook>", "its id")
  .action(async (id: string, options: Common) =>
    (await import("../member/webhook.io.js")).memberWebhookTest(options.profile, id, openTerminal(options)),
  );
ofMember("replay", "send again what happened in the last days", webhook)
  .argument("<webhook>", "its id")
  .requiredOption("--since <time>", "from this time on, at most 7 days ago", timeOf)
  .action(async (id: string, options: Common & { readonly since: string }) =>
    (await import("../member/webhook.io.js")).memberWebhookReplay(
      options.profile,
      { id, ...options },
      openTerminal(options),
    ),
  );
ofMember("remove", "tell it nothing more", webhook)
  .argument("<webhook>", "its id")
  .action(async (id: string, options: Common) =>
    (await import("../member/webhook.io.js")).memberWebhookRemove(options.profile, id, openTerminal(options)),
  );

ofMember("sessions", "where you are signed in; revoke ends a session at once, everywhere")
  .addArgument(new Argument("[action]", "end one").choices(["revoke"]))
  .argument("[session]", "the session's id")
  .option("--all", "end all of them")
  .action(
    async (action: string | undefined, session: string | undefined, options: Common & SessionsOptions) =>
      (await import("../member/sessions.io.js")).memberSessions(
        options.profile,
        { ...options, ...given({ action, session }) },
        openTerminal(options),
      ),
  );

ofMember("token", "access tokens for scripts: create NAME, list, revoke ID")
  .addArgument(new Argument("<action>", "what to do").choices(["create", "list", "revoke"]))
  .argument("[what]", "a new token's name, or the id of one to end")
  .option("--scopes <scopes>", "what a new one is good for, joined by commas", "clips:read")
  .option("--days <days>", "a new one ends after so many days", countUpTo(366), 90)
  .action(async (action: string, what: string | undefined, options: Common & TokenOptions) =>
    (await import("../member/token.io.js")).memberToken(
      options.profile,
      action,
      { ...options, ...given({ what }) },
      openTerminal(options),
    ),
  );

ofMember("logout", "end this computer's session; the keys stay").action(async (options: Common) =>
  (await import("../member/sessions.io.js")).memberLogout(options.profile, openTerminal(options)),
);
