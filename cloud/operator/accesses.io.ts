import type { Kysely } from "kysely";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { toBase64 } from "../../shared/kernel/bytes.js";
import { type CourseId, type HouseholdId, newCourseId, type OfficerId } from "../../shared/kernel/ids.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import type { Database } from "../database.io.js";
import { askedBefore } from "../docket/again.js";
import type { Docket, DocketQuery, Kept } from "../docket/docket.io.js";
import { turns } from "../docket/turns.js";
import { waitingMax } from "../office/people.js";
import {
  type Access,
  type AccessEvent,
  type AccessRefusal,
  type Asked,
  accessMachine,
  type MetadataKind,
  mayRead,
} from "./access.js";
import { type Metadata, readMetadata } from "./metadata.io.js";

export type KeptAccess = Kept<Access>;

/** When what was looked at by an access. */
export interface AccessRead {
  readonly kind: string;
  readonly at: Millis;
}

/** Operators' looks at metadata: each asked for, approved by a second one, and shown to the household. */
export interface Accesses {
  /** `undefined` where there is no such household. */
  request(
    asked: Omit<Asked, "askedAt" | "salt">,
  ): Promise<Result<KeptAccess, AccessRefusal | { readonly kind: "too-many-waiting" }> | undefined>;
  /** `undefined` where there is no such access. */
  advance(
    id: CourseId,
    event: Exclude<AccessEvent, { readonly kind: "request" | "clock" }>,
  ): Promise<Result<KeptAccess, AccessRefusal> | undefined>;
  /** Newest first. */
  list(query: DocketQuery): Promise<readonly KeptAccess[]>;
  /** What was looked at by an access of this household's, oldest first. */
  reads(household: HouseholdId, id: string): Promise<readonly AccessRead[]>;
  /** Noted before it is read. `undefined` where there is no such access. */
  read(
    id: CourseId,
    by: OfficerId,
    kind: MetadataKind,
  ): Promise<Result<Metadata, { readonly kind: "out-of-scope" }> | undefined>;
}

interface AccessServices {
  readonly docket: Docket;
  readonly clock: Clock;
  readonly random: Random;
  /** Tells the household's owners at once; again does no harm. */
  readonly tell: (access: KeptAccess) => void;
}

export function createAccesses(
  db: Kysely<Database>,
  { docket, clock, random, tell }: AccessServices,
): Accesses {
  const book = docket.open(accessMachine, { settle: async (access) => tell(access) });
  // What is counted as waiting must still be all that waits when one more is taken.
  const ofOperator = turns<OfficerId>();
  const isThere = async (household: HouseholdId): Promise<boolean> =>
    (await db.selectFrom("household").select("id").where("id", "=", household).executeTakeFirst()) !==
    undefined;
  return {
    async request(asked) {
      if (!(await isThere(asked.household))) return undefined;
      return ofOperator(asked.by, async () => {
        const requested = await book.list({ kinds: ["requested"] });
        const own = requested.filter(({ state }) => state.by === asked.by);
        const again = askedBefore(own, asked);
        if (again !== undefined) return ok(again);
        if (own.length >= waitingMax) return refuse({ kind: "too-many-waiting" });
        const event = { ...asked, kind: "request", salt: toBase64(random.bytes(32)) } as const;
        return book.advance(newCourseId(clock.wall(), random), event, asked.by);
      });
    },
    async advance(id, event) {
      return (await book.find(id)) === undefined ? undefined : book.advance(id, event, event.by);
    },
    list: (query) => book.list(query),
    async reads(household, access) {
      const rows = await db
        .selectFrom("access_read")
        .select(["kind", "at"])
        .where("household", "=", household)
        .where("access", "=", access)
        .orderBy("at")
        .execute();
      return rows.map(({ kind, at }) => ({ kind, at: millis(Number(at)) }));
    },
    async read(id, by, kind) {
      const access = await book.find(id);
      if (access === undefined) return undefined;
      const { household } = access.state;
      const at = clock.wall();
      if (!mayRead(access.state, by, kind, at)) return refuse({ kind: "out-of-scope" });
      // Power lost after this: the household is shown a look of which nothing was seen.
      await db.insertInto("access_read").values({ access: id, household, kind, at }).execute();
      return ok(await readMetadata(db, household, kind));
    },
  };
}
