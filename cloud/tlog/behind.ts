/** What was to be published is in the log's own state, and the witnesses who must cosign it are away: it is published once they are back. */
export class LogBehind extends Error {
  constructor() {
    super(
      "The log's witnesses do not answer, so the entry is not published yet. It will be; ask again then.",
    );
  }
}
