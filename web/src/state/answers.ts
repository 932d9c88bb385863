/** What the server's refusals mean to the person. */
import type { ApiFault } from '../protocol/api';
import type { ClientMessage, ServerMessageOf } from '../protocol/messages';
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
const HOSTING: Readonly<Record<string, string>> = {
  no_participant: words.NOT_HERE,
  not_host: words.NOT_HOST,
};

/** Why a call is over for everybody. */
const ENDED = { host: 'ended-by-host', admin: 'ended-by-admin', deleted: 'room-deleted' } as const;

/** Why a join that was answered with this code could not be. @param knocked we have been at this door before. */
export function endReasonOf(code: string, knocked: boolean): EndReason {
  if (code === 'too_many' && knocked) return 'knocked-often';
  return END[code] ?? 'error';
}

export const endedReason = ({ re, reason }: ServerMessageOf<'ended'>): EndReason =>
  re === undefined ? ENDED[reason] : 'ended';

export const nameFaultText = (fault: NameFault): string => NAME[fault];

/** Why there is no room for a call. */
export function notMadeText({ code, status }: ApiFault): string {
  if (code === 'forbidden') return words.ADMINS_ONLY;
  return status === 503 || status === 429 ? words.SERVER_BUSY : words.ROOM_NOT_MADE;
}

/** What to tell the person whose request failed; undefined: nothing, they have not asked for anything. */
export function refusalText(asked: ClientMessage | undefined, code: string): string | undefined {
  if (asked?.type === 'admit' || asked?.type === 'refuse') return ADMIT[code] ?? words.NOT_DONE;
  switch (asked?.type) {
    case 'room.update':
    case 'remove':
    case 'make_host':
    case 'end':
      return HOSTING[code] ?? words.NOT_DONE;
    default:
      return undefined;
  }
}
