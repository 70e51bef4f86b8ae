import { join } from "node:path";
import { makeFolder } from "../cli/disk.io.js";
import { install } from "../cli/install/install.io.js";
import { later } from "../cli/later.js";
import { memberClaim } from "../cli/member/claim.io.js";
import { memberInit } from "../cli/member/init.io.js";
import { loadProfile } from "../cli/member/profile.io.js";
import type { Terminal } from "../cli/terminal.io.js";
import { type LogEvent, type Program, startProgram } from "./program.io.js";

/** Where a demo or a development run keeps everything. */
export interface Places {
  readonly cloud: string;
  readonly camera: string;
  readonly member: string;
  readonly videos: string;
}

export interface Ports {
  /** 0 takes a free one. */
  readonly http: number;
  readonly mqtt: number;
}

export function placesIn(folder: string): Places {
  const place = (name: string): string => join(folder, name);
  const places = {
    cloud: place("cloud"),
    camera: place("camera"),
    member: place("member"),
    videos: place("videos"),
  };
  for (const path of Object.values(places)) makeFolder(path, 0o700);
  return places;
}

export function startCloud(
  { cloud }: Places,
  { http, mqtt }: Ports,
  onEvent?: (event: LogEvent) => void,
): Promise<Program> {
  return startProgram({
    name: "cloud",
    main: "cloud/main.js",
    environment: { LINTEL_DATA: cloud, LINTEL_HTTP: `127.0.0.1:${http}`, LINTEL_MQTT: `127.0.0.1:${mqtt}` },
    ...(onEvent && { onEvent }),
  });
}

export function startCamera({ camera }: Places, onEvent?: (event: LogEvent) => void): Promise<Program> {
  return startProgram({
    name: "camera",
    main: "firmware/main.js",
    environment: { LINTEL_STATE: camera },
    ...(onEvent && { onEvent }),
  });
}

/** Once: a member with a household, and a camera that the member signed in, by the very commands that people type. */
export async function settle(
  places: Places,
  cloudUrl: string,
  source: string,
): Promise<{ readonly camera: string; readonly fingerprint: string }> {
  const member = loadProfile(places.member);
  if (member === undefined || member.unregistered !== undefined)
    await memberInit(places.member, { cloud: cloudUrl, name: "Anna" }, quiet());
  const claimed = later<string>();
  const fingerprint = later<string>();
  const owner = quiet(
    (value) => "claim" in value && claimed.resolve(`${value.claim}`),
    async (question) => question.includes(await fingerprint.promise),
  );
  let camera = "";
  const installer = quiet((value) => {
    if ("fingerprint" in value) fingerprint.resolve(`${value.fingerprint}`);
    if ("camera" in value) camera = `${value.camera}`;
  });
  const options = { cameraName: "Front door", place: "outdoor", confirmMillis: 0 } as const;
  const claim = memberClaim(places.member, options, owner);
  const text = await Promise.race([claimed.promise, claim.then(() => "")]);
  await Promise.all([claim, install({ claim: text, state: places.camera, source }, installer)]);
  return { camera, fingerprint: await fingerprint.promise };
}

/** A terminal that nobody looks at: hands on what programs would read. */
export function quiet(
  onJson: (value: object & Record<string, unknown>) => unknown = () => undefined,
  agreed: (question: string) => Promise<boolean> = async () => true,
): Terminal {
  const nothing = (): void => undefined;
  return {
    say: nothing,
    progress: nothing,
    warn: nothing,
    agreed,
    typed: async () => undefined,
    json: (value) => void onJson({ ...value }),
  };
}
