/** An answer of the server as a component needs it: there, on its way, or why not. */

import { useCallback, useEffect, useState } from "react";
import { isAbort, sentenceOfError } from "./problem";

export interface Answered<Answer> {
  /** The newest answer; stays while a newer one is on its way. */
  answer: Answer | undefined;
  /** Why the last request failed, as a sentence. */
  problem: string | undefined;
  loading: boolean;
  /** Ask again. */
  again: () => void;
}

/** Ask when the component appears, when `ask` changes, and every `refreshMs` where given. */
export function useAnswer<Answer>(
  ask: (signal: AbortSignal) => Promise<Answer>,
  refreshMs?: number,
): Answered<Answer> {
  const [found, setFound] = useState<{
    ask: unknown;
    answer?: Answer;
    problem?: string | undefined;
  }>({ ask: undefined });
  const [loading, setLoading] = useState(true);
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((count) => count + 1), []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new turn asks again
  useEffect(() => {
    const abort = new AbortController();
    setLoading(true);
    ask(abort.signal)
      .then((answer) => setFound({ ask, answer }))
      .catch((error: unknown) => {
        if (isAbort(error)) return;
        const problem = sentenceOfError(error);
        setFound((before) => (before.ask === ask ? { ...before, problem } : { ask, problem }));
      })
      .finally(() => {
        if (!abort.signal.aborted) setLoading(false);
      });
    return () => abort.abort();
  }, [ask, turn]);

  useEffect(() => {
    if (refreshMs === undefined) return;
    const timer = setInterval(again, refreshMs);
    return () => clearInterval(timer);
  }, [refreshMs, again]);

  const current = found.ask === ask;
  return {
    answer: current ? found.answer : undefined,
    problem: current ? found.problem : undefined,
    loading,
    again,
  };
}
