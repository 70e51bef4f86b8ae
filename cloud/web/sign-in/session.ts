import type { Static } from "typebox";
import type { signedInBrowser } from "../../api/contract/passkeys.js";
import { type Asked, ask, Refusal } from "../call.js";

export type SignedIn = Static<typeof signedInBrowser>;

/** In this page's memory only; what renews it lies in a cookie that no script reads. */
let signedIn: SignedIn | undefined;
/** Before its end at which a token counts as over. */
const marginMillis = 30_000;

/** What the cloud answered to a sign-in. */
export function keep(answer: unknown): SignedIn {
  signedIn = answer as SignedIn;
  return signedIn;
}

export function forget(): void {
  signedIn = undefined;
}

/** The session that this browser has, renewed where it must be; `undefined` when it has none. */
export async function current(): Promise<SignedIn | undefined> {
  if (signedIn !== undefined && Date.parse(signedIn.expiresAt) - marginMillis > Date.now()) return signedIn;
  try {
    // Of all tabs one at a time: what renews a session counts once, and a second time ends it.
    return await navigator.locks.request("lintel-session", async () =>
      keep(await ask({ method: "POST", path: "/v1/session/browser" })),
    );
  } catch (error) {
    if (error instanceof Refusal && ["not-logged-in", "session-over"].includes(error.kind)) return undefined;
    throw error;
  }
}

/** As the member who is signed in. */
export async function askAsMember(asked: Asked): Promise<unknown> {
  const session = await current();
  if (session === undefined) throw new Error("You are signed out by now. Load the page again to sign in.");
  return ask({ ...asked, token: session.token });
}
