/** The whole state of the app: what the user interface sees, and the little that only the reducers need. */
import type { Devices } from '../media/port';
import type { AppState } from './types';

export interface CoreState extends AppState {
  /** My participant id; '' when in no room. */
  readonly self: string;
  /** Number of the last notice. */
  readonly noticeSeq: number;
}

/** What is known of a room before anything is. */
export const NO_ROOM = {
  roomName: '',
  lasting: false,
  owner: false,
  locked: false,
  door: { state: 'asking' },
} as const;

export function initialState(name: string, devices: Devices): CoreState {
  return {
    page: 'home',
    room: '',
    link: '',
    ...NO_ROOM,
    name,
    devices,
    signal: 'connecting',
    joining: false,
    readmission: false,
    host: false,
    knock: true,
    peers: [],
    knocks: [],
    notices: [],
    creating: false,
    account: undefined,
    accountUnknown: false,
    service: undefined,
    token: '',
    self: '',
    noticeSeq: 0,
  };
}

export const OUT_OF_ROOM = {
  self: '',
  joining: false,
  readmission: false,
  host: false,
  peers: [],
  knocks: [],
} as const;

/** Without the optional fields named: `exactOptionalPropertyTypes` knows no `undefined` in their place. */
export function without<K extends 'ended' | 'homeError' | 'nameError'>(
  state: CoreState,
  ...names: readonly K[]
): CoreState {
  const copy: { -readonly [P in keyof CoreState]: CoreState[P] } = { ...state };
  for (const name of names) delete copy[name];
  return copy;
}
