import type { Role } from "../../shared/charter/lines.js";

/** Who may change the charter, make claims and delete clips. */
export function mayManage(role: Role): boolean {
  return role === "owner";
}
