/** The client's times and the small machines that keep them. */
import type { Random, Timers } from './socket';

export const BACKOFF_MIN_MS = 250;
export const BACKOFF_MAX_MS = 10_000;
export const RATE_LIMITED_MS = 5_000;
/** A connection that held this long starts the backoff anew. */
export const STABLE_MS = 5_000;
/** From the attempt to connect to `welcome`. */
export const WELCOME_MS = 10_000;
export const PING_MS = 15_000;
export const PONG_MS = 5_000;
export const ACK_MS = 5_000;
export const ACK_EVERY = 16;

/** Room for one timer: setting it again replaces it. */
export class Slot {
  readonly #timers: Timers;
  #cancel: (() => void) | undefined;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get busy(): boolean {
    return this.#cancel !== undefined;
  }

  set(ms: number, call: () => void): void {
    this.clear();
    this.#cancel = this.#timers.after(ms, () => {
      this.#cancel = undefined;
      call();
    });
  }

  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}

/** Doubling delays with jitter, so that all clients of a server that restarts do not come back at one moment. */
export class Backoff {
  readonly #random: Random;
  #failures = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  next(): number {
    const full = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** this.#failures++);
    return full / 2 + (full / 2) * this.#random();
  }

  reset(): void {
    this.#failures = 0;
  }
}

/** Keeps us below the server's limit of messages a second: crossing it would cost the connection. */
export class Pacer {
  readonly #timers: Timers;
  #rate = 20;
  #tokens = 20;
  #at: number;

  constructor(timers: Timers) {
    this.#timers = timers;
    this.#at = timers.now();
  }

  /** A new connection begins with a full measure. Four fifths leave room for pings and acks. */
  start(messagesPerS: number): void {
    this.#rate = Math.max(1, messagesPerS * 0.8);
    this.#tokens = this.#rate;
    this.#at = this.#timers.now();
  }

  /** 0: may send now, and it is counted. Otherwise the milliseconds to wait. */
  take(): number {
    const now = this.#timers.now();
    const passed = Math.max(0, now - this.#at); // a wall clock may be set back
    this.#tokens = Math.min(this.#rate, this.#tokens + (passed * this.#rate) / 1000);
    this.#at = now;
    if (this.#tokens < 1) return Math.ceil(((1 - this.#tokens) * 1000) / this.#rate);
    this.#tokens -= 1;
    return 0;
  }
}
