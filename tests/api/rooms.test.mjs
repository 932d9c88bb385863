/** Rooms over HTTP: for one call and lasting ones, who may do what with them, and the way in. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ParleyServer } from '../e2e/lib/server.mjs';
import { Client, member, roomy, until } from './lib/client.mjs';
import { Signalling } from './lib/socket.mjs';

const sets = { ...roomy, 'limits.rooms_per_min': 1000 };

let server;
let ada;
let bob;
before(async () => {
  server = await new ParleyServer(sets).start();
  ada = await member(server, 'ada@example.org', 'Ada');
  bob = await member(server, 'bob@example.org', 'Bob');
});
after(() => server.stop());

const problem = (reply, status, code) => {
  assert.equal(reply.status, status, reply.text);
  assert.equal(reply.body.code, code, reply.text);
  assert.equal(reply.type, 'application/problem+json');
};

const make = async (client, body) => {
  const made = await client.post('/rooms', body);
  assert.equal(made.status, 201, made.text);
  return made.body;
};

const guest = () => new Client(server.url);

test('a room for one call is anybody’s', async () => {
  const made = await guest().call('POST', '/rooms');
  assert.equal(made.status, 201, made.text);
  assert.match(made.body.id, /^[0-9a-z]{5}(-[0-9a-z]{5}){3}$/);
  assert.equal(made.body.url, `${server.url}/r/${made.body.id}`);
  assert.equal(made.headers.location, `/r/${made.body.id}`);
  const { status, body } = await guest().post(`/rooms/${made.body.id}/enter`);
  assert.equal(status, 200);
  assert.deepEqual(body, { id: made.body.id, name: '', lasting: false, knock: true, owner: false });
  const open = await make(guest(), { knock: false });
  assert.equal((await guest().post(`/rooms/${open.id}/enter`)).body.knock, false);
  problem(await guest().post('/rooms', { knock: 'no' }), 422, 'bad_field');
  problem(await guest().post('/rooms', { guests: true }), 422, 'unknown_field');
  problem(await ada.get(`/rooms/${made.body.id}`), 404, 'not_found');
});

test('a room that is not there', async () => {
  for (const id of ['00000-00000-00000-00000', 'x', '%00', '..%2f..%2fetc', '%F0%9F%98%80']) {
    const reply = await guest().post(`/rooms/${id}/enter`);
    assert.ok([400, 404].includes(reply.status), `${id}: ${reply.status}`);
  }
  problem(await guest().post('/rooms/00000-00000-00000-00000/enter'), 404, 'room_unknown');
  problem(await guest().post('/rooms/00000-00000-00000-00000/enter', { password: 'x' }), 404, 'room_unknown');
});

test('a lasting room is made, listed, changed and removed by its owner', async () => {
  const made = await make(ada, { name: 'Tea' });
  assert.deepEqual(
    { ...made, id: undefined, url: undefined, created: undefined },
    {
      id: undefined,
      url: undefined,
      created: undefined,
      name: 'Tea',
      knock: true,
      guests: true,
      locked: false,
      password: false,
      owner: true,
    },
  );
  assert.equal(made.url, `${server.url}/r/${made.id}`);
  assert.deepEqual((await ada.get('/rooms')).body.rooms, [made]);
  assert.deepEqual((await ada.get(`/rooms/${made.id}`)).body, made);
  assert.deepEqual((await ada.get(`/rooms/${made.id.replaceAll('-', '').toUpperCase()}`)).body, made);
  assert.equal((await ada.get('/account')).body.account.rooms, 1);
  const changed = await ada.patch(`/rooms/${made.id}`, { name: 'Coffee', knock: false, password: 'sugar' });
  assert.deepEqual(changed.body, { ...made, name: 'Coffee', knock: false, password: true });
  assert.ok(!changed.text.includes('sugar'));
  const open = await ada.patch(`/rooms/${made.id}`, { password: '' });
  assert.equal(open.body.password, false);
  const short = await ada.patch(`/rooms/${made.id}`, { password: 'abc' });
  problem(short, 422, 'bad_field');
  assert.equal(short.body.errors[0].field, 'password');
  problem(await ada.patch(`/rooms/${made.id}`, { name: '' }), 422, 'bad_field');
  problem(await ada.patch(`/rooms/${made.id}`, { owner: 'me' }), 422, 'unknown_field');
  assert.equal((await ada.delete(`/rooms/${made.id}`)).status, 204);
  problem(await ada.delete(`/rooms/${made.id}`), 404, 'not_found');
  problem(await guest().post(`/rooms/${made.id}/enter`), 404, 'room_unknown');
});

test('another’s room is not there, and guests have none', async () => {
  const { id } = await make(ada, { name: 'Mine', password: 'secret' });
  for (const c of [bob]) {
    problem(await c.get(`/rooms/${id}`), 404, 'not_found');
    problem(await c.patch(`/rooms/${id}`, { locked: true }), 404, 'not_found');
    problem(await c.patch(`/rooms/${id}`, { password: '' }), 404, 'not_found');
    problem(await c.delete(`/rooms/${id}`), 404, 'not_found');
    assert.deepEqual((await c.get('/rooms')).body.rooms, []);
  }
  const g = guest();
  problem(await g.get('/rooms'), 401, 'not_signed_in');
  problem(await g.get(`/rooms/${id}`), 401, 'not_signed_in');
  problem(await g.post('/rooms', { name: 'x' }), 401, 'not_signed_in');
  problem(await g.patch(`/rooms/${id}`, { knock: false }), 401, 'not_signed_in');
  problem(await g.delete(`/rooms/${id}`), 401, 'not_signed_in');
  problem(await ada.post('/rooms', { name: 'x' }, { Origin: 'https://evil.example' }), 403, 'bad_origin');
  assert.equal((await ada.delete(`/rooms/${id}`)).status, 204);
});

test('names that are markup come back as what they are', async () => {
  const nasty = '"><script>alert(1)</script>\'&amp;';
  const made = await ada.post('/rooms', { name: nasty });
  assert.equal(made.body.name, nasty);
  assert.equal(made.type, 'application/json');
  assert.equal(made.headers['x-content-type-options'], 'nosniff');
  const entered = await bob.post(`/rooms/${made.body.id}/enter`);
  assert.equal(entered.body.name, nasty);
  assert.equal(entered.headers['x-content-type-options'], 'nosniff');
  for (const name of ['a\u202eb', 'a\r\nb', 'x'.repeat(500), '\u0007'])
    problem(await ada.post('/rooms', { name }), 422, 'bad_field');
  await ada.delete(`/rooms/${made.body.id}`);
});

test('the door: guests, lock, password', async () => {
  const { id } = await make(ada, { name: 'Door', guests: false, knock: false });
  problem(await guest().post(`/rooms/${id}/enter`), 403, 'members_only');
  assert.equal((await bob.post(`/rooms/${id}/enter`)).body.owner, false);
  await ada.patch(`/rooms/${id}`, { guests: true, password: 'open sesame' });
  const asked = await guest().post(`/rooms/${id}/enter`);
  problem(asked, 401, 'password_needed');
  problem(await guest().post(`/rooms/${id}/enter`, { password: 'open Sesame' }), 401, 'bad_password');
  const mine = await ada.post(`/rooms/${id}/enter`);
  assert.equal(mine.body.owner, true);
  assert.equal(mine.body.pass, undefined);
  const entered = await guest().post(`/rooms/${id}/enter`, { password: 'open sesame' });
  assert.equal(entered.status, 200, entered.text);
  assert.deepEqual([entered.body.name, entered.body.lasting, entered.body.knock], ['Door', true, false]);

  const ws = await Signalling.open(server.url);
  assert.equal((await ws.join(id, 'Eve')).code, 'password_needed');
  assert.equal((await ws.join(id, 'Eve', { pass: 'AAAA' })).code, 'password_needed');
  assert.equal((await ws.join(id, 'Gus', { pass: entered.body.pass })).type, 'joined');
  ws.close();

  await ada.patch(`/rooms/${id}`, { locked: true });
  problem(await bob.post(`/rooms/${id}/enter`, { password: 'open sesame' }), 423, 'room_locked');
  assert.equal((await ada.post(`/rooms/${id}/enter`)).status, 200);
  await ada.delete(`/rooms/${id}`);
});

test('a new password makes proofs of the former void', async () => {
  const { id } = await make(ada, { name: 'Pass', knock: false, password: 'first word' });
  const { pass } = (await guest().post(`/rooms/${id}/enter`, { password: 'first word' })).body;
  assert.match(pass, /^[\w-]{20,128}$/);
  await ada.patch(`/rooms/${id}`, { password: 'second word' });
  const ws = await Signalling.open(server.url);
  assert.equal((await ws.join(id, 'Gus', { pass })).code, 'password_needed');
  problem(await guest().post(`/rooms/${id}/enter`, { password: 'first word' }), 401, 'bad_password');
  const fresh = (await guest().post(`/rooms/${id}/enter`, { password: 'second word' })).body.pass;
  assert.equal((await ws.join(id, 'Gus', { pass: fresh })).type, 'joined');
  ws.close();
  await ada.delete(`/rooms/${id}`);
});

test('what the owner changes reaches those who are in, and a removed room ends', async () => {
  const { id } = await make(ada, { name: 'Live', knock: false });
  assert.equal((await guest().post(`/rooms/${id}/enter`)).status, 200);
  const ws = await Signalling.open(server.url);
  assert.equal((await ws.join(id, 'Gus')).type, 'joined');
  await ada.patch(`/rooms/${id}`, { name: 'Livelier', locked: true });
  const updated = await ws.of('room.updated');
  assert.equal(updated.room.name, 'Livelier');
  assert.equal(updated.room.locked, true);
  await ada.delete(`/rooms/${id}`);
  const ended = await ws.of('ended');
  assert.equal(ended.reason, 'deleted');
  assert.equal((await ws.join(id, 'Gus')).code, 'room_unknown');
  ws.close();
});

test('what the host changes inside is written down', async () => {
  const { id } = await make(ada, { name: 'Kept', knock: false });
  await ada.post(`/rooms/${id}/enter`);
  const host = await Signalling.open(server.url, ada.cookie);
  const joined = await host.join(id, 'Ada');
  assert.equal(joined.self.role, 'host', JSON.stringify(joined));
  for (let i = 0; i < 5; i++) await host.ask('room.update', { locked: i % 2 === 0, knock: i % 2 === 0 });
  await until(async () => {
    const { locked, knock } = (await ada.get(`/rooms/${id}`)).body;
    return locked && knock;
  }, 'the last change in the database');
  host.close();
  await ada.delete(`/rooms/${id}`);
});

test('whoever deletes their account takes their rooms along', async () => {
  const eve = await member(server, 'eve@example.org', 'Eve');
  const { id } = await make(eve, { name: 'Eve’s', knock: false });
  await guest().post(`/rooms/${id}/enter`);
  const ws = await Signalling.open(server.url);
  await ws.join(id, 'Gus');
  const gone = await eve.delete('/account', { password: 'a long enough password' });
  assert.equal(gone.status, 204, gone.text);
  assert.equal((await ws.of('ended')).reason, 'deleted');
  problem(await guest().post(`/rooms/${id}/enter`), 404, 'room_unknown');
  ws.close();
});

test('rooms outlast a restart, and come back by a ticket with their door', async () => {
  const { id } = await make(ada, { name: 'Lasting', knock: false });
  await guest().post(`/rooms/${id}/enter`);
  const first = await Signalling.open(server.url);
  const { ticket } = await first.join(id, 'Gus');
  await ada.patch(`/rooms/${id}`, { guests: false, name: 'Lasts' });
  await server.kill();
  await server.start();
  const again = await Signalling.open(server.url);
  const back = await again.join(id, 'Gus', { ticket });
  assert.equal(back.type, 'joined', JSON.stringify(back));
  const named = back.room.name === 'Lasts' ? back : await again.of('room.updated');
  assert.equal(named.room.name, 'Lasts');
  problem(await guest().post(`/rooms/${id}/enter`), 403, 'members_only');
  again.close();
  assert.equal((await ada.get(`/rooms/${id}`)).body.name, 'Lasts');
  await ada.delete(`/rooms/${id}`);
});

test('the password of a room is not to be guessed, however its id is spelt', async (t) => {
  const strict = await new ParleyServer({
    ...sets,
    'limits.room_guesses_per_min': 6,
    'server.trusted_proxies': '127.0.0.1',
  }).start();
  t.after(() => strict.stop());
  const owner = await member(strict, 'ada@example.org');
  const { id } = await make(owner, { name: 'Guess', password: 'open sesame' });
  const g = new Client(strict.url);
  const from = (i) => ({ 'X-Forwarded-For': `203.0.113.${i}` });
  const spelt = [id, id.toUpperCase(), id.replaceAll('-', ''), `${id}-`, id, id];
  for (const [i, s] of spelt.entries())
    problem(await g.post(`/rooms/${s}/enter`, { password: `guess ${i}` }, from(98)), 401, 'bad_password');
  problem(await g.post(`/rooms/${id}/enter`, { password: 'open sesame' }, from(98)), 429, 'too_many');
  /* Who guesses keeps nobody else out; many who do, together, are stopped. */
  assert.equal((await g.post(`/rooms/${id}/enter`, { password: 'open sesame' }, from(97))).status, 200);
  for (let i = 1; i <= 53; i++)
    problem(await g.post(`/rooms/${id}/enter`, { password: `guess ${i}` }, from(i)), 401, 'bad_password');
  const over = await until(async () => {
    const reply = await g.post(
      `/rooms/${id}/enter`,
      { password: 'guess' },
      from(crypto.getRandomValues(new Uint8Array(1))[0]),
    );
    return reply.status === 429 && reply;
  }, 'the end of guessing');
  problem(over, 429, 'too_many');
  assert.ok(Number(over.headers['retry-after']) > 0);
  /* Another room is another matter; so many rooms from one address are not. */
  const other = await make(owner, { name: 'Other', password: 'open sesame' });
  assert.equal((await g.post(`/rooms/${other.id}/enter`, { password: 'open sesame' }, from(99))).status, 200);
  const elsewhere = { 'X-Forwarded-For': '198.51.100.7' };
  const statuses = [];
  for (let i = 0; i < 8; i++)
    statuses.push((await g.post(`/rooms/00000-00000-00000-0000${i}/enter`, {}, elsewhere)).status);
  assert.deepEqual(statuses.slice(0, 6), Array(6).fill(404));
  assert.equal(statuses[7], 429);
});

