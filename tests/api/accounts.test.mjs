/** Signing up, in and out, forgotten passwords: from outside, over HTTP, on SQLite. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ParleyServer } from '../e2e/lib/server.mjs';
import { Client, letters, link, member, password, roomy, send, signIn, until } from './lib/client.mjs';

let server;
before(async () => {
  server = await new ParleyServer(roomy).start();
});
after(() => server.stop());

const problem = (reply, status, code) => {
  assert.equal(reply.status, status, reply.text);
  assert.equal(reply.body.code, code);
  assert.equal(reply.body.status, status);
  assert.equal(reply.type, 'application/problem+json');
  assert.equal(reply.headers['cache-control'], 'no-store');
};

test('the printed link makes the first admin, once', async () => {
  const token = await until(() => server.output.match(/\/setup#([\w-]{43})/)?.[1], 'a link to set up');
  const root = new Client(server.url);
  const body = { token, name: 'Root', email: 'root@example.org', password };
  const short = await root.post('/setup', { ...body, password: 'short' });
  problem(short, 422, 'bad_field');
  assert.equal(short.body.errors[0].field, 'password');
  const made = await root.post('/setup', body);
  assert.equal(made.status, 200, made.text);
  assert.equal(made.body.account.role, 'admin');
  assert.match(root.cookie, /^parley=[\w-]{43}$/);
  assert.equal((await root.get('/session')).body.account.email, 'root@example.org');
  const again = await new Client(server.url).post('/setup', { ...body, email: 'eve@example.org' });
  problem(again, 410, 'token_invalid');
});

test('sign up, confirm, sign in, session, sign out', async () => {
  const ada = new Client(server.url);
  const signup = await ada.post('/signup', { name: 'Ada', email: 'Ada@Example.org', password });
  assert.deepEqual([signup.status, signup.body], [202, {}]);
  problem(await ada.post('/session', { email: 'ada@example.org', password }), 401, 'bad_credentials');
  const { token, url } = await link(server, 'ada@example.org', 'confirm');
  assert.equal(url, `${server.url}/confirm#${token}`);
  problem(await ada.post('/confirm', { token }), 422, 'bad_field');
  problem(await ada.post('/confirm', { token, password: `${password}.` }), 401, 'bad_credentials');
  problem(await ada.post('/session', { email: 'ada@example.org', password }), 401, 'bad_credentials');
  const confirmed = await ada.post('/confirm', { token, password });
  assert.equal(confirmed.status, 200, confirmed.text);
  assert.equal(confirmed.body.account.email, 'ada@example.org');
  assert.equal((await ada.get('/session')).body.account.email, 'ada@example.org');
  problem(await ada.post('/confirm', { token, password }), 410, 'token_invalid');

  const signin = await signIn(ada, 'ADA@example.org');
  const [cookie] = signin.headers['set-cookie'];
  assert.match(cookie, /^parley=[\w-]{43}; /);
  for (const word of ['HttpOnly', 'SameSite=Lax', 'Path=/', 'Max-Age=7776000'])
    assert.ok(cookie.includes(word));
  assert.ok(!cookie.includes('Domain'));
  const session = await ada.get('/session');
  assert.equal(session.body.account.name, 'Ada');
  assert.equal(session.body.account.role, 'member');
  assert.match(session.body.session.expires, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal(session.headers['cache-control'], 'no-store');
  assert.ok(!session.text.includes(ada.cookie.split('=')[1]));

  const before = ada.cookie;
  const out = await ada.delete('/session');
  assert.equal(out.status, 204);
  assert.equal(ada.cookie, undefined);
  ada.cookie = before;
  assert.equal((await ada.get('/session')).body.account, null);
});

test('a cookie planted before signing in is worth nothing after it', async () => {
  const eve = 'parley=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
  const bob = await member(server, 'fix@example.org');
  bob.cookie = eve;
  await signIn(bob, 'fix@example.org');
  assert.notEqual(bob.cookie, eve);
  const other = new Client(server.url);
  other.cookie = eve;
  assert.equal((await other.get('/session')).body.account, null);
  const first = bob.cookie;
  await signIn(bob, 'fix@example.org');
  assert.notEqual(bob.cookie, first);
  other.cookie = first;
  assert.equal((await other.get('/session')).body.account, null, 'the session before it has ended');
});

test('two cookies of our name are none', async () => {
  const bob = await member(server, 'two@example.org');
  const good = bob.cookie;
  bob.cookie = `${good}; parley=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA`;
  assert.equal((await bob.get('/session')).body.account, null);
  bob.cookie = `theme=dark; ${good}; lang=de`;
  assert.equal((await bob.get('/session')).body.account.email, 'two@example.org');
});

test('another page cannot sign anybody in or out', async () => {
  const bob = await member(server, 'csrf@example.org');
  const mine = bob.cookie;
  for (const Origin of ['https://evil.example', 'null', 'http://localhost:1', `${server.url}.evil.example`]) {
    problem(await bob.delete('/session', undefined, { Origin }), 403, 'bad_origin');
    problem(
      await bob.post('/session', { email: 'csrf@example.org', password }, { Origin }),
      403,
      'bad_origin',
    );
  }
  problem(await bob.delete('/session', undefined, { Origin: undefined }), 403, 'bad_origin');
  const stranger = new Client(server.url);
  const body = { email: 'csrf@example.org', password };
  problem(await stranger.post('/session', body, { Origin: undefined }), 403, 'bad_origin');
  assert.equal(stranger.cookie, undefined);
  assert.equal(bob.cookie, mine);
  assert.equal((await bob.get('/session')).body.account.email, 'csrf@example.org');
  const plain = await bob.post('/session', body, { 'Content-Type': 'text/plain' });
  problem(plain, 415, 'bad_content_type');
});

test('a forgotten password: one link, used once, all sessions end', async () => {
  const email = 'forgot@example.org';
  const bob = await member(server, email);
  const other = new Client(server.url);
  await signIn(other, email);
  assert.equal((await bob.get('/session')).body.account.email, email);
  assert.equal((await bob.post('/password/forgot', { email })).status, 202);
  const first = await link(server, email, 'reset');
  assert.equal((await bob.post('/password/forgot', { email })).status, 202);
  const second = await link(server, email, 'reset', first.count);
  const fresh = 'quite another password';
  problem(await bob.post('/password/reset', { token: first.token, password: fresh }), 410, 'token_invalid');
  const short = await bob.post('/password/reset', { token: second.token, password: 'x' });
  problem(short, 422, 'bad_field');
  assert.equal((await bob.post('/password/reset', { token: second.token, password: fresh })).status, 204);
  problem(await bob.post('/password/reset', { token: second.token, password: fresh }), 410, 'token_invalid');
  for (const c of [bob, other]) assert.equal((await c.get('/session')).body.account, null);
  problem(await bob.post('/session', { email, password }), 401, 'bad_credentials');
  await signIn(bob, email, fresh);
});

test('a reset link is void once its owner has signed in', async () => {
  const email = 'remembered@example.org';
  const bob = await member(server, email);
  await bob.post('/password/forgot', { email });
  const { token } = await link(server, email, 'reset');
  await signIn(bob, email);
  problem(await bob.post('/password/reset', { token, password: 'never to be set' }), 410, 'token_invalid');
});

test('the same answers whether an address is known or not', async () => {
  const email = 'known@example.org';
  await member(server, email);
  const strip = ({ status, text, headers: { date, ...rest } }) => ({ status, text, rest });
  const asks = [
    (e) => ['/password/forgot', { email: e }],
    (e) => ['/session', { email: e, password: 'not the password' }],
    (e) => ['/signup', { name: 'Eve', email: e, password }],
  ];
  for (const ask of asks) {
    const known = await new Client(server.url).post(...ask(email));
    const unknown = await new Client(server.url).post(...ask('nobody@example.org'));
    assert.deepEqual(strip(known), strip(unknown));
  }
  await until(() => letters(server, email).length >= 3, 'a word to the owner that somebody tried');
  problem(
    await new Client(server.url).post('/session', { email, password: 'not the password' }),
    401,
    'bad_credentials',
  );
});

test('a Host header of somebody else’s comes into no letter', async () => {
  const email = 'host@example.org';
  const bob = await member(server, email);
  const headers = {
    Host: 'evil.example',
    'X-Forwarded-Host': 'evil.example',
    'Content-Type': 'application/json',
  };
  const body = JSON.stringify({ email });
  await send(server.url, 'POST', '/api/v1/password/forgot', { headers, body });
  await bob.post('/password/forgot', { email });
  await link(server, email, 'reset');
  for (const letter of letters(server, email)) assert.ok(!letter.includes('evil.example'), letter);
});

test('what is wrong with a form is said field by field', async () => {
  const guest = new Client(server.url);
  const good = { name: 'Ada', email: 'form@example.org', password };
  const wrong = [
    [{ ...good, name: '' }, 'name'],
    [{ ...good, name: 'a\u202eb' }, 'name'],
    [{ ...good, name: 'a\nb' }, 'name'],
    [{ ...good, name: 'x'.repeat(5000) }, 'name'],
    [{ ...good, email: 'no address' }, 'email'],
    [{ ...good, email: 'a@b.example\r\nBcc: eve@example.org' }, 'email'],
    [{ ...good, email: `${'x'.repeat(300)}@example.org` }, 'email'],
    [{ ...good, password: 'short' }, 'password'],
    [{ ...good, password: 'x'.repeat(10_000) }, 'password'],
    [{ ...good, password: 7 }, 'password'],
    [{ ...good, language: 'x'.repeat(80) }, 'language'],
    [{ name: 'Ada', password }, 'email'],
  ];
  for (const [body, field] of wrong) {
    const reply = await guest.post('/signup', body);
    problem(reply, 422, 'bad_field');
    assert.ok(
      reply.body.errors.some((e) => e.field === field),
      `${field}: ${reply.text}`,
    );
  }
  const unknown = await guest.post('/signup', { ...good, role: 'admin' });
  problem(unknown, 422, 'unknown_field');
  assert.equal(unknown.body.errors[0].field, 'role');
  const latin1 = Buffer.from(JSON.stringify({ ...good, name: 'J\u00fcrgen' }), 'latin1');
  const bytes = await guest.post('/signup', latin1);
  problem(bytes, 422, 'bad_field');
  assert.equal(bytes.body.errors[0].field, 'name');
  for (const text of ['', '[]', '{', '"x"', '{"email":"a","email":"b"}', `${'['.repeat(5000)}`]) {
    problem(await guest.post('/signup', Buffer.from(text)), 400, 'bad_json');
  }
  const nul = { name: 'A\0', email: 'nul@example.org', password };
  problem(await guest.post('/signup', nul), 422, 'bad_field');
});

test('methods, paths and tokens that are none', async () => {
  const guest = new Client(server.url);
  const put = await guest.call('PUT', '/session', {});
  problem405(put, 'GET, HEAD, POST, DELETE');
  problem405(await guest.get('/signup'), 'POST');
  problem(await guest.get('/nothing'), 404, 'not_found');
  problem(await guest.get('/session/'), 404, 'not_found');
  const bearer = { Authorization: 'Bearer parley_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' };
  const refused = await guest.get('/session', bearer);
  problem(refused, 401, 'not_signed_in');
  assert.match(refused.headers['www-authenticate'], /^Bearer/);
  const bob = await member(server, 'bearer@example.org');
  problem(await bob.get('/session', { Authorization: 'Bearer x' }), 401, 'not_signed_in');
  assert.equal((await bob.get('/session', { Authorization: 'Basic eDp5' })).status, 200);
  for (const token of ['', 'x', 'x'.repeat(43)]) {
    problem(await guest.post('/confirm', { token, password }), 410, 'token_invalid');
    problem(await guest.post('/email/confirm', { token }), 410, 'token_invalid');
  }
});

test('a stranger who signs up with somebody’s address gets nothing by it', async () => {
  const email = 'victim@example.org';
  const guest = new Client(server.url);
  await guest.post('/signup', { name: 'Ada', email, password });
  const mine = await link(server, email, 'confirm');
  await guest.post('/signup', { name: 'Eve', email, password: 'chosen by Eve' });
  const theirs = await link(server, email, 'confirm', mine.count);
  /* The owner opens the newest letter. */
  problem(await guest.post('/confirm', { token: theirs.token, password }), 401, 'bad_credentials');
  const confirmed = await guest.post('/confirm', { token: mine.token, password });
  assert.equal(confirmed.body.account?.name, 'Ada', confirmed.text);
  problem(
    await guest.post('/confirm', { token: theirs.token, password: 'chosen by Eve' }),
    410,
    'token_invalid',
  );
  problem(await guest.post('/session', { email, password: 'chosen by Eve' }), 401, 'bad_credentials');
});

