/** What the controller needs of its surroundings. */
import type { Exchange } from '../protocol/api';
import type { ClientState, Credentials } from '../protocol/events';
import type { ClientMessage } from '../protocol/messages';
import type { Timers } from '../protocol/socket';

/** The part of SignalClient that the controller uses. */
export interface SignalPort {
  readonly state: ClientState;
  readonly credentials: Credentials | undefined;
  start(saved?: Credentials): void;
  restart(): void;
  send(message: ClientMessage): void;
  poke(): void;
  reconnect(): void;
  closing(): void;
}

export interface RouterPort {
  readonly origin: string;
  path(): string;
  push(path: string): void;
  replace(path: string): void;
  /** What stands behind '#'; from then on it no longer stands in the address bar. */
  takeHash(): string;
}

export interface TextStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface Surroundings {
  readonly exchange: Exchange;
  readonly router: RouterPort;
  /** For this tab, over a reload. */
  readonly session: TextStore;
  /** For this browser. */
  readonly memory: TextStore;
  readonly timers: Timers;
  copy(text: string): Promise<void>;
  fault(why: string): void;
}
