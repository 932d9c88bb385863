/** Our place in a room, as it is remembered: the ticket, for a reload of the page and for a new tab. */
import type { Credentials } from '../protocol/events';
import type { Store } from './events';
import type { Memory } from './saved';

export class Place {
  readonly #store: Store;
  readonly #memory: Memory;
  readonly #credentials: () => Credentials | undefined;
  ticket = '';

  constructor(store: Store, memory: Memory, credentials: () => Credentials | undefined) {
    this.#store = store;
    this.#memory = memory;
    this.#credentials = credentials;
  }

  #now(): { room: string; name: string; ticket: string } {
    const { room, name } = this.#store.state;
    return { room, name: name.trim(), ticket: this.ticket };
  }

  save(): void {
    const credentials = this.#credentials();
    this.#memory.saveCall(credentials ? { ...this.#now(), credentials } : this.#now());
  }

  saveSeat(): void {
    if (this.ticket !== '') this.#memory.saveSeat(this.#now());
  }

  renew(ticket: string): void {
    this.ticket = ticket;
    this.save();
    this.saveSeat();
  }

  forgetCall(): void {
    this.#memory.forgetCall();
  }

  forgetSeat(): void {
    this.#memory.forgetSeat(this.#store.state.room);
  }
}
