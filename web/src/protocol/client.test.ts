import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANNA, BERT } from './messages.fake';
import { Bench } from './server.fake';

const AWAY = { type: 'peer.away', participant: BERT };
const LEAVE = { type: 'leave' } as const;
const ICE = { type: 'ice' } as const;

function opened(fields = {}): Bench {
  const bench = new Bench();
  bench.welcome(fields);
  return bench;
}

test('connects at once and says hello', () => {
  const bench = new Bench();
  assert.equal(bench.sockets.length, 1);
  assert.equal(bench.client.state, 'connecting');
  bench.socket.events.open();
  assert.deepEqual(
    bench.socket.sent.map((m) => m.type),
    ['hello'],
  );
  assert.equal(bench.socket.last?.resume, undefined);
  bench.answerHello();
  assert.deepEqual(bench.states, ['open']);
  assert.deepEqual(bench.welcomes, ['new']);
  assert.equal(bench.client.credentials?.session, 's000000000000000');
});

test('what is sent before welcome goes after it', () => {
  const bench = new Bench();
  bench.client.send(ICE);
  bench.socket.events.open();
  assert.equal(bench.socket.of('ice').length, 0);
  bench.answerHello();
  assert.equal(bench.socket.of('ice').length, 1);
});

test('ids rise over all messages, and go on above the clock of an earlier page', () => {
  const bench = opened();
  for (const message of [LEAVE, ICE]) bench.client.send(message);
  bench.client.poke();
  const ids = bench.socket.sent.map((m) => Number(m.id));
  assert.equal(ids.length, 4);
  assert.deepEqual(
    [...ids].sort((a, b) => a - b),
    ids,
  );
  assert.equal(new Set(ids).size, ids.length);
  assert.ok((ids[0] ?? 0) >= 1_700_000_000_000);
});

test('messages are handed up in order, each once', () => {
  const bench = opened();
  bench.tell(AWAY);
  bench.say({ ...AWAY, seq: 1 });
  bench.tell({ type: 'host', participant: ANNA });
  assert.deepEqual(
    bench.messages.map((m) => m.message.type),
    ['peer.away', 'host'],
  );
});

test('a hole in the numbers is filled by resuming', () => {
  const bench = opened();
  bench.tell(AWAY);
  bench.seq++;
  bench.tell({ type: 'host', participant: ANNA });
  assert.equal(bench.messages.length, 1);
  assert.equal(bench.sockets.length, 2);
  assert.equal(bench.sockets[0]?.closed, true);
  bench.socket.events.open();
  assert.deepEqual(bench.socket.last?.resume, {
    session: 's000000000000000',
    token: 't'.repeat(43),
    last_seq: 1,
  });
});

test('an error tells which message it answers', () => {
  const bench = opened();
  bench.client.send({ type: 'admit', participant: BERT });
  const id = bench.socket.of('admit')[0]?.id;
  bench.tell({ type: 'error', re: id, ack: id, code: 'room_full', message: 'full' });
  assert.deepEqual(bench.messages[0]?.answered, { type: 'admit', participant: BERT });
});

test('what was not confirmed is sent again after a resume, what was is not', () => {
  const bench = opened();
  bench.client.send(LEAVE);
  bench.client.send(ICE);
  const [leave] = bench.socket.of('leave');
  bench.resume(Number(leave?.id));
  assert.deepEqual(bench.welcomes, ['new', 'resumed']);
  assert.deepEqual(
    bench.socket.sent.map((m) => m.type),
    ['hello', 'ice'],
  );
  assert.ok(Number(bench.socket.of('ice')[0]?.id) > Number(leave?.id));
});

test('an ack on any message confirms', () => {
  const bench = opened();
  bench.client.send(LEAVE);
  bench.tell({ ...AWAY, ack: bench.socket.last?.id });
  bench.resume(0);
  assert.equal(bench.socket.of('leave').length, 0);
});

test('a ping that overtakes waiting messages does not make their ids stale', () => {
  const bench = opened({ limits: { message_bytes: 9999, messages_per_s: 1, sdp_bytes: 9, name_chars: 40 } });
  for (let i = 0; i < 3; i++) bench.client.send(ICE);
  bench.client.poke();
  bench.tell({ type: 'pong', server_time: 1 });
  bench.timers.pass(5000);
  const ids = bench.socket.sent.filter((m) => m.type !== 'ack').map((m) => Number(m.id));
  assert.equal(bench.socket.of('ice').length, 3);
  assert.deepEqual(
    [...ids].sort((a, b) => a - b),
    ids,
  );
});

test('stays below the rate limit of the server', () => {
  const bench = opened({ limits: { message_bytes: 9999, messages_per_s: 10, sdp_bytes: 9, name_chars: 40 } });
  for (let i = 0; i < 30; i++) bench.client.send(ICE);
  assert.equal(bench.socket.of('ice').length, 8);
  bench.timers.pass(1000);
  assert.equal(bench.socket.of('ice').length, 16);
  bench.timers.pass(2000);
  assert.equal(bench.socket.of('ice').length, 30);
});

