/**
 * DONT-FRAGMENT and the ICMP attribute (RFC 8656 sections 14.9, 18.13) where they matter: the link to the peer is
 * narrower than the others, so that a router in between has to cut packets up or to refuse them.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { beside, build, finish, PEER, PEER_MTU, RELAY, startEcho } from './lib/lab.mjs';
import { PASSWORD, Relay, USER } from './lib/relay.mjs';

const CLOSED_PORT = 9;
const WIDE = 1400;
const relay = new Relay();
let echo;

before(async () => {
  build();
  await relay.start();
  echo = await startEcho();
});
after(async () => {
  echo?.stop();
  await relay.stop();
});

/** A counter of the router's IP layer. */
async function counter(name) {
  const { output } = await finish('router', ['cat', '/proc/net/snmp']);
  const [names, values] = output.split('\n').filter((l) => l.startsWith('Ip:'));
  return Number(values.split(' ')[names.split(' ').indexOf(name)]);
}

async function walk(...steps) {
  const { status, output, said } = await finish('client', [
    ...[process.execPath, beside('path_client.mjs')],
    ...[RELAY, '3478', USER, PASSWORD, PEER, String(echo.port), String(CLOSED_PORT), ...steps],
  ]);
  assert.equal(status, 0, output);
  return said
    .trim()
    .split('\n')
    .map((l) => JSON.parse(l));
}

test('a wide datagram reaches the peer in fragments, and with DONT-FRAGMENT the client is told the width', async () => {
  const cut = await counter('FragOKs');
  const refused = await counter('FragFails');
  const seen = await walk(`echo:${WIDE}`, `echo-df:${WIDE}`, 'echo-df:1200', `echo:${WIDE}`);
  const from = { peer: PEER, port: echo.port };
  assert.deepEqual(seen, [
    { step: `echo:${WIDE}`, ...from, length: WIDE },
    // RFC 792: destination unreachable, fragmentation needed; RFC 1191: and the width of the next link.
    { step: `echo-df:${WIDE}`, ...from, icmp: { type: 3, code: 4, data: PEER_MTU } },
    { step: 'echo-df:1200', ...from, length: 1200 },
    { step: `echo:${WIDE}`, ...from, length: WIDE },
  ]);
  assert.ok((await counter('FragOKs')) > cut, 'the router has cut one up');
  assert.ok((await counter('FragFails')) > refused, 'and refused one');
});

test('a closed port of the peer is told as ICMP, each time, and data still comes after it', async () => {
  const closed = { peer: PEER, port: CLOSED_PORT, icmp: { type: 3, code: 3, data: 0 } };
  assert.deepEqual(await walk('closed:100', 'closed:100', 'echo:100'), [
    { step: 'closed:100', ...closed },
    { step: 'closed:100', ...closed },
    { step: 'echo:100', peer: PEER, port: echo.port, length: 100 },
  ]);
});

test('an ICMP error that comes together with data does not end the data', async () => {
  const walked = walk('held:100', 'more', 'echo:100', 'closed:100');
  await echo.says(/held/);
  // Both wait at the relay's socket before it looks.
  relay.child.kill('SIGSTOP');
  echo.tell('\n');
  await echo.says(/answered twice/);
  relay.child.kill('SIGCONT');
  const [first, second, ...rest] = await walked;
  const both = [first, second].map(({ step: _, ...seen }) => JSON.stringify(seen)).sort();
  const from = { peer: PEER, port: echo.port };
  assert.deepEqual(both, [
    JSON.stringify({ ...from, icmp: { type: 3, code: 3, data: 0 } }),
    JSON.stringify({ ...from, length: 100 }),
  ]);
  assert.deepEqual(rest, [
    { step: 'echo:100', ...from, length: 100 },
    { step: 'closed:100', peer: PEER, port: CLOSED_PORT, icmp: { type: 3, code: 3, data: 0 } },
  ]);
});