/** Nobody else writes to the database of @p s until the returned function is called. */
async function hold(s) {
  const child = spawn(
    'python3',
    [
      '-c',
      "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1], isolation_level=None)\ndb.execute('BEGIN IMMEDIATE')\nprint('held', flush=True)\nsys.stdin.read()",
      join(s.dataDir, 'parley.db'),
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  await once(child.stdout, 'data');
  return async () => {
    child.stdin.end();
    await once(child, 'exit');
  };
}

test('while the database cannot be written to, calls go on, and what the host says is written later', async (t) => {
  const s = await new ParleyServer({ ...sets, 'database.wait_ms': 50 }).start();
  t.after(() => s.stop());
  const owner = await member(s, 'ada@example.org');
  const { id } = await make(owner, { name: 'Outage', knock: false });
  await owner.post(`/rooms/${id}/enter`);
  const host = await Signalling.open(s.url, owner.cookie);
  await host.join(id, 'Ada');
  const release = await hold(s);
  problem(await owner.patch(`/rooms/${id}`, { name: 'Never' }), 503, 'unavailable');
  problem(await owner.post('/rooms', { name: 'Never' }), 503, 'unavailable');
  assert.equal((await host.ask('room.update', { locked: true })).room.locked, true);
  problem(await new Client(s.url).post(`/rooms/${id}/enter`), 423, 'room_locked');
  const guestRoom = await make(new Client(s.url), { knock: false });
  assert.equal((await new Client(s.url).post(`/rooms/${guestRoom.id}/enter`)).status, 200);
  assert.equal((await host.ask('room.update', { knock: true })).room.knock, true);
  await release();
  await until(async () => {
    const { locked, knock } = (await owner.get(`/rooms/${id}`)).body;
    return locked && knock;
  }, 'what the host has said in the database');
  host.close();
});

test('what the host says last is written down before the service ends', async (t) => {
  const s = await new ParleyServer({ ...sets, 'database.wait_ms': 50 }).start();
  t.after(() => s.stop());
  const owner = await member(s, 'ada@example.org');
  const { id } = await make(owner, { name: 'Last', knock: false });
  await owner.post(`/rooms/${id}/enter`);
  const host = await Signalling.open(s.url, owner.cookie);
  await host.join(id, 'Ada');
  const release = await hold(s);
  await host.ask('room.update', { locked: true });
  /* Tried in vain once: it waits for its next turn, which does not come. */
  await until(async () => (await owner.patch(`/rooms/${id}`, { name: 'x' })).status === 503, 'a lock');
  await release();
  host.close();
  await s.end();
  await s.start();
  assert.equal((await owner.get(`/rooms/${id}`)).body.locked, true);
});

test('so many rooms, and no more', async (t) => {
  const small = await new ParleyServer({
    ...sets,
    'rooms.max_per_account': 2,
    'limits.rooms_per_min': 2,
  }).start();
  t.after(() => small.stop());
  const owner = await member(small, 'ada@example.org');
  await make(owner, { name: 'One' });
  await make(owner, { name: 'Two' });
  problem(await owner.post('/rooms', { name: 'Three' }), 409, 'too_many_rooms');
  const g = new Client(small.url);
  await make(g, {});
  await make(g, {});
  const over = await g.post('/rooms', {});
  problem(over, 429, 'too_many');
  assert.equal(over.headers['retry-after'], '60');
});

test('rooms.create says who may', async (t) => {
  for (const [create, nobody] of [
    ['members', 401],
    ['admins', 401],
  ]) {
    const s = await new ParleyServer({ ...sets, 'rooms.create': create }).start();
    t.after(() => s.stop());
    const m = await member(s, 'ada@example.org');
    problem(await new Client(s.url).post('/rooms', {}), nobody, 'not_signed_in');
    for (const body of [{}, { name: 'Room' }, { name: 'Room', password: 'password' }]) {
      const reply = await m.post('/rooms', body);
      if (create === 'members') assert.equal(reply.status, 201, reply.text);
      else problem(reply, 403, 'forbidden');
    }
  }
});
