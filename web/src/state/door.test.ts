import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANNA, BERT, peerInfo, ROOM, roomState } from '../protocol/messages.fake';
import { entered, World } from './world.fake';

const ENTER = `POST /rooms/${ROOM}/enter`;

const ADA = {
  id: 'a1',
  email: 'ada@example.org',
  name: 'Ada',
  language: 'en',
  role: 'member',
  created: '2026-11-20T18:00:00Z',
  two_factor: false,
  passkeys: 0,
  recovery_codes: 0,
  rooms: 1,
};

/** At the page of a room whose door answers this. */
async function at(status: number, body: object, memory = new Map<string, string>()): Promise<World> {
  const w = new World('/', new Map(), memory);
  w.answers.set(ENTER, [status, body]);
  w.welcome();
  w.controller.go(`/r/${ROOM}`);
  await w.settle();
  return w;
}

const asked = (w: World) => w.requests.filter((r) => r.path.endsWith('/enter')).map((r) => r.body);

const join = async (w: World, password?: string) => {
  w.controller.setName('Anna');
  w.controller.join(password);
  await w.settle();
};

test('an open door: asked when the page is opened, and its name is shown', async () => {
  const w = await at(200, entered({ name: 'Tuesdays', lasting: true, knock: false, owner: true }));
  assert.deepEqual(asked(w), ['{}']);
  const { door, roomName, lasting, knock, owner } = w.state;
  assert.deepEqual([door.state, roomName, lasting, knock, owner], ['open', 'Tuesdays', true, false, true]);
  await join(w);
  assert.equal(asked(w).length, 1, 'not again for the join');
  assert.equal(w.join?.pass, undefined);
});

test('a room that we have just made has no door to ask about', async () => {
  const w = new World('/');
  w.welcome();
  w.controller.startCall();
  await w.settle();
  assert.equal(w.state.door.state, 'open');
  await join(w);
  assert.equal(w.of('join').length, 1);
  assert.deepEqual(asked(w), []);
});

test('a click on join waits for the door', async () => {
  const w = new World();
  w.welcome();
  w.answers.set(ENTER, [200, entered({ pass: 'P' })]);
  w.controller.setName('Anna');
  w.controller.join();
  assert.equal(w.state.joining, true);
  assert.deepEqual(w.sent, []);
  await w.settle();
  assert.equal(w.join?.pass, 'P');
});

test('a password: asked for, wrong, too often, right', async () => {
  const w = await at(401, { code: 'password_needed' });
  assert.deepEqual(w.state.door, { state: 'password' });
  w.answers.set(ENTER, [401, { code: 'bad_password' }]);
  await join(w, 'guess');
  assert.equal(w.state.joining, false);
  assert.equal(w.state.page, 'prejoin');
  assert.equal(w.state.door.fault?.code, 'bad_password');
  w.answers.set(ENTER, [429, { code: 'too_many' }]);
  await join(w, 'guess');
  assert.deepEqual([w.state.door.state, w.state.door.fault?.code], ['password', 'too_many']);
  assert.deepEqual(w.sent, []);
  w.answers.set(ENTER, [200, entered({ pass: 'P' })]);
  await join(w, 'right');
  assert.equal(asked(w).at(-1), '{"password":"right"}');
  assert.equal(w.join?.pass, 'P');
});

test('a pass that is no longer good is renewed with the same password, once', async () => {
  const w = await at(401, { code: 'password_needed' });
  w.answers.set(ENTER, [200, entered({ pass: 'old' })]);
  await join(w, 'right');
  w.answers.set(ENTER, [200, entered({ pass: 'new' })]);
  w.fail('password_needed', w.join);
  await w.settle();
  assert.equal(asked(w).at(-1), '{"password":"right"}');
  assert.deepEqual(
    w.of('join').map((m) => m.pass),
    ['old', 'new'],
  );
  w.fail('password_needed', w.join);
  await w.settle();
  assert.equal(w.of('join').length, 2);
  assert.deepEqual([w.state.page, w.state.door.state], ['prejoin', 'password']);
});

test('doors that stay shut', async () => {
  for (const [status, code, state] of [
    [403, 'members_only', 'members'],
    [423, 'room_locked', 'locked'],
    [429, 'too_many', 'later'],
  ] as const) {
    const w = await at(status, { code });
    assert.equal(w.state.door.state, state);
    await join(w);
    assert.deepEqual(w.sent, [], 'nobody is asked');
    w.answers.set(ENTER, [200, entered()]);
    w.controller.askDoor();
    assert.deepEqual(w.state.door, { state, busy: true });
    await w.settle();
    assert.equal(w.state.door.state, 'open');
  }
});

test('no such room is told at once', async () => {
  const w = await at(404, { code: 'room_unknown' });
  assert.equal(w.state.ended, 'room-unknown');
});

