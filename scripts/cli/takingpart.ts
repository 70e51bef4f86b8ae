import { Problem } from "./http.io.js";
import { Refused } from "./refused.js";

/** What a cloud answers where every cloud does that lets agencies ask. Throws `Refused` with the reason for one that does not. */
export async function takingPart<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    if (error instanceof Problem && error.status === 404)
      throw new Refused(
        "This cloud takes no part in releases: no agency asks here. Its operator decides that (LINTEL_RELEASES).",
      );
    throw error;
  });
}
