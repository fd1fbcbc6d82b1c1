/** The bridge's REST interface. */

export { Api } from "./client";
export { isAbort, ProblemError, sentenceOfError } from "./problem";
export type * from "./types";
export { type Answered, useAnswer } from "./useAnswer";
