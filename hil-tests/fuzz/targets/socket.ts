// The socket that stands in for a doorbell's wires: whatever somebody on the board writes into it.
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSocket } from "../../../firmware/board/socket.io.js";
import { fromUtf8, toUtf8 } from "../../../shared/kernel/bytes.js";
import { mustHold, type OpenTarget } from "../target.js";

export async function openBoardSocket(): Promise<OpenTarget> {
  const folder = mkdtempSync(join(tmpdir(), "lintel-fuzz-"));
  const path = join(folder, "board.sock");
  let edges = 0;
  const lines = await openSocket(path, { edge: () => void edges++, failed: () => undefined } as never);
  return {
    ...{
      name: "board-socket",
      about: "the lines of the doorbell's socket",
      form: "text",
      kinds: [],
      bytesMax: 4_096,
    },
    seeds: ["press\n", "press down\npress up\n", "light on\n"].map(toUtf8),
    words: ["press", "down", "up"],
    async run(input) {
      edges = 0;
      const failed = await thrownWhile(() => answered(path, input));
      mustHold(failed === undefined, `the firmware would have ended: ${failed}`);
      const text = fromUtf8(input);
      if (text.ok)
        mustHold(edges <= 2 * text.value.split("press").length, "there were more presses than were written");
      return "ok";
    },
    async close() {
      await lines.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Until the other side has hung up, as it does once it has answered all. */
async function answered(path: string, input: Uint8Array): Promise<void> {
  const client = connect(path);
  client.on("error", () => undefined).resume();
  client.end(input);
  await once(client, "close");
}

/** What reached nobody: in a firmware it would be the end. */
async function thrownWhile(act: () => Promise<void>): Promise<Error | undefined> {
  let thrown: Error | undefined;
  const note = (error: Error): void => {
    thrown ??= error;
  };
  process.on("uncaughtException", note);
  await act().finally(() => process.off("uncaughtException", note));
  return thrown;
}
