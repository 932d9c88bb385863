/** Databases that are not there yet, go away, fill up or are held by somebody else, and come back. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { havePostgres, Postgres } from '../e2e/lib/postgres.mjs';
import { ParleyServer } from '../e2e/lib/server.mjs';
import { Client, link, member, password, roomy, send, until } from './lib/client.mjs';
import { Signalling } from './lib/socket.mjs';

const health = async (server) => (await send(server.url, 'GET', '/healthz')).body.status;
const healthy = (server) => until(async () => (await health(server)) === 'ok', 'that all is well', 60_000);
const degraded = (server) => until(async () => (await health(server)) === 'degraded', 'that it is degraded');

const refused = (reply) => {
  assert.equal(reply.status, 503, reply.text);
  assert.equal(reply.body.code, 'unavailable');
  assert.ok(Number(reply.headers['retry-after']) > 0);
};

const setUp = (server) => server.output.match(/\/setup#([\w-]{43})/)?.[1];

test('PostgreSQL comes after us, goes, and comes back; a call goes on', async (t) => {
  assert.ok(havePostgres(), 'PostgreSQL is not installed');
  const postgres = new Postgres();
  t.after(() => postgres.stop());
  const sets = { 'database.url': postgres.url, 'database.wait_ms': 200, 'accounts.cached_s': 1 };
  const server = await new ParleyServer({ ...roomy, ...sets }).start();
  t.after(() => server.stop());
  assert.equal(await health(server), 'degraded');
  refused(await new Client(server.url).post('/session', { email: 'ada@example.org', password }));
  assert.equal(setUp(server), undefined);

  await postgres.start();
  await healthy(server);
  await until(() => setUp(server), 'the link to set up, which could not be made before');
  const ada = await member(server, 'ada@example.org');
  const { id } = await server.createRoom({ knock: false });
  const mine = await Signalling.open(server.url, ada.cookie);
  const guest = await Signalling.open(server.url);
  await mine.join(id, 'Ada');
  await guest.join(id, 'Bob');
  await mine.of('peer.joined');
  /* Each in turn does something that the other hears of, over the connections of before. */
  const callGoesOn = async (locked) => {
    assert.equal((await mine.ask('room.update', { locked })).type, 'room.updated');
    assert.equal((await guest.of('room.updated')).room.locked, locked);
  };
  await callGoesOn(true);

  await postgres.halt();
  await degraded(server);
  refused(await ada.patch('/account', { name: 'Ada L.' }));
  await callGoesOn(false);

  await postgres.start();
  await healthy(server);
  const changed = await ada.patch('/account', { name: 'Ada L.' });
  assert.equal(changed.status, 200, changed.text);
  await callGoesOn(true);
  mine.close();
  guest.close();
});

/** A file system of 4 MB. @returns {string | undefined} undefined: we may not make one */
function smallDisk(t) {
  if (process.getuid() !== 0) return undefined;
  const dir = mkdtempSync(join(tmpdir(), 'parley-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'parley-test', dir]);
  t.after(() => {
    execFileSync('umount', ['-l', dir]);
    rmSync(dir, { recursive: true });
  });
  return dir;
}

test('a full disk: nothing is promised, and when there is room again all is well by itself', async (t) => {
  const dir = smallDisk(t);
  if (!dir) return t.skip('only root may mount');
  const sets = { 'database.url': `sqlite:${join(dir, 'parley.db')}`, 'accounts.cached_s': 1 };
  const server = await new ParleyServer({ ...roomy, ...sets }).start();
  t.after(() => server.stop());
  const ada = await member(server, 'ada@example.org');
  const stuffing = join(dir, 'stuffing');
  assert.throws(() => writeFileSync(stuffing, Buffer.alloc(8 << 20)), { code: 'ENOSPC' });
  const bob = (i) => ({ name: 'Bob', email: `bob${i}@example.org`, password });
  const guest = new Client(server.url);
  /* There may be a little room left in pages of the log that are used again. */
  const kept = [];
  let full;
  for (let i = 0; !full && i < 200; i++) {
    const reply = await guest.post('/signup', bob(i));
    if (reply.status === 202) kept.push(bob(i).email);
    else full = reply;
  }
  refused(full);
  await degraded(server);
  assert.equal((await ada.get('/session')).body.account.name, 'Ada', 'reading goes on');
  rmSync(stuffing);
  await healthy(server);
  for (const email of kept) await link(server, email, 'confirm');
  assert.equal((await guest.post('/signup', bob('by'))).status, 202);
});

test('a database that somebody else holds at the start is waited for', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'parley-held-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'parley.db');
  const script = `import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute('PRAGMA locking_mode = EXCLUSIVE')
db.execute('BEGIN EXCLUSIVE')
db.execute('CREATE TABLE held (x)')
print('held', flush=True)
sys.stdin.read()
db.execute('ROLLBACK')`;
  const holder = spawn('python3', ['-c', script, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => holder.kill());
  await once(holder.stdout, 'data');
  const sets = { 'database.url': `sqlite:${file}`, 'database.wait_ms': 50 };
  const server = await new ParleyServer({ ...roomy, ...sets }).start();
  t.after(() => server.stop());
  assert.equal(await health(server), 'degraded');
  refused(await new Client(server.url).post('/session', { email: 'ada@example.org', password }));
  holder.stdin.end();
  await once(holder, 'exit');
  await healthy(server);
  await until(() => setUp(server), 'the link to set up');
  await member(server, 'ada@example.org');
});
