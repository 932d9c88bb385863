/** `parley user`: accounts from the command line, with a service that runs and without. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { ParleyServer } from '../e2e/lib/server.mjs';
import { Client, password, roomy, signIn, until } from './lib/client.mjs';
import { Signalling } from './lib/socket.mjs';

const binary = resolve(process.env.PARLEY ?? 'build/parley');
const home = mkdtempSync(join(tmpdir(), 'parley-user-'));
after(() => rmSync(home, { recursive: true, force: true }));

/** @returns {Promise<{code: number, out: string, err: string}>} */
async function user(words, { input = '', dir = home } = {}) {
  const sets = { 'server.data_dir': dir, 'accounts.hash_kbytes': 8192, 'log.level': 'error' };
  const args = Object.entries(sets).flatMap(([k, v]) => ['--set', `${k}=${v}`]);
  const child = spawn(binary, ['user', ...words, ...args], { stdio: 'pipe' });
  const result = { out: '', err: '' };
  child.stdout.on('data', (d) => {
    result.out += d;
  });
  child.stderr.on('data', (d) => {
    result.err += d;
  });
  child.stdin.on('error', () => {}); /* it may end without reading */
  child.stdin.end(input);
  [result.code] = await once(child, 'close');
  return result;
}

const root = ['--email', 'root@example.org'];

test('add, list, role, disable, enable, delete', async () => {
  const added = await user(['add', ...root, '--name', 'Root', '--role', 'admin'], { input: `${password}\n` });
  assert.deepEqual(added, { out: 'root@example.org is admin\n', err: '', code: 0 });
  const bob = ['--email', 'bob@example.org'];
  assert.equal((await user(['add', ...bob, '--name', 'Bob'], { input: password })).code, 0);
  assert.equal((await user(['disable', ...bob])).code, 0);
  assert.equal(
    (await user(['list'])).out,
    'bob@example.org\tBob\tmember\tdisabled\nroot@example.org\tRoot\tadmin\tactive\n',
  );
  assert.equal((await user(['enable', ...bob])).code, 0);
  assert.equal((await user(['role', ...bob, '--role', 'admin'])).code, 0);
  assert.equal((await user(['list', '--search', 'bob'])).out, 'bob@example.org\tBob\tadmin\tactive\n');
  assert.equal((await user(['delete', ...bob])).code, 0);
  assert.equal((await user(['list', '--search', 'bob'])).out, '');
});

test('what is refused says why', async () => {
  const refusals = [
    [['delete', ...root], '', /last admin/],
    [['role', ...root, '--role', 'member'], '', /last admin/],
    [['role', ...root, '--role', 'king'], '', /member or admin/],
    [['two-factor-off', ...root], '', /no second factor/],
    [['disable', '--email', 'nobody@example.org'], '', /no account/],
    [['add', ...root, '--name', 'Again'], password, /there is an account/],
    [['add', '--email', 'x@example.org', '--name', 'X'], 'short', /password/],
    [['add', '--email', 'x@example.org', '--name', 'X'], '', /password/],
    [['add', '--email', 'no address', '--name', 'X'], password, /email/],
    [['add', '--email', 'x@example.org'], password, /--name/],
    [['passwd'], password, /--email/],
  ];
  for (const [words, input, why] of refusals) {
    const { code, err, out } = await user(words, { input });
    assert.equal(code, 1, words.join(' '));
    assert.match(err, why);
    assert.equal(out, '');
  }
  for (const words of [[], ['promote'], ['add', '--password', 'x']]) {
    assert.equal((await user(words)).code, 2, words.join(' '));
  }
});

test('a service that runs sees it when its memory is over', async (t) => {
  const server = await new ParleyServer({ ...roomy, 'accounts.cached_s': 1 }).start();
  t.after(() => server.stop());
  const dir = server.dataDir;
  assert.equal((await user(['add', ...root, '--name', 'Root'], { input: password, dir })).code, 0);
  const client = new Client(server.url);
  await signIn(client, 'root@example.org');
  assert.equal((await client.get('/session')).body.account.role, 'member');
  const fresh = 'quite another password';
  assert.equal((await user(['passwd', ...root], { input: `${fresh}\n`, dir })).code, 0);
  await until(async () => (await client.get('/session')).body.account === null, 'the end of the session');
  await signIn(client, 'root@example.org', fresh);
});

test('who is disabled, or gets a new password, is out of the call', async (t) => {
  const server = await new ParleyServer({ ...roomy, 'accounts.cached_s': 1 }).start();
  t.after(() => server.stop());
  const dir = server.dataDir;
  assert.equal((await user(['add', ...root, '--name', 'Root'], { input: password, dir })).code, 0);
  const guest = await Signalling.open(server.url);
  for (const [words, secret] of [
    [['passwd', ...root], password],
    [['disable', ...root], 'quite another password'],
  ]) {
    const client = new Client(server.url);
    await signIn(client, 'root@example.org', secret);
    const { body: room } = await client.post('/rooms', { name: 'Ours', knock: false });
    const ws = await Signalling.open(server.url, client.cookie);
    await client.post(`/rooms/${room.id}/enter`);
    assert.equal((await ws.join(room.id, 'Root')).type, 'joined');
    assert.equal((await user(words, { input: 'quite another password', dir })).code, 0);
    const late = until(() => false, 'the end of the socket', 10_000);
    assert.equal(await Promise.race([ws.closed, late]), 4002, words[0]);
    late.catch(() => {});
  }
  assert.equal((await guest.ask('ping')).type, 'pong');
});

test('a call outlasts the time after which one is idle, and not the longest time of a session', async (t) => {
  const server = await new ParleyServer({
    ...roomy,
    'accounts.cached_s': 1,
    'accounts.session_idle_s': 3,
    'accounts.session_max_s': 8,
  }).start();
  t.after(() => server.stop());
  const dir = server.dataDir;
  assert.equal((await user(['add', ...root, '--name', 'Root'], { input: password, dir })).code, 0);
  const [client, idle] = [new Client(server.url), new Client(server.url)];
  const begun = Date.now();
  await signIn(client, 'root@example.org');
  const ws = await Signalling.open(server.url, client.cookie);
  await signIn(idle, 'root@example.org');
  assert.equal(
    await Promise.race([ws.closed, until(() => Date.now() - begun > 5000, 'more than idle_s')]),
    true,
  );
  assert.equal((await idle.get('/session')).body.account, null, 'who does nothing is signed out');
  assert.equal((await client.get('/session')).body.account?.name, 'Root');
  assert.equal(await ws.closed, 4002);
  assert.ok(Date.now() - begun >= 7500);
});

test('what is over is swept out faster than strangers bring it', async (t) => {
  const server = await new ParleyServer(roomy).start();
  t.after(() => server.stop());
  const sql = (text) =>
    execFileSync('python3', [
      '-c',
      'import sqlite3, sys\nwith sqlite3.connect(sys.argv[1], timeout=30) as db: print(db.execute(sys.argv[2]).fetchone())',
      join(server.dataDir, 'parley.db'),
      text,
    ]).toString();
  const numbers = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4500) ';
  await server.end();
  sql(`${numbers} INSERT INTO tokens SELECT 'over' || i, 'signup', NULL, '', '{}', 1, 2 FROM n`);
  await server.start();
  await until(
    () => sql('SELECT count(*) FROM tokens WHERE expires_us = 2') === '(0,)\n',
    'the end of the sweep',
  );
});
