import type { CameraId } from "../../shared/kernel/ids.js";
import type { DownKind, UpTopic } from "../../shared/protocol/topics.js";

/** An event with its fields for the log. Never keys, footage, addresses. */
export type Log = (event: string, fields: Readonly<Record<string, string | number | boolean>>) => void;

/** What the bus tells. Calls for one camera come in the order in which its broker got them; none may throw. */
export interface BusListener {
  /** A camera's message in its own place. It was acknowledged to the camera by MQTT, which says nothing of storage. */
  message(camera: CameraId, topic: UpTopic, payload: Uint8Array): void;
  /** Told by the embedded broker only; with any broker the camera's status and its will say the same. */
  connected(camera: CameraId): void;
  disconnected(camera: CameraId): void;
  /** One identity was taken over again and again within a short time: two devices hold it. */
  conflict(camera: CameraId): void;
}

/** The cloud's end of the broker, embedded or external. */
export interface Bus {
  /** The ingest node's name, to which cameras address chunks. */
  readonly node: string;
  /** Begins to listen; before that, nothing arrives. Embedded: resolves with the address that was bound. */
  start(listener: BusListener): Promise<BusAddress>;
  /** Best effort: a camera that is away misses it, and asks again. */
  send(camera: CameraId, kind: DownKind, payload: Uint8Array): void;
  /** Asks again for every connected camera whether it may be here, and disconnects those that may not. */
  recheck(): Promise<void>;
  isUp(): boolean;
  close(): Promise<void>;
}

export interface BusAddress {
  readonly host: string;
  readonly port: number;
}

/** Largest MQTT packet from a camera: an `init` with the largest note and header, and some room. */
export const packetBytesMax = 96 * 1024;
/** Largest packet of a client that has not said who it is: CONNECT with a will. */
export const connectBytesMax = 4 * 1024;
