import { utcText } from "../kernel/utc.js";
import type { RequestFault, VolumeFault } from "./request.js";

const hour = 60 * 60_000;
const day = 24 * hour;

/** What is wrong with a request, to whoever wrote it, with what would be allowed. */
export function faultSentence(fault: RequestFault | VolumeFault): string {
  switch (fault.kind) {
    case "area-too-small":
    case "area-too-large": {
      const bound = fault.kind === "area-too-small" ? "at least" : "at most";
      return `The area has ${hectares(fault.squareMetres)} hectares, but must have ${bound} ${hectares(fault.bound)}.`;
    }
    case "window-too-short":
    case "window-too-long": {
      const bound = fault.kind === "window-too-short" ? "at least" : "at most";
      return `The window lasts ${hours(fault.millis)} hours, but must last ${bound} ${hours(fault.bound)}.`;
    }
    case "area-too-wide":
      return `The area reaches over ${Math.round(fault.metres)} m, but must reach over at most ${fault.bound} m.`;
    case "area-not-convex":
      return "The area's outline must turn one way only, without a spike, a dent or a crossing.";
    case "area-too-thin":
      return "The area is more than eight times as long as it is wide.";
    case "outside-territory":
      return "The area reaches beyond the territory of the agency's agreement.";
    case "incident-too-old":
      return `The incident lies back more than ${days(fault.bound)} days.`;
    case "not-yet-over":
      return "The window or the incident lies in the future.";
    case "window-away-from-incident":
      return "The window lies more than a day away from the incident.";
    case "statute-missing":
      return "For this category the request must name the law, such as Art. 222-1.";
    case "statute-not-needed":
      return "A law is named in the category other-felony only.";
    case "incident-asked-before":
      return "The agency has asked about this file before. There is one request for an incident, and no reminder.";
    case "too-many-open":
      return `The agency has ${fault.bound} requests open already. Wait until one has ended.`;
    case "too-many-in-30-days":
      return `The agency has asked ${fault.bound} times within 30 days. Wait until one of these is older.`;
    case "same-area-too-soon":
      return `The agency has asked about a place so near already. It may again from ${utcText(fault.until)} on.`;
  }
}

const hectares = (squareMetres: number): string => (squareMetres / 10_000).toFixed(1);
const hours = (millis: number): string => (millis / hour).toFixed(2);
const days = (millis: number): number => Math.round(millis / day);
