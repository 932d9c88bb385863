/** The relay with coturn's own test clients and with stun-client. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { build, CLIENT, finish, PEER, RELAY, stay } from './lib/lab.mjs';
import { PASSWORD, Relay, SECRET, USER } from './lib/relay.mjs';

const PEER_PORT = '3480';
const MESSAGES = 10;
const CLIENTS = 2;
const relay = new Relay();
let peer;

const fixed = ['-u', USER, '-w', PASSWORD];
const toPeer = ['-e', PEER, '-r', PEER_PORT];
const udp = ['-p', '3478'];
const tcp = ['-t', '-p', '3478'];
const tls = ['-t', '-S', '-p', '5349'];

/** Each with its options. Without -c every client takes a pair of ports, the second with a reservation's token. */
const runs = {
  'UDP, channels to a peer': [...udp, ...fixed, ...toPeer],
  'UDP, indications to a peer': [...udp, ...fixed, ...toPeer, '-s'],
  'UDP, relay to relay': [...udp, ...fixed, '-y'],
  'UDP, a credential made of the shared secret': [...udp, ...toPeer, '-u', 'bob', '-W', SECRET],
  'TCP, channels to a peer': [...tcp, ...fixed, ...toPeer],
  'TCP, indications to a peer': [...tcp, ...fixed, ...toPeer, '-s'],
  'TCP, relay to relay': [...tcp, ...fixed, '-y'],
  'TLS, channels to a peer': [...tls, ...fixed, ...toPeer],
  'TLS, indications to a peer': [...tls, ...fixed, ...toPeer, '-s'],
};
/** They wait most of their time, so all of them wait at once. */
const ended = new Map();

const uclient = (...options) =>
  finish('client', [
    'turnutils_uclient',
    ...['-L', CLIENT, '-n', String(MESSAGES), '-m', String(CLIENTS), '-l', '170', '-z', '20'],
    ...options,
    RELAY,
  ]);

before(async () => {
  build();
  await relay.start();
  peer = await stay('peer', ['turnutils_peer', '-v', '-L', PEER, '-p', PEER_PORT], /./);
  for (const [name, options] of Object.entries(runs)) ended.set(name, uclient(...options));
});
after(async () => {
  peer?.stop();
  await relay.stop();
});

/** The last word of uclient's report: messages sent and received, in all. */
function totals(output) {
  const all = [...output.matchAll(/tot_send_msgs=(\d+), tot_recv_msgs=(\d+)/g)];
  assert.ok(all.length > 0, output);
  return all.at(-1).slice(1).map(Number);
}

for (const name of Object.keys(runs)) {
  test(`turnutils_uclient over ${name}`, async () => {
    const { output } = await ended.get(name);
    const [sent, received] = totals(output);
    assert.ok(sent >= MESSAGES * CLIENTS, output);
    // It takes what one SSL_read() brings for one message and drops the rest of it, so over TLS it counts records.
    if (name.startsWith('TLS')) assert.ok(received > 0 && received <= sent, output);
    else assert.equal(received, sent, output);
  });
}

test('the relay has dropped nothing of it', async () => {
  await Promise.all(ended.values());
  assert.ok((await relay.metric('parley_relay_allocations_total')) >= CLIENTS * ended.size);
  assert.equal(await relay.metric('parley_relay_drops_total'), 0);
});

test('turnutils_stunclient is told its address', async () => {
  const { status, output } = await finish('client', ['turnutils_stunclient', '-L', CLIENT, RELAY]);
  assert.equal(status, 0, output);
  assert.match(output, new RegExp(`UDP reflexive addr: ${CLIENT.replaceAll('.', '\\.')}:\\d+`));
});

test('stun-client, of RFC 3489, is told its address and that nothing is in the way', async () => {
  const one = await finish('client', ['stun', RELAY, '1', '-v', '-p', '5555']);
  assert.match(one.output, new RegExp(`MappedAddress = ${CLIENT.replaceAll('.', '\\.')}:5555`));
  const kind = await finish('client', ['stun', RELAY]);
  assert.match(kind.output, /Primary: Open/);
});
