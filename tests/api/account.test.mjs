/** The own account over HTTP: what asks for the password, what ends which sessions, tokens, export, deletion. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ParleyServer } from '../e2e/lib/server.mjs';
import { Client, letters, link, member, password, roomy, signIn, until } from './lib/client.mjs';
import { Signalling } from './lib/socket.mjs';
import { totp } from './lib/totp.mjs';

let server;
before(async () => {
  server = await new ParleyServer(roomy).start();
});
after(() => server.stop());

const problem = (reply, status, code) => {
  assert.equal(reply.status, status, reply.text);
  assert.equal(reply.body.code, code, reply.text);
  assert.equal(reply.type, 'application/problem+json');
};

const elsewhere = async (email, secret) => {
  const client = new Client(server.url);
  await signIn(client, email, secret);
  return client;
};

const who = async (client) => (await client.get('/session')).body.account?.email ?? null;

test('a name that is markup comes back as what it is', async () => {
  const ada = await member(server, 'markup@example.org');
  for (const name of ['"><img src=x onerror=alert(1)>', "'; DROP TABLE accounts; --", '</script><script>']) {
    const reply = await ada.patch('/account', { name });
    assert.equal(reply.body.account.name, name);
    for (const path of ['/account', '/session', '/account/export']) {
      const told = await ada.get(path);
      assert.equal(told.type, 'application/json');
      assert.equal(told.headers['x-content-type-options'], 'nosniff');
      assert.equal(told.body.account.name, name, path);
    }
  }
  const token = await ada.post('/account/tokens', { password, name: '<b>x</b>', scopes: ['rooms:read'] });
  assert.equal(token.body.name, '<b>x</b>');
  for (const name of ['a\u202eb', 'a\r\nb', '\u0000', '   '])
    assert.ok([400, 422].includes((await ada.patch('/account', { name })).status));
});

test('what could lock somebody out asks for the password again', async () => {
  const ada = await member(server, 'again@example.org');
  const wrong = { password: 'not the password' };
  for (const [method, path, body] of [
    ['DELETE', '/account', wrong],
    ['POST', '/account/password', { old: 'not the password', new: 'a perfectly good one' }],
    ['POST', '/account/email', { email: 'eve@example.org', ...wrong }],
    ['POST', '/account/totp', wrong],
    ['DELETE', '/account/totp', wrong],
    ['POST', '/account/recovery-codes', wrong],
    ['POST', '/account/passkeys/options', wrong],
  ]) {
    problem(await ada.call(method, path, body), 401, 'bad_credentials');
    problem(await ada.call(method, path, {}), 422, 'bad_field');
  }
  assert.equal(await who(ada), 'again@example.org');
  await signIn(ada, 'again@example.org');
});

test('a new password ends the other sessions and changes this one’s cookie', async () => {
  const email = 'newpass@example.org';
  const ada = await member(server, email);
  const other = await elsewhere(email);
  const ws = await Signalling.open(server.url, other.cookie);
  const before = ada.cookie;
  const fresh = 'a different password';
  problem(await ada.post('/account/password', { old: password, new: 'short' }), 422, 'bad_field');
  assert.equal((await ada.post('/account/password', { old: password, new: fresh })).status, 204);
  assert.notEqual(ada.cookie, before);
  assert.equal(await who(ada), email);
  assert.equal(await who(other), null);
  assert.equal(await ws.closed, 4002);
  const stolen = new Client(server.url);
  stolen.cookie = before;
  assert.equal(await who(stolen), null, 'the former cookie is worth nothing');
  problem(await stolen.post('/session', { email, password }), 401, 'bad_credentials');
  await until(() => letters(server, email).length >= 2, 'a word about the new password');
});

test('sessions are listed, and ended one by one or all', async () => {
  const email = 'sessions@example.org';
  const ada = await member(server, email);
  const [one, two, three] = [await elsewhere(email), await elsewhere(email), await elsewhere(email)];
  const eve = await member(server, 'other@example.org');
  const mine = async () => (await ada.get('/account/sessions')).body.sessions;
  const list = await mine();
  assert.equal(list.length, 4);
  assert.equal(list.filter((s) => s.current).length, 1);
  const { session } = (await one.get('/session')).body;
  problem(await eve.delete(`/account/sessions/${session.id}`), 404, 'not_found');
  assert.equal(await who(one), email);
  const ws = await Signalling.open(server.url, one.cookie);
  assert.equal((await ada.delete(`/account/sessions/${session.id}`)).status, 204);
  problem(await ada.delete(`/account/sessions/${session.id}`), 404, 'not_found');
  assert.equal(await who(one), null);
  assert.equal(await ws.closed, 4002);
  assert.equal(await who(two), email);
  assert.equal((await ada.delete('/account/sessions')).status, 204);
  assert.deepEqual([await who(two), await who(three), await who(ada)], [null, null, email]);
  assert.equal((await mine()).length, 1);
});

test('a new address is confirmed there and told of here', async () => {
  const email = 'move@example.org';
  const ada = await member(server, email);
  const before = letters(server, email).length;
  const reply = await ada.post('/account/email', { email: 'moved@example.org', password });
  assert.equal(reply.status, 202);
  assert.equal(await who(ada), email);
  const { token } = await link(server, 'moved@example.org', 'email');
  await until(() => letters(server, email).length > before, 'a word at the old address');
  assert.deepEqual((await new Client(server.url).post('/email/confirm', { token })).body, {
    email: 'moved@example.org',
  });
  problem(await ada.post('/email/confirm', { token }), 410, 'token_invalid');
  assert.equal(await who(ada), 'moved@example.org');
  await signIn(new Client(server.url), 'moved@example.org');
  /* One that somebody has: the same answer. */
  await member(server, 'taken@example.org');
  const taken = await ada.post('/account/email', { email: 'taken@example.org', password });
  assert.deepEqual([taken.status, taken.text], [reply.status, reply.text]);
  assert.equal(await who(ada), 'moved@example.org');
});

