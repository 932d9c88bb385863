/** Administration over HTTP: users, calls, settings, the audit log; and that nobody else may. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ParleyServer } from '../e2e/lib/server.mjs';
import { Client, letters, link, member, password, roomy, signIn, until } from './lib/client.mjs';
import { Signalling } from './lib/socket.mjs';
import { totp } from './lib/totp.mjs';

let server;
let root;
let ada;
before(async () => {
  server = await new ParleyServer({ ...roomy, 'limits.rooms_per_min': 1000 }).start();
  root = await setUp(server);
  ada = await member(server, 'ada@example.org');
});
after(() => server.stop());

async function setUp(s) {
  const token = await until(() => s.output.match(/\/setup#([\w-]{43})/)?.[1], 'a link to set up');
  const client = new Client(s.url);
  const made = await client.post('/setup', { token, name: 'Root', email: 'root@example.org', password });
  assert.equal(made.status, 200, made.text);
  return client;
}

const problem = (reply, status, code) => {
  assert.equal(reply.status, status, reply.text);
  assert.equal(reply.body.code, code, reply.text);
};

const user = async (email) => {
  const { body } = await root.get(`/admin/users?q=${encodeURIComponent(email)}`);
  return body.users.find((u) => u.email === email);
};

const events = async () => (await root.get('/admin/audit?limit=100')).body.events;

test('members and guests may nothing of it', async () => {
  const target = await user('ada@example.org');
  const asks = [
    ['GET', '/admin/users'],
    ['POST', '/admin/users/invite', { email: 'x@example.org', role: 'admin' }],
    ['PATCH', `/admin/users/${target.id}`, { role: 'admin' }],
    ['DELETE', `/admin/users/${target.id}`],
    ['POST', `/admin/users/${target.id}/sign-out`],
    ['GET', '/admin/rooms'],
    ['POST', '/admin/rooms/00000-00000-00000-00000/end'],
    ['GET', '/admin/settings'],
    ['PATCH', '/admin/settings', { 'rooms.create': 'admins' }],
    ['GET', '/admin/audit'],
  ];
  const guest = new Client(server.url);
  for (const [method, path, body] of asks) {
    problem(await guest.call(method, path, body), 401, 'not_signed_in');
    problem(await ada.call(method, path, body), 403, 'forbidden');
    if (method !== 'GET')
      problem(await root.call(method, path, body, { Origin: 'https://evil.example' }), 403, 'bad_origin');
  }
  assert.equal((await user('ada@example.org')).role, 'member');
});

test('users are found by the beginning of address or name, page by page', async () => {
  for (let i = 0; i < 5; i++) await member(server, `page${i}@example.org`, `Paula ${i}`);
  const found = [];
  let after = '';
  for (let i = 0; i < 10; i++) {
    const { body } = await root.get(`/admin/users?q=page&limit=2&after=${encodeURIComponent(after)}`);
    assert.ok(body.users.length <= 2);
    found.push(...body.users.map((u) => u.email));
    if (!body.next) break;
    after = body.next;
  }
  assert.deepEqual(
    found.sort(),
    Array.from({ length: 5 }, (_, i) => `page${i}@example.org`),
  );
  const byName = await root.get('/admin/users?q=paula');
  assert.equal(byName.body.users.length, 5);
  for (const q of ['%25', "'", '_', '"', '\\'])
    assert.deepEqual((await root.get(`/admin/users?q=${q}`)).body.users, [], q);
  for (const bad of ['?limit=0', '?limit=101', '?limit=x', '?q=%00', '?q=%FF', '?q=%', '?q=a&q=b'])
    problem(await root.get(`/admin/users${bad}`), 422, 'bad_field');
});

test('an invitation makes what it says', async () => {
  const email = 'invited@example.org';
  assert.equal((await root.post('/admin/users/invite', { email, role: 'admin' })).status, 202);
  const { token } = await link(server, email, 'invite');
  problem(await root.post('/admin/users/invite', { email: 'ada@example.org' }), 409, 'exists');
  problem(await root.post('/admin/users/invite', { email, role: 'king' }), 422, 'bad_field');
  problem(
    await root.post('/admin/users/invite', { email: 'a@b.example\r\nBcc: x@y.example' }),
    422,
    'bad_field',
  );
  const guest = new Client(server.url);
  const signup = await guest.post('/signup', { name: 'Ina', email, password, invite: token });
  assert.equal(signup.status, 202, signup.text);
  await until(async () => (await user(email))?.role === 'admin' || confirmed(guest, email), 'an account');
  assert.equal((await user(email)).role, 'admin');
  assert.equal((await root.delete(`/admin/users/${(await user(email)).id}`)).status, 204);
});

/** Where the invitation alone has not proved the address. */
async function confirmed(client, email) {
  const mail = letters(server, email).find((t) => t.includes('/confirm#'));
  const token = mail?.match(/\/confirm#([\w-]+)/)?.[1];
  return token !== undefined && (await client.post('/confirm', { token, password })).status === 200;
}

test('roles and disabling end sessions at once', async () => {
  const email = 'bob@example.org';
  const bob = await member(server, email);
  const { id } = await user(email);
  const ws = await Signalling.open(server.url, bob.cookie);
  const promoted = await root.patch(`/admin/users/${id}`, { role: 'admin' });
  assert.equal(promoted.body.role, 'admin');
  assert.equal(await ws.closed, 4002);
  assert.equal((await bob.get('/session')).body.account, null, 'another role, another session');
  await signIn(bob, email);
  assert.equal((await bob.get('/admin/settings')).status, 200);
  const { token } = (await bob.post('/account/tokens', { password, name: 'x', scopes: ['admin'] })).body;
  const as = { Authorization: `Bearer ${token}` };
  assert.equal((await new Client(server.url).get('/admin/users', as)).status, 200);

  const off = await root.patch(`/admin/users/${id}`, { role: 'member', disabled: true });
  assert.deepEqual([off.body.role, off.body.disabled], ['member', true]);
  assert.equal((await bob.get('/session')).body.account, null);
  problem(await new Client(server.url).get('/admin/users', as), 401, 'not_signed_in');
  problem(await bob.post('/session', { email, password }), 401, 'bad_credentials');
  await root.patch(`/admin/users/${id}`, { disabled: false });
  await signIn(bob, email);
  problem(await bob.get('/admin/users'), 403, 'forbidden');

  const kept = await root.patch(`/admin/users/${id}`, { role: 'member', disabled: false });
  assert.equal(kept.status, 200);
  assert.notEqual((await bob.get('/session')).body.account, null, 'no change, no end');
  assert.equal((await root.post(`/admin/users/${id}/sign-out`)).status, 204);
  assert.equal((await bob.get('/session')).body.account, null);
});

test('who has lost the second factor gets in by an administrator', async () => {
  const email = 'lost@example.org';
  const eve = await member(server, email);
  const { secret, ticket } = (await eve.post('/account/totp', { password })).body;
  const { id } = (await eve.get('/account')).body.account;
  assert.equal((await eve.post('/account/totp/confirm', { ticket, code: totp(secret) })).status, 200);
  const guest = new Client(server.url);
  assert.equal((await guest.post('/session', { email, password })).body.code, 'second_factor_needed');
  assert.equal((await eve.patch(`/admin/users/${id}`, { two_factor: false })).status, 403);
  assert.equal((await root.patch(`/admin/users/${id}`, { two_factor: true })).status, 422);
  const off = await root.patch(`/admin/users/${id}`, { two_factor: false });
  assert.equal(off.status, 200, off.text);
  assert.equal((await eve.get('/session')).body.account ?? null, null, 'all sessions end');
  await signIn(guest, email);
  assert.equal((await guest.get('/account')).body.account.two_factor, false);
  assert.ok((await events()).some((e) => e.action === 'user.two-factor-off'));
});

test('the last admin stays', async () => {
  const { id } = await user('root@example.org');
  problem(await root.patch(`/admin/users/${id}`, { role: 'member' }), 409, 'last_admin');
  problem(await root.patch(`/admin/users/${id}`, { disabled: true }), 409, 'last_admin');
  problem(await root.delete(`/admin/users/${id}`), 409, 'last_admin');
  problem(await root.delete('/account', { password }), 409, 'last_admin');
  assert.equal((await root.get('/session')).body.account.role, 'admin');
});

test('whoever is deleted is gone, and their calls end', async () => {
  const email = 'gone@example.org';
  const gone = await member(server, email, 'Gone');
  const room = (await gone.post('/rooms', { name: 'Going', knock: false })).body;
  await gone.post(`/rooms/${room.id}/enter`);
  const guest = await Signalling.open(server.url);
  await guest.join(room.id, 'Gus');
  const own = await Signalling.open(server.url, gone.cookie);
  assert.equal((await root.delete(`/admin/users/${(await user(email)).id}`)).status, 204);
  assert.equal((await guest.of('ended')).reason, 'deleted');
  assert.equal(await own.closed, 4002);
  assert.equal(await user(email), undefined);
  problem(await new Client(server.url).post(`/rooms/${room.id}/enter`), 404, 'room_unknown');
  problem(await root.delete('/admin/users/0000000000000000'), 404, 'not_found');
  guest.close();
});

test('rooms in use are seen and ended', async () => {
  const nasty = '<script>alert(1)</script>';
  const { id } = (await ada.post('/rooms', { name: nasty, knock: false })).body;
  await ada.post(`/rooms/${id}/enter`);
  const once = (await ada.post('/rooms', { knock: false })).body.id;
  assert.deepEqual((await root.get('/admin/rooms')).body, { rooms: [], total: 0 }, 'nobody is in them');
  const a = await Signalling.open(server.url);
  const b = await Signalling.open(server.url);
  const away = (await ada.post('/rooms', { name: 'Away' })).body.id;
  await ada.post(`/rooms/${away}/enter`);
  assert.equal((await a.join(away, 'Gus')).type, 'waiting');
  const alone = (await root.get('/admin/rooms')).body.rooms[0];
  assert.deepEqual([alone.members, alone.waiting, alone.since], [0, 1, null]);
  await a.ask('leave');
  await a.join(id, 'Gus');
  await b.join(once, 'Guy');
  const reply = await root.get('/admin/rooms');
  const { rooms, total } = reply.body;
  assert.equal(total, 2);
  const lasting = rooms.find((r) => r.id === id);
  assert.deepEqual([lasting.name, lasting.owner, lasting.members], [nasty, 'ada@example.org', 1]);
  assert.match(lasting.since, /^\d{4}-\d\d-\d\dT/);
  assert.equal(rooms.find((r) => r.id === once).owner, null);
  assert.equal(reply.headers['x-content-type-options'], 'nosniff');
  assert.equal((await root.post(`/admin/rooms/${id}/end`)).status, 204);
  assert.equal((await a.of('ended')).reason, 'admin');
  assert.equal((await root.post(`/admin/rooms/${once}/end`)).status, 204);
  assert.equal((await b.of('ended')).reason, 'admin');
  problem(await root.post(`/admin/rooms/${once}/end`), 404, 'not_found');
  assert.equal((await ada.get(`/rooms/${id}`)).status, 200, 'the call has ended, not the room');
  a.close();
  b.close();
});

test('settings count at once, for everybody, and after a restart', async () => {
  const guest = new Client(server.url);
  const before = (await root.get('/admin/settings')).body.settings;
  assert.deepEqual(before.map((s) => s.name).sort(), ['accounts.signup', 'rooms.create', 'rooms.knock']);
  const changed = await root.patch('/admin/settings', {
    'accounts.signup': 'invite',
    'rooms.create': 'members',
    'rooms.knock': false,
  });
  const values = (list) => Object.fromEntries(list.map((s) => [s.name, s.value]));
  const wanted = { 'accounts.signup': 'invite', 'rooms.create': 'members', 'rooms.knock': false };
  assert.deepEqual(values(changed.body.settings), wanted);
  const look = async () => {
    const { body } = await guest.get('/info');
    assert.deepEqual(
      [body.accounts.signup, body.rooms.create, body.rooms.knock],
      ['invite', 'members', false],
    );
    problem(await guest.post('/rooms', {}), 401, 'not_signed_in');
    const person = { name: 'X', email: 'x@example.org', password };
    problem(await guest.post('/signup', person), 403, 'invite_needed');
    const made = (await ada.post('/rooms', {})).body.id;
    assert.equal((await guest.post(`/rooms/${made}/enter`)).body.knock, false);
  };
  await look();
  await server.kill();
  await server.start();
  await look();
  for (const body of [
    { 'accounts.signup': 'maybe' },
    { 'accounts.signup': true },
    { 'rooms.knock': 'on' },
    { 'rooms.create': 1 },
  ])
    problem(await root.patch('/admin/settings', body), 422, 'bad_field');
  problem(await root.patch('/admin/settings', { 'server.public_url': 'https://x' }), 422, 'unknown_field');
  await look();
  const first = Object.fromEntries(before.map((s) => [s.name, s.default]));
  assert.deepEqual(values((await root.patch('/admin/settings', first)).body.settings), first);
});

test('the audit log says who did what', async () => {
  const all = await events();
  const has = (action, more) => all.find((e) => e.action === action && (!more || more(e)));
  for (const action of [
    'user.invite',
    'user.role',
    'user.disable',
    'user.enable',
    'user.delete',
    'user.sign-out',
    'room.end',
    'setting',
  ])
    assert.ok(has(action), action);
  const role = has('user.role', (e) => e.target === 'bob@example.org' && e.detail === 'admin');
  assert.equal(role.actor, 'root@example.org');
  assert.match(role.at, /^\d{4}-\d\d-\d\dT/);
  assert.ok(['127.0.0.1', '::1'].includes(role.address));
  assert.ok(has('setting', (e) => e.target === 'rooms.create' && e.detail === 'members'));
  const paged = [];
  let before = '';
  for (let i = 0; i < 50; i++) {
    const { body } = await root.get(`/admin/audit?limit=3${before && `&before=${before}`}`);
    paged.push(...body.events.map((e) => e.id));
    if (!body.next) break;
    before = body.next;
  }
  assert.deepEqual(
    paged.slice(0, 100),
    all.map((e) => e.id),
  );
});