test('a ticket opens what is closed to others', async () => {
  const seats = [{ room: ROOM, name: 'Anna', ticket: 'T', time: Number.MAX_SAFE_INTEGER }];
  for (const code of ['room_unknown', 'password_needed', 'room_locked']) {
    const memory = new Map([['parley.seats', JSON.stringify(seats)]]);
    const w = await at(403, { code }, memory);
    assert.equal(w.state.page, 'prejoin', code);
    await join(w);
    assert.equal(w.join?.ticket, 'T', code);
  }
});

test('where the server cannot say, the way is tried', async () => {
  for (const [status, code] of [
    [503, 'unavailable'],
    [404, 'not_found'],
  ] as const) {
    const w = await at(status, { code });
    await join(w);
    assert.equal(w.of('join').length, 1, code);
  }
});

test('a room that the server has put away meanwhile is fetched again', async () => {
  const w = await at(200, entered());
  await join(w);
  w.fail('room_unknown', w.join);
  await w.settle();
  assert.equal(w.of('join').length, 2);
  assert.equal(asked(w).length, 2);
});

test('an answer for a room that we have left is not heard', async () => {
  const w = new World();
  w.answers.set(ENTER, [404, { code: 'room_unknown' }]);
  w.controller.askDoor();
  w.controller.goHome();
  await w.settle();
  assert.equal(w.state.page, 'home');
});

test('whoever signs in comes back before the door, by name', async () => {
  const w = await at(403, { code: 'members_only' });
  w.controller.signInFirst(`/r/${ROOM}`);
  assert.equal(w.path, '/signin');
  w.answers.set(ENTER, [200, entered()]);
  w.controller.signedIn({ ...ADA, role: 'member' });
  await w.settle();
  assert.equal(w.path, `/r/${ROOM}`);
  assert.deepEqual([w.state.door.state, w.state.name], ['open', 'Ada']);
});

test('the account’s name, unless the person has said another', async () => {
  const memory = new Map([['parley.name', 'A. Guest']]);
  const w = await at(200, entered(), memory);
  assert.equal(w.state.name, 'A. Guest');
  w.controller.signedIn({ ...ADA, role: 'member' });
  assert.equal(w.state.name, 'Ada');
  await join(w);
  assert.equal(w.state.name, 'Anna');
  w.answers.set('GET /session', [200, { account: ADA }]);
  w.controller.askAccount();
  await w.settle();
  assert.equal(w.state.name, 'Anna');
});

test('what the host does goes out, and what fails is said', async () => {
  const w = new World();
  await w.enter([peerInfo()]);
  const { hosting } = w.controller;
  hosting.remove(BERT);
  hosting.makeHost(BERT);
  hosting.takeHost();
  hosting.change({ locked: true });
  hosting.end();
  assert.deepEqual(w.sent.slice(-5), [
    { type: 'remove', participant: BERT },
    { type: 'make_host', participant: BERT },
    { type: 'make_host', participant: ANNA },
    { type: 'room.update', locked: true },
    { type: 'end' },
  ]);
  w.fail('not_host', { type: 'remove', participant: BERT });
  w.fail('internal', { type: 'end' });
  assert.equal(new Set(w.state.notices.map((n) => n.text)).size, 2);
  assert.equal(w.state.page, 'call');
});

test('the room changes, the host changes, somebody is removed', async () => {
  const w = new World();
  await w.enter([peerInfo()]);
  w.say({
    type: 'room.updated',
    room: roomState({ locked: true, lasting: true, name: 'Tuesdays' }),
    ticket: 'T',
  });
  assert.deepEqual([w.state.locked, w.state.roomName], [true, 'Tuesdays']);
  w.say({ type: 'host', participant: BERT });
  assert.equal(w.state.host, false);
  assert.match(w.state.notices.at(-1)?.text ?? '', /Bert is the host/);
  w.say({ type: 'peer.left', participant: BERT, reason: 'removed' });
  assert.match(w.state.notices.at(-1)?.text ?? '', /removed/);
});

test('out of the call: removed, or it is over for everybody', async () => {
  for (const [message, reason] of [
    [{ type: 'removed' as const }, 'removed'],
    [{ type: 'ended' as const, reason: 'host', re: 3 }, 'ended'],
    [{ type: 'ended' as const, reason: 'host' }, 'ended-by-host'],
    [{ type: 'ended' as const, reason: 'admin' }, 'ended-by-admin'],
    [{ type: 'ended' as const, reason: 'deleted' }, 'room-deleted'],
  ] as const) {
    const w = new World();
    await w.enter([peerInfo()]);
    w.say({ room: { id: ROOM }, ...message });
    assert.equal(w.state.ended, reason);
    assert.ok(w.link.closed);
    assert.equal(w.local.calls.at(-1), 'stop');
    assert.equal(w.of('leave').length, 0, 'the server knows');
    assert.equal(w.memory.get('parley.seats') ?? '[]', '[]');
  }
});

test('signed out elsewhere: the call is over, and we go on as a guest', async () => {
  const w = new World();
  await w.enter([peerInfo()]);
  w.become('signed_out');
  assert.equal(w.state.ended, 'signed-out');
  assert.ok(w.link.closed);
  assert.equal(w.signalCalls.at(-1), 'restart');
  await w.settle();
  assert.equal(w.state.account, null);
});
