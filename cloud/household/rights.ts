import type { CharterCamera, Role } from "../../shared/charter/lines.js";

/** Who may see a camera's clips, events and key: contacts outdoor cameras only, everybody else all. */
export function maySee(role: Role, place: CharterCamera["place"]): boolean {
  return role !== "contact" || place === "outdoor";
}

/** Who may change the charter, make claims and delete clips. */
export function mayManage(role: Role): boolean {
  return role === "owner";
}
