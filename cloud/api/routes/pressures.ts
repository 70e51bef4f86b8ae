import type { FastifyRequest } from "fastify";
import type { Static } from "typebox";
import { fromBase64 } from "../../../shared/kernel/bytes.js";
import { formatOperator, type Operator } from "../../../shared/release/operators.js";
import { mayReport, openPressure } from "../../../shared/release/pressure.js";
import { hashOf } from "../../../shared/seal/hash.js";
import type { KeptPressure, Pressures } from "../../agency/pressures.io.js";
import type { CharterReader } from "../../household/charters.io.js";
import type { App } from "../app.js";
import { coursesQuery } from "../contract/accesses.js";
import { listQuery } from "../contract/common.js";
import * as contract from "../contract/pressures.js";
import { courseIdIn } from "../ids.js";
import { courseCursor, pageOf } from "../page.js";
import { demandOwnKey, operatorOf } from "../plugins/office.js";
import { sessionOf } from "../plugins/session.js";
import { demand, found, Problem } from "../problems.js";
import { timeTextOf } from "../time.js";

export interface PressureServices {
  readonly pressures: Pressures;
  readonly charters: CharterReader;
  readonly operators: readonly Operator[];
}

/** For the route option `onRequest`: who may speak for the household to the review board. */
async function adultsOnly(request: FastifyRequest): Promise<void> {
  if (!mayReport(sessionOf(request).role)) throw new Problem("adults-only");
}

/** What members tell the review board of an agency that pressed them. No route of an agency's knows of it. */
export function addPressures(members: App, { pressures, charters, operators }: PressureServices): void {
  members.get(
    "/v1/board",
    {
      onRequest: adultsOnly,
      schema: {
        operationId: "readBoard",
        summary: "The operators, to whose keys a report of pressure is sealed",
        tags: ["household"],
        response: { 200: contract.board },
      },
    },
    async () => ({ operators: operators.map(formatOperator) }),
  );

  members.post(
    "/v1/household/pressures",
    {
      onRequest: adultsOnly,
      schema: {
        operationId: "reportPressure",
        summary: "A member's signed word that an agency pressed the household; the agency never learns of it",
        tags: ["household"],
        body: contract.pressureBody,
        response: { 201: contract.membersPressure },
      },
    },
    async (request, reply) => {
      const { household, member } = sessionOf(request);
      const { note, file } = request.body;
      const opened = demand(openPressure(note, found(await charters.current(household)).members));
      if (opened.household !== household || opened.member !== member) throw new Problem("other-household");
      const bytes = fromBase64(file);
      if (!bytes.ok || hashOf(bytes.value) !== opened.sealed) throw new Problem("not-sealed");
      return reply.code(201).send(shown(demand(await pressures.report(opened, { note, file }))));
    },
  );

  members.get(
    "/v1/household/pressures",
    {
      onRequest: adultsOnly,
      schema: {
        operationId: "listOwnPressures",
        summary: "What the member reported, and what the review board found, newest first",
        tags: ["household"],
        querystring: listQuery,
        response: { 200: contract.membersPressures },
      },
    },
    async (request) => {
      const { household, member } = sessionOf(request);
      const own = await pressures.own(household, member);
      const { items, rest } = pageOf(own, ({ id }) => id, request.query, "down");
      return { pressures: items.map(shown), ...rest };
    },
  );
}

/** The review board: two operators who find the same. */
export function addBoard(operators: App, { pressures }: Pick<PressureServices, "pressures">): void {
  operators.get(
    "/operator/v1/pressures",
    {
      schema: {
        operationId: "listPressures",
        summary: "All reports of pressure, newest first, without whose they are",
        tags: ["operator"],
        querystring: coursesQuery,
        response: { 200: contract.operatorsPressures },
      },
    },
    async (request) => {
      const { items, rest } = await courseCursor(request.query, (query) => pressures.list(query));
      const shownTo = await pressures.readable(items, operatorOf(request).id);
      return { pressures: shownTo.map(toOperator), ...rest };
    },
  );

  operators.get(
    "/operator/v1/pressures/:pressure/text",
    {
      schema: {
        operationId: "readPressure",
        summary: "What the member wrote, sealed to the operators' own keys",
        tags: ["operator"],
        params: contract.pressureParams,
        response: { 200: contract.pressureText },
      },
    },
    async (request) => {
      const kept = found(await pressures.find(courseIdIn(request.params.pressure)));
      const [report] = await pressures.readable([kept], operatorOf(request).id);
      return { file: found(report?.state.from).file };
    },
  );

  operators.post(
    "/operator/v1/pressures/:pressure/finding",
    {
      schema: {
        operationId: "judgePressure",
        summary: "Whether a report is upheld; it counts once two operators found the same",
        tags: ["operator"],
        params: contract.pressureParams,
        body: contract.pressureFindingBody,
        response: { 200: contract.operatorsPressure },
      },
    },
    async (request) => {
      const caller = operatorOf(request);
      const upheld = request.body.finding === "upheld";
      const judged = await pressures.judge(courseIdIn(request.params.pressure), caller.id, (report) => {
        if (!report.findings?.some((one) => one.upheld === upheld)) demandOwnKey(caller);
        return upheld;
      });
      return toOperator(demand(found(judged)));
    },
  );
}

function shown({ id, state }: KeptPressure): Static<typeof contract.membersPressure> {
  const { kind, agency, what, at, about, receivedAt, until } = state;
  return {
    ...{ id, state: kind, agency, kind: what, at: timeTextOf(at), receivedAt: timeTextOf(receivedAt) },
    ...(about !== "none" && { about }),
    ...(until !== undefined && { until: timeTextOf(until) }),
  };
}

function toOperator(kept: KeptPressure): Static<typeof contract.operatorsPressure> {
  const findings = (kept.state.findings ?? []).map(({ by, upheld }) => ({
    by,
    finding: upheld ? ("upheld" as const) : ("not-upheld" as const),
  }));
  return { ...shown(kept), findings };
}
