import type { Kysely } from "kysely";
import { isRole, type Member } from "../../shared/charter/lines.js";
import { loginKeyName, parseLogin } from "../../shared/charter/login.js";
import { fromBase64 } from "../../shared/kernel/bytes.js";
import { type HouseholdId, isCameraId, type MemberId } from "../../shared/kernel/ids.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { openNote, textOf } from "../../shared/seal/note.js";
import type { Database } from "../database.io.js";
import { type Challenge, createChallenges } from "./challenges.io.js";
import type { Who } from "./person.js";
import type { MemberRow } from "./tables.js";

/** A member as the newest charter of the household has them. */
export interface Session extends Who, Standing {}

/** What decides about what a member may do and see. */
export type Standing = Pick<Member, "role" | "sees">;

/** `as`: whom the note claims to come from. */
export type LoginRefusal = { readonly kind: "login-refused" | "other-audience"; readonly as?: Who };

export interface Logins {
  /** A nonce to sign; the same for members that do not exist, so that nobody learns who does. */
  challenge(household: HouseholdId, member: MemberId): Promise<Challenge>;
  /** Checks a signed `login/v1` and uses its nonce up. `audiences` are this cloud's own origins. */
  login(note: string, audiences: readonly string[]): Promise<Result<Session, LoginRefusal>>;
}

export function createLogins(db: Kysely<Database>, ports: { clock: Clock; random: Random }): Logins {
  const challenges = createChallenges(db, ports);
  const memberOf = (household: HouseholdId, id: MemberId) =>
    db
      .selectFrom("member")
      .select(["role", "sees", "login_key"])
      .where("household", "=", household)
      .where("id", "=", id)
      .executeTakeFirst();

  return {
    challenge: async (household, member) =>
      challenges.offer({ household, member }, (await memberOf(household, member)) !== undefined),

    async login(note, audiences) {
      const claimed = parseLogin(textOf(note));
      if (!claimed.ok) return refuse({ kind: "login-refused" });
      const { household, member, audience, nonce } = claimed.value;
      const refused = { kind: "login-refused", as: { household, member } } as const;
      const row = await memberOf(household, member);
      const publicKey = fromBase64(row?.login_key ?? "");
      if (row === undefined || !publicKey.ok) return refuse(refused);
      const opened = openNote(note, [{ name: loginKeyName(member), publicKey: publicKey.value }]);
      if (!opened.ok) return refuse(refused);
      if (!audiences.includes(audience)) return refuse({ ...refused, kind: "other-audience" });
      const used = await challenges.useUp(nonce, { household, member });
      return used ? ok({ household, member, ...standingOf(row) }) : refuse(refused);
    },
  };
}

/** What a member's row says. Doubt gives the smallest role. */
export function standingOf({ role, sees }: Pick<MemberRow, "role" | "sees">): Standing {
  const cameras = sees?.split(" ").filter(isCameraId);
  return { role: isRole(role) ? role : "contact", ...(cameras && { sees: cameras }) };
}
