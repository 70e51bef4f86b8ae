// Somebody has copied a camera's keys: a second board with its identity, which connects again and again for a while.
import { elapsed, machineNamed, newMachine, on, powerOff, powerOn } from "../edges/clockwork.js";
import { MqttClient } from "../edges/mqtt.js";
import { openTls } from "../edges/tls.js";
import type { Doorbell } from "./doorbell.js";
import type { World } from "./world.js";

const everyMillis = 4_000;
const forMillis = 40_000;

export function connectTwin({ trace, passportOf }: World, { identity, machine }: Doorbell): void {
  const name = `twin of ${machine.name}`;
  const twin = machineNamed(name) ?? newMachine(name);
  powerOn(twin);
  trace.note(name, "appears");
  const until = elapsed() + forMillis;
  const connect = (): void => {
    if (elapsed() > until) return void powerOff(twin);
    const mine = { key: "", ca: "", certificate: passportOf(identity.camera) };
    openTls({ host: "", port: 0 }, mine, false).then(
      (socket) => void new MqttClient(() => socket, { clientId: identity.camera }),
      () => undefined,
    );
    on(twin, everyMillis, connect);
  };
  on(twin, 0, connect);
}