test('acks ride on other messages', () => {
  const bench = opened();
  bench.tell(AWAY);
  bench.client.send(ICE);
  assert.equal(bench.socket.last?.ack, 1);
  bench.client.send(ICE);
  assert.equal(bench.socket.last?.ack, undefined);
  bench.timers.pass(6000);
  assert.equal(bench.socket.of('ack').length, 0);
});

test('acks go alone after 16 messages or 5 seconds', () => {
  const bench = opened();
  for (let i = 0; i < 15; i++) bench.tell(AWAY);
  assert.equal(bench.socket.of('ack').length, 0);
  bench.tell(AWAY);
  assert.deepEqual(bench.socket.of('ack'), [{ type: 'ack', ack: 16 }]);
  bench.tell(AWAY);
  bench.timers.pass(4999);
  assert.equal(bench.socket.of('ack').length, 1);
  bench.timers.pass(1);
  assert.deepEqual(bench.socket.last, { type: 'ack', ack: 17 });
});

test('an unknown session: hello again, and nothing of the old one is sent', () => {
  const bench = opened();
  bench.client.send(LEAVE);
  bench.drop();
  bench.client.send(ICE);
  bench.timers.pass(250);
  bench.socket.events.open();
  bench.say({ type: 'error', seq: 0, ack: 0, re: bench.helloId, code: 'session_unknown', message: '' });
  assert.equal(bench.socket.of('hello').length, 2);
  assert.equal(bench.socket.last?.resume, undefined);
  bench.answerHello({ session: 'another000000000' });
  assert.deepEqual(bench.welcomes, ['new', 'lost']);
  assert.deepEqual(
    bench.socket.sent.map((m) => m.type),
    ['hello', 'hello'],
  );
  assert.equal(bench.messages.length, 0);
  bench.tell(AWAY);
  assert.equal(bench.messages.length, 1, 'numbers start anew');
});

test('a reloaded page takes its session over', () => {
  const bench = new Bench({ session: 'S', token: 'T' });
  bench.socket.events.open();
  assert.deepEqual(bench.socket.last?.resume, { session: 'S', token: 'T', last_seq: 0, fresh: true });
  const old = bench.helloId + 5000;
  bench.answerHello({ resumed: true, seq: 41, last_id: old });
  bench.client.send(ICE);
  assert.ok(Number(bench.socket.last?.id) > old);
  bench.tell(AWAY);
  assert.equal(bench.messages.length, 1);
  bench.drop();
  bench.timers.pass(250);
  bench.socket.events.open();
  const { resume } = bench.socket.last ?? {};
  assert.equal((resume as { fresh?: boolean }).fresh, undefined);
  assert.equal((resume as { last_seq: number }).last_seq, 42);
});

test('after a gap the numbers go on from the snapshot', () => {
  const bench = opened();
  bench.drop();
  bench.timers.pass(250);
  bench.welcome({ resumed: true, gap: true, seq: 99 });
  bench.tell({ type: 'idle', snapshot: true });
  assert.equal(bench.messages.at(-1)?.message.seq, 100);
});

test('a malformed message is refused, but keeps its number', () => {
  const bench = opened();
  bench.tell({ type: 'peer.away', participant: 7 });
  bench.tell(AWAY);
  assert.equal(bench.sockets.length, 1);
  assert.equal(bench.messages.length, 1);
  assert.match(bench.faults.join(), /bad participant/);
});

test('a message longer than the server takes is not sent', () => {
  const bench = opened({ limits: { message_bytes: 200, messages_per_s: 50, sdp_bytes: 9, name_chars: 40 } });
  const candidate = { candidate: 'ä'.repeat(100) };
  bench.client.send({ type: 'signal', candidate });
  assert.equal(bench.socket.of('signal').length, 0);
  bench.client.send({ type: 'signal', candidate: { candidate: 'a'.repeat(100) } });
  assert.equal(bench.socket.of('signal').length, 1);
  assert.match(bench.faults.join(), /longer/);
});

test('closing is said only over an open connection', () => {
  const bench = new Bench();
  bench.client.closing();
  bench.welcome();
  assert.equal(bench.socket.of('closing').length, 0);
  bench.client.closing();
  assert.equal(bench.socket.last?.type, 'closing');
});

test('server_full before welcome is handed up, and the client goes on trying', () => {
  const bench = new Bench();
  bench.socket.events.open();
  bench.say({ type: 'error', seq: 0, ack: 0, re: bench.helloId, code: 'server_full', message: '' });
  bench.drop(1013);
  assert.equal(bench.messages[0]?.message.type, 'error');
  bench.timers.pass(250);
  assert.equal(bench.sockets.length, 2);
});

test('where no socket can be made, it says so', () => {
  const bench = opened();
  bench.broken = true;
  bench.drop();
  bench.timers.pass(10_000);
  assert.equal(bench.client.state, 'failed');
  assert.equal(bench.timers.pending, 0);
});
