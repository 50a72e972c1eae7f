import { useEffect, useState } from "preact/hooks";
import { Refused } from "./api";

const INTERVAL_MS = 2000;
// How long a server that hangs is waited for.
const PATIENCE_MS = 20000;

export interface Polled<T> {
  /** What was heard last; kept while the server does not answer. */
  value: T | undefined;
  /** Why the last request failed. */
  problem: Error | undefined;
  /** When `value` was heard. */
  at: number;
}

/**
 * Asks again and again: two seconds after each answer, not while the page is hidden, at once when it is shown again.
 * Begins anew when `key` changes. `ask` gets what was heard last.
 */
export function usePolled<T>(key: string, ask: (signal: AbortSignal, last: T | undefined) => Promise<T>): Polled<T> {
  const nothing: Polled<T> = { value: undefined, problem: undefined, at: 0 };
  const [state, setState] = useState<{ key: string; polled: Polled<T> }>({ key, polled: nothing });
  // `ask` is made anew with each drawing; `key` says what it asks.
  useEffect(() => {
    const ended = new AbortController();
    let polled = nothing;
    let timer: number | undefined;
    let asking = false;
    const tell = (change: Partial<Polled<T>>) => {
      polled = { ...polled, ...change };
      setState({ key, polled });
    };
    const step = async () => {
      if (asking || document.hidden || ended.signal.aborted) return;
      window.clearTimeout(timer);
      asking = true;
      const once = new AbortController();
      const giveUp = () => once.abort();
      const patience = window.setTimeout(giveUp, PATIENCE_MS);
      ended.signal.addEventListener("abort", giveUp);
      try {
        const value = await ask(once.signal, polled.value);
        if (!ended.signal.aborted) tell({ value, problem: undefined, at: Date.now() });
      } catch (error) {
        if (!ended.signal.aborted) tell({ problem: error instanceof Error ? error : new Error(String(error)) });
      }
      window.clearTimeout(patience);
      ended.signal.removeEventListener("abort", giveUp);
      asking = false;
      timer = window.setTimeout(step, INTERVAL_MS);
    };
    document.addEventListener("visibilitychange", step);
    step();
    return () => {
      document.removeEventListener("visibilitychange", step);
      window.clearTimeout(timer);
      ended.abort();
    };
  }, [key]);
  return state.key === key ? state.polled : nothing;
}

export function isGone(problem: Error | undefined): boolean {
  return problem instanceof Refused && problem.status === 404;
}

export function needsToken(problem: Error): boolean {
  return problem instanceof Refused && (problem.status === 401 || problem.status === 403);
}
