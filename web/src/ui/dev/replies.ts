/** The HTTP API with invented answers, for the gallery: what the pages make of them is real. */
import type { Account } from '../../state/types';
import { events, rooms, settings, usedRooms, users } from './rooms';

export const ada: Account = {
  id: 'a1',
  email: 'ada@example.org',
  name: 'Ada Lovelace',
  language: 'en-GB',
  role: 'member',
  created: '2026-05-04T09:12:00Z',
  two_factor: false,
  passkeys: 1,
  recovery_codes: 0,
  rooms: 2,
};

const sessions = [
  {
    id: 's1',
    created: '2026-11-20T08:01:00Z',
    seen: '2026-11-20T17:58:00Z',
    client: 'Firefox on Linux',
    address: '192.0.2.17',
    current: true,
  },
  {
    id: 's2',
    created: '2026-11-02T18:44:00Z',
    seen: '2026-11-19T21:10:00Z',
    client: 'Safari on iPhone',
    address: '2001:db8:6:71::24',
    current: false,
  },
];

const passkeys = [
  { id: 'k1', name: 'Laptop', created: '2026-06-11T10:00:00Z', used: '2026-11-19T07:45:00Z' },
];

const tokens = [
  {
    id: 't1',
    name: 'Calendar',
    scopes: ['rooms:read', 'rooms:write'],
    created: '2026-09-01T12:00:00Z',
    used: '2026-11-20T06:00:00Z',
    expires: '2027-09-01T12:00:00Z',
  },
];

const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

type Reply = readonly [status: number, body: object];

const problem = (status: number, code: string, errors?: object[]): Reply => [
  status,
  { status, title: code, code, ...(errors ? { errors } : {}) },
];

/**
 * "wrong" as a password, "000000" as a code, "bad…" as a token, an address with "busy" or "taken" in it are refused, so
 * that every refusal can be looked at.
 */
function refusal(body: Record<string, unknown>): Reply | undefined {
  const given = (name: string) => String(body[name] ?? '');
  if (given('email').includes('busy')) return problem(429, 'too_many');
  if (given('email').includes('taken'))
    return problem(422, 'invalid', [{ field: 'email', reason: 'This is not an e-mail address.' }]);
  if (given('token').startsWith('bad')) return problem(410, 'token_invalid');
  if (given('name') === 'too many') return problem(409, 'too_many_rooms');
  if (given('password') === 'wrong' || given('old') === 'wrong') return problem(401, 'bad_credentials');
  if (given('email').startsWith('two') && body.code === undefined)
    return problem(401, 'second_factor_needed');
  return given('code') === '000000' ? problem(401, 'bad_code') : undefined;
}

const codes = Array.from({ length: 10 }, (_, i) => `k7f3q-9xm2${'0123456789'[i]}`);

const replies: Readonly<Record<string, (account: Account | null | undefined) => Reply>> = {
  'GET /account/sessions': () => [200, { sessions }],
  'GET /account/passkeys': () => [200, { passkeys }],
  'GET /account/tokens': () => [200, { tokens }],
  'GET /account': (account) => [200, { account: account ?? ada }],
  'PATCH /account': (account) => [200, { account: account ?? ada }],
  'GET /rooms': (account) => [200, { rooms: account?.rooms === 0 ? [] : rooms }],
  'GET /admin/rooms': () => [200, { rooms: usedRooms }],
  'GET /admin/settings': () => [200, { settings }],
  'POST /session': () => [200, { account: ada }],
  'POST /setup': () => [200, { account: { ...ada, role: 'admin' } }],
  'POST /confirm': () => [200, { account: ada }],
  'POST /email/confirm': () => [200, { email: ada.email }],
  'POST /account/totp': () => [
    200,
    {
      secret: SECRET,
      ticket: 'c2VhbGVk',
      uri: `otpauth://totp/Parley:ada%40example.org?secret=${SECRET}&issuer=Parley`,
    },
  ],
  'POST /account/totp/confirm': () => [200, { recovery_codes: codes }],
  'POST /account/recovery-codes': () => [200, { recovery_codes: codes }],
  'POST /account/tokens': () => [201, { token: 'parley_Zk3tVd0y9XwqLm42Rr8uJbNc5HsEaPo1', id: 't2' }],
};

/** Answers that depend on what is asked for. */
function various(method: string, path: string, body: Record<string, unknown>): Reply | undefined {
  const query = new URLSearchParams(path.split('?')[1]);
  const [, group, id, verb] = path.split(/[/?]/);
  if (method === 'GET' && path.startsWith('/admin/users?')) {
    const text = (query.get('q') ?? '').toLowerCase();
    const found = users.filter(({ name, email }) => `${name} ${email}`.toLowerCase().includes(text));
    const more = text === '' && !query.has('after');
    return [200, { users: query.has('after') ? [] : found, ...(more ? { next: 'z' } : {}) }];
  }
  if (method === 'GET' && path.startsWith('/admin/audit?')) return [200, { events }];
  if (group !== 'rooms' || method === 'GET' || method === 'DELETE' || verb === 'enter') return undefined;
  const known = rooms.find((room) => room.id === id) ?? rooms[0];
  const password = body.password === undefined ? known?.password : body.password !== '';
  return [200, { ...known, ...body, password }];
}

/** What the server would answer to `method path` (under /api/v1). */
export function reply(
  method: string,
  path: string,
  body: Record<string, unknown>,
  account: Account | null | undefined,
): Reply {
  return refusal(body) ?? various(method, path, body) ?? replies[`${method} ${path}`]?.(account) ?? [200, {}];
}
