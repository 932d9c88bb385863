/** Each screen of the gallery: a name, and the state that shows it. */
import type {
  AccountPage,
  AppState,
  DeviceProblem,
  Devices,
  EndReason,
  LinkState,
  PeerState,
} from '../../state/types';
import { ada } from './replies';

const room = 'k7f3q-9xm2d-t0v8c-4hjwz';

const devices: Devices = {
  audio: { wanted: true, status: 'on', deviceId: 'mic1' },
  video: { wanted: true, status: 'on', deviceId: 'cam1' },
  microphones: [
    { deviceId: 'mic1', label: 'MacBook Pro Microphone' },
    { deviceId: 'mic2', label: 'Jabra Evolve2 65 (Bluetooth)' },
  ],
  cameras: [{ deviceId: 'cam1', label: 'FaceTime HD Camera' }],
  speakers: [{ deviceId: '', label: 'Default speaker' }],
  speakerId: '',
  streamVersion: 1,
};

const base: AppState = {
  page: 'home',
  room: '',
  link: '',
  roomName: '',
  lasting: false,
  owner: false,
  locked: false,
  door: { state: 'open' },
  name: '',
  devices,
  signal: 'open',
  joining: false,
  readmission: false,
  host: false,
  knock: true,
  peers: [],
  knocks: [],
  notices: [],
  creating: false,
  account: null,
  accountUnknown: false,
  service: {
    rooms: { create: 'anyone' },
    accounts: { signup: 'open', password_min: 8, passkeys: true },
  },
  token: '',
};

/** A page of src/ui/account. */
const page = (name: AccountPage, over: Partial<AppState> = {}): AppState => ({
  ...base,
  page: name,
  ...over,
});

const signup = (mode: 'open' | 'invite' | 'closed') => ({
  rooms: { create: 'anyone' as const },
  accounts: { signup: mode, password_min: 8, passkeys: true },
});

const accountScreens: Readonly<Record<string, AppState>> = {
  signin: page('signin'),
  signup: page('signup'),
  'signup-invite': page('signup', { service: signup('invite') }),
  'signup-closed': page('signup', { service: signup('closed') }),
  invite: page('invite', { token: 'invitation' }),
  setup: page('setup', { token: 'set-it-up' }),
  'setup-bad': page('setup', { token: 'bad-token' }),
  confirm: page('confirm', { token: 'confirmation' }),
  'confirm-bad': page('confirm', { token: 'bad-token' }),
  'confirm-incomplete': page('confirm'),
  email: page('email', { token: 'confirmation', account: ada }),
  forgot: page('forgot'),
  reset: page('reset', { token: 'reset-token' }),
  'reset-bad': page('reset', { token: 'bad-token' }),
  account: page('account', { account: ada }),
  'account-secured': page('account', {
    account: { ...ada, role: 'admin', two_factor: true, recovery_codes: 2 },
  }),
  'account-unknown': page('account', { account: undefined, accountUnknown: true }),
  'home-member': { ...base, account: ada },
};

const inRoom: AppState = {
  ...base,
  room,
  link: `https://call.example.org/r/${room}`,
  name: 'Maja Lindqvist',
};

function peer(n: number, over: Partial<PeerState> = {}): PeerState {
  const names = ['Anna Okafor', 'Ben Iyer', 'Chloé Martin', 'Dragan Petrović'];
  return {
    participant: `p${n}`,
    name: names[n % names.length] ?? '',
    host: false,
    owner: false,
    signedIn: false,
    away: false,
    closing: false,
    audio: true,
    video: true,
    link: 'connected',
    hasVideo: true,
    streamVersion: 1,
    ...over,
  };
}

const call: AppState = { ...inRoom, page: 'call', host: true, peers: [peer(0)] };

function withProblems(audio: DeviceProblem | null, video: DeviceProblem | null): Devices {
  return {
    ...devices,
    audio: audio ? { wanted: true, status: 'problem', problem: audio, deviceId: '' } : devices.audio,
    video: video ? { wanted: true, status: 'problem', problem: video, deviceId: '' } : devices.video,
    microphones: audio ? [] : devices.microphones,
    cameras: video ? [] : devices.cameras,
  };
}

const off: Devices = {
  ...devices,
  audio: { ...devices.audio, wanted: false, status: 'off' },
  video: { ...devices.video, wanted: false, status: 'off' },
};

const asking: Devices = {
  ...withProblems('denied', 'denied'),
  audio: { wanted: true, status: 'asking', deviceId: '' },
  video: { wanted: true, status: 'asking', deviceId: '' },
};

function link(state: LinkState): AppState {
  return { ...call, peers: [peer(0, { link: state, hasVideo: state !== 'connecting' })] };
}

function ended(reason: EndReason): AppState {
  return { ...inRoom, page: 'ended', ended: reason };
}

/** As long and as high as a name can be: 40 characters, wide ones and stacks of marks. */
const WIDE = '﷽'.repeat(40);
const STACK = `Z${'\u0353\u0489\u0310'.repeat(13)}`;
const crowd = [
  WIDE,
  STACK,
  'W'.repeat(40),
  'Ben Iyer',
  'Chloé Martin',
  'Dragan Petrović',
  'Emi',
  'Farid',
].map((name, n) => ({ participant: `k${n}`, name }));

