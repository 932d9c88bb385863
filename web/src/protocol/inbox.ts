/** The numbers of what has come: in order, each once, and confirmed before the server has to keep too many. */
import type { Timers } from './socket';
import { ACK_EVERY, ACK_MS, Slot } from './timing';

export class Inbox {
  readonly #timer: Slot;
  readonly #sendAck: () => void;
  #last = 0;
  #acked = 0;

  /** @param sendAck is asked for an `ack` when no other message has carried the number for too long. */
  constructor(timers: Timers, sendAck: () => void) {
    this.#timer = new Slot(timers);
    this.#sendAck = sendAck;
  }

  get last(): number {
    return this.#last;
  }

  /** `welcome` tells the number to go on from. */
  start(seq: number): void {
    this.#last = seq;
    this.#acked = seq;
  }

  judge(seq: number): 'next' | 'seen' | 'hole' {
    if (seq === this.#last + 1) return 'next';
    return seq <= this.#last ? 'seen' : 'hole';
  }

  accept(seq: number): void {
    this.#last = seq;
    if (seq - this.#acked >= ACK_EVERY) this.#sendAck();
    else if (!this.#timer.busy) this.#timer.set(ACK_MS, this.#sendAck);
  }

  /** The number to put on the message that goes out now, if it is a new one. */
  takeAck(): { ack?: number } {
    if (this.#last <= this.#acked) return {};
    this.#acked = this.#last;
    this.#timer.clear();
    return { ack: this.#last };
  }

  get owesAck(): boolean {
    return this.#last > this.#acked;
  }

  pause(): void {
    this.#timer.clear();
  }
}
