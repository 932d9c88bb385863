/** What a stranger may try how often, behind which names cookies hide, and what a WebSocket knows. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import WebSocket from 'ws';
import { freePort, ParleyServer } from '../e2e/lib/server.mjs';
import { Client, link, member, password, roomy, send, signIn, until } from './lib/client.mjs';

const serve = async (t, sets) => {
  const server = await new ParleyServer({ ...roomy, ...sets }).start();
  t.after(() => server.stop());
  return server;
};

const refused = (reply) => {
  assert.equal(reply.status, 429, reply.text);
  assert.equal(reply.body.code, 'too_many');
  const wait = Number(reply.headers['retry-after']);
  assert.ok(wait >= 1 && wait <= 3600, reply.headers['retry-after']);
};

test('passwords cannot be guessed, of an account that exists or not', async (t) => {
  const server = await serve(t, { 'limits.signins_per_account': 4 });
  await member(server, 'ada@example.org');
  for (const email of ['ada@example.org', 'nobody@example.org']) {
    const guest = new Client(server.url);
    const statuses = [];
    /* The spelling makes no difference, and the one sign-in of before has been counted. */
    const spelling = [email, email.toUpperCase(), email, email, email];
    for (const e of spelling)
      statuses.push((await guest.post('/session', { email: e, password: 'wrong one' })).status);
    assert.equal(statuses[0], 401);
    assert.equal(statuses[4], 429);
    refused(await guest.post('/session', { email, password }));
  }
  const other = await new Client(server.url).post('/session', { email: 'third@example.org', password });
  assert.equal(other.status, 401, 'others are not held up');
});

test('one address cannot try many accounts', async (t) => {
  const server = await serve(t, { 'limits.signins_per_min': 3, 'server.trusted_proxies': '127.0.0.1' });
  const guest = new Client(server.url);
  const from = (ip, i) =>
    guest.post('/session', { email: `u${i}@example.org`, password }, { 'X-Forwarded-For': ip });
  for (let i = 0; i < 3; i++) assert.equal((await from('203.0.113.7', i)).status, 401);
  refused(await from('203.0.113.7', 4));
  assert.equal((await from('203.0.113.8', 5)).status, 401);
  for (let i = 0; i < 3; i++) assert.equal((await from(`2001:db8:1:2::${i}`, i)).status, 401);
  refused(await from('2001:db8:1:2:ffff::1', 9));
  assert.equal((await from('2001:db8:1:3::1', 9)).status, 401);
});

test('nobody’s mailbox is flooded', async (t) => {
  const server = await serve(t, { 'limits.mails_per_hour': 2 });
  const guest = new Client(server.url);
  for (const email of ['a@example.org', 'b@example.org']) {
    for (let i = 0; i < 2; i++) assert.equal((await guest.post('/password/forgot', { email })).status, 202);
    refused(await guest.post('/password/forgot', { email }));
    for (let i = 0; i < 2; i++) {
      assert.equal((await guest.post('/signup', { name: 'Eve', email, password })).status, 202);
    }
    refused(await guest.post('/signup', { name: 'Eve', email, password }));
  }
});

test('a queue of hashes that is full says so, and the rest goes on', async (t) => {
  const server = await serve(t, {
    'accounts.hash_threads': 1,
    'accounts.hash_queue': 1,
    'accounts.hash_kbytes': 262_144,
    'accounts.hash_passes': 4,
  });
  const tries = Array.from({ length: 8 }, (_, i) =>
    new Client(server.url).post('/session', { email: `u${i}@example.org`, password }),
  );
  const info = await new Client(server.url).get('/info');
  assert.equal(info.status, 200);
  const replies = await Promise.all(tries);
  const full = replies.filter((r) => r.status === 503);
  assert.ok(full.length >= 1);
  for (const r of full) {
    assert.equal(r.body.code, 'unavailable');
    assert.ok(Number(r.headers['retry-after']) > 0);
  }
  assert.ok(replies.some((r) => r.status === 401));
});

test('behind https the cookie has the prefix that ties it to the host', async (t) => {
  const server = await serve(t, { 'server.public_url': 'https://meet.example.org' });
  const email = 'ada@example.org';
  const ada = new Client(server.url, 'https://meet.example.org');
  await ada.post('/signup', { name: 'Ada', email, password });
  const { url, token } = await link(server, email, 'confirm');
  assert.equal(url, `https://meet.example.org/confirm#${token}`);
  await ada.post('/confirm', { token, password });
  const reply = await signIn(ada, email);
  const [cookie] = reply.headers['set-cookie'];
  assert.match(cookie, /^__Host-parley=[\w-]{43}; Path=\/; /);
  assert.match(cookie, /; Secure/);
  assert.ok(!cookie.includes('Domain'));
  assert.equal((await ada.get('/session')).body.account.email, email);
  ada.cookie = ada.cookie.replace('__Host-', '');
  assert.equal(
    (await ada.get('/session')).body.account,
    null,
    'a cookie without the prefix may be anybody’s',
  );
});

test('sessions end when they are not used, and in the end', async (t) => {
  const server = await serve(t, {
    'accounts.session_idle_s': 2,
    'accounts.session_max_s': 2,
    'accounts.cached_s': 1,
  });
  const ada = await member(server, 'ada@example.org');
  assert.equal((await ada.get('/session')).body.account.name, 'Ada');
  await until(async () => (await ada.get('/session')).body.account === null, 'the end of a session');
});

