import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AccountApi } from './accounts';
import { Api, type Request, type Response } from './api';
import { object, text } from './check';
import { serviceInfo, whoIsSignedIn } from './identity';

const ACCOUNT = {
  id: 'a1',
  email: 'ada@example.org',
  name: 'Ada',
  language: 'en',
  role: 'member',
  created: '2026-11-20T18:00:00Z',
  two_factor: false,
  passkeys: 0,
  recovery_codes: 0,
  rooms: 0,
};

/** An Api whose server answers every request with this. */
function world(answer: Partial<Response> | Error) {
  const sent: Request[] = [];
  const faults: string[] = [];
  const signedOut: number[] = [];
  const api = new Api(
    async (request) => {
      sent.push(request);
      if (answer instanceof Error) throw answer;
      return { status: 200, body: '', retryAfter: null, ...answer };
    },
    { fault: (why) => faults.push(why), notSignedIn: () => signedOut.push(1) },
  );
  return { api, sent, faults, signedOut, accounts: new AccountApi(api) };
}

const named = object({ name: text(10) });

test('a request is JSON under /api/v1, and a good answer is its value', async () => {
  const { api, sent } = world({ status: 201, body: '{"name":"Ada","more":1}' });
  const answer = await api.post('/x', { a: 1, b: undefined }, named);
  assert.deepEqual(answer, { ok: true, value: { name: 'Ada', more: 1 } });
  assert.deepEqual(sent, [{ method: 'POST', path: '/api/v1/x', body: '{"a":1}' }]);
});

test('without a body nothing is sent, and an empty answer is an empty object', async () => {
  const { api, sent } = world({ status: 204 });
  assert.deepEqual(await api.delete('/x'), { ok: true, value: {} });
  assert.deepEqual(sent, [{ method: 'DELETE', path: '/api/v1/x' }]);
});

test('an answer of the wrong form is a fault, and told', async () => {
  for (const body of ['{"name":5}', '{"name":"more than ten"}', '[]', 'null', '<html>', '']) {
    const { api, faults } = world({ body });
    const answer = await api.get('/x', named);
    assert.equal(!answer.ok && answer.fault.code, 'bad_answer', body);
    assert.equal(faults.length, 1);
  }
});

test('a problem document: code, detail, errors by field', async () => {
  const errors = [
    { field: 'email', reason: 'No address.' },
    { field: 'email', reason: 'Second.' },
    { field: '__proto__', reason: 'Odd.' },
  ];
  const body = JSON.stringify({ status: 422, title: 'T', code: 'invalid', detail: 'D', errors });
  const { api } = world({ status: 422, body });
  const answer = await api.get('/x', named);
  assert.ok(!answer.ok);
  assert.equal(answer.fault.code, 'invalid');
  assert.equal(answer.fault.detail, 'D');
  assert.deepEqual(Object.entries(answer.fault.fields), [
    ['email', 'No address.'],
    ['__proto__', 'Odd.'],
  ]);
});

test('refusals that are no problem documents still have a code', async () => {
  for (const [status, body, code] of [
    [502, '<h1>Bad gateway</h1>', 'unavailable'],
    [429, '', 'too_many'],
    [404, '{"code":5}', 'bad_answer'],
    [422, '{"code":"invalid","errors":"none"}', 'invalid'],
  ] as const) {
    const answer = await world({ status, body }).api.get('/x', named);
    assert.deepEqual(!answer.ok && [answer.fault.code, answer.fault.status], [code, status]);
    assert.deepEqual(!answer.ok && Object.keys(answer.fault.fields), []);
  }
});

test('Retry-After: seconds, within reason', async () => {
  for (const [header, seconds] of [
    ['30', 30],
    ['0', 0],
    ['999999999', 86400],
    ['-1', undefined],
    ['soon', undefined],
    ['Fri, 20 Nov 2026 18:00:00 GMT', undefined],
    [null, undefined],
  ] as const) {
    const answer = await world({ status: 429, retryAfter: header }).api.get('/x', named);
    assert.equal(!answer.ok && answer.fault.retryAfterS, seconds, String(header));
  }
});

