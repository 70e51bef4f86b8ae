import type { Taking } from "./config.js";
import { storageFaultOf } from "./faults.js";

/** How the program ends when it does not start: BSD's sysexits, which service managers and scripts know. */
export const exitCodes = { failed: 1, usage: 64, configuration: 78 } as const;

/** A setting that is well-formed and that this machine does not go along with. Its message says what to change. */
export class SettingFault extends Error {}

const listening: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there. Stop it, or choose another port",
  EADDRNOTAVAIL: "this machine has no such address. Choose one that it has",
  ENOTFOUND: "no address has that name. Choose an address of this machine",
  EACCES: "this user may not listen there. Choose a port from 1024 up",
};

const keeping: Readonly<Record<string, string>> = {
  EACCES: "this user may not read and write it. Give it to them, or choose another directory",
  EPERM: "this user may not read and write it. Give it to them, or choose another directory",
  EROFS: "it can only be read. Choose a directory that can be written",
  EEXIST: "it is not a directory. Choose another one",
  ENOTDIR: "it is not in a directory. Choose another one",
  ENOENT: "it cannot be made there. Choose another directory",
  SQLITE_CANTOPEN: "no database opens in it. See whose it is, or choose another directory",
  SQLITE_READONLY: "its database can only be read. See whose it is, or choose another directory",
};

/** A cloud that takes no part has no routes for what is under way. */
export async function refuseAbandoning(
  taking: Taking,
  casework: { readonly isUnderWay: () => Promise<boolean> },
): Promise<void> {
  if (taking !== "off" || !(await casework.isUnderWay())) return;
  throw new SettingFault(
    "LINTEL_RELEASES is off, but releases or emergencies are under way: no household could withdraw or answer one, and no agency dispose of one. Start with LINTEL_RELEASES=ending; nothing new begins then, and what is there goes to its end.",
  );
}

/** Listens as a setting says. A refusal by the machine becomes a `SettingFault`. */
export function listenAs<T>(setting: string, value: string, listen: () => Promise<T>): Promise<T> {
  return blaming(listening, setting, value, listen);
}

/** Opens what is kept where a setting says. A full disk is no fault of the setting: the same start works once there is room. */
export async function keepAt<T>(setting: string, value: string, open: () => Promise<T>): Promise<T> {
  try {
    return await blaming(keeping, setting, value, open);
  } catch (error) {
    if (storageFaultOf(error) !== "full") throw error;
    throw new Error(`the disk under ${value} (${setting}) is full. Make room on it, then start again.`);
  }
}

async function blaming<T>(
  reasons: Readonly<Record<string, string>>,
  setting: string,
  value: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const why = reasons[code];
    if (why === undefined) throw error;
    throw new SettingFault(`${setting} is ${value}, but ${why} by ${setting}.`);
  }
}
