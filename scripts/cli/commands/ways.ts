import { Argument, type Command } from "commander";
import { agency, type Common, member, ofMember, ofOffice, operator } from "../program.js";
import { openTerminal } from "../terminal.io.js";

// Commands: how somebody signs in from a browser, the same on each side. What a command does is loaded when it runs.

type Of = (name: string, description: string, under: Command) => Command;

addWays("member", member, ofMember);
for (const [side, under] of [
  ["agency", agency],
  ["operator", operator],
] as const)
  addWays(side, under, (name, description, group) => ofOffice(name, description, group, under));

function addWays(side: "member" | "agency" | "operator", under: Command, of: Of): void {
  const load = async ({ profile }: Common) => {
    const ways = await import("../ways.io.js");
    return { ways, owner: side === "member" ? ways.memberAt(profile) : ways.officeAt(profile, side) };
  };

  const passkey = under.command("passkey").description("sign in from a browser without a password");
  of("add", "show the link by which a browser makes a passkey, once, within 10 minutes", passkey)
    .argument("[name]", "what your list of passkeys calls it", "Browser")
    .option("--qr", "show the link as a QR code too")
    .action(async (name: string, options: Common & { readonly qr?: boolean }) => {
      const { ways, owner } = await load(options);
      return ways.passkeyAdd(owner, { ...options, name }, openTerminal(options));
    });
  of("list", "your passkeys", passkey).action(async (options: Common) => {
    const { ways, owner } = await load(options);
    return ways.passkeyList(owner, openTerminal(options));
  });
  of("remove", "it signs nobody in any more", passkey)
    .argument("<passkey>", "its id")
    .action(async (id: string, options: Common) => {
      const { ways, owner } = await load(options);
      return ways.passkeyRemove(owner, id, openTerminal(options));
    });

  of("passphrase", "sign in with words and a code from browsers that can keep no passkey: new, remove", under)
    .addArgument(
      new Argument("<action>", "in place of the one before, or without any").choices(["new", "remove"]),
    )
    .option("--qr", "show what your authenticator reads as a QR code too")
    .action(async (action: string, options: Common & { readonly qr?: boolean }) => {
      const { ways, owner } = await load(options);
      return ways.passphrase(owner, { ...options, action }, openTerminal(options));
    });
}
