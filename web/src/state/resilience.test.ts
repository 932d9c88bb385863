import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANNA, BERT, peerInfo, ROOM } from '../protocol/messages.fake';
import { World } from './world.fake';

const inCall = async (): Promise<World> => {
  const w = new World();
  await w.enter([peerInfo()]);
  w.link.become('connected');
  return w;
};

test('a broken WebSocket touches no media', async () => {
  const w = await inCall();
  w.become('reconnecting');
  assert.equal(w.state.signal, 'reconnecting');
  w.welcome('resumed');
  assert.equal(w.of('join').length, 1);
  assert.deepEqual(w.link.calls, ['polite true']);
  assert.equal(w.state.peers[0]?.link, 'connected');
});

test('server restart: rejoin by ticket, without offer, the media goes on', async () => {
  const w = await inCall();
  w.become('reconnecting');
  w.welcome('lost');
  await w.settle();
  assert.equal(w.join?.ticket, 'ticket');
  assert.equal(w.join?.offer, undefined);
  w.joined([], { ticket: 'ticket 2' });
  assert.ok(!w.link.closed);
  assert.deepEqual(
    w.state.peers.map((p) => [p.participant, p.away, p.link]),
    [[BERT, true, 'connected']],
  );
  w.peerJoined({ rejoined: true });
  assert.equal(w.links.length, 1);
  assert.equal(w.state.peers[0]?.away, false);
  assert.equal(w.state.notices.length, 0, 'nobody was ever gone');
  assert.equal(w.link.calls.at(-1), 'recover broken');
});

test('server restart: the other one was back first', async () => {
  const w = await inCall();
  w.welcome('lost');
  await w.settle();
  w.joined([peerInfo({ rejoined: true, polite: false })]);
  assert.equal(w.links.length, 1);
  assert.deepEqual(w.link.calls.slice(-2), ['polite false', 'recover broken']);
});

test('server restart: who does not come back is gone when the media is', async () => {
  const w = await inCall();
  w.welcome('lost');
  await w.settle();
  w.joined();
  w.timers.pass(120_000);
  assert.equal(w.state.peers.length, 1, 'their media still comes');
  w.link.become('failed');
  w.link.events.needsRestart();
  assert.ok(!w.link.calls.includes('restart'), 'there is nobody to talk to');
  w.timers.pass(60_000);
  assert.equal(w.state.peers.length, 0);
  assert.ok(w.link.closed);
});

test('the session has run out, and the ticket does not count: everything anew', async () => {
  const w = await inCall();
  const [old] = w.links;
  w.welcome('lost');
  await w.settle();
  const self = { participant: 'n'.repeat(16), name: 'Anna', role: 'member' };
  w.joined([peerInfo({ participant: 'c'.repeat(16) })], { self });
  assert.ok(old?.closed);
  assert.deepEqual(w.link.calls, ['offer']);
  assert.equal(w.state.self, 'n'.repeat(16));
  assert.deepEqual(
    w.state.peers.map((p) => p.participant),
    ['c'.repeat(16)],
  );
});

test('the room is gone after the restart', async () => {
  const w = await inCall();
  w.welcome('lost');
  await w.settle();
  w.answers.set(`POST /rooms/${ROOM}/enter`, [404, { code: 'room_unknown' }]);
  w.fail('room_unknown', w.join);
  await w.settle();
  assert.equal(w.state.ended, 'room-unknown');
});

test('server restart while waiting or joining: knock again, with an offer', async () => {
  const w = new World();
  w.welcome();
  w.controller.setName('Anna');
  w.controller.join();
  await w.settle();
  w.say({ type: 'waiting', room: { id: ROOM }, participant: ANNA });
  w.welcome('lost');
  await w.settle();
  assert.equal(w.of('join').length, 2);
  assert.equal(w.join?.offer, 'v=0 early');
  assert.ok(w.links[0]?.closed);
});

test('reload: back into the call by itself', async () => {
  const before = await inCall();
  const w = new World(`/r/${ROOM}`, before.session);
  assert.deepEqual(w.signalCalls, ['start S']);
  assert.equal(w.state.joining, true);
  assert.equal(w.state.name, 'Anna');
  w.welcome('resumed');
  assert.deepEqual(w.sent, []);
  w.joined([peerInfo()], { snapshot: true });
  assert.equal(w.state.page, 'call');
  assert.deepEqual(w.link.calls, ['offer'], 'the reloaded side makes the offer');
  w.controller.leave();
  assert.equal(w.of('leave').length, 1);
});

