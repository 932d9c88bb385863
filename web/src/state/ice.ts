/** ICE servers with credentials that run out: asked for again in time, and before a restart that would need them. */
import type { Timers } from '../protocol/socket';

/** A restart with less than this left asks for new ones first. */
const SHORT_MS = 30_000;
const EARLY_MS = 60_000;

export class IceServers {
  readonly #timers: Timers;
  readonly #ask: () => void;
  readonly #waiting = new Map<object, () => void>();
  #until = 0;
  #asked = false;
  #cancel: (() => void) | undefined;

  constructor(timers: Timers, ask: () => void) {
    this.#timers = timers;
    this.#ask = ask;
  }

  /** New ones have come; they are set before this is called. */
  arrived(expiresS: number): void {
    const ms = expiresS * 1000;
    this.#until = this.#timers.now() + ms;
    this.#asked = false;
    this.#cancel?.();
    this.#cancel = this.#timers.after(Math.max(ms / 2, ms - EARLY_MS), () => this.#request());
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const call of waiting) call();
  }

  /** Do it now, or when fresh servers are there. @who: a later call for the same takes its place. */
  whenFresh(who: object, call: () => void): void {
    if (this.#timers.now() < this.#until - SHORT_MS) {
      call();
      return;
    }
    this.#waiting.set(who, call);
    this.#request();
  }

  /** What we have is void: the server takes back what it gave a participant who has left. */
  renew(): void {
    this.#until = 0;
    this.#request();
  }

  #request(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#ask();
  }
}
