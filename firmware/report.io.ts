import { statfs } from "node:fs/promises";
import type { Status } from "../shared/protocol/messages.js";

/** All of a status but what the reporter itself knows. */
export type Facts = Omit<
  Extract<Status, { readonly state: "online" }>,
  "v" | "state" | "at" | "diskFreeBytes" | "trouble"
> & {
  /** The most important first. */
  readonly trouble: readonly string[];
};

export interface Reporter {
  /** Something changed: the status goes out in a moment, changes that come together as one. */
  soon(): void;
  close(): void;
}

const reportMillis = 30_000;
const restMillis = 250;
const troublesMax = 8;
const troubleCharactersMax = 300;

/** Sends the camera's status now, on every change, and every 30 s. */
export function startReporter(
  directory: string,
  facts: () => Facts,
  send: (status: Status) => void,
): Reporter {
  let soon: NodeJS.Timeout | undefined;
  let closed = false;

  const report = async (): Promise<void> => {
    soon = undefined;
    const diskFreeBytes = await freeBytes(directory);
    if (closed) return;
    const { trouble, ...rest } = facts();
    const told = trouble.slice(0, troublesMax).map((text) => text.slice(0, troubleCharactersMax));
    send({ v: 1, state: "online", at: new Date().toISOString(), ...rest, diskFreeBytes, trouble: told });
  };
  const arm = (): void => {
    soon ??= setTimeout(() => void report(), restMillis);
  };
  const ticker = setInterval(arm, reportMillis);
  arm();
  return {
    soon: arm,
    close() {
      closed = true;
      clearInterval(ticker);
      clearTimeout(soon);
    },
  };
}

/** 0 when the disk does not say. */
function freeBytes(directory: string): Promise<number> {
  return statfs(directory).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  );
}
