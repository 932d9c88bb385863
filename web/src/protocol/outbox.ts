/**
 * Messages on their way to the server: numbered, kept until the server has confirmed them, and sent again when a
 * connection broke before that. What goes again gets new numbers: the `hello` of the new connection has used one
 * in between, and ids must rise.
 */
import type { ClientMessage } from './messages';

interface Item {
  id: number;
  sent: boolean;
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
    this.#items.push({ id: this.takeId(), sent: false, message });
  }

  /** The next message that has not been sent on this connection; it counts as sent from now on. */
  next(): { id: number; message: ClientMessage } | undefined {
    const item = this.#items.find((i) => !i.sent);
    if (item) item.sent = true;
    return item;
  }

  get hasUnsent(): boolean {
    return this.#items.some((i) => !i.sent);
  }

  find(id: number): ClientMessage | undefined {
    return this.#items.find((i) => i.id === id)?.message;
  }

  confirm(ack: number): void {
    this.#items = this.#items.filter((i) => !i.sent || i.id > ack);
  }

  /** The session goes on over a new connection, and the server has processed what was sent up to @lastId. */
  resume(lastId: number): void {
    this.confirm(lastId);
    this.#nextId = Math.max(this.#nextId, lastId + 1);
    for (const item of this.#items) {
      item.id = this.takeId();
      item.sent = false;
    }
  }

  clear(): void {
    this.#items = [];
  }

  get size(): number {
    return this.#items.length;
  }
}
