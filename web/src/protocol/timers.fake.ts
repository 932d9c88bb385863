/** A clock that stands still until it is told to go on. */
import type { Timers } from './socket';

export class FakeTimers implements Timers {
  #now = 1_700_000_000_000;
  #next = 0;
  readonly #due = new Map<number, { at: number; call: () => void }>();

  readonly after = (ms: number, call: () => void): (() => void) => {
    const id = this.#next++;
    this.#due.set(id, { at: this.#now + ms, call });
    return () => this.#due.delete(id);
  };

  readonly now = (): number => this.#now;

  get pending(): number {
    return this.#due.size;
  }

  /** Let time pass; what falls due is called in order, at its time. */
  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [first] = [...this.#due]
        .filter(([, t]) => t.at <= end)
        .sort((a, b) => a[1].at - b[1].at || a[0] - b[0]);
      if (!first) break;
      this.#due.delete(first[0]);
      this.#now = first[1].at;
      first[1].call();
    }
    this.#now = end;
  }
}
