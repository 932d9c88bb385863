/** What the host, and the owner of a room, may ask of signalling. The server decides who is one. */
import type { DoorChange } from '../protocol/messages';
import type { Store } from './events';
import type { SignalPort } from './ports';
import type { HostActions } from './types';

export class Hosting implements HostActions {
  readonly #signal: SignalPort;
  readonly #store: Store;

  constructor(signal: SignalPort, store: Store) {
    this.#signal = signal;
    this.#store = store;
  }

  admit(participant: string): void {
    this.#signal.send({ type: 'admit', participant });
  }

  refuse(participant: string): void {
    this.#signal.send({ type: 'refuse', participant });
  }

  remove(participant: string): void {
    this.#signal.send({ type: 'remove', participant });
  }

  makeHost(participant: string): void {
    this.#signal.send({ type: 'make_host', participant });
  }

  takeHost(): void {
    this.makeHost(this.#store.state.self);
  }

  change(door: DoorChange): void {
    this.#signal.send({ type: 'room.update', ...door });
  }

  end(): void {
    this.#signal.send({ type: 'end' });
  }
}