test('a second factor, its codes, each good once', async () => {
  const email = 'two@example.org';
  const ada = await member(server, email);
  const other = await elsewhere(email);
  const { secret, ticket, uri } = (await ada.post('/account/totp', { password })).body;
  assert.ok(uri.includes(secret));
  assert.equal((await ada.get('/account')).body.account.two_factor, false);
  problem(await ada.post('/account/totp/confirm', { ticket, code: '000000' }), 401, 'bad_code');
  const mine = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
  const own = { secret: mine, code: totp(mine) };
  problem(await ada.post('/account/totp/confirm', own), 422, 'unknown_field');
  problem(await ada.post('/account/totp/confirm', { ticket: mine, code: totp(mine) }), 410, 'token_invalid');
  const elsewhereOn = await other.post('/account/totp/confirm', { ticket, code: totp(secret) });
  problem(elsewhereOn, 410, 'token_invalid');
  const on = await ada.post('/account/totp/confirm', { ticket, code: totp(secret) });
  assert.equal(on.body.recovery_codes.length, 10);
  assert.equal(await who(other), null, 'other sessions end');
  const me = (await ada.get('/account')).body.account;
  assert.deepEqual([me.two_factor, me.recovery_codes], [true, 10]);
  const guest = new Client(server.url);
  problem(await guest.post('/session', { email, password }), 401, 'second_factor_needed');
  problem(await guest.post('/session', { email, password: 'wrong one', code: '1' }), 401, 'bad_credentials');
  const [code] = on.body.recovery_codes;
  assert.equal((await guest.post('/session', { email, password, code })).status, 200);
  problem(await new Client(server.url).post('/session', { email, password, code }), 401, 'bad_code');
  const fresh = (await ada.post('/account/recovery-codes', { password })).body.recovery_codes;
  assert.ok(!fresh.includes(on.body.recovery_codes[1]));
  problem(
    await new Client(server.url).post('/session', { email, password, code: on.body.recovery_codes[1] }),
    401,
    'bad_code',
  );
  assert.equal((await ada.delete('/account/totp', { password })).status, 204);
  await signIn(new Client(server.url), email);
});

test('API tokens: scopes, no way to more, gone when revoked', async () => {
  const email = 'token@example.org';
  const ada = await member(server, email);
  const eve = await member(server, 'token-eve@example.org');
  const made = await ada.post('/account/tokens', { password, name: 'Reader', scopes: ['rooms:read'] });
  assert.equal(made.status, 201);
  assert.match(made.body.token, /^parley_[\w-]{43}$/);
  const as = { Authorization: `Bearer ${made.body.token}`, Origin: undefined };
  const program = new Client(server.url);
  assert.deepEqual((await program.get('/rooms', as)).body, { rooms: [] });
  problem(await program.post('/rooms', { name: 'x' }, as), 403, 'scope_missing');
  problem(await program.get('/account', as), 403, 'scope_missing');
  problem(
    await program.post('/account/tokens', { password, name: 'x', scopes: ['rooms:write'] }, as),
    403,
    'scope_missing',
  );
  problem(await program.delete('/account', { password }, as), 403, 'scope_missing');
  const list = await ada.get('/account/tokens');
  assert.equal(list.body.tokens[0].id, made.body.id);
  assert.ok(!list.text.includes(made.body.token), 'it is shown once');
  problem(await eve.delete(`/account/tokens/${made.body.id}`), 404, 'not_found');
  for (const scopes of [[], ['everything'], ['rooms:read rooms:write'], ['rooms:read', 7], 'rooms:read'])
    problem(await ada.post('/account/tokens', { password, name: 'x', scopes }), 422, 'bad_field');
  problem(await ada.post('/account/tokens', { password, name: 'x', scopes: ['admin'] }), 403, 'forbidden');
  for (const expires_days of [0, -1, 4000, 1.5])
    problem(
      await ada.post('/account/tokens', { password, name: 'x', scopes: ['rooms:read'], expires_days }),
      422,
      'bad_field',
    );
  assert.equal((await ada.delete(`/account/tokens/${made.body.id}`)).status, 204);
  problem(await program.get('/rooms', as), 401, 'not_signed_in');
});

