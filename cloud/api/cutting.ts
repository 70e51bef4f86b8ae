import type { Server, Socket } from "node:net";

type End = Pick<Socket, "localAddress" | "localPort" | "remoteAddress" | "remotePort">;

/**
 * Cuts connections of this server off so that what the kernel still holds is dropped, too. Over TLS that takes the connection below:
 * what is above it can only be closed, and then megabytes of whole records would still arrive.
 */
export function cutterOf(server: Pick<Server, "on">): (connection: Socket) => void {
  const below = new Map<string, Socket>();
  server.on("connection", (socket) => {
    const name = nameOf(socket);
    below.set(name, socket);
    // The same four may be another connection's by then.
    socket.once("close", () => below.get(name) === socket && below.delete(name));
  });
  return (connection) => {
    const socket = below.get(nameOf(connection));
    if (socket === undefined) connection.destroy();
    else socket.resetAndDestroy();
  };
}

/** No two connections that are open have the same. */
function nameOf({ localAddress, localPort, remoteAddress, remotePort }: End): string {
  return [localAddress, localPort, remoteAddress, remotePort].join(" ");
}