function sql(statement) {
  const program = 'import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=30).execute(sys.argv[2])';
  execFileSync('python3', ['-c', program, join(server.dataDir, 'parley.db'), statement]);
}

test('a former session that cannot be ended is no reason to refuse the new one', async () => {
  const ada = await member(server, 'former@example.org');
  const former = ada.cookie;
  sql("CREATE TRIGGER keep BEFORE DELETE ON sessions BEGIN SELECT RAISE(ABORT, 'sessions stay'); END");
  try {
    await signIn(ada, 'former@example.org');
  } finally {
    sql('DROP TRIGGER keep');
  }
  assert.notEqual(ada.cookie, former);
  assert.equal((await ada.get('/session')).body.account.email, 'former@example.org');
});

function problem405(reply, allow) {
  assert.equal(reply.status, 405);
  assert.equal(reply.body.code, 'method_not_allowed');
  assert.equal(reply.headers.allow, allow);
}

test('pages have addresses of their own', async () => {
  const pages = [
    'signin',
    'signup',
    'confirm',
    'forgot',
    'reset',
    'email',
    'invite',
    'setup',
    'account',
    'rooms',
    'admin',
  ];
  for (const page of pages) {
    const reply = await send(server.url, 'GET', `/${page}`);
    assert.equal(reply.status, 200, page);
    assert.match(reply.type, /^text\/html/);
  }
  assert.equal((await send(server.url, 'GET', '/signin/x')).status, 404);
});

test('accounts outlast a restart', async () => {
  const bob = await member(server, 'restart@example.org');
  const root = server.output.split('/setup#').length;
  await server.kill();
  await server.start();
  assert.equal((await bob.get('/session')).body.account.email, 'restart@example.org');
  assert.equal(server.output.split('/setup#').length, root, 'there is an admin: no link to set up');
});
