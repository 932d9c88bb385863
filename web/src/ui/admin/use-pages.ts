/** A long list, page by page. What is asked anew takes the place of what is there only when it has come. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Answer, ApiFault } from '../../state/types';

interface Listed<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

export interface Paged<T> {
  /** undefined: nothing has come yet. */
  readonly items: readonly T[] | undefined;
  /** There are more. */
  readonly more: boolean;
  readonly busy: boolean;
  readonly fault: ApiFault | undefined;
  reload(): void;
  next(): void;
  /** One of them has changed; undefined: it is gone. */
  put(id: string, item: T | undefined): void;
}

/** A page may be empty although there are more behind it; so many of them are skipped. */
const SKIP = 8;

export function usePages<T extends { readonly id: string }>(
  load: (after: string | undefined) => Promise<Answer<Listed<T>>>,
  key: string,
): Paged<T> {
  const [list, setList] = useState<{ items?: readonly T[]; next: string | undefined }>({ next: undefined });
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<ApiFault>();
  /** Answers to older questions are not heard. */
  const turn = useRef(0);
  const how = useRef(load);
  how.current = load;

  const run = useCallback(async (before: readonly T[], after: string | undefined) => {
    const mine = ++turn.current;
    setBusy(true);
    let answer = await how.current(after);
    for (let i = 0; i < SKIP && mine === turn.current && answer.ok; i++) {
      if (answer.value.items.length > 0 || answer.value.next === undefined) break;
      answer = await how.current(answer.value.next);
    }
    if (mine !== turn.current) return;
    setBusy(false);
    setFault(answer.ok ? undefined : answer.fault);
    if (answer.ok) setList({ items: [...before, ...answer.value.items], next: answer.value.next });
  }, []);

  useEffect(() => {
    void run([], undefined);
    return () => {
      turn.current++;
    };
  }, [key, run]);

  const { items, next } = list;
  return {
    items,
    more: next !== undefined,
    busy,
    fault,
    reload: () => void run([], undefined),
    next: () => void run(items ?? [], next),
    put: (id, item) =>
      setList({
        items: (items ?? []).flatMap((one) => (one.id !== id ? [one] : item === undefined ? [] : [item])),
        next,
      }),
  };
}