const open = (server, cookie, origin = server.url) =>
  new Promise((resolve, reject) => {
    const headers = { Origin: origin, ...(cookie && { Cookie: cookie }) };
    const ws = new WebSocket(`${server.url.replace('http', 'ws')}/ws`, 'parley.v1', { headers });
    ws.closed = new Promise((done) => ws.once('close', (code) => done(code)));
    ws.once('open', () => resolve(ws));
    ws.once('unexpected-response', (_, reply) => reject(new Error(String(reply.statusCode))));
    ws.once('error', reject);
  });

const hello = (ws) =>
  new Promise((resolve) => {
    ws.once('message', (data) => resolve(JSON.parse(String(data))));
    ws.send(JSON.stringify({ type: 'hello', id: 1, client: 'test' }));
  });

test('signing out closes the WebSockets of that session alone', async (t) => {
  const server = await serve(t, {});
  const ada = await member(server, 'ada@example.org');
  const elsewhere = new Client(server.url);
  await signIn(elsewhere, 'ada@example.org');
  const mine = await open(server, ada.cookie);
  const other = await open(server, elsewhere.cookie);
  const guest = await open(server);
  for (const ws of [mine, other, guest]) assert.equal((await hello(ws)).type, 'welcome');
  assert.equal((await ada.delete('/session')).status, 204);
  assert.equal(await mine.closed, 4002);
  assert.equal(other.readyState, WebSocket.OPEN);
  const { token } = await (async () => {
    await elsewhere.post('/password/forgot', { email: 'ada@example.org' });
    return link(server, 'ada@example.org', 'reset');
  })();
  assert.equal((await guest_reset(server, token)).status, 204);
  assert.equal(await other.closed, 4002);
  assert.equal(guest.readyState, WebSocket.OPEN);
  guest.close();
});

const guest_reset = (server, token) =>
  new Client(server.url).post('/password/reset', { token, password: 'quite another password' });

test('a page of somebody else’s gets no WebSocket', async (t) => {
  const server = await serve(t, {});
  const ada = await member(server, 'ada@example.org');
  for (const origin of ['https://evil.example', 'null']) {
    await assert.rejects(open(server, ada.cookie, origin), /403/);
  }
});

/** Run Python's SQLite on the database of a server. */
const sqlite = (server, script) =>
  spawn(
    'python3',
    [
      '-c',
      `import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1], isolation_level=None)\n${script}`,
      join(server.dataDir, 'parley.db'),
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );

test('a database of a newer version is left alone', async () => {
  const server = await new ParleyServer(roomy).start();
  await server.kill();
  const child = sqlite(server, "db.execute('UPDATE schema_version SET version = 999')");
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  await assert.rejects(server.start(), /newer version/);
});

test('while the database is locked nothing is promised; afterwards all is well by itself', async (t) => {
  const server = await serve(t, { 'database.wait_ms': 50, 'accounts.cached_s': 1 });
  const ada = await member(server, 'ada@example.org');
  const holder = sqlite(server, "db.execute('BEGIN EXCLUSIVE')\nprint('held', flush=True)\nsys.stdin.read()");
  t.after(() => holder.kill());
  await once(holder.stdout, 'data');
  const guest = new Client(server.url);
  const body = { name: 'Bob', email: 'bob@example.org', password };
  const refused503 = await guest.post('/signup', body);
  assert.equal(refused503.status, 503);
  assert.equal(refused503.body.code, 'unavailable');
  assert.ok(Number(refused503.headers['retry-after']) > 0);
  assert.equal((await send(server.url, 'GET', '/healthz')).status, 503);
  assert.equal((await ada.get('/session')).body.account.name, 'Ada', 'reading goes on');
  holder.stdin.end();
  await once(holder, 'exit');
  assert.equal((await guest.post('/signup', body)).status, 202);
  await until(async () => (await send(server.url, 'GET', '/healthz')).status === 200, 'the database');
  await link(server, 'bob@example.org', 'confirm');
  assert.equal((await ada.get('/session')).body.account.name, 'Ada');
});

test('without its database it still answers, and says degraded', async (t) => {
  const port = await freePort();
  const server = await serve(t, {
    'database.url': `postgresql://parley@127.0.0.1:${port}/parley`,
    'database.wait_ms': 200,
  });
  const health = await send(server.url, 'GET', '/healthz');
  assert.equal(health.status, 503);
  assert.deepEqual(health.body, { status: 'degraded', database: 'unavailable' });
  const guest = new Client(server.url);
  assert.equal((await guest.get('/info')).status, 200);
  assert.equal((await guest.get('/session')).body.account, null);
  const reply = await guest.post('/session', { email: 'a@example.org', password });
  assert.equal(reply.status, 503);
  assert.equal(reply.body.code, 'unavailable');
  assert.ok(Number(reply.headers['retry-after']) > 0);
  guest.cookie = `parley=${'A'.repeat(43)}`;
  assert.equal((await guest.get('/session')).status, 503);
  const ws = await open(server, guest.cookie);
  assert.equal((await hello(ws)).type, 'welcome', 'a call needs no database');
  ws.close();
});
