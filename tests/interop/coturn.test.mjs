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

before(async () => {
  build();
  await relay.start({ 'turn.workers': 1 });
  peer = await stay('peer', ['turnutils_peer', '-v', '-L', PEER, '-p', PEER_PORT], /./);
});
after(async () => {
  peer?.stop();
  await relay.stop();
});

const fixed = ['-u', USER, '-w', PASSWORD];
const uclient = (...options) =>
  finish('client', [
    'turnutils_uclient',
    ...['-L', CLIENT, '-n', String(MESSAGES), '-m', String(CLIENTS), '-l', '170', '-z', '5'],
    ...options,
    RELAY,
  ]);

/** The last word of uclient's report: messages sent and received, in all. */
function totals(output) {
  const all = [...output.matchAll(/tot_send_msgs=(\d+), tot_recv_msgs=(\d+)/g)];
  assert.ok(all.length > 0, output);
  return all.at(-1).slice(1).map(Number);
}

for (const [way, options] of [
  ['UDP', ['-p', '3478']],
  ['TCP', ['-t', '-p', '3478']],
  ['TLS', ['-t', '-S', '-p', '5349']],
]) {
  for (const [what, more] of [
    ['channels to a peer', ['-e', PEER, '-r', PEER_PORT]],
    ['indications to a peer', ['-s', '-e', PEER, '-r', PEER_PORT]],
    ['relay to relay', ['-y']],
  ]) {
    test(`turnutils_uclient over ${way}: ${what}`, async () => {
      const { output } = await uclient(...options, ...fixed, ...more);
      const [sent, received] = totals(output);
      console.error(way, what, sent, received);
      assert.ok(sent >= MESSAGES * CLIENTS, output);
      assert.equal(received, sent, output);
    });
  }
}
