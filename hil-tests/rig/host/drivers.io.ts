// What each driver does to a house of real programs.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pressBell } from "../../../scripts/cli/bell.io.js";
import { Refused } from "../../../scripts/cli/refused.js";
import { openAsOwner, takePicture } from "../../../scripts/demo/recordings.io.js";
import type {
  ButtonDriver,
  DiskDriver,
  EvidenceDriver,
  LineDriver,
  MeterDriver,
  Part,
  PowerDriver,
} from "../rig.js";
import type { Card } from "./card.io.js";
import { cameraStatus, doorEvents, inVault, notArrived, onCard, saidStored } from "./evidence.io.js";
import type { House } from "./house.io.js";
import type { Wire } from "./wire.io.js";

/** Disks of their own, by whose they are. */
export type Cards = Readonly<Partial<Record<Part, Card>>>;

export function powerDriver(house: House, cards: Cards): PowerDriver {
  return {
    async cut(part) {
      await house.kill(part);
      await cards[part]?.cut();
    },
    async restore(part) {
      cards[part]?.restore();
      await house.start(part);
    },
    isOn: (part) => house.runs(part),
  };
}

export function buttonDriver({ places, runs }: House): ButtonDriver {
  return {
    async move(edges) {
      if (!runs("camera")) return false;
      return pressBell(
        places.camera,
        edges.map((to) => `press ${to}` as const),
      ).then(
        () => true,
        () => false,
      );
    },
  };
}

export function lineDriver({ link }: House, wire: Wire): LineDriver {
  return {
    async cut(from) {
      if (from === "camera") wire.cut();
      else link.cut();
    },
    async swallow() {
      wire.swallow();
    },
    async heal() {
      wire.heal();
      link.heal();
    },
    async shape(quality) {
      wire.shape(quality);
    },
    carriedBytes: wire.carriedBytes,
  };
}

export function diskDriver({ places }: House, cards: Cards): DiskDriver {
  const of = (part: "camera" | "cloud"): Card => {
    const card = cards[part];
    if (card === undefined) throw new Error(`The ${part} has no disk of its own.`);
    return card;
  };
  return {
    fill: async (part) => of(part).fill(),
    protect: async (part) => of(part).protect(),
    fail: async (part) => of(part).fail(),
    mend: async (part) => of(part).mend(),
    async rot(part) {
      const folder =
        part === "camera" ? join(places.camera, "journal", "clips") : join(places.cloud, "vault", "clips");
      const [path] = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(seg|body)$/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((file) => statSync(file).size > sealedBytesMin)
        .toSorted();
      if (path === undefined) throw new Error(`Nothing sealed lies on the ${part}'s disk.`);
      const body = readFileSync(path);
      const at = body.length >> 1;
      body[at] = (body[at] ?? 0) ^ 1;
      writeFileSync(path, body);
      return path.slice(folder.length + 1);
    },
  };
}

/** Smaller ones close a clip that was cut off. */
const sealedBytesMin = 4_096;

export function meterDriver({ pid }: Pick<House, "pid">): MeterDriver {
  return {
    async read(part) {
      const status = readFileSync(`/proc/${pid(part)}/status`, "utf8");
      return {
        memoryBytes: Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024,
        openFiles: readdirSync(`/proc/${pid(part)}/fd`).length,
      };
    },
  };
}

export function evidenceDriver(house: Pick<House, "places" | "log">): EvidenceDriver {
  return {
    onCard: async () => onCard(house),
    inVault: () => inVault(house),
    doorEvents: () => doorEvents(house),
    waiting: async () => notArrived(house),
    saidStored: async () => saidStored(house),
    async open({ id }) {
      try {
        return (await openAsOwner(house.places, id)).seconds;
      } catch (error) {
        if (error instanceof Refused) return error.message;
        throw error;
      }
    },
    status: () => cameraStatus(house),
    said: (part, event) => house.log.filter((one) => one.part === part && one.event === event).length,
    async picture({ id }) {
      return readFileSync(await takePicture("ffmpeg", await openAsOwner(house.places, id)));
    },
  };
}
