import { connect } from "node:net";
import { join } from "node:path";

/** Moves the bell's contact of the firmware in `state`, through the socket that stands in for its wire; resolves when it was heard. */
export function pressBell(state: string, move: "press" | "press down" | "press up" = "press"): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(join(state, "board.sock"));
    socket.once("error", reject);
    socket.setEncoding("utf8").on("data", (text: string) => {
      if (text.includes(`ok ${move}\n`)) socket.end();
    });
    socket.once("close", () => resolve());
    socket.write(`${move}\n`);
  });
}
