/** How a component follows something that changes outside of it. */
import { useEffect, useReducer } from 'preact/hooks';

export interface Changing {
  readonly subscribe: (listener: () => void) => () => void;
}

/** Renders the component again after every change. */
export function useChanges(source: Changing): void {
  const [, renderAgain] = useReducer((count: number) => count + 1, 0);
  useEffect(() => source.subscribe(() => renderAgain(undefined)), [source]);
}

/** Renders the component again every so often, for what ages. */
export function useTick(everyMs = 1_000): void {
  const [, renderAgain] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const timer = window.setInterval(() => renderAgain(undefined), everyMs);
    return () => window.clearInterval(timer);
  }, [everyMs]);
}
