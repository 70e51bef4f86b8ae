import { request } from "node:http";
import type { Socket } from "node:net";
import type { Log } from "../../shared/kernel/ports.js";
import { openTls, type TlsIdentity } from "./tls.io.js";

export interface WayBackOptions {
  /** The HTTP API, `https://host[:port]`; `http://` on loopback only. */
  readonly cloudUrl: string;
  readonly identity: () => TlsIdentity;
  /** `renewal/v1`, signed; `undefined` while the certificate holds by a clock that is set. */
  readonly word: () => string | undefined;
  /** Whether a time source has set the wall clock: else the server's dates do not count. */
  readonly clockIsSet: () => boolean;
  /** Takes the certificate if it holds. */
  readonly take: (pem: string) => void;
  readonly log: Log;
}

const answerMillisMax = 15_000;
const answerBytesMax = 16 * 1024;
const loopback = ["localhost", "127.0.0.1", "[::1]"];

/**
 * For a camera whose certificate ended in a drawer: each time that the broker turns it away it asks over HTTPS, where no
 * certificate of its own is needed, until an owner has said yes. What it gets is judged like any other certificate.
 */
export function createWayBack(options: WayBackOptions): { turnedAway(): void } {
  let asking = false;
  return {
    turnedAway() {
      const note = options.word();
      if (asking || note === undefined) return;
      asking = true;
      ask(options, note)
        .then(({ status, body }) => hear(options, status, body))
        .catch((error: unknown) => options.log("certificate.not-asked", { why: String(error) }))
        .finally(() => {
          asking = false;
        });
    },
  };
}

function hear({ take, log }: WayBackOptions, status: number, body: string): void {
  const { certificate, state, type } = fieldsOf(body);
  if (status === 200 && typeof certificate === "string") take(certificate);
  else log("certificate.asked", { status, answer: String(state ?? type ?? "").slice(0, 100) });
}

function fieldsOf(body: string): { readonly [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

async function ask(
  { cloudUrl, identity, clockIsSet }: WayBackOptions,
  note: string,
): Promise<{ readonly status: number; readonly body: string }> {
  const url = new URL("/v1/renewals", cloudUrl);
  if (url.protocol !== "https:" && !loopback.includes(url.hostname))
    throw new Error(`${url.origin} is not https`);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const socket =
    url.protocol === "https:"
      ? await openTls({ host, port: Number(url.port || 443) }, identity(), clockIsSet())
      : undefined;
  return post(url, JSON.stringify({ note }), socket);
}

/** One request on a connection of its own, which ends with it. */
function post(
  url: URL,
  text: string,
  socket: Socket | undefined,
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        method: "POST",
        hostname: url.hostname,
        port: url.port,
        path: url.pathname,
        headers: {
          host: url.host,
          "content-type": "application/json",
          "content-length": Buffer.byteLength(text),
        },
        signal: AbortSignal.timeout(answerMillisMax),
        // With an agent, `false` too, Node would open a connection of its own.
        ...(socket === undefined ? { agent: false } : { createConnection: () => socket }),
      },
      (answer) => {
        let body = "";
        answer.setEncoding("utf8").on("data", (piece: string) => {
          body += piece;
          if (body.length > answerBytesMax) answer.destroy(new Error("the answer is too long"));
        });
        answer.once("error", reject);
        answer.once("end", () => resolve({ status: answer.statusCode ?? 0, body }));
      },
    );
    asked.once("error", reject);
    asked.end(text);
  });
}
