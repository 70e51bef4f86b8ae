// Takes the place of `firmware/uplink/tls.io.ts`: connections of the simulation's network. Certificates are looked at by their dates.
import { later, on, running, wallNow } from "./clockwork.js";
import { areCutOff, connectTo, type End, lineDelay, serverNow } from "./network.js";

export interface TlsIdentity {
  readonly key: string;
  readonly certificate: string;
  readonly ca: string;
}

export interface Server {
  readonly host: string;
  readonly port: number;
}

export class ServerRefused extends Error {
  readonly dates: boolean;
  constructor(message: string, dates: boolean) {
    super(message);
    this.dates = dates;
  }
}

const connectMillisMax = 15_000;

/** What the firmware uses of a TLS socket. */
export class SimSocket {
  readonly end: End;
  private failed: ((error: Error) => void) | undefined;

  constructor(end: End) {
    this.end = end;
  }

  once(_event: "error", work: (error: Error) => void): this {
    this.failed = work;
    return this;
  }

  fail(error: Error): void {
    this.failed?.(error);
  }

  destroy(): void {
    this.end.close();
  }
}

export function openTls(
  _server: Server,
  { certificate }: TlsIdentity,
  datesCount: boolean,
): Promise<SimSocket> {
  const camera = running();
  if (camera === undefined) throw new Error("only a machine connects");
  return new Promise((resolve, reject) => {
    const answer = (): void => {
      const server = serverNow();
      if (server === undefined || !server.machine.on) return void reject(new Error("connect ECONNREFUSED"));
      if (areCutOff(camera, server.machine))
        return void later(connectMillisMax, () => reject(new Error("the broker did not answer in time")));
      if (datesCount && wallNow() > server.validUntil)
        return void reject(new ServerRefused("certificate has expired", true));
      resolve(new SimSocket(connectTo(server, { certificate })));
    };
    on(camera, 2 * lineDelay(), answer);
  });
}
