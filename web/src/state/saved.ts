/**
 * What a tab remembers of its call, so that reloading the page comes back into it, and what the browser remembers
 * of the rooms it was in, so that whoever has closed the tab gets the same seat again by the link.
 */
import type { Credentials } from '../protocol/events';
import { parseRoomCode } from '../protocol/room';
import type { Surroundings, TextStore } from './ports';

export interface SavedCall {
  readonly room: string;
  readonly name: string;
  /** '' before the room was entered. */
  readonly ticket: string;
  readonly credentials?: Credentials;
}

/** A place in a room that another tab of this browser may take again. Not the session: that is the tab's own. */
export interface Seat {
  readonly room: string;
  readonly name: string;
  readonly ticket: string;
}

interface Kept extends Seat {
  readonly time: number;
}

const CALL = 'parley.call';
const NAME = 'parley.name';
const SEATS = 'parley.seats';
const MAX_SEATS = 6;
/** The server takes no ticket that is older. */
const SEAT_MS = 24 * 3600 * 1000;

const text = (v: unknown): string => (typeof v === 'string' ? v : '');

function parseJson(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return undefined; // not written by us
  }
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== 'object' || value === null) return false;
  const { room, name, ticket, time } = value as Record<string, unknown>;
  return Boolean(parseRoomCode(text(room)) && text(name) && text(ticket)) && typeof time === 'number';
}

function parse(raw: string): SavedCall | undefined {
  const value = parseJson(raw);
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
  readonly #now: () => number;
  readonly #fault: (why: string) => void;

  constructor(session: TextStore, memory: TextStore, now: () => number, fault: (why: string) => void) {
    this.#session = session;
    this.#memory = memory;
    this.#now = now;
    this.#fault = fault;
  }

  static of({ session, memory, timers, fault }: Surroundings): Memory {
    return new Memory(session, memory, () => timers.now(), fault);
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

  loadSeat(room: string): Seat | undefined {
    return this.#seats().find((seat) => seat.room === room);
  }

  /** The newest one of a room counts: of several tabs, that which was closed last. */
  saveSeat({ room, name, ticket }: Seat): void {
    this.#writeSeats([{ room, name, ticket, time: this.#now() }, ...this.#otherSeats(room)]);
  }

  forgetSeat(room: string): void {
    if (this.loadSeat(room)) this.#writeSeats(this.#otherSeats(room));
  }

  #otherSeats(room: string): readonly Kept[] {
    return this.#seats().filter((seat) => seat.room !== room);
  }

  #seats(): readonly Kept[] {
    const list = parseJson(this.#try(() => this.#memory.getItem(SEATS)) ?? '');
    const oldest = this.#now() - SEAT_MS;
    return Array.isArray(list) ? list.filter(isKept).filter(({ time }) => time > oldest) : [];
  }

  #writeSeats(seats: readonly Kept[]): void {
    const few = JSON.stringify(seats.slice(0, MAX_SEATS));
    this.#try(() => (seats.length === 0 ? this.#memory.removeItem(SEATS) : this.#memory.setItem(SEATS, few)));
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
