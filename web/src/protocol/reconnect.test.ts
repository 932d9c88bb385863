import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BERT } from './messages.fake';
import { Bench } from './server.fake';

const AWAY = { type: 'peer.away', participant: BERT };

function opened(): Bench {
  const bench = new Bench();
  bench.welcome();
  return bench;
}

test('reconnects after 250 ms to 10 s, with jitter', () => {
  for (const [random, first, last] of [
    [0, 125, 5000],
    [0.999, 249.9, 9995],
  ] as const) {
    const bench = new Bench();
    bench.random = random;
    const delays: number[] = [];
    for (let i = 0; i < 9; i++) {
      bench.drop();
      const before = bench.timers.now();
      const sockets = bench.sockets.length;
      while (bench.sockets.length === sockets) bench.timers.pass(1);
      delays.push(bench.timers.now() - before);
    }
    assert.ok(Math.abs((delays[0] ?? 0) - first) < 2, `${delays}`);
    assert.ok(Math.abs((delays.at(-1) ?? 0) - last) < 6, `${delays}`);
    assert.equal(bench.client.state, 'connecting'); // it has never been open
  }
});

test('a connection that held starts the backoff anew, one that broke at once does not', () => {
  const bench = opened();
  for (let i = 0; i < 6; i++) bench.resume(0);
  bench.drop();
  const before = bench.sockets.length;
  bench.timers.pass(2000);
  assert.equal(bench.sockets.length, before, 'still slow after connections that broke at once');
  bench.timers.pass(8000);
  assert.equal(bench.sockets.length, before + 1);
  bench.welcome({ resumed: true });
  bench.timers.pass(5000);
  bench.drop();
  bench.timers.pass(250);
  bench.socket.events.open();
  assert.equal(bench.socket.of('hello').length, 1);
});

test('poke connects at once', () => {
  const bench = opened();
  bench.drop();
  assert.equal(bench.client.state, 'reconnecting');
  bench.client.poke();
  assert.equal(bench.sockets.length, 2);
});

test('notices a dead connection', () => {
  const bench = opened();
  bench.timers.pass(15_000);
  assert.equal(bench.socket.last?.type, 'ping');
  bench.tell({ type: 'pong', server_time: 1 });
  bench.timers.pass(14_999);
  assert.equal(bench.socket.of('ping').length, 1);
  assert.equal(bench.messages.length, 0, 'pongs are the client’s own');
  bench.timers.pass(1);
  assert.equal(bench.socket.of('ping').length, 2);
  bench.timers.pass(5000);
  assert.equal(bench.client.state, 'reconnecting');
  assert.equal(bench.sockets[0]?.closed, true);
});

test('poke asks a connection whether it lives, once', () => {
  const bench = opened();
  bench.client.poke();
  bench.client.poke();
  assert.equal(bench.socket.of('ping').length, 1);
  bench.timers.pass(5000);
  assert.equal(bench.client.state, 'reconnecting');
});

test('gives up on a connection without welcome', () => {
  const bench = new Bench();
  bench.socket.events.open();
  bench.timers.pass(10_000);
  assert.equal(bench.sockets[0]?.closed, true);
  bench.timers.pass(250);
  assert.equal(bench.sockets.length, 2);
});

test('a socket that was given up is not heard', () => {
  const bench = opened();
  bench.client.reconnect();
  const [old] = bench.sockets;
  old?.events.message(JSON.stringify({ ...AWAY, seq: 1 }));
  old?.events.close(4001);
  assert.equal(bench.messages.length, 0);
  assert.equal(bench.client.state, 'reconnecting');
});

test('4001: another page has the session; stop until told to start over', () => {
  const bench = opened();
  bench.drop(4001);
  assert.equal(bench.client.state, 'replaced');
  bench.timers.pass(60_000);
  bench.client.poke();
  bench.client.reconnect();
  assert.equal(bench.sockets.length, 1);
  bench.client.restart();
  bench.welcome();
  assert.equal(bench.socket.of('hello')[0]?.resume, undefined);
  assert.deepEqual(bench.welcomes, ['new', 'new']);
});

test('4002: signed out, so nothing of the session is kept, and starting again is somebody else', () => {
  const bench = opened();
  bench.client.send({ type: 'room.update', locked: true });
  bench.drop(4002);
  assert.equal(bench.client.state, 'signed_out');
  assert.equal(bench.client.credentials, undefined);
  bench.timers.pass(60_000);
  bench.client.poke();
  bench.client.reconnect();
  assert.equal(bench.sockets.length, 1);
  assert.equal(bench.timers.pending, 0);
  bench.client.restart();
  bench.welcome();
  assert.equal(bench.socket.of('hello')[0]?.resume, undefined);
  assert.equal(bench.socket.of('room.update').length, 0);
  assert.deepEqual(bench.welcomes, ['new', 'new']);
});

test('1008: wait at least five seconds', () => {
  const bench = opened();
  bench.drop(1008);
  bench.timers.pass(4999);
  assert.equal(bench.sockets.length, 1);
  bench.timers.pass(1);
  assert.equal(bench.sockets.length, 2);
});
