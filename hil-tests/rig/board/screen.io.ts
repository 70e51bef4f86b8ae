import { setTimeout as wait } from "node:timers/promises";
import type { LensDriver } from "../rig.js";
import type { RigConfig } from "./config.js";
import type { Output } from "./outputs.io.js";
import { type Following, openSsh, type SshHost } from "./ssh.io.js";

/** A motion sensor's contact closes for so long. */
const pirMillis = 2_000;

export interface Screen {
  readonly driver: LensDriver;
  close(): Promise<void>;
}

/** The screen that the lens looks at, and the motion sensor's contact, which the camera of today does not read. */
export function openScreen(
  screen: NonNullable<RigConfig["screen"]>,
  pir: Output | undefined,
  board: SshHost,
): Screen {
  const host = openSsh(screen, "the screen's computer");
  let playing: Following | undefined;
  const play = async (command: string): Promise<void> => {
    await playing?.stop();
    playing = host.follow(command, () => undefined);
  };
  return {
    driver: {
      async walkPast() {
        await pir?.set(true);
        await play(screen.walk);
        await wait(pirMillis);
        await pir?.set(false);
      },
      cover: () => play(screen.dark),
      freeze: () => play(screen.still),
      clear: () => play(screen.still),
      hang: async () => void (await board.run("pkill -STOP -u lintel -x 'ffmpeg|rpicam-vid'")),
      kill: async () => void (await board.run("pkill -KILL -u lintel -x ffmpeg")),
    },
    close: async () => playing?.stop(),
  };
}
