/** By kind: status, title, and the sentence that says what to do next. */
export type ProblemTable = Readonly<Record<string, readonly [status: number, title: string, next: string]>>;
