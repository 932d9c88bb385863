/** Invented rooms, people and events for the gallery. */
const RULES = { knock: true, guests: true, locked: false, password: false, owner: true };
const room = (id: string, name: string, rules: object = {}) => ({
  id,
  url: `https://call.example.org/r/${id}`,
  name,
  ...RULES,
  ...rules,
  created: '2026-06-02T09:00:00Z',
});

export const rooms = [
  room('k7f3q-9xm2d-t0v8c-4hjwz', 'Tuesday round'),
  room('3m8wz-0q4tk-7vd2h-x9rcb', 'Office hours', { knock: false, password: true }),
  room('b5n1e-62kfp-gw83s-yt0jq', 'Board meeting', { guests: false, locked: true }),
];

const names = ['Ada Lovelace', 'Bob Kahn', 'Chloé Martin', 'Dragan Petrović', 'Emi Sato', 'Farid Haddad'];

export const users = names.map((name, n) => ({
  id: `a${n + 1}`,
  email: `${name.split(' ')[0]?.toLowerCase().replace('é', 'e')}@example.org`,
  name,
  language: 'en',
  role: n < 2 ? 'admin' : 'member',
  created: '2026-05-04T09:12:00Z',
  two_factor: n % 3 === 0,
  passkeys: 0,
  recovery_codes: 0,
  rooms: (n * 2) % 5,
  disabled: n === 3,
  ...(n === 4 ? {} : { signed_in: '2026-11-19T17:40:00Z' }),
}));

export const usedRooms = [
  {
    id: rooms[0]?.id,
    name: 'Tuesday round',
    owner: 'Ada Lovelace',
    members: 4,
    waiting: 1,
    since: '2026-11-20T16:00:00Z',
  },
  {
    id: '9xm2d-t0v8c-4hjwz-k7f3q',
    name: null,
    owner: null,
    members: 2,
    waiting: 0,
    since: '2026-11-20T17:21:00Z',
  },
];

export const settings = [
  {
    name: 'accounts.signup',
    value: 'invite',
    default: 'open',
    kind: 'choice',
    values: ['open', 'invite', 'closed'],
  },
  {
    name: 'rooms.create',
    value: 'anyone',
    default: 'anyone',
    kind: 'choice',
    values: ['anyone', 'members', 'admins'],
  },
  { name: 'rooms.knock', value: true, default: true, kind: 'bool' },
];

const deeds = [
  ['Ada Lovelace', 'setting', 'accounts.signup', 'invite'],
  ['Ada Lovelace', 'user.invite', 'farid@example.org', 'member'],
  ['Bob Kahn', 'user.disable', 'dragan@example.org', ''],
  ['Bob Kahn', 'room.end', '9xm2d-t0v8c-4hjwz-k7f3q', ''],
  ['', 'user.role', 'ada@example.org', 'admin'],
] as const;

export const events = deeds.map(([actor, action, target, detail], n) => ({
  id: `${1000 - n}`,
  at: `2026-11-20T1${7 - n}:0${n}:00Z`,
  actor,
  action,
  target,
  detail,
  address: '192.0.2.17',
}));
