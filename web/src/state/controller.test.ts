import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BERT, peerInfo, ROOM } from '../protocol/messages.fake';
import { World } from './world.fake';

test('whoever comes by link brings an offer; its candidates follow the join', async () => {
  const w = new World();
  w.welcome();
  w.controller.setName(' Anna ');
  w.controller.join();
  assert.equal(w.state.joining, true);
  await w.settle();
  assert.deepEqual(w.sent, [
    { type: 'join', room: ROOM, name: 'Anna', media: { audio: true, video: false }, offer: 'v=0 early' },
    { type: 'signal', candidate: { candidate: 'early' } },
  ]);
  assert.deepEqual(w.link.servers, [{ urls: ['turn:h:3478'], username: 'u', credential: 'c' }]);
  w.joined([peerInfo({ polite: false })]);
  assert.equal(w.state.page, 'call');
  assert.equal(w.links.length, 1);
  assert.deepEqual(w.link.calls, ['polite false']);
  w.link.events.send({ candidate: { candidate: 'late' } });
  assert.deepEqual(w.sent.at(-1), { type: 'signal', to: BERT, candidate: { candidate: 'late' } });
  w.say({ type: 'signal', from: BERT, description: { type: 'answer', sdp: 'x' } });
  assert.deepEqual(w.link.received, [{ description: { type: 'answer', sdp: 'x' } }]);
});

test('whoever makes the room brings none, and answers at once', async () => {
  const w = new World('/');
  w.controller.startCall();
  await w.settle();
  await w.enter();
  assert.equal(w.join?.offer, undefined);
  assert.equal(w.links.length, 0);
  w.peerJoined({ offer: 'theirs' });
  assert.deepEqual(w.link.received, [{ description: { type: 'offer', sdp: 'theirs' } }]);
  assert.equal(w.link.options.polite, true);
  assert.match(w.state.notices[0]?.text ?? '', /Bert joined/);
});

test('first although by link: the newcomer’s offer is answered on a connection of its own', async () => {
  const w = new World();
  await w.enter();
  w.peerJoined({ offer: 'theirs' });
  assert.equal(w.links.length, 2);
  assert.ok(w.links[0]?.closed);
  assert.equal(w.link.received.length, 1);
});

test('first although by link, and the newcomer has taken our offer', async () => {
  const w = new World();
  await w.enter();
  w.peerJoined();
  assert.equal(w.links.length, 1);
  assert.ok(!w.link.closed);
});

test('several are there: a connection with each', async () => {
  const w = new World();
  await w.enter([peerInfo(), peerInfo({ participant: 'c'.repeat(16), name: 'Cleo' })]);
  assert.equal(w.links.length, 3);
  assert.ok(w.links[0]?.closed, 'the early offer has reached nobody');
  assert.deepEqual(w.links[1]?.calls, ['offer']);
  assert.deepEqual(w.links[2]?.calls, ['offer']);
  assert.equal(w.state.peers.length, 2);
});

test('join before the connection stands: sent once it does', async () => {
  const w = new World();
  w.controller.setName('Anna');
  w.controller.join();
  w.controller.join();
  await w.settle();
  assert.deepEqual(w.sent, []);
  w.welcome();
  await w.settle();
  assert.equal(w.of('join').length, 1);
});

test('the connection breaks between click and join', async () => {
  const w = new World();
  w.welcome();
  w.become('reconnecting');
  w.controller.setName('Anna');
  w.controller.join();
  w.welcome('resumed');
  await w.settle();
  assert.equal(w.of('join').length, 1);
});

test('knocking: waiting, then refused, too late, or in', async () => {
  for (const [reason, ended] of [
    ['host', 'refused'],
    ['timeout', 'knock-timeout'],
  ] as const) {
    const w = new World();
    w.welcome();
    w.controller.setName('Anna');
    w.controller.join();
    await w.settle();
    w.say({ type: 'waiting', room: { id: ROOM }, participant: 'a'.repeat(16) });
    assert.equal(w.state.page, 'waiting');
    w.say({ type: 'refused', room: { id: ROOM }, reason });
    assert.equal(w.state.page, 'ended');
    assert.equal(w.state.ended, ended);
    assert.ok(w.link.closed);
    assert.equal(w.of('leave').length, 0);
    assert.equal(w.session.size, 0);
  }
});

