/** What the client needs of its surroundings, so that it runs without a browser, a clock or a network. */

export interface SocketEvents {
  open(): void;
  message(data: unknown): void;
  /** Also after a failed attempt to connect. Not called after close(). */
  close(code: number): void;
}

export interface Socket {
  send(text: string): void;
  close(code: number, reason: string): void;
}

/** May throw where sockets cannot be made at all. */
export type Connect = (events: SocketEvents) => Socket;

export interface Timers {
  /** Call once after this many milliseconds; what comes back takes it back. */
  after(ms: number, call: () => void): () => void;
  /** Wall clock, milliseconds since 1970. */
  now(): number;
}

/** A number from 0 (included) to 1 (excluded). */
export type Random = () => number;
