import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket, type TlsOptions } from "node:tls";

/** From the TCP connection to the end of the TLS handshake. */
const handshakeMillisMax = 10_000;
const connectionsMax = 10_000;
/** Strangers, whose certificate nobody has seen yet: together, and from one address (a provider's NAT holds many homes). */
const strangersMax = 2_000;
const strangersPerAddressMax = 200;

/** Who listens behind the door. */
export interface Doorkeeper {
  /** A certificate of the authority was shown. */
  admitted(socket: TLSSocket): void;
  refused(why: string): void;
}

/** A TLS listener for clients with certificates, which strangers cannot keep shut by holding connections open. */
export function createDoor(options: TlsOptions, { admitted, refused }: Doorkeeper): Server {
  const strangers = new Set<string>();
  const neighbours = new Map<string, number>();
  const leave = (name: string, address: string): void => {
    if (!strangers.delete(name)) return;
    const others = (neighbours.get(address) ?? 1) - 1;
    if (others > 0) neighbours.set(address, others);
    else neighbours.delete(address);
  };
  const server = createServer({
    ...options,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    handshakeTimeout: handshakeMillisMax,
  });
  server.maxConnections = connectionsMax;
  server.on("connection", (socket: Socket) => {
    const [name, address] = [nameOf(socket), `${socket.remoteAddress}`];
    const others = neighbours.get(address) ?? 0;
    if (strangers.size >= strangersMax || others >= strangersPerAddressMax) return void socket.destroy();
    strangers.add(name);
    neighbours.set(address, others + 1);
    socket.once("close", () => leave(name, address));
  });
  server.on("secureConnection", (socket) => {
    leave(nameOf(socket), `${socket.remoteAddress}`);
    admitted(socket);
  });
  server.on("tlsClientError", (error: NodeJS.ErrnoException, socket) => {
    refused(error.code ?? error.message);
    // Node tells of a handshake that took too long, and leaves its socket open.
    socket.destroy();
  });
  return server;
}

function nameOf({ remoteAddress, remotePort }: Pick<Socket, "remoteAddress" | "remotePort">): string {
  return `${remoteAddress} ${remotePort}`;
}
