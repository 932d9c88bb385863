/**
 * Messages on their way to the server, kept until it has confirmed them, and sent again when a connection broke
 * before that. Each gets its id at the moment it is sent: pings overtake what has to wait, and ids must rise.
 */
import type { ClientMessage } from './messages';

interface Item {
  /** 0: not sent on this connection. */
  id: number;
  readonly message: ClientMessage;
}

export class Outbox {
  #items: Item[] = [];
  #nextId: number;

  /** @param firstId must be above all ids that an earlier page has used in the same session. */
  constructor(firstId: number) {
    this.#nextId = firstId;
  }

  takeId(): number {
    return this.#nextId++;
  }

  add(message: ClientMessage): void {
    this.#items.push({ id: 0, message });
  }

  /** The next message that has not been sent on this connection; it counts as sent from now on. */
  next(): { readonly id: number; readonly message: ClientMessage } | undefined {
    const item = this.#items.find((i) => i.id === 0);
    if (item) item.id = this.takeId();
    return item;
  }

  get hasUnsent(): boolean {
    return this.#items.some((i) => i.id === 0);
  }

  find(id: number): ClientMessage | undefined {
    return this.#items.find((i) => i.id === id)?.message;
  }

  confirm(ack: number): void {
    this.#items = this.#items.filter((i) => i.id === 0 || i.id > ack);
  }

  /** The session goes on over a new connection, and the server has processed what was sent up to @lastId. */
  resume(lastId: number): void {
    this.confirm(lastId);
    this.#nextId = Math.max(this.#nextId, lastId + 1);
    for (const item of this.#items) item.id = 0;
  }

  clear(): void {
    this.#items = [];
  }

  get size(): number {
    return this.#items.length;
  }
}
