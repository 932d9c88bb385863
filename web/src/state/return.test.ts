import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANNA, BERT, peerInfo, ROOM } from '../protocol/messages.fake';
import { World } from './world.fake';

const OTHER = '00000-00000-00000-00000';

const inCall = async (): Promise<World> => {
  const w = new World();
  await w.enter([peerInfo()]);
  w.link.become('connected');
  return w;
};

/** Another tab of the same browser: its own session storage, the same memory. */
const anotherTab = (before: World, path = `/r/${ROOM}`): World => new World(path, new Map(), before.memory);

const knocking = async (): Promise<World> => {
  const w = new World();
  w.welcome();
  w.controller.setName('Anna');
  w.controller.join();
  await w.settle();
  return w;
};

test('a tab that is opened anew takes the seat again, and has brought the offer', async () => {
  const before = await inCall();
  before.controller.pageHides();
  const w = anotherTab(before);
  assert.equal(w.state.page, 'prejoin');
  assert.equal(w.state.name, 'Anna');
  assert.deepEqual(w.signalCalls, ['start'], 'the session is the other tab’s own');
  w.welcome();
  w.controller.join();
  await w.settle();
  assert.equal(w.join?.ticket, 'ticket');
  assert.equal(w.join?.offer, 'v=0 early');
  w.joined([peerInfo()]);
  assert.ok(!w.link.closed);
  assert.equal(w.links.length, 1);
});

test('the seat lasts for a day after the tab was closed, and only for its room', async () => {
  const before = await inCall();
  before.timers.pass(20 * 3600 * 1000);
  before.controller.pageHides();
  const w = anotherTab(before);
  w.timers.pass(22 * 3600 * 1000);
  w.welcome();
  w.controller.join();
  await w.settle();
  assert.equal(w.join?.ticket, 'ticket');
  const elsewhere = anotherTab(before, `/r/${OTHER}`);
  elsewhere.welcome();
  elsewhere.controller.join();
  await elsewhere.settle();
  assert.equal(elsewhere.join?.ticket, undefined);
  assert.ok(elsewhere.join?.offer);
});

test('of two tabs in a room, the one that was closed last is come back to', async () => {
  const first = await inCall();
  const second = anotherTab(first);
  second.welcome();
  second.controller.join();
  await second.settle();
  second.joined([peerInfo()], {
    ticket: 'second',
    self: { participant: BERT, name: 'Anna', role: 'member' },
  });
  assert.match([...second.memory.values()].join(), /second/);
  first.controller.pageHides();
  const w = anotherTab(first);
  w.welcome();
  w.controller.join();
  await w.settle();
  assert.equal(w.join?.ticket, 'ticket');
});

test('who has left, or was not let in, has no seat', async () => {
  const left = await inCall();
  left.controller.leave();
  assert.doesNotMatch([...left.memory.keys()].join(), /seats/);
  const gone = await inCall();
  gone.path = '/';
  gone.controller.route();
  assert.doesNotMatch([...gone.memory.keys()].join(), /seats/);
  const closed = await inCall();
  closed.controller.pageHides();
  const refused = anotherTab(closed);
  refused.welcome();
  refused.controller.join();
  await refused.settle();
  refused.say({ type: 'waiting', re: 1, room: { id: ROOM }, participant: ANNA });
  refused.say({ type: 'refused', room: { id: ROOM }, reason: 'host' });
  assert.doesNotMatch([...closed.memory.keys()].join(), /seats/);
});

test('a page that was replaced leaves the seat to the other one', async () => {
  const w = await inCall();
  w.become('replaced');
  assert.match([...w.memory.keys()].join(), /seats/);
});

test('a look at the pre-join page and back home costs no seat', async () => {
  const before = await inCall();
  before.controller.pageHides();
  const w = anotherTab(before);
  w.controller.goHome();
  w.controller.openRoom(ROOM);
  w.welcome();
  w.controller.join();
  await w.settle();
  assert.equal(w.join?.ticket, 'ticket');
});

test('the page loads elsewhere: the call before it is left at once', async () => {
  for (const path of ['/', `/r/${OTHER}`]) {
    const before = await inCall();
    const w = new World(path, before.session, before.memory);
    assert.deepEqual(w.signalCalls, ['start S']);
    assert.deepEqual(w.sent, [{ type: 'leave' }]);
    assert.equal(w.session.size, 0);
    assert.doesNotMatch([...w.memory.keys()].join(), /seats/);
    assert.equal(w.state.joining, false);
  }
});

