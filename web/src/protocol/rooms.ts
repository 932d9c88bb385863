/** The requests about one's own lasting rooms (docs/api.md). */
import { type Answer, type Api, type ApiFault, anything } from './api';
import { bool, type Checked, list, object, optional, text } from './check';
import { moment } from './identity';

const MAX_ROOMS = 1000;

const roomCheck = object({
  id: text(32),
  url: text(512),
  name: text(256),
  knock: bool,
  guests: bool,
  locked: bool,
  password: bool, // it has one
  owner: bool,
  created: optional(moment),
});
export type Room = Checked<typeof roomCheck>;
const roomsCheck = object({ rooms: list(roomCheck, MAX_ROOMS) });

export interface RoomForm {
  readonly name: string;
  readonly knock: boolean;
  readonly guests: boolean;
  /** undefined: as it was; '': none. */
  readonly password?: string;
}

export class RoomsApi {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  async list(): Promise<Answer<readonly Room[]>> {
    const answer = await this.#api.get('/rooms', roomsCheck);
    return answer.ok ? { ok: true, value: answer.value.rooms } : answer;
  }

  make(form: RoomForm): Promise<Answer<Room>> {
    return this.#api.post('/rooms', form, roomCheck);
  }

  change(id: string, change: Partial<RoomForm> & { locked?: boolean }): Promise<Answer<Room>> {
    return this.#api.patch(`/rooms/${encodeURIComponent(id)}`, change, roomCheck);
  }

  /** undefined: it worked. */
  async remove(id: string): Promise<ApiFault | undefined> {
    const answer = await this.#api.call('DELETE', `/rooms/${encodeURIComponent(id)}`, undefined, anything);
    return answer.ok ? undefined : answer.fault;
  }
}
