/** What went wrong with a request, in a sentence that can stand on the page. */

import type { Problem } from "../live/protocol";

/** A request that failed. The message is a sentence for the reader. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";

  constructor(
    readonly problem: Problem,
    options?: ErrorOptions,
  ) {
    super(sentenceOf(problem), options);
  }

  /** HTTP status; 0: there was no answer. */
  get status(): number {
    return this.problem.status;
  }
}

/** The detail where there is one, else the title, as a sentence. */
export function sentenceOf(problem: Problem): string {
  const words = (problem.detail || problem.title).trim();
  const capital = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?…]$/.test(capital) ? capital : `${capital}.`;
}

/** The problem document of a failed answer, or one that stands for it. */
export async function problemOf(response: Response): Promise<Problem> {
  const found = await response.json().catch(() => null);
  const title = `The server answered ${response.status}`;
  const blank = { type: "about:blank", title, status: response.status, detail: "" };
  if (typeof found !== "object" || found === null) return blank;
  const text = (name: string, otherwise: string) => {
    const value: unknown = (found as Record<string, unknown>)[name];
    return typeof value === "string" ? value : otherwise;
  };
  return {
    type: text("type", blank.type),
    title: text("title", title),
    status: response.status,
    detail: text("detail", ""),
  };
}

/** No answer at all. */
export function unreachable(cause: unknown): ProblemError {
  const title = "The server cannot be reached";
  return new ProblemError({ type: "about:blank", title, status: 0, detail: "" }, { cause });
}

/** An answer that is not what it ought to be. */
export function unreadable(cause: unknown): ProblemError {
  const title = "The server's answer could not be read";
  return new ProblemError({ type: "about:blank", title, status: 0, detail: "" }, { cause });
}

/** Whether somebody gave up waiting; not something to tell the reader. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** The sentence to show for anything that was thrown. */
export function sentenceOfError(error: unknown): string {
  if (error instanceof ProblemError) return error.message;
  return "Something went wrong on this page. Reload it to go on.";
}
