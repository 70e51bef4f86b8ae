import { chmodSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Lines, LinesHandlers } from "./lines.js";

/** Programs that may hold the socket open at one time. */
const clientsMax = 16;
/** Longer lines say nothing that we know. */
const lineCharactersMax = 64;
/** Answers that wait here for a client to read them; whoever lets more pile up is hung up on. */
const unreadBytesMax = 64 * 1024;
/** `sun_path` of unix(7) holds 108 bytes, the last of them zero. */
const socketPathBytesMax = 107;

/** The socket belongs to a running firmware: there must not be a second one. */
export class SocketTaken extends Error {}

/**
 * Stands in for the wires where the machine has none: whoever connects writes `press`, `press down` or `press up`, a line each, and
 * reads `light on|off` and `chime on|off`. Only this user may connect.
 */
export async function openSocket(path: string, handlers: LinesHandlers): Promise<Lines> {
  if (Buffer.byteLength(path) > socketPathBytesMax)
    throw new Error(
      `its path is longer than the ${socketPathBytesMax} bytes of a socket's name; choose a shorter state directory`,
    );
  await removeStale(path);
  const lines = new SocketLines(path, handlers);
  await lines.listen();
  chmodSync(path, 0o600);
  return lines;
}

class SocketLines implements Lines {
  readonly described: string;
  private readonly path: string;
  private readonly handlers: LinesHandlers;
  private readonly server: Server;
  private readonly clients: Socket[] = [];
  private readonly levels = { light: false, chime: false };

  constructor(path: string, handlers: LinesHandlers) {
    this.path = path;
    this.handlers = handlers;
    this.described = `socket ${path}`;
    this.server = createServer((client) => this.welcome(client));
    this.server.maxConnections = clientsMax;
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(this.path, () => resolve());
    });
  }

  set(line: "light" | "chime", on: boolean): void {
    this.levels[line] = on;
    for (const client of this.clients) say(client, levelText(line, on));
  }

  async close(): Promise<void> {
    this.server.close();
    for (const client of this.clients) client.destroy();
  }

  private welcome(client: Socket): void {
    this.clients.push(client);
    client.on("error", () => client.destroy());
    client.once("close", () => this.clients.splice(this.clients.indexOf(client), 1));
    say(client, levelText("light", this.levels.light) + levelText("chime", this.levels.chime));
    client.on("drain", () => client.resume());
    let rest = "";
    client.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.obey(client, line.trim());
      if (rest.length > lineCharactersMax) client.destroy();
    });
  }

  private obey(client: Socket, text: string): void {
    if (client.destroyed) return;
    const edges = presses.get(text);
    for (const edge of edges ?? []) this.handlers.edge(edge);
    say(client, edges === undefined ? "? write press, press down or press up\n" : `ok ${text}\n`);
  }
}

/** No object's keys: `constructor` is a word that anybody may write, and nobody's press. */
const presses: ReadonlyMap<string, readonly ("down" | "up")[]> = new Map([
  ["press", ["down", "up"]],
  ["press down", ["down"]],
  ["press up", ["up"]],
]);

/** A client whose answers pile up is not read from until it has taken them. */
function say(client: Socket, text: string): void {
  if (!client.write(text)) client.pause();
  if (client.writableLength > unreadBytesMax) client.destroy();
}

function levelText(line: string, on: boolean): string {
  return `${line} ${on ? "on" : "off"}\n`;
}

/** A socket that nobody answers is left from a killed firmware; one that answers belongs to a running one. */
function removeStale(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      reject(new SocketTaken(`another firmware is running: it answers at ${path}`));
    });
    probe.once("error", () => resolve(undefined));
  }).then(() => rmSync(path, { force: true }));
}