test('each refusal of a join has its reason', async () => {
  for (const [code, reason] of [
    ['room_unknown', 'room-unknown'],
    ['room_full', 'room-full'],
    ['too_many', 'too-many-waiting'],
    ['rooms_full', 'server-full'],
    ['internal', 'error'],
  ]) {
    const w = new World();
    w.welcome();
    w.controller.setName('Anna');
    w.controller.join();
    await w.settle();
    w.answers.set(`POST /rooms/${ROOM}/enter`, [404, { code: 'room_unknown' }]);
    w.fail(code ?? '', w.join);
    await w.settle(); // an unknown room is asked about once more
    assert.equal(w.state.ended, reason, code);
    assert.equal(w.local.calls.at(-1), 'stop');
  }
});

test('the server does not like the name: back to it', async () => {
  const w = new World();
  w.welcome();
  w.controller.setName('Anna');
  w.controller.join();
  await w.settle();
  w.fail('bad_name', w.join);
  assert.equal(w.state.page, 'prejoin');
  assert.equal(w.state.joining, false);
  assert.ok(w.state.nameError);
  w.controller.setName('Bella');
  w.controller.join();
  await w.settle();
  assert.equal(w.of('join').length, 2);
});

test('a full server ends the attempt, but never a call', async () => {
  const w = new World();
  w.controller.setName('Anna');
  w.controller.join();
  w.fail('server_full');
  assert.equal(w.state.ended, 'server-full');
  const call = new World();
  await call.enter();
  call.fail('server_full');
  assert.equal(call.state.page, 'call');
});

test('leave: connections, lights and memory go', async () => {
  const w = new World();
  await w.enter([peerInfo()]);
  w.controller.leave();
  assert.equal(w.of('leave').length, 1);
  assert.ok(w.link.closed);
  assert.equal(w.local.calls.at(-1), 'stop');
  assert.equal(w.session.size, 0);
  assert.equal(w.state.ended, 'left');
  assert.deepEqual(w.state.peers, []);
  w.peerJoined();
  w.say({ type: 'signal', from: BERT, candidate: { candidate: 'x' } });
  assert.equal(w.links.length, 1, 'what crosses our leaving is not heard');
  w.controller.rejoin();
  assert.equal(w.state.page, 'prejoin');
  w.controller.join();
  await w.settle();
  assert.equal(w.of('join').length, 2);
});

test('leaving before the join was sent says nothing to the server', async () => {
  const w = new World();
  w.welcome();
  w.controller.setName('Anna');
  w.controller.join();
  w.controller.leave();
  await w.settle();
  assert.deepEqual(w.sent, []);
  assert.ok(w.link.closed);
});

test('going back in the browser leaves the call', async () => {
  const w = new World();
  await w.enter([peerInfo()]);
  w.path = '/';
  w.controller.route();
  assert.equal(w.state.page, 'home');
  assert.equal(w.of('leave').length, 1);
  assert.ok(w.link.closed);
});

test('another page has taken over', async () => {
  const w = new World();
  await w.enter([peerInfo()]);
  w.become('replaced');
  assert.equal(w.state.ended, 'replaced');
  assert.ok(w.link.closed);
  w.controller.rejoin();
  assert.ok(w.signalCalls.includes('restart'));
});

test('host: admit, refuse, knock, and what comes of it', async () => {
  const w = new World();
  await w.enter();
  w.say({ type: 'knock', participant: BERT, name: 'Bert' });
  assert.deepEqual(w.state.knocks, [{ participant: BERT, name: 'Bert' }]);
  w.controller.hosting.admit(BERT);
  w.controller.hosting.refuse(BERT);
  w.controller.hosting.change({ knock: false });
  assert.deepEqual(
    w.sent.slice(-3).map((m) => m.type),
    ['admit', 'refuse', 'room.update'],
  );
  w.fail('room_full', { type: 'admit', participant: BERT });
  assert.equal(w.state.knocks.length, 1);
  assert.equal(w.state.notices.at(-1)?.kind, 'warning');
  w.fail('no_participant', { type: 'admit', participant: BERT });
  assert.equal(w.state.knocks.length, 0);
});

test('camera and microphone are told to the others, once for each change', async () => {
  const w = new World();
  await w.enter();
  w.controller.devicesChanged(w.local.devices);
  assert.equal(w.of('media').length, 0, 'join has told it');
  const on = { ...w.local.devices, video: { wanted: true, status: 'on' as const, deviceId: '' } };
  w.controller.devicesChanged(on);
  w.controller.devicesChanged(on);
  assert.deepEqual(w.of('media'), [{ type: 'media', audio: true, video: true }]);
});

test('copying the link', async () => {
  const w = new World();
  w.controller.copyLink();
  await w.settle();
  assert.deepEqual(w.copied, [`https://call.test/r/${ROOM}`]);
  w.clipboardWorks = false;
  w.controller.copyLink();
  await w.settle();
  assert.deepEqual(
    w.state.notices.map((n) => n.kind),
    ['info', 'warning'],
  );
});
