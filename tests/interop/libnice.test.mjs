/** The relay with libnice, the ICE of GStreamer and its kin. Of TURN it speaks UDP and TCP; it has no TLS of its own. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { beside, build, finish, RELAY } from './lib/lab.mjs';
import { PASSWORD, Relay, USER } from './lib/relay.mjs';

const relay = new Relay();
before(async () => {
  build();
  await relay.start();
});
after(() => relay.stop());

for (const way of ['udp', 'tcp']) {
  test(`libnice over ${way}: two agents that have nothing else tell each other everything`, async () => {
    const { status, output, said } = await finish('client', [
      ...['/usr/bin/python3', beside('libnice_agents.py')],
      ...[way, RELAY, '3478', USER, PASSWORD],
    ]);
    assert.equal(status, 0, output);
    assert.deepEqual(JSON.parse(said), {
      types: ['relayed'],
      relayed: [RELAY],
      sent: 40,
      intact: [40, 40],
    });
  });
}
