/** What the server's refusals mean to the person. */
import type { ClientMessage } from '../protocol/messages';
import type { NameFault } from '../protocol/room';
import type { EndReason } from './types';
import * as words from './words';

const END: Readonly<Record<string, EndReason>> = {
  room_unknown: 'room-unknown',
  room_full: 'room-full',
  too_many: 'too-many-waiting',
  rooms_full: 'server-full',
  server_full: 'server-full',
};

const NAME: Readonly<Record<NameFault, string>> = {
  empty: words.NAME_EMPTY,
  long: words.NAME_LONG,
  characters: words.NAME_CHARACTERS,
};

const ADMIT: Readonly<Record<string, string>> = { room_full: words.ROOM_FULL, no_participant: words.GONE };

/** Why a join that was answered with this code could not be. @param knocked we have been at this door before. */
export function endReasonOf(code: string, knocked: boolean): EndReason {
  if (code === 'too_many' && knocked) return 'knocked-often';
  return END[code] ?? 'error';
}
export const nameFaultText = (fault: NameFault): string => NAME[fault];

/** What to tell the person whose request failed; undefined: nothing, they have not asked for anything. */
export function refusalText(asked: ClientMessage | undefined, code: string): string | undefined {
  if (asked?.type === 'admit' || asked?.type === 'refuse') return ADMIT[code] ?? words.NOT_DONE;
  return asked?.type === 'room.update' ? words.NOT_DONE : undefined;
}
