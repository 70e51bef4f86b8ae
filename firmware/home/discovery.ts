import type { CameraId } from "../../shared/kernel/ids.js";
import type { Status } from "../../shared/protocol/messages.js";

// What Home Assistant is told over the home's own broker (home-assistant.io/integrations/mqtt, discovery of devices). Nothing here
// holds a key, a note or a clip.

/** Home Assistant says `online` here when it starts: everything is told again. */
export const statusTopic = "homeassistant/status";
/** A movement shows as over after so many seconds without another. */
const motionSeconds = 30;

export type Told = "available" | "press" | "motion" | "health" | "picture";

export const homeTopic = (camera: CameraId, told: Told): string => `lintel/${camera}/${told}`;
export const discoveryTopic = (camera: CameraId): string => `homeassistant/device/${camera}/config`;

/** All that stays on the broker for a camera: an empty retained message takes each away (MQTT-3.3.1-10). */
export const retainedTopics = (camera: CameraId): readonly string[] => [
  discoveryTopic(camera),
  homeTopic(camera, "available"),
  homeTopic(camera, "health"),
];

export interface Doorbell {
  readonly camera: CameraId;
  readonly name: string;
  readonly firmware: string;
  /** The household wants its pictures on this broker. */
  readonly picture: boolean;
}

/** The device with its entities, as Home Assistant reads it from `discoveryTopic`. */
export function describe({ camera, name, firmware, picture }: Doorbell): object {
  const health = { state_topic: homeTopic(camera, "health"), entity_category: "diagnostic" };
  const entity = (platform: string, id: string, rest: object): object => ({
    platform,
    unique_id: `lintel_${camera}_${id}`,
    ...rest,
  });
  const value = (field: string): string => `{{ value_json.${field} }}`;
  return {
    device: {
      identifiers: [`lintel_${camera}`],
      name,
      manufacturer: "Lintel",
      model: "Doorbell",
      sw_version: firmware,
    },
    origin: { name: "Lintel", sw_version: firmware },
    availability_topic: homeTopic(camera, "available"),
    components: {
      press: entity("event", "press", {
        name: "Doorbell",
        device_class: "doorbell",
        event_types: ["ring"],
        state_topic: homeTopic(camera, "press"),
      }),
      motion: entity("binary_sensor", "motion", {
        name: "Motion",
        device_class: "motion",
        state_topic: homeTopic(camera, "motion"),
        off_delay: motionSeconds,
      }),
      ...(picture && {
        picture: entity("image", "picture", {
          name: "At the door",
          image_topic: homeTopic(camera, "picture"),
          content_type: "image/jpeg",
        }),
      }),
      disk: entity("sensor", "disk", {
        name: "Free disk",
        device_class: "data_size",
        unit_of_measurement: "B",
        value_template: value("diskFreeBytes"),
        ...health,
      }),
      queue: entity("sensor", "queue", {
        name: "Waiting to be sent",
        unit_of_measurement: "segments",
        value_template: value("queueSegments"),
        ...health,
      }),
      certificate: entity("sensor", "certificate", {
        name: "Certificate ends in",
        device_class: "duration",
        unit_of_measurement: "d",
        value_template: value("certificateDays"),
        ...health,
      }),
      mode: entity("sensor", "mode", { name: "Mode", value_template: value("mode"), ...health }),
      trouble: entity("binary_sensor", "trouble", {
        name: "Trouble",
        device_class: "problem",
        value_template: value("trouble"),
        ...health,
      }),
    },
  };
}

/** The camera's health, as the entities above read it; of its troubles only that there are some. */
export function healthOf(status: Extract<Status, { state: "online" }>, certificateDays: number): object {
  const { diskFreeBytes, outboxSegments, mode, trouble } = status;
  return {
    diskFreeBytes,
    queueSegments: outboxSegments,
    certificateDays,
    mode: mode ?? "unknown",
    trouble: trouble.length > 0 ? "ON" : "OFF",
  };
}
