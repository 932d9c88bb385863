/**
 * A room's door: what the server says of it when its page is opened, and again before `join` where that was long ago.
 * Most doors are open and nobody notices; a click on "Join" waits for the answer if need be.
 *
 * Where the server cannot say, the way is tried all the same: `join` tells, and a room that is in use does not need
 * the database.
 */
import type { Answer, Api, ApiFault } from '../protocol/api';
import { type Entered, enterRoom } from '../protocol/enter';
import type { Store } from './events';
import type { DoorState } from './types';

export interface DoorHost {
  readonly store: Store;
  readonly api: () => Api;
  /** There is no such room. */
  unknown(): void;
}

const CLOSED: Readonly<Record<string, DoorState['state']>> = {
  password_needed: 'password',
  bad_password: 'password',
  members_only: 'members',
  room_locked: 'locked',
  too_many: 'later',
};

/** Whether this code is about the door, and not about the room behind it. */
export const isDoorCode = (code: string): boolean => Object.hasOwn(CLOSED, code) && code !== 'too_many';

export class Door {
  readonly #host: DoorHost;
  #room = '';
  /** We have a ticket: it opens doors that are closed to others, and rooms that the server has forgotten. */
  #seated = false;
  #password = '';
  /** What was answered last, or is on its way: the pass, '' where none is needed; undefined: not to be passed. */
  #answer: Promise<string | undefined> | undefined;

  constructor(host: DoorHost) {
    this.#host = host;
  }

  /** The page of this room has been opened. @made by us, just now: then the door is known. */
  opened(room: string, seated: boolean, made: boolean): void {
    this.#room = room;
    this.#seated = seated;
    this.#password = '';
    this.#answer = undefined;
    if (!made) this.ask();
    else this.#answer = this.#shown('open', '');
  }

  /** The page of this room has been reloaded in the call: the door matters only when we have fallen out of it. */
  resumed(room: string): void {
    this.opened(room, true, true);
    this.#answer = undefined;
  }

  /** Another page. */
  left(): void {
    this.#room = '';
    this.#answer = undefined;
  }

  ask(): void {
    const { state } = this.#host.store.state.door;
    this.#host.store.dispatch({ type: 'door', door: { state, busy: true } });
    this.#answer = this.#enter();
  }

  /** The answer does not hold any more: `join` was refused. */
  stale(): void {
    this.#answer = undefined;
  }

  /** Give the pass, '' where none is needed; undefined if we are not to come in: the page then says why. */
  through(password?: string): Promise<string | undefined> {
    if (password !== undefined && password !== '') {
      this.#password = password;
      this.#answer = this.#enter();
    }
    this.#answer ??= this.#enter();
    return this.#answer;
  }

  /** `join` was refused with @code, although the door had been passed. */
  refused(code: string): void {
    this.#password = '';
    this.#answer = this.#shown(CLOSED[code] ?? 'later', undefined);
  }

  async #shown(state: DoorState['state'], pass: string | undefined): Promise<string | undefined> {
    this.#host.store.dispatch({ type: 'door', door: { state } });
    return pass;
  }

  async #enter(): Promise<string | undefined> {
    const room = this.#room;
    const answer = await enterRoom(this.#host.api(), room, this.#password);
    if (room !== this.#room) return undefined; // gone elsewhere meanwhile
    return this.#judge(answer);
  }

  #judge(answer: Answer<Entered>): string | undefined {
    const { store } = this.#host;
    if (answer.ok) {
      store.dispatch({ type: 'entered', entered: answer.value });
      return answer.value.pass ?? '';
    }
    const { fault } = answer;
    const state = CLOSED[fault.code];
    if (fault.code === 'room_unknown' && !this.#seated) {
      this.#host.unknown();
      return undefined;
    }
    if (state === undefined || this.#seated) {
      store.dispatch({ type: 'door', door: { state: 'open' } });
      return '';
    }
    store.dispatch({ type: 'door', door: this.#closed(state, fault) });
    return undefined;
  }

  /** A password that was tried too often stays a matter of the password. */
  #closed(state: DoorState['state'], fault: ApiFault): DoorState {
    const tried = this.#password !== '';
    this.#password = '';
    if (!tried) return { state, ...(state === 'later' ? { fault } : {}) };
    return state === 'password' || state === 'later' ? { state: 'password', fault } : { state };
  }
}
