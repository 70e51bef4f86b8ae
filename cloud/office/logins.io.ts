import type { Kysely } from "kysely";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { officeLoginKeyName, parseOfficeLogin } from "../../shared/release/officelogin.js";
import { openNote, textOf } from "../../shared/seal/note.js";
import type { Database } from "../database.io.js";
import { type Challenge, createChallenges } from "../household/challenges.io.js";
import { holderOf } from "../household/person.js";
import type { Directory, Post } from "./people.js";

/** `as`: whom the note claims to come from. */
export type OfficeLoginRefusal = {
  readonly kind: "office-login-refused" | "other-audience";
  readonly as?: Post;
};

export interface OfficeLogins {
  /** A nonce to sign; the same for people that do not exist. */
  challenge(post: Post): Promise<Challenge>;
  /** Checks a signed `office-login/v1` and uses its nonce up. `audiences` are this cloud's own origins. */
  login(note: string, audiences: readonly string[]): Promise<Result<Post, OfficeLoginRefusal>>;
}

export function createOfficeLogins(
  db: Kysely<Database>,
  { directory, ...ports }: { readonly directory: Directory; readonly clock: Clock; readonly random: Random },
): OfficeLogins {
  const challenges = createChallenges(db, ports);
  return {
    challenge: async (post) => challenges.offer(holderOf(post), (await directory.find(post)) !== undefined),

    async login(note, audiences) {
      const claimed = parseOfficeLogin(textOf(note));
      if (!claimed.ok) return refuse({ kind: "office-login-refused" });
      const { office, person, audience, nonce } = claimed.value;
      const post = { office, person };
      const refused = { kind: "office-login-refused", as: post } as const;
      const found = await directory.find(post);
      if (found === undefined) return refuse(refused);
      const opened = openNote(note, [{ name: officeLoginKeyName(person), publicKey: found.loginKey }]);
      if (!opened.ok) return refuse(refused);
      if (!audiences.includes(audience)) return refuse({ ...refused, kind: "other-audience" });
      const used = await challenges.useUp(nonce, holderOf(post));
      return used ? ok(post) : refuse(refused);
    },
  };
}