test('reload after the server has restarted: join by ticket, with an offer', async () => {
  const before = await inCall();
  const w = new World(`/r/${ROOM}`, before.session);
  w.welcome('lost');
  await w.settle();
  assert.equal(w.join?.ticket, 'ticket');
  assert.equal(w.join?.offer, 'v=0 early');
});

test('reload, but the room was left meanwhile: the pre-join page', async () => {
  const before = await inCall();
  const w = new World(`/r/${ROOM}`, before.session);
  w.welcome('resumed');
  w.say({ type: 'idle', snapshot: true });
  assert.equal(w.state.page, 'prejoin');
  assert.equal(w.state.joining, false);
  w.controller.join();
  await w.settle();
  assert.equal(w.of('join').length, 1);
});

test('the peer reloads: their offer is awaited', async () => {
  const w = await inCall();
  w.say({ type: 'peer.away', participant: BERT });
  assert.equal(w.state.peers[0]?.away, true);
  w.say({ type: 'peer.back', participant: BERT });
  assert.ok(!w.link.calls.includes('reset'));
  w.say({ type: 'peer.back', participant: BERT, fresh: true });
  assert.equal(w.link.calls.at(-1), 'reset');
  assert.equal(w.state.peers[0]?.away, false);
});

test('both come back at once, one from a reload: whoever has no connection offers', async () => {
  const w = new World();
  await w.enter();
  w.controller.leave();
  w.controller.rejoin();
  await w.enter();
  w.peerJoined({ rejoined: true, offer: 'x' });
  w.peerJoined({ rejoined: true, participant: 'c'.repeat(16) });
  assert.deepEqual(w.link.calls, ['offer']);
});

test('ice.restart: the side that is not polite begins', async () => {
  const w = await inCall();
  w.say({ type: 'ice.restart', participant: BERT });
  assert.equal(w.link.calls.at(-1), 'recover broken');
  w.welcome('lost');
  await w.settle();
  w.joined([peerInfo({ polite: false })]);
  w.say({ type: 'ice.restart', participant: BERT });
  assert.equal(w.link.calls.at(-1), 'recover always');
});

test('a restart with servers that are about to run out asks for new ones first', async () => {
  const w = await inCall();
  w.link.events.needsRestart();
  assert.equal(w.link.calls.at(-1), 'restart');
  w.timers.pass(540_000);
  assert.equal(w.of('ice').length, 1, 'asked for in time');
  w.timers.pass(40_000);
  w.link.events.needsRestart();
  w.link.events.needsRestart();
  assert.equal(w.link.calls.filter((c) => c === 'restart').length, 1);
  assert.equal(w.of('ice').length, 1);
  w.say({ type: 'ice', ice_servers: [{ urls: 'turn:new' }], ice_expires_s: 600 });
  assert.deepEqual(w.link.servers, [{ urls: 'turn:new' }]);
  assert.equal(w.link.calls.filter((c) => c === 'restart').length, 2);
});

test('the newest ticket counts', async () => {
  const w = await inCall();
  w.say({ type: 'host', participant: ANNA, ticket: 'as host' });
  w.say({ type: 'host', participant: BERT });
  w.welcome('lost');
  await w.settle();
  assert.equal(w.join?.ticket, 'as host');
  w.say({ type: 'room.updated', room: { id: ROOM, knock: false, max_participants: 2 }, ticket: 'open' });
  assert.equal(w.state.knock, false);
  assert.match([...w.session.values()].join(), /open/);
});

test('a signal from somebody who is not here makes no connection', async () => {
  const w = await inCall();
  w.say({ type: 'signal', from: 'c'.repeat(16), description: { type: 'offer', sdp: 'x' } });
  assert.equal(w.links.length, 1);
  assert.equal(w.faults.length, 1);
});

test('peer.left: alone again', async () => {
  const w = await inCall();
  w.say({ type: 'peer.left', participant: BERT, reason: 'left' });
  assert.ok(w.link.closed);
  assert.equal(w.state.page, 'call');
  assert.equal(w.state.peers.length, 0);
  assert.match(w.state.notices.at(-1)?.text ?? '', /Bert left/);
});

test('signs of another network reach signalling and media', async () => {
  const w = await inCall();
  w.controller.networkChanged(true);
  assert.equal(w.signalCalls.at(-1), 'poke');
  assert.equal(w.link.calls.at(-1), 'network true');
  w.controller.pageShown(true);
  assert.equal(w.signalCalls.at(-1), 'reconnect');
  w.controller.pageHides();
  assert.equal(w.signalCalls.at(-1), 'closing');
});
