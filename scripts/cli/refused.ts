/** A command that cannot do what was asked, in a sentence that says what to do next. Ends in exit code 1. */
export class Refused extends Error {}
