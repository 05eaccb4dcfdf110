// A list from the server that is read again when its topic changed: at once, then at most once a second.
import { effect, signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Topic } from '../wire.js';
import { get } from './api.js';
import { topics } from './live.js';

const EVERY_MS = 700;

export interface Listed<T> {
  readonly data: T | undefined;
  readonly error: string | undefined;
  /** Reads it again now. */
  readonly again: () => void;
}

export function useList<T>(path: string, topic?: Topic, everyMs = 0): Listed<T> {
  const state = useMemo(
    () => signal<{ data: T | undefined; error: string | undefined }>({ data: undefined, error: undefined }),
    [path],
  );
  const again = useMemo(() => {
    return () => {
      get<T>(path).then(
        (data) => {
          state.value = { data, error: undefined };
        },
        (error: Error) => {
          state.value = { data: state.peek().data, error: error.message };
        },
      );
    };
  }, [path, state]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = effect(() => {
      if (topic) topics[topic].value;
      if (timer !== undefined) return;
      again();
      timer = setTimeout(() => {
        timer = undefined;
        again();
      }, EVERY_MS);
    });
    const repeat = everyMs > 0 ? setInterval(again, everyMs) : undefined;
    return () => {
      stop();
      clearTimeout(timer);
      clearInterval(repeat);
    };
  }, [topic, again, everyMs]);
  return { ...state.value, again };
}
