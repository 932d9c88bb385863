/** What the way into a call asks over HTTP (docs/api.md): a room for one call, and a room's door. */
import type { Answer, Api } from './api';
import { bool, type Check, type Checked, object, optional, orNull, text } from './check';
import { parseRoomCode } from './room';

const roomId: Check<string> = (v): v is string => typeof v === 'string' && parseRoomCode(v) === v;

const made = object({ id: roomId });

/** A room for one call. */
export async function makeRoom(api: Api): Promise<Answer<string>> {
  const answer = await api.post('/rooms', {}, made);
  return answer.ok ? { ok: true, value: answer.value.id } : answer;
}

const entered = object({
  id: roomId,
  name: optional(orNull(text(256))), // of a lasting room
  lasting: bool,
  knock: bool,
  owner: bool,
  pass: optional(text(512)),
});
export type Entered = Checked<typeof entered>;

/** To be said before `join`: the server then has the room, and we the proof of its password. */
export const enterRoom = (api: Api, room: string, password: string): Promise<Answer<Entered>> =>
  api.post(`/rooms/${room}/enter`, password === '' ? {} : { password }, entered);
