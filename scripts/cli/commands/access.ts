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

const passkey = member.command("passkey").description("sign in from a browser without a password");
ofMember("add", "show the link by which a browser makes a passkey, once, within 10 minutes", passkey)
  .argument("[name]", "what your list of passkeys calls it", "Browser")
  .option("--qr", "show the link as a QR code too")
  .action(async (name: string, options: Common & { readonly qr?: boolean }) =>
    (await import("../member/passkey.io.js")).memberPasskeyAdd(
      options.profile,
      { ...options, name },
      openTerminal(options),
    ),
  );
ofMember("list", "your passkeys", passkey).action(async (options: Common) =>
  (await import("../member/passkey.io.js")).memberPasskeyList(options.profile, openTerminal(options)),
);
ofMember("remove", "it signs nobody in any more", passkey)
  .argument("<passkey>", "its id")
  .action(async (id: string, options: Common) =>
    (await import("../member/passkey.io.js")).memberPasskeyRemove(options.profile, id, openTerminal(options)),
  );

ofMember("passphrase", "sign in with words and a code from browsers that can keep no passkey: new, remove")
  .addArgument(
    new Argument("<action>", "in place of the one before, or without any").choices(["new", "remove"]),
  )
  .option("--qr", "show what your authenticator reads as a QR code too")
  .action(async (action: string, options: Common & { readonly qr?: boolean }) =>
    (await import("../member/passphrase.io.js")).memberPassphrase(
      options.profile,
      { ...options, action },
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
