import { connect } from "node:net";
import { join } from "node:path";

type Move = "press" | "press down" | "press up";

/** Moves the bell's contact of the firmware in `state`, through the socket that stands in for its wire; resolves when all was heard. */
export function pressBell(state: string, moves: readonly Move[] = ["press"]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(join(state, "board.sock"));
    let heard = "";
    socket.once("error", reject);
    socket.setEncoding("utf8").on("data", (text: string) => {
      heard += text;
      if ((heard.match(/^ok press.*\n/gm) ?? []).length === moves.length) socket.end();
    });
    socket.once("close", () => resolve());
    socket.write(moves.map((move) => `${move}\n`).join(""));
  });
}