const prejoin: AppState = { ...inRoom, page: 'prejoin' };

const inLasting: AppState = { ...inRoom, roomName: 'Tuesday round', lasting: true };

const door = (over: AppState['door']): AppState => ({
  ...prejoin,
  ...inLasting,
  page: 'prejoin',
  door: over,
});

const wrongPassword = { code: 'bad_password', status: 401, fields: {} };
const tooOften = { code: 'too_many', status: 429, fields: {}, retryAfterS: 300 };

const withRule = (create: 'members' | 'admins', account: AppState['account'] = null): AppState => ({
  ...base,
  account,
  service: { rooms: { create }, accounts: { signup: 'open', password_min: 8, passkeys: true } },
});

const roomScreens: Readonly<Record<string, AppState>> = {
  'home-members': withRule('members'),
  'home-admins': withRule('admins', ada),
  rooms: page('rooms', { account: ada }),
  'rooms-none': page('rooms', { account: { ...ada, rooms: 0 } }),
  admin: page('admin', { account: { ...ada, role: 'admin' } }),
  'admin-not': page('admin', { account: ada }),
  'prejoin-room': door({ state: 'open' }),
  'prejoin-owner': { ...door({ state: 'open' }), owner: true, account: ada, name: ada.name },
  'prejoin-password': door({ state: 'password' }),
  'prejoin-password-wrong': door({ state: 'password', fault: wrongPassword }),
  'prejoin-password-often': door({ state: 'password', fault: tooOften }),
  'prejoin-members': door({ state: 'members' }),
  'prejoin-locked': door({ state: 'locked' }),
  'prejoin-later': door({ state: 'later', fault: tooOften }),
  'waiting-host': { ...inLasting, page: 'waiting' },
  'call-locked': { ...call, locked: true },
  'call-room': {
    ...call,
    ...inLasting,
    page: 'call',
    host: true,
    owner: true,
    locked: true,
    peers: [peer(0)],
  },
  'call-owner-away': {
    ...call,
    ...inLasting,
    page: 'call',
    host: false,
    owner: true,
    peers: [peer(0, { host: true }), peer(1)],
  },
  'call-member': {
    ...call,
    ...inLasting,
    page: 'call',
    host: false,
    locked: true,
    peers: [peer(0, { host: true, owner: true })],
  },
};

export const screens: Readonly<Record<string, AppState>> = {
  ...accountScreens,
  ...roomScreens,
  home: base,
  'home-error': { ...base, homeError: 'That is not a link or code of a call.' },
  'home-offline': { ...base, signal: 'failed' },
  prejoin,
  'prejoin-new': { ...prejoin, name: '', devices: asking },
  'prejoin-off': { ...prejoin, devices: off, nameError: 'Please tell the others your name.', name: '' },
  'prejoin-denied': { ...prejoin, devices: withProblems('denied', 'denied') },
  'prejoin-none': { ...prejoin, devices: withProblems(null, 'none') },
  'prejoin-busy': { ...prejoin, devices: withProblems('busy', 'failed') },
  'prejoin-insecure': { ...prejoin, devices: withProblems('insecure', 'unsupported') },
  waiting: { ...inRoom, page: 'waiting' },
  'waiting-again': { ...inRoom, page: 'waiting', readmission: true },
  alone: { ...call, peers: [] },
  call,
  'call-knock': { ...call, knocks: [{ participant: 'k1', name: 'Ben Iyer' }] },
  'call-knocks': { ...call, knocks: crowd },
  'call-knock-wide': { ...call, knocks: crowd.slice(0, 1), peers: [peer(0, { name: WIDE })] },
  'call-knock-stack': { ...call, knocks: crowd.slice(1, 2), peers: [peer(0, { name: STACK })] },
  'call-camera-off': { ...call, peers: [peer(0, { video: false, audio: false })] },
  'call-connecting': link('connecting'),
  'call-unstable': link('unstable'),
  'call-failed': link('failed'),
  'call-away': { ...call, peers: [peer(0, { away: true })] },
  'call-closing': { ...call, peers: [peer(0, { away: true, closing: true })] },
  'call-signal': { ...call, signal: 'reconnecting', devices: { ...withProblems(null, 'busy') } },
  'call-muted': {
    ...call,
    devices: off,
    notices: [{ id: 1, kind: 'info', text: 'The link is on your clipboard.' }],
  },
  'call-group': { ...call, peers: [peer(0), peer(1, { audio: false }), peer(2), peer(3, { video: false })] },
  ...Object.fromEntries(
    (
      [
        'left',
        'refused',
        'knock-timeout',
        'room-unknown',
        'room-full',
        'too-many-waiting',
        'knocked-often',
        'replaced',
        'removed',
        'ended',
        'ended-by-host',
        'ended-by-admin',
        'room-deleted',
        'signed-out',
        'server-full',
        'error',
      ] as const
    ).map((reason) => [`ended-${reason}`, ended(reason)]),
  ),
};
