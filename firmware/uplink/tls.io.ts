import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";

/** Who we are to the broker, and whom we trust: PEM texts. */
export interface TlsIdentity {
  readonly key: string;
  readonly certificate: string;
  /** The pinned authority, the only one. */
  readonly ca: string;
}

export interface Server {
  readonly host: string;
  readonly port: number;
}

/** `dates`: the certificate is right but for its dates, seen from our clock. */
export class ServerRefused extends Error {
  readonly dates: boolean;
  constructor(message: string, dates: boolean) {
    super(message);
    this.dates = dates;
  }
}

const connectMillisMax = 15_000;
const dateCodes = ["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"];
/** RFC 5280 §4.2.1.12, id-kp-serverAuth: a camera's certificate of the same authority must not pass for the server's. */
const serverAuth = "1.3.6.1.5.5.7.3.1";

/**
 * A TLS connection to the server, verified before it is handed out: issued by the pinned authority, for this host, for servers,
 * and valid now. With `datesCount: false` (our own clock was never set) all of that but the dates.
 */
export function openTls(server: Server, identity: TlsIdentity, datesCount: boolean): Promise<TLSSocket> {
  const { key, certificate: cert, ca } = identity;
  const { host, port } = server;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      key,
      cert,
      ca,
      minVersion: "TLSv1.2",
      rejectUnauthorized: datesCount,
      ...(isIP(host) === 0 && { servername: host }),
    });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(new Error("the broker did not answer in time")), connectMillisMax);
    const close = (): void => fail(new Error("the broker closed the connection during the handshake"));
    const error = (cause: Error & { readonly code?: string }): void => {
      if (dateCodes.includes(cause.code ?? "")) fail(new ServerRefused(cause.message, true));
      else fail(isCertificateFault(cause.code) ? new ServerRefused(cause.message, false) : cause);
    };
    socket.once("error", error).once("close", close);
    socket.once("secureConnect", () => {
      clearTimeout(timer);
      const fault = faultOf(socket.getPeerX509Certificate(), new X509Certificate(ca), host);
      if (fault !== undefined) return fail(new ServerRefused(fault, false));
      // Nothing is listening on the socket between here and the next line's owner: both run in this turn.
      socket.removeListener("error", error).removeListener("close", close);
      socket.setNoDelay(true);
      resolve(socket);
    });
    socket.once("close", () => clearTimeout(timer));
  });
}

/** What is wrong with a server's certificate, its dates aside. The handshake has proved that the server holds its key. */
function faultOf(
  certificate: X509Certificate | undefined,
  ca: X509Certificate,
  host: string,
): string | undefined {
  if (certificate === undefined) return "the broker showed no certificate";
  if (!ca.ca) return "the pinned authority's certificate is not one of an authority";
  if (!certificate.checkIssued(ca) || !certificate.verify(ca.publicKey))
    return "the broker's certificate is not from the pinned authority";
  const named =
    isIP(host) === 0 ? certificate.checkHost(host, { subject: "never" }) : certificate.checkIP(host);
  if (named === undefined) return `the broker's certificate is not for ${host}`;
  if (!certificate.keyUsage?.includes(serverAuth)) return "the broker's certificate is not for servers";
  return undefined;
}

/** OpenSSL's words on the server's certificate; what starts with ERR_SSL is the server's word on ours. */
function isCertificateFault(code = ""): boolean {
  return !code.startsWith("ERR_SSL") && /CERT|SELF_SIGNED|ISSUER|PURPOSE|INVALID_CA|PATH_LENGTH/.test(code);
}