test('a token is made with the password, and ends when the password changes', async () => {
  const ada = await member(server, 'token-ends@example.org');
  const reader = { name: 'Reader', scopes: ['rooms:read'] };
  problem(await ada.post('/account/tokens', reader), 422, 'bad_field');
  problem(await ada.post('/account/tokens', { password: 'not it', ...reader }), 401, 'bad_credentials');
  assert.deepEqual((await ada.get('/account/tokens')).body, { tokens: [] });
  const { token } = (await ada.post('/account/tokens', { password, ...reader })).body;
  const as = { Authorization: `Bearer ${token}`, Origin: undefined };
  const program = new Client(server.url);
  assert.equal((await program.get('/rooms', as)).status, 200);
  const changed = await ada.post('/account/password', { old: password, new: 'quite another password' });
  assert.equal(changed.status, 204);
  problem(await program.get('/rooms', as), 401, 'not_signed_in');
  assert.deepEqual((await ada.get('/account/tokens')).body, { tokens: [] });
});

test('a token of a cookie’s holder does not borrow the cookie', async () => {
  const ada = await member(server, 'mixed@example.org');
  const { token } = (await ada.post('/account/tokens', { password, name: 'R', scopes: ['rooms:read'] })).body;
  problem(await ada.get('/account', { Authorization: `Bearer ${token}` }), 403, 'scope_missing');
  problem(await ada.get('/account', { Authorization: 'Bearer nonsense' }), 401, 'not_signed_in');
});

/** All texts of the database, to look for what should not be there. */
const dump = () => {
  const { stdout, status } = spawnSync(
    'python3',
    [
      '-c',
      'import sqlite3, sys\nfor line in sqlite3.connect(sys.argv[1]).iterdump(): print(line)',
      join(server.dataDir, 'parley.db'),
    ],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  assert.equal(status, 0);
  return stdout;
};

test('the export has everything but secrets', async () => {
  const email = 'export@example.org';
  const ada = await member(server, email);
  const { secret, ticket } = (await ada.post('/account/totp', { password })).body;
  const on = await ada.post('/account/totp/confirm', { ticket, code: totp(secret) });
  const token = (await ada.post('/account/tokens', { password, name: 'Reader', scopes: ['rooms:read'] }))
    .body;
  await ada.post('/rooms', { name: 'My room', password: 'open sesame' });
  const reply = await ada.get('/account/export');
  assert.equal(reply.headers['content-disposition'], 'attachment; filename="parley-account.json"');
  assert.equal(reply.body.account.email, email);
  assert.equal(reply.body.rooms[0].name, 'My room');
  assert.equal(reply.body.rooms[0].password, true);
  assert.equal(reply.body.api_tokens[0].name, 'Reader');
  assert.equal(reply.body.sessions.length, 1);
  const cookie = ada.cookie.split('=')[1];
  const secrets = [cookie, token.token, secret, 'open sesame', password, ...on.body.recovery_codes];
  for (const s of [...secrets, '$argon2']) assert.ok(!reply.text.includes(s), s);
  const database = dump();
  for (const s of secrets) assert.ok(!database.includes(s), `in the database: ${s}`);
});

test('a deleted account is gone from everywhere', async () => {
  const email = 'delete@example.org';
  const ada = await member(server, email, 'Zebedee');
  const other = await elsewhere(email);
  const ws = await Signalling.open(server.url, other.cookie);
  await ada.post('/rooms', { name: 'Zebedee’s room' });
  const { token } = (await ada.post('/account/tokens', { password, name: 'R', scopes: ['account:read'] }))
    .body;
  assert.equal((await ada.delete('/account', { password })).status, 204);
  assert.equal(ada.cookie, undefined);
  assert.equal(await who(other), null);
  assert.equal(await ws.closed, 4002);
  problem(await new Client(server.url).post('/session', { email, password }), 401, 'bad_credentials');
  problem(await ada.get('/account', { Authorization: `Bearer ${token}` }), 401, 'not_signed_in');
  /* The word of goodbye is still on its way for a moment. */
  await until(() => !/zebedee|delete@example/i.test(dump()), 'that nothing of them is in the database');
});
