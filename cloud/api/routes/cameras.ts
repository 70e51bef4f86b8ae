import type { Millis } from "../../../shared/kernel/brand.js";
import type { CameraId } from "../../../shared/kernel/ids.js";
import type { Status } from "../../../shared/protocol/messages.js";
import type { CameraDirectory, KnownCamera } from "../../household/cameras.io.js";
import type { Modes } from "../../household/modes.io.js";
import type { App } from "../app.js";
import * as contract from "../contract/clips.js";
import { listQuery } from "../contract/common.js";
import { keyFiles } from "../contract/household.js";
import { cameraIdIn } from "../ids.js";
import { pageOf } from "../page.js";
import { sessionOf } from "../plugins/session.js";
import { demand, found } from "../problems.js";
import type { Sight } from "../sight.js";
import { timeTextOf } from "../time.js";

/** So that epochs sort as texts. */
const epochDigits = 10;

/** How a camera was when it last spoke. */
export interface CameraState {
  readonly online: boolean;
  /** Absent when it never spoke. */
  readonly seenAt?: Millis;
  /** Its newest words about itself. */
  readonly status?: Extract<Status, { state: "online" }>;
  /** Two devices held its identity a short while ago. */
  readonly identityConflict: boolean;
}

export interface CameraStates {
  health(camera: CameraId): CameraState;
}

export interface CameraServices {
  readonly modes: Modes;
  readonly cameras: CameraDirectory;
  readonly states: CameraStates;
  readonly sight: Sight;
}

/** The household's cameras, and the key files that open their clips. */
export function addCameras(members: App, { cameras, modes, states, sight }: CameraServices): void {
  const shown = (camera: KnownCamera) => describe(camera, states.health(camera.id));

  members.get(
    "/v1/cameras",
    {
      schema: {
        operationId: "listCameras",
        summary: "The household's cameras and how they are",
        tags: ["cameras"],
        querystring: listQuery,
        response: { 200: contract.cameras },
      },
    },
    async (request) => {
      const visible = await sight.of(sessionOf(request));
      const { items, rest } = pageOf([...visible.values()], ({ name, id }) => `${name} ${id}`, request.query);
      return { cameras: items.map(shown), ...rest };
    },
  );

  members.get(
    "/v1/cameras/:camera",
    {
      schema: {
        operationId: "getCamera",
        summary: "One camera and how it is",
        tags: ["cameras"],
        params: contract.cameraParams,
        response: { 200: contract.camera },
      },
    },
    async (request) => {
      const visible = await sight.of(sessionOf(request));
      const camera = found(visible.get(cameraIdIn(request.params.camera)));
      const order = await modes.newest(camera.id);
      return { ...shown(camera), ...(order && { mode: order.note }) };
    },
  );

  members.put(
    "/v1/cameras/:camera/mode",
    {
      schema: {
        operationId: "putMode",
        summary: "The camera's next mode order, signed by an owner, or by an adult where it does not loosen",
        tags: ["cameras"],
        params: contract.cameraParams,
        body: contract.modeBody,
        response: { 200: contract.modeStored },
      },
    },
    async (request) => {
      const session = sessionOf(request);
      const visible = await sight.of(session);
      const { id } = found(visible.get(cameraIdIn(request.params.camera)));
      const { counter } = demand(await modes.put(session.household, id, request.body.note));
      return { counter };
    },
  );
  addKeyFiles(members, { cameras, sight });
}

function addKeyFiles(members: App, { cameras, sight }: Pick<CameraServices, "cameras" | "sight">): void {
  members.get(
    "/v1/cameras/:camera/keys",
    {
      schema: {
        operationId: "listKeyFiles",
        summary: "The camera's identity by epoch, each an age file to those who may see the camera",
        tags: ["cameras"],
        params: contract.cameraParams,
        querystring: listQuery,
        response: { 200: keyFiles },
      },
    },
    async (request) => {
      const { cameras: visible } = await sight.reach(sessionOf(request));
      const { id } = found(visible.get(cameraIdIn(request.params.camera)));
      const files = await cameras.keyFiles(id);
      const { items, rest } = pageOf(
        files,
        ({ epoch }) => `${epoch}`.padStart(epochDigits, "0"),
        request.query,
      );
      return { keys: items, ...rest };
    },
  );
}

function describe({ id, name, place, epoch, named }: KnownCamera, state: CameraState) {
  const { online, seenAt, status, identityConflict } = state;
  const camera = { id, name, place, epoch, named, identityConflict };
  if (seenAt === undefined) return { ...camera, state: "never-connected" as const };
  const seen = {
    ...camera,
    state: online ? ("online" as const) : ("offline" as const),
    lastSeen: timeTextOf(seenAt),
  };
  if (status === undefined) return seen;
  const { charter, outboxSegments, outboxBytes } = status;
  return { ...seen, charter, queueSegments: outboxSegments, queueBytes: outboxBytes, status };
}
