import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connected, pair, type Side } from './peer.fake';

type Bench = Awaited<ReturnType<typeof connected>>;

/** Let time pass in small steps, so that answers to getStats() come in between. */
async function pass({ timers, a }: Bench, ms: number, each: () => void = () => undefined): Promise<void> {
  for (let done = 0; done < ms; done += 100) {
    each();
    timers.pass(100);
    await a.settle();
  }
}

const disconnect = (side: Side) => side.pc.become('disconnected');

test('from new to connected', async () => {
  const { a } = await connected();
  assert.deepEqual(a.links, ['connecting', 'connected']);
});

test('disconnected, but bytes come: wait', async () => {
  const bench = await connected();
  const { a } = bench;
  disconnect(a);
  assert.equal(a.peer.link, 'unstable');
  await a.settle();
  await pass(bench, 5000, () => a.pc.receivedBytes++);
  assert.equal(a.restartsAsked, 0);
  a.pc.become('connected');
  assert.equal(a.peer.link, 'connected');
});

test('disconnected without bytes: restart after 1.5 s', async () => {
  const bench = await connected();
  const { a } = bench;
  disconnect(a);
  await a.settle();
  await pass(bench, 1400);
  assert.equal(a.restartsAsked, 0);
  await pass(bench, 200);
  assert.equal(a.restartsAsked, 1);
  assert.equal(a.peer.link, 'restarting');
});

test('back in time: no restart', async () => {
  const bench = await connected();
  const { a } = bench;
  disconnect(a);
  await a.settle();
  await pass(bench, 1000);
  a.pc.become('connected');
  await pass(bench, 5000);
  assert.equal(a.restartsAsked, 0);
});

test('failed: restart at once, then again and again, ever more slowly', async () => {
  const bench = await connected();
  const { a } = bench;
  a.pc.become('failed');
  assert.equal(a.restartsAsked, 1);
  assert.equal(a.peer.link, 'restarting');
  await pass(bench, 3000);
  assert.equal(a.restartsAsked, 2);
  assert.equal(a.peer.link, 'failed');
  await pass(bench, 5900);
  assert.equal(a.restartsAsked, 2);
  await pass(bench, 100);
  assert.equal(a.restartsAsked, 3);
  await pass(bench, 30_000);
  assert.equal(a.restartsAsked, 6);
  a.pc.become('connected');
  assert.equal(a.peer.link, 'connected');
  await pass(bench, 30_000);
  assert.equal(a.restartsAsked, 6);
  a.pc.become('failed');
  assert.equal(a.peer.link, 'restarting', 'counted anew');
});

test('another network: restart at once, and it stays connected meanwhile', async () => {
  const bench = await connected();
  const { a } = bench;
  a.peer.networkChanged(true);
  assert.equal(a.restartsAsked, 1);
  assert.equal(a.peer.link, 'connected');
  await pass(bench, 10_000);
  assert.equal(a.restartsAsked, 1);
});

test('a hint of another network: look first', async () => {
  const bench = await connected();
  const { a } = bench;
  a.peer.networkChanged(false);
  await a.settle();
  await pass(bench, 5000, () => a.pc.receivedBytes++);
  assert.equal(a.restartsAsked, 0);
  a.peer.networkChanged(false);
  await a.settle();
  await pass(bench, 1600);
  assert.equal(a.restartsAsked, 1);
});

test('nothing to restart before there was a negotiation', () => {
  const { a } = pair();
  a.peer.networkChanged(true);
  a.peer.networkChanged(false);
  assert.equal(a.restartsAsked, 0);
});

test('a closed connection asks for nothing', async () => {
  const bench = await connected();
  const { a } = bench;
  disconnect(a);
  a.peer.close();
  await pass(bench, 20_000);
  assert.equal(a.restartsAsked, 0);
  assert.equal(bench.timers.pending, 0);
});
