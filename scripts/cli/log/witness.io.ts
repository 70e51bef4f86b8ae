import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fromBase64, toBase64 } from "../../../shared/kernel/bytes.js";
import {
  formatVerifier,
  keyTypes,
  type Signer,
  type Verifier,
  verifierOf,
} from "../../../shared/seal/note.js";
import { formatSigner, parseSigner } from "../../../shared/seal/skey.js";
import { cosignatureLine } from "../../../shared/tlog/checkpoint.js";
import { treeHashBytes } from "../../../shared/tlog/tree.js";
import { judge, nothingSeen, type Seen } from "../../../shared/tlog/witness.js";
import { alone, makePrivateFolder, readIfThere, writeDurably } from "../disk.io.js";
import { fieldsOf } from "../fields.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock, systemRandom } from "../world.io.js";

/** Largest question: 63 hashes, and a checkpoint with many cosignatures. */
const bodyBytesMax = 64 * 1024;
/** A question has this long to come. */
const requestMillisMax = 10_000;

export interface WitnessOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly logs: readonly Verifier[];
  readonly state: string;
  readonly name: string;
}

/** Runs a witness (C2SP tlog-witness) until a signal ends it. */
export async function runWitness(options: WitnessOptions, terminal: Terminal): Promise<void> {
  const { state, listen, logs } = options;
  makePrivateFolder(state);
  const signer = await openKey(state, options.name);
  const memory = openMemory(state, logs);
  const server = createServer({ requestTimeout: requestMillisMax }, (request, response) => {
    answer(request, response, { signer, logs, memory }).catch((error: unknown) => {
      terminal.warn(`A question was not answered: ${error instanceof Error ? error.message : error}`);
      response.destroy();
    });
  });
  const address = await listening(server, listen);
  const vkey = formatVerifier(verifierOf(signer), keyTypes.cosignature);
  terminal.json({ event: "ready", address, vkey });
  terminal.say(
    `It listens at ${address}. Its key, for the operators of the logs and for whoever checks them:`,
  );
  terminal.say(vkey);
  const stop = (): void => void server.close();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
  await once(server, "close");
}

/** What was cosigned last of each log. */
interface Memory {
  seen(origin: string): Seen;
  keep(origin: string, seen: Seen): void;
}

interface Parts {
  readonly signer: Signer;
  readonly logs: readonly Verifier[];
  readonly memory: Memory;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { signer, logs, memory }: Parts,
): Promise<void> {
  const reply = (status: number, body = "", type = "text/plain; charset=utf-8"): void =>
    void response.writeHead(status, { "content-type": type }).end(body);
  if (request.url !== "/add-checkpoint") return reply(404);
  if (request.method !== "POST") return reply(405);
  const body = await bodyOf(request);
  if (body === undefined) return reply(413);
  // From here to the end nothing waits: two questions cannot be judged by the same memory.
  const verdict = judge(body, logs, (origin) => memory.seen(origin));
  if (verdict.status === 409) return reply(409, `${verdict.size}\n`, "text/x.tlog.size");
  if (verdict.status !== 200) return reply(verdict.status);
  const { origin, size, root } = verdict.cosign;
  // Power lost after this and before the answer: it has seen what nobody knows that it saw, and says so by 409.
  memory.keep(origin, { size, root });
  reply(200, cosignatureLine(verdict.text, signer, Math.floor(systemClock.wall() / 1_000)));
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += part.length;
    if (bytes > bodyBytesMax) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

async function openKey(state: string, name: string): Promise<Signer> {
  const path = join(state, "witness.key");
  return alone(join(state, "lock"), async () => {
    if (readIfThere(path) === undefined)
      writeDurably(path, formatSigner({ name, secretKey: systemRandom.bytes(32) }));
    const signer = parseSigner(readIfThere(path) ?? "");
    if (signer === undefined)
      throw new Refused(`${path} is damaged. Put back a copy of it, or name an empty folder: --state DIR`);
    if (signer.name !== name)
      throw new Refused(
        `The witness in ${state} is called ${signer.name}. Give that as --name, or another --state.`,
      );
    return signer;
  });
}

function openMemory(state: string, logs: readonly Verifier[]): Memory {
  const path = join(state, "seen.json");
  const all = new Map<string, Seen>(logs.map(({ name }) => [name, nothingSeen]));
  const text = readIfThere(path);
  if (text !== undefined) for (const [origin, seen] of readSeen(path, text)) all.set(origin, seen);
  return {
    seen: (origin) => all.get(origin) ?? nothingSeen,
    keep(origin, seen) {
      all.set(origin, seen);
      const logs = [...all].map(([name, { size, root }]) => ({ origin: name, size, root: toBase64(root) }));
      writeDurably(path, JSON.stringify({ logs }));
    },
  };
}

/** A witness that forgot what it saw is none: it does not start. */
function readSeen(path: string, text: string): readonly (readonly [string, Seen])[] {
  try {
    return fieldsOf(JSON.parse(text), path).list("logs", (log) => {
      const root = fromBase64(log.text("root"));
      if (!root.ok || root.value.length !== treeHashBytes) throw new Error("a root is not whole");
      return [log.text("origin"), { size: log.number("size"), root: root.value }] as const;
    });
  } catch {
    throw new Refused(
      `${path} is damaged: this witness does not know any more what it saw. Put back the newest copy; an older one must never be used.`,
    );
  }
}

async function listening(server: Server, { host, port }: WitnessOptions["listen"]): Promise<string> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    throw new Refused(
      `It cannot listen at ${host}:${port} (${error instanceof Error ? error.message : error}). Choose another: --listen HOST:PORT`,
    );
  }
  const { port: found } = server.address() as AddressInfo;
  return `http://${host.includes(":") ? `[${host}]` : host}:${found}`;
}
