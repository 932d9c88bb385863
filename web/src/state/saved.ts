/** What a tab remembers of its call, so that reloading the page comes back into it. */
import type { Credentials } from '../protocol/events';
import { parseRoomCode } from '../protocol/room';
import type { TextStore } from './ports';

export interface SavedCall {
  readonly room: string;
  readonly name: string;
  /** '' before the room was entered. */
  readonly ticket: string;
  readonly credentials?: Credentials;
}

const CALL = 'parley.call';
const NAME = 'parley.name';

const text = (v: unknown): string => (typeof v === 'string' ? v : '');

function parse(raw: string): SavedCall | undefined {
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    return undefined; // not written by us
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { room, name, ticket, session, token } = value as Record<string, unknown>;
  const code = parseRoomCode(text(room));
  if (!code || !text(name)) return undefined;
  const call = { room: code, name: text(name), ticket: text(ticket) };
  if (!text(session) || !text(token)) return call;
  return { ...call, credentials: { session: text(session), token: text(token) } };
}

export class Memory {
  readonly #session: TextStore;
  readonly #memory: TextStore;
  readonly #fault: (why: string) => void;

  constructor(session: TextStore, memory: TextStore, fault: (why: string) => void) {
    this.#session = session;
    this.#memory = memory;
    this.#fault = fault;
  }

  loadCall(): SavedCall | undefined {
    const raw = this.#try(() => this.#session.getItem(CALL));
    return raw ? parse(raw) : undefined;
  }

  saveCall({ credentials, ...call }: SavedCall): void {
    this.#try(() => this.#session.setItem(CALL, JSON.stringify({ ...call, ...credentials })));
  }

  forgetCall(): void {
    this.#try(() => this.#session.removeItem(CALL));
  }

  loadName(): string {
    return this.#try(() => this.#memory.getItem(NAME)) ?? '';
  }

  saveName(name: string): void {
    this.#try(() => this.#memory.setItem(NAME, name));
  }

  /** Storage may be full or forbidden: then nothing is remembered, and the call goes on. */
  #try<T>(use: () => T): T | undefined {
    try {
      return use();
    } catch (error) {
      this.#fault(`storage: ${String(error)}`);
      return undefined;
    }
  }
}