test('no answer: no network, or not in time', async () => {
  const late = new Error('too late');
  late.name = 'TimeoutError';
  for (const [error, code] of [
    [new TypeError('Failed to fetch'), 'network'],
    [late, 'timeout'],
  ] as const) {
    const { api, faults } = world(error);
    const answer = await api.get('/x', named);
    assert.deepEqual(!answer.ok && [answer.fault.code, answer.fault.status], [code, 0]);
    assert.equal(faults.length, 1);
  }
});

test('whose session is over is told, and no other refusal is', async () => {
  for (const [code, times] of [
    ['not_signed_in', 1],
    ['bad_credentials', 0],
  ] as const) {
    const { accounts, signedOut } = world({ status: 401, body: JSON.stringify({ code }) });
    await accounts.sessions();
    assert.equal(signedOut.length, times, code);
  }
});

test('who is signed in', async () => {
  assert.deepEqual(await whoIsSignedIn(world({ body: '{"account":null}' }).api), { ok: true, value: null });
  const answer = await whoIsSignedIn(world({ body: JSON.stringify({ account: ACCOUNT }) }).api);
  assert.equal(answer.ok && answer.value?.email, 'ada@example.org');
  for (const wrong of [{ role: 'root' }, { created: 'yesterday' }, { passkeys: -1 }, { name: 7 }]) {
    const body = JSON.stringify({ account: { ...ACCOUNT, ...wrong } });
    assert.equal((await whoIsSignedIn(world({ body }).api)).ok, false, JSON.stringify(wrong));
  }
});

test('what the service offers', async () => {
  const service = {
    name: 'parley',
    rooms: { create: 'members', knock: true },
    accounts: { signup: 'invite', password_min: 10, passkeys: true },
  };
  const answer = await serviceInfo(world({ body: JSON.stringify(service) }).api);
  assert.equal(answer.ok && answer.value.rooms.create, 'members');
  const other = { ...service, rooms: { create: 'nobody' } };
  assert.equal((await serviceInfo(world({ body: JSON.stringify(other) }).api)).ok, false);
});

test('the requests of the account pages, as docs/api.md has them', async () => {
  const { accounts, sent } = world({ body: JSON.stringify({ account: ACCOUNT }) });
  await accounts.signUp({ name: 'Ada', email: 'e', password: 'p' }, { language: 'en', invite: 'T' });
  await accounts.signIn('e', 'p');
  await accounts.signIn('e', 'p', '123456');
  await accounts.setPassword('o', 'n');
  await accounts.remove('p');
  await accounts.endSession('a/b?c');
  await accounts.addToken('p', 'Cal', ['rooms:read'], 30);
  await accounts.addToken('p', 'Cal', ['rooms:read']);
  const seen = sent.map(({ method, path, body }) => [`${method} ${path.slice(7)}`, body && JSON.parse(body)]);
  assert.deepEqual(seen, [
    ['POST /signup', { name: 'Ada', email: 'e', password: 'p', language: 'en', invite: 'T' }],
    ['POST /session', { email: 'e', password: 'p' }],
    ['POST /session', { email: 'e', password: 'p', code: '123456' }],
    ['POST /account/password', { old: 'o', new: 'n' }],
    ['DELETE /account', { password: 'p' }],
    ['DELETE /account/sessions/a%2Fb%3Fc', undefined],
    ['POST /account/tokens', { password: 'p', name: 'Cal', scopes: ['rooms:read'], expires_days: 30 }],
    ['POST /account/tokens', { password: 'p', name: 'Cal', scopes: ['rooms:read'] }],
  ]);
});

test('lists are checked to the last of their fields', async () => {
  const one = {
    id: 's1',
    created: '2026-11-20T18:00:00Z',
    seen: '2026-11-20T18:00:00Z',
    client: 'Firefox',
    address: '::1',
    current: true,
  };
  const good = await world({ body: JSON.stringify({ sessions: [one] }) }).accounts.sessions();
  assert.deepEqual(good.ok && good.value, [one]);
  const bad = await world({ body: JSON.stringify({ sessions: [one, { ...one, seen: 'now' }] }) });
  assert.equal((await bad.accounts.sessions()).ok, false);
});