test('a call left while the page comes back to it is left', async () => {
  const before = await inCall();
  const w = new World(`/r/${ROOM}`, before.session, before.memory);
  w.path = '/';
  w.controller.route();
  assert.deepEqual(w.sent, [{ type: 'leave' }]);
  w.welcome('resumed');
  w.joined([peerInfo()], { snapshot: true });
  assert.equal(w.state.page, 'home');
});

test('what comes of the room before is not taken for the new one', async () => {
  const before = await inCall();
  const w = new World(`/r/${OTHER}`, before.session, before.memory);
  w.controller.join();
  w.welcome('resumed');
  await w.settle();
  assert.deepEqual(
    w.sent.map((m) => m.type),
    ['leave', 'join', 'signal'],
  );
  w.joined([peerInfo()], { snapshot: true });
  w.say({ type: 'peer.joined', peer: peerInfo() });
  assert.equal(w.state.page, 'prejoin');
  w.say({ type: 'left', re: 1 }, { type: 'leave' });
  w.say({ type: 'waiting', re: 2, room: { id: OTHER }, participant: ANNA });
  assert.equal(w.state.page, 'waiting');
  assert.equal(w.state.room, OTHER);
});

test('a new ticket takes the place of the one held', async () => {
  const w = await inCall();
  w.say({ type: 'ticket', ticket: 'renewed' });
  assert.match([...w.session.values()].join(), /renewed/);
  assert.match([...w.memory.values()].join(), /renewed/);
  w.welcome('lost');
  await w.settle();
  assert.equal(w.join?.ticket, 'renewed');
});

test('put back to the door: nothing more goes to those who are in', async () => {
  const w = await inCall();
  w.say({ type: 'waiting', room: { id: ROOM }, participant: ANNA, reason: 'readmission' });
  assert.equal(w.state.page, 'waiting');
  assert.equal(w.state.readmission, true);
  assert.deepEqual(w.state.peers, []);
  assert.ok(w.link.closed);
  assert.doesNotMatch([...w.memory.keys()].join(), /seats/);
  w.joined([peerInfo({ polite: false })]);
  assert.equal(w.state.page, 'call');
  assert.equal(w.state.readmission, false);
  assert.equal(w.links.length, 2);
  assert.deepEqual(w.link.calls, ['offer']);
});

test('a ticket that does not count after a restart ends the connections too', async () => {
  const w = await inCall();
  w.welcome('lost');
  await w.settle();
  w.say({ type: 'waiting', re: 2, room: { id: ROOM }, participant: ANNA }, w.join);
  assert.ok(w.link.closed);
  assert.equal(w.state.readmission, true);
});

test('knocking keeps the early offer', async () => {
  const w = await knocking();
  w.say({ type: 'waiting', re: 2, room: { id: ROOM }, participant: ANNA }, w.join);
  assert.equal(w.state.readmission, false);
  assert.ok(!w.link.closed);
});

test('back by ticket when the others have given us up: a new connection', async () => {
  const w = await inCall();
  const [old] = w.links;
  w.welcome('lost');
  await w.settle();
  w.joined([peerInfo({ polite: false })]);
  assert.ok(old?.closed);
  assert.deepEqual(w.link.calls, ['offer']);
});

test('who has said that they close is told so, until they are back', async () => {
  const w = await inCall();
  w.say({ type: 'peer.away', participant: BERT, closing: true });
  assert.equal(w.state.peers[0]?.closing, true);
  w.say({ type: 'peer.back', participant: BERT, fresh: true });
  assert.equal(w.state.peers[0]?.closing, false);
  assert.equal(w.state.peers[0]?.name, 'Bert');
  w.say({ type: 'peer.back', participant: BERT, fresh: true, name: 'Bertram' });
  assert.equal(w.state.peers[0]?.name, 'Bertram');
  w.say({ type: 'peer.away', participant: BERT, closing: false });
  assert.equal(w.state.peers[0]?.closing, false);
});

test('knocking again too soon', async () => {
  const w = await knocking();
  w.say({ type: 'waiting', re: 2, room: { id: ROOM }, participant: ANNA }, w.join);
  w.say({ type: 'refused', room: { id: ROOM }, reason: 'host' });
  w.controller.rejoin();
  w.controller.join();
  await w.settle();
  w.fail('too_many', w.join);
  assert.equal(w.state.ended, 'knocked-often');
  w.controller.rejoin();
  w.controller.join();
  await w.settle();
  assert.equal(w.of('join').length, 3, 'there is a way to try again');
});
